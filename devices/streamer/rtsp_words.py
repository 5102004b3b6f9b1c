"""The words of RTSP 1.0 (RFC 2326) as a server reads and writes them. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlencode, urlsplit

METHODS = ("OPTIONS", "DESCRIBE", "SETUP", "PLAY", "PAUSE", "TEARDOWN", "GET_PARAMETER", "SET_PARAMETER")
TITLES = {
    200: "OK", 302: "Found", 400: "Bad Request", 403: "Forbidden", 404: "Not Found", 454: "Session Not Found",
    455: "Method Not Valid in This State", 461: "Unsupported Transport", 500: "Internal Server Error",
    501: "Not Implemented", 503: "Service Unavailable",
}  # fmt: skip
LARGEST_BODY = 4096
_LINE = re.compile(r"^([A-Z_]{1,20}) (\S{1,4000}) RTSP/1\.\d$")
_TRACK = re.compile(r"/?trackID=(\d)$")
_CHANNELS = re.compile(r"interleaved=(\d{1,3})(?:-(\d{1,3}))?")
_CLOCK = re.compile(r"^clock=(\d{8}T\d{6})(?:\.\d{1,6})?Z-")


class Unreadable(Exception):
    """No request of RTSP."""


@dataclass(frozen=True)
class Request:
    """One request. The address may hold a token: it is never shown or logged."""

    method: str
    url: str = field(repr=False)
    headers: dict[str, str] = field(repr=False)

    def get(self, name: str) -> str:
        return self.headers.get(name, "")


@dataclass(frozen=True)
class Address:
    """`rtsp://HOST[:PORT]/{name}?token=TOKEN[&from=UTC[&duration=SECONDS]][&stream=sub]`."""

    host: str
    name: str
    token: str = field(repr=False)
    query: str = field(repr=False)  # the rest of it
    start: int | None = None  # UTC seconds; None is live
    duration: int | None = None
    rendition: str = ""

    @property
    def base(self) -> str:
        """Where the tracks are, without the token: clients put tracks behind an address, whatever it ends in."""
        return f"rtsp://{self.host}/{self.name}/"


def read_request(head: bytes) -> Request:
    """A request's line and headers. Raises Unreadable."""
    lines = head.decode("utf-8", "replace").split("\r\n")
    found = _LINE.match(lines[0])
    if not found:
        raise Unreadable(lines[0][:20])
    pairs = (line.partition(":") for line in lines[1:] if line)
    return Request(found[1], found[2], {name.strip().lower(): value.strip() for name, _, value in pairs})


def read_address(url: str) -> Address:
    """The address of a stream. Raises Unreadable."""
    try:
        parts = urlsplit(url)
        query = dict(parse_qsl(parts.query))
    except ValueError as error:
        raise Unreadable("the address") from error
    name = _TRACK.sub("", parts.path).strip("/")
    if parts.scheme != "rtsp" or not name:
        raise Unreadable("the address")
    token = query.pop("token", "")[:2000]
    start, duration = _whole(query.get("from")), _whole(query.get("duration"))
    return Address(parts.netloc, name, token, urlencode(query), start, duration, query.get("stream", ""))


def _whole(text: str | None) -> int | None:
    if text is None:
        return None
    if not re.fullmatch(r"\d{1,11}", text):
        raise Unreadable("a moment in UTC seconds")
    return int(text)


def track_of(url: str) -> int | None:
    """Which track an address is about."""
    found = _TRACK.search(url.split("?", 1)[0].rstrip("/")) or _TRACK.search(url)
    return int(found[1]) if found else None


def channels_of(transport: str, default: int) -> tuple[int, int] | None:
    """The channels for packets and reports; None for a transport that is not RTP inside the connection."""
    for one in transport.split(","):
        if "RTP/AVP/TCP" in one.upper() and "multicast" not in one:
            found = _CHANNELS.search(one)
            first = int(found[1]) if found else default
            second = int(found[2]) if found and found[2] else first + 1
            return (first, second) if max(first, second) < 256 else None
    return None


def start_of(text: str) -> int | None:
    """The moment a Range header asks for by the clock, in UTC seconds."""
    found = _CLOCK.match(text.strip())
    if not found:
        return None
    try:
        return int(datetime.strptime(found[1], "%Y%m%dT%H%M%S").replace(tzinfo=UTC).timestamp())
    except ValueError:
        return None


def clock_text(seconds: float) -> str:
    """A moment as Range headers say it."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y%m%dT%H%M%SZ")


def answer(status: int, request: Request | None, headers: dict[str, str] | None = None, body: str = "") -> bytes:
    """An answer; nothing a client sent is repeated but its number."""
    sequence = request.get("cseq") if request else ""
    said = {"CSeq": sequence if sequence.isdigit() else "0", "Server": "Perch", **(headers or {})}
    content = body.encode()
    if content:
        said["Content-Length"] = str(len(content))
    lines = [f"RTSP/1.0 {status} {TITLES[status]}", *(f"{name}: {value}" for name, value in said.items())]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + content
