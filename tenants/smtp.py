"""Handing one mail to an SMTP server: the address is judged before it is dialled, as for every other way out.

Errors say what to do: `Unreachable` and `RelayRefused` mean try later (the server is away, or a human must mend the
settings), `RecipientRefused` means that trying again will not help.
"""

from __future__ import annotations

import smtplib
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from email.message import EmailMessage

from tenants.addresses import AddressPolicy, AddressRefused, Endpoint, NameUnknown, resolve
from tenants.errors import PerchError
from tenants.outbound import Unreachable

PATIENCE = 10.0  # seconds for every answer of the server
LONGEST_REASON = 200


class RelayRefused(PerchError):
    """The server does not take mails from us now: wrong password, no encryption, unknown sender, too busy."""

    code = "relay_refused"


class RecipientRefused(PerchError):
    """The server will never take this mail."""

    code = "recipient_refused"


@dataclass(frozen=True)
class Route:
    """Where mails go. Without a policy any address is dialled: the operator's own server, named in the environment."""

    host: str
    port: int
    security: str
    sender: str
    sender_name: str = ""
    login: str = ""
    password: str = ""
    policy: AddressPolicy | None = None


class _Client(smtplib.SMTP):
    """smtplib's client on a connection that leads to the judged address, while TLS checks the name."""

    def __init__(self, dial: Callable[[float], socket.socket], route: Route) -> None:
        self._dial = dial
        super().__init__(local_hostname=route.sender.rpartition("@")[2] or "localhost", timeout=PATIENCE)
        self._host = route.host
        code, said = self.connect(route.host, route.port)
        if code != 220:
            self.close()
            raise smtplib.SMTPConnectError(code, said)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        return self._dial(timeout)


def deliver(route: Route, message: EmailMessage, *, recipient: str) -> None:
    """Send one mail. Raises Unreachable, RelayRefused or RecipientRefused."""
    try:
        with _connected(route) as client:
            client.send_message(message, from_addr=route.sender, to_addrs=[recipient])
    except smtplib.SMTPRecipientsRefused as error:
        code, said = next(iter(error.recipients.values()))
        raise _refusal(code, said) from error
    except smtplib.SMTPDataError as error:
        raise _refusal(error.smtp_code, error.smtp_error) from error
    except smtplib.SMTPResponseException as error:
        raise RelayRefused(_reason(error.smtp_code, error.smtp_error)) from error
    except (smtplib.SMTPServerDisconnected, OSError, AddressRefused, NameUnknown) as error:
        raise Unreachable(f"the mail server does not answer: {_short(str(error) or type(error).__name__)}") from error
    except smtplib.SMTPException as error:
        raise RelayRefused(_short(str(error))) from error


def _connected(route: Route) -> smtplib.SMTP:
    if route.security not in {"starttls", "tls", "none"}:
        raise RelayRefused("the kind of encryption is unknown")
    client = _Client(lambda timeout: _dial(route, timeout), route)
    try:
        client.ehlo()
        if route.security == "starttls":
            client.starttls(context=ssl.create_default_context())
            client.ehlo()
        if route.login:
            client.login(route.login, route.password)
    except BaseException:
        client.close()
        raise
    return client


def _dial(route: Route, timeout: float) -> socket.socket:
    endpoint = Endpoint(route.host, route.host, route.port)
    if route.policy is not None:
        endpoint = resolve(route.host, route.port, route.policy)
    connection = socket.create_connection((endpoint.address, endpoint.port), timeout)
    if route.security != "tls":
        return connection
    try:
        return ssl.create_default_context().wrap_socket(connection, server_hostname=route.host)
    except BaseException:
        connection.close()
        raise


def _refusal(code: int, said: bytes | str) -> PerchError:
    """A 5xx about this very mail is final; a 4xx is not."""
    kind = RecipientRefused if 500 <= code < 600 else RelayRefused
    return kind(_reason(code, said))


def _reason(code: int, said: bytes | str) -> str:
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    return f"the mail server answered {code}: {_short(text)}"


def _short(text: str) -> str:
    return " ".join(text.split())[:LONGEST_REASON]
