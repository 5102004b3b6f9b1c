"""The camera's side of the gateway: an RTSP 1.0 client (RFC 2326) that dials one vetted address and nothing else.

It authenticates (Basic, Digest with MD5 or SHA-256), so a password is never an argument of a process; it follows no
redirect, because RTSP 302 is how ffmpeg could be led to loopback; RTP comes interleaved in the same connection.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import re
import secrets
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from devices.sources import Source
from devices.streamer.deadline import before
from devices.streamer.errors import SourceError
from devices.streamer.sdp import Offer, Session, parse_sdp
from tenants.addresses import AddressPolicy, AddressRefused, NameUnknown, resolve_async

T = TypeVar("T")
AGENT = "Perch"
LARGEST_HEAD, LARGEST_BODY = 16 * 1024, 64 * 1024
_STATUS = re.compile(rb"^RTSP/1\.\d (\d{3})\b")
_PARAMETER = re.compile(r'(\w+)\s*=\s*(?:"([^"]*)"|([^\s,]+))')
_INTERLEAVED = re.compile(r"interleaved=(\d{1,3})-(\d{1,3})")


@dataclass
class Reply:
    """An answer of the camera; header names in lower case, repeated ones kept in order."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes = b""

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key == name]

    def get(self, name: str) -> str:
        return next(iter(self.all(name)), "")


@dataclass
class Credentials:
    """Answers the camera's challenge; never sends a password that was not asked for."""

    username: str = field(repr=False)
    password: str = field(repr=False)
    challenge: dict[str, str] = field(default_factory=dict)
    _count: int = 0

    def accept(self, reply: Reply) -> bool:
        """Keep the strongest challenge of a 401; False when there is none we can answer."""
        found = [parse_challenge(value) for value in reply.all("www-authenticate")]
        digests = [one for one in found if one["scheme"] == "digest" and _algorithm(one)]
        digests.sort(key=lambda one: "sha" not in one.get("algorithm", "").lower())
        basics = [one for one in found if one["scheme"] == "basic"]
        self.challenge = next(iter(digests + basics), {})
        return bool(self.challenge) and bool(self.username or self.password)

    def header(self, method: str, uri: str) -> str | None:
        """The Authorization header for a request, None before a challenge."""
        if not self.challenge:
            return None
        if self.challenge["scheme"] == "basic":
            return "Basic " + base64.b64encode(f"{self.username}:{self.password}".encode()).decode()
        return self._digest(method, uri)

    def _digest(self, method: str, uri: str) -> str:
        make = _algorithm(self.challenge) or hashlib.md5
        realm, nonce = self.challenge.get("realm", ""), self.challenge.get("nonce", "")

        def hashed(text: str) -> str:
            return str(make(text.encode()).hexdigest())

        first, second = hashed(f"{self.username}:{realm}:{self.password}"), hashed(f"{method}:{uri}")
        said = {"username": self.username, "realm": realm, "nonce": nonce, "uri": uri}
        if "auth" in re.split(r"[,\s]+", self.challenge.get("qop", "")):
            self._count += 1
            count, own = f"{self._count:08x}", secrets.token_hex(8)
            said["response"] = hashed(f"{first}:{nonce}:{count}:{own}:auth:{second}")
            tail = f', qop=auth, nc={count}, cnonce="{own}"'
        else:
            said["response"], tail = hashed(f"{first}:{nonce}:{second}"), ""
        for optional in ("opaque", "algorithm"):
            if optional in self.challenge:
                tail += f', {optional}="{self.challenge[optional]}"'
        return "Digest " + ", ".join(f'{key}="{_quoted(value)}"' for key, value in said.items()) + tail


def parse_challenge(text: str) -> dict[str, str]:
    scheme, _, rest = text.strip().partition(" ")
    found = {key.lower(): quoted or plain for key, quoted, plain in _PARAMETER.findall(rest)}
    return {**found, "scheme": scheme.lower()}


def _algorithm(challenge: dict[str, str]) -> Callable[[bytes], Any] | None:
    return {"": hashlib.md5, "MD5": hashlib.md5, "SHA-256": hashlib.sha256}.get(challenge.get("algorithm", "").upper())


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


class RtspClient:
    """One connection to a camera. `describe`, `set_up`, `play`; then its bytes belong to the gateway."""

    def __init__(self, source: Source, *, timeout: float) -> None:
        self._source, self._timeout = source, timeout
        self._credentials = Credentials(source.username, source.password)
        self._sequence = 0
        self._session = ""
        self._base = source.address
        self.lifetime = 60.0
        self.reader: asyncio.StreamReader
        self.writer: asyncio.StreamWriter
        self._keep_alive = "OPTIONS"

    async def dial(self, policy: AddressPolicy) -> None:
        """Resolve once, judge, connect to that very address; rtsps ends here. Raises SourceError."""
        try:
            endpoint = await resolve_async(self._source.host, self._source.port, policy, timeout=self._timeout)
        except AddressRefused as error:
            raise SourceError("refused_address") from error
        except NameUnknown as error:
            raise SourceError("unreachable", "its name has no address") from error
        # Cameras carry certificates they made themselves: TLS hides the stream, the pinned address says who it is.
        context = _unverified() if self._source.scheme == "rtsps" else None
        opening = asyncio.open_connection(
            endpoint.address, endpoint.port, ssl=context, server_hostname=self._source.host if context else None
        )
        try:
            self.reader, self.writer = await before(opening, self._timeout)
        except TimeoutError as error:
            raise SourceError("unreachable", "no answer") from error
        except ssl.SSLError as error:
            raise SourceError("unreachable", "no TLS there") from error
        except OSError as error:
            detail = "connection refused" if isinstance(error, ConnectionRefusedError) else "no route"
            raise SourceError("unreachable", detail) from error

    async def describe(self) -> Session:
        """Ask what the camera offers; raises SourceError with the reason."""
        options = await self._ask("OPTIONS", self._source.address, may_fail=True)
        if "GET_PARAMETER" in options.get("public").upper():
            self._keep_alive = "GET_PARAMETER"
        reply = await self._ask("DESCRIBE", self._source.address, {"Accept": "application/sdp"})
        base = reply.get("content-base") or reply.get("content-location")
        session = parse_sdp(reply.body.decode("utf-8", "replace"))
        self._base = self._join(base or self._source.address, session.control)
        return session

    async def set_up(self, offer: Offer, channel: int) -> tuple[int, int]:
        """Ask for one track over TCP; returns the camera's two channels for it."""
        wanted = f"RTP/AVP/TCP;unicast;interleaved={channel}-{channel + 1}"
        reply = await self._ask("SETUP", self._join(self._base, offer.control), {"Transport": wanted})
        session, _, rest = reply.get("session").partition(";")
        self._session = session.strip() or self._session
        if found := re.search(r"timeout=(\d{1,4})", rest):
            self.lifetime = max(4.0, float(found[1]))
        given = _INTERLEAVED.search(reply.get("transport"))
        return (int(given[1]), int(given[2])) if given else (channel, channel + 1)

    async def play(self) -> None:
        await self._ask("PLAY", self._base, {"Range": "npt=0.000-"})

    def keep_alive(self) -> bytes:
        """A request that keeps the session; its answer comes between the frames and is skipped there."""
        return self._request(self._keep_alive, self._base, {})

    def close(self) -> None:
        """Say goodbye without waiting for the answer."""
        if hasattr(self, "writer"):
            with contextlib.suppress(OSError, RuntimeError):
                if self._session and not self.writer.is_closing():
                    self.writer.write(self._request("TEARDOWN", self._base, {}))
                self.writer.close()

    def _join(self, base: str, control: str) -> str:
        """A control attribute against its base, as cameras mean it; whatever host it names, the connection stays."""
        if not control or control == "*":
            return base
        if re.match(r"^rtsps?://", control, re.IGNORECASE):
            return control
        return base.rstrip("/") + "/" + control.lstrip("/")

    def _request(self, method: str, uri: str, headers: dict[str, str]) -> bytes:
        self._sequence += 1
        said = {"CSeq": str(self._sequence), "User-Agent": AGENT, **headers}
        if self._session:
            said["Session"] = self._session
        if authorization := self._credentials.header(method, uri):
            said["Authorization"] = authorization
        lines = [f"{method} {uri} RTSP/1.0", *(f"{key}: {value}" for key, value in said.items())]
        if any(character in line for line in lines for character in "\r\n"):
            raise SourceError("unknown", "the camera's answer cannot be repeated")
        return ("\r\n".join(lines) + "\r\n\r\n").encode()

    async def _ask(
        self, method: str, uri: str, headers: dict[str, str] | None = None, *, may_fail: bool = False
    ) -> Reply:
        """Send, and send once more with the answer to a challenge; at most two passwords a connection."""
        reply = await self._exchange(method, uri, headers or {})
        if reply.status == 401 and self._credentials.accept(reply):
            reply = await self._exchange(method, uri, headers or {})
        if not 200 <= reply.status < 300 and not (may_fail and reply.status not in range(300, 400)):
            raise _refusal(reply.status, method)
        return reply

    async def _exchange(self, method: str, uri: str, headers: dict[str, str]) -> Reply:
        try:
            self.writer.write(self._request(method, uri, headers))
            return await before(self._answer(), self._timeout)
        except TimeoutError as error:
            raise SourceError("unreachable", "no answer") from error
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
            raise SourceError("unreachable", "it hung up") from error

    async def _answer(self) -> Reply:
        """The next answer; frames and requests of the camera in front of it are skipped."""
        while True:
            first = await self.reader.readexactly(1)
            if first == b"$":
                head = await self.reader.readexactly(3)
                await self.reader.readexactly(int.from_bytes(head[1:], "big"))
                continue
            head = first + await self.reader.readuntil(b"\r\n\r\n")
            reply = parse_head(head)
            length = reply.get("content-length")
            if length:
                if not length.isdigit() or int(length) > LARGEST_BODY:
                    raise SourceError("unknown", "its answer is too long")
                reply.body = await self.reader.readexactly(int(length))
            if reply.status:
                return reply


def parse_head(head: bytes) -> Reply:
    """Status line and headers; status 0 for a request of the camera. Raises SourceError when it is no RTSP at all."""
    if len(head) > LARGEST_HEAD:
        raise SourceError("unknown", "its answer is too long")
    lines = head.decode("utf-8", "replace").split("\r\n")
    found = _STATUS.match(head)
    if not found and " RTSP/1." not in lines[0]:
        raise SourceError("unknown", "it does not speak RTSP")
    headers = [(name.strip().lower(), value.strip()) for name, _, value in (line.partition(":") for line in lines[1:])]
    return Reply(int(found[1]) if found else 0, headers)


def _refusal(status: int, method: str) -> SourceError:
    if status in (401, 403):
        return SourceError("unauthorized")
    if 300 <= status < 400:
        return SourceError("refused_address", "it sends us to another address")
    if status in (404, 410, 454, 455):
        return SourceError("not_found")
    if status == 461:
        return SourceError("unknown", "it does not send over TCP")
    return SourceError("unknown", f"{method}: {status}")


def _unverified() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


async def within(awaitable: Awaitable[T], seconds: float) -> T:
    """Await with a deadline; a missed one means that the camera does not answer."""
    try:
        return await before(awaitable, seconds)
    except TimeoutError as error:
        raise SourceError("unreachable", "no answer") from error
