"""The address of a camera's video: what may be written there, and what it means.

Pure: no database, no network. The Camera model's clean() asks it, and the embedded streamer asks it again for whatever
Perch sends. The allow list of schemes is the first wall (security.md T17, T18); no text from here ever becomes an
option or a file name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from tenants.addresses import AddressPolicy, AddressRefused, check_literal

DEFAULT_PORTS = {"rtsp": 554, "rtsps": 322, "http": 80, "https": 443}
VIRTUAL: tuple[str, ...] = ("fake", "clock")
MAX_LENGTH = 2000


def _(text: str) -> str:
    """Mark a message for the translators. Whoever shows it passes it through gettext: nothing of Django in here."""
    return text


TOO_LONG = _("The address is too long.")
BAD_CHARACTERS = _("The address contains spaces or control characters.")
BAD_SCHEME = _(
    "Use an address that begins with rtsp://, rtsps://, http:// or https://, "
    "or a virtual camera fake://fake or fake://clock."
)
BAD_VIRTUAL = _("There are two virtual cameras: fake://fake and fake://clock.")
BAD_HOST = _("The address has no valid host name.")
BAD_PORT = _("The port must be a number from 1 to 65535.")
BAD_FRAGMENT = _("The address must not contain the character #.")
REFUSED = _("This address is outside the networks this installation may reach.")

_HOST = re.compile(r"^(?!-)[A-Za-z0-9_.-]{1,253}$")
_V6 = re.compile(r"^[0-9A-Fa-f:.]{2,45}$")
_FORBIDDEN = re.compile(r"[\x00-\x20\x7f-\x9f\\\"'<>`{}|^\u2028\u2029]")


class SourceRefused(ValueError):
    """The address cannot be a camera; `message` says why in English, ready to be translated."""

    def __init__(self, message: str, *, code: str = "invalid") -> None:
        super().__init__(message)
        self.message = message
        self.code = code


@dataclass(frozen=True)
class Source:
    """A camera's address taken apart. `target` is path and query as the camera must hear them, without the password."""

    scheme: str
    host: str
    port: int
    target: str
    username: str = field(default="", repr=False)
    password: str = field(default="", repr=False)

    @property
    def is_virtual(self) -> bool:
        return self.scheme == "fake"

    @property
    def address(self) -> str:
        """The address without credentials: fit for requests and logs."""
        if self.is_virtual:
            return f"fake://{self.host}"
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == DEFAULT_PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{host}{port}{self.target}"


def parse_source(text: str) -> Source:
    """Take a camera's address apart; raises SourceRefused with a message for the person who typed it."""
    if len(text) > MAX_LENGTH:
        raise SourceRefused(TOO_LONG)
    if _FORBIDDEN.search(text):
        raise SourceRefused(BAD_CHARACTERS)
    scheme, colon, _ = text.partition("://")
    scheme = scheme.lower()
    if not colon or scheme not in {*DEFAULT_PORTS, "fake"}:
        raise SourceRefused(BAD_SCHEME, code="scheme")
    return _virtual(text) if scheme == "fake" else _network(scheme, text)


def check_source(text: str, policy: AddressPolicy) -> Source:
    """`parse_source`, and refuse an address written as digits (or localhost) that the installation may not reach."""
    source = parse_source(text)
    if not source.is_virtual:
        try:
            check_literal(source.host, source.port, policy)
        except AddressRefused:
            raise SourceRefused(REFUSED, code="refused_address") from None
    return source


def redact(text: str) -> str:
    """The address without its password, for lists and logs; an unreadable one becomes an empty text."""
    try:
        return parse_source(text).address
    except SourceRefused:
        return ""


def _virtual(text: str) -> Source:
    name = text[len("fake://") :].rstrip("/").lower()
    if name not in VIRTUAL:
        raise SourceRefused(BAD_VIRTUAL, code="scheme")
    return Source(scheme="fake", host=name, port=0, target="")


def _network(scheme: str, text: str) -> Source:
    try:
        parts = urlsplit(text)
        host = parts.hostname or ""
    except ValueError:
        raise SourceRefused(BAD_HOST) from None
    if "#" in text:
        raise SourceRefused(BAD_FRAGMENT)
    if not (_HOST.match(host) or (":" in host and _V6.match(host))) or ".." in host:
        raise SourceRefused(BAD_HOST)
    username, password = unquote(parts.username or ""), unquote(parts.password or "")
    if _control(username + password):
        raise SourceRefused(BAD_CHARACTERS)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Source(scheme, host.lower(), _port(scheme, parts.netloc), target, username, password)


def _port(scheme: str, netloc: str) -> int:
    written = re.search(r"(?::([^:\]@]*))?$", netloc.rpartition("@")[2])
    text = written[1] if written and written[1] is not None else ""
    if not text:
        return DEFAULT_PORTS[scheme]
    if not re.fullmatch(r"[0-9]{1,5}", text) or not 0 < int(text) < 65536:
        raise SourceRefused(BAD_PORT)
    return int(text)


def _control(text: str) -> bool:
    return any(ord(character) < 32 or ord(character) == 127 for character in text)
