"""A real mail server on loopback, with faults one can switch on; and what it took."""

from __future__ import annotations

import email
import logging
import re
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tenants.models import MailRelay, User
from tenants.services import mail_relays
from tests.server import free_port

LOGIN, PASSWORD = "perch", "relay-pass.word"
logging.getLogger("mail.log").setLevel(logging.ERROR)  # aiosmtpd tells every line it hears


@dataclass
class Mailbox:
    """What the server took, and how it behaves: `recipient` and `data` are answers in place of 250."""

    port: int = 0
    mails: list[EmailMessage] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    recipient: str = ""
    data: str = ""
    is_tls: bool = False
    signed_in: list[bool] = field(default_factory=list)
    encrypted: list[bool] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.recipient:
            return self.recipient
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if self.data:
            return self.data
        content = envelope.content
        assert isinstance(content, bytes)
        with self._lock:
            self.raw.append(content)
            message = email.message_from_bytes(content, policy=default)
            assert isinstance(message, EmailMessage)
            self.mails.append(message)
            self.recipients += envelope.rcpt_tos
            self.signed_in.append(bool(session.authenticated))
            self.encrypted.append(self.is_tls or session.ssl is not None)
        return "250 taken"

    def last(self) -> EmailMessage:
        """The newest mail."""
        assert self.mails, "no mail came"
        return self.mails[-1]

    def text(self) -> str:
        """The plain text of the newest mail."""
        part = self.last().get_body(("plain",))
        assert part is not None
        return str(part.get_content())

    def html(self) -> str:
        """Its HTML, or nothing."""
        part = self.last().get_body(("html",))
        return str(part.get_content()) if part is not None else ""

    def path(self) -> str:
        """The path of the link in the newest mail."""
        found = re.search(r"https?://[^/\s]+(/vsaas/[a-z-]+/\S+)", self.text())
        assert found, self.text()
        return found[1]


def authenticator(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
    """Knows one login."""
    right = isinstance(data, LoginPassword) and (data.login, data.password) == (LOGIN.encode(), PASSWORD.encode())
    return AuthResult(success=right)


def certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for `localhost` that signs itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    paths = folder / "cert.pem", folder / "key.pem"
    paths[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return paths


@contextmanager
def mail_server(*, certified: tuple[Path, Path] | None = None, implicit: bool = False) -> Iterator[Mailbox]:
    """Run one; with a certificate it speaks STARTTLS, or TLS from the start."""
    box = Mailbox(port=free_port(), is_tls=implicit)
    context = None
    if certified:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(*certified)
    options: dict[str, Any] = {"ssl_context": context} if implicit else {"tls_context": context}
    controller = Controller(
        box, hostname="127.0.0.1", port=box.port, ready_timeout=20,
        authenticator=authenticator, auth_require_tls=certified is not None and not implicit, **options,
    )  # fmt: skip
    controller.start()
    try:
        yield box
    finally:
        controller.stop()


def use(box: Mailbox, acting_user: User | None = None, **more: Any) -> MailRelay:
    """Make it the mail server of the ISP in scope."""
    values = {
        "host": "127.0.0.1", "port": box.port, "security": "none", "sender": "noreply@north.example",
        "sender_name": "North Net", **more,
    }  # fmt: skip
    return mail_relays.change_relay(acting_user=acting_user, **values)
