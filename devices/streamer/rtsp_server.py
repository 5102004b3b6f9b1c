"""RTSP for third parties (item 155): live from the running stream, archive by `?from=`, over TCP.

One connection to the camera, however many players: they get what the recorder has. Perch is asked before anything is
described, and again as its answers expire; a right that is gone cuts the connection.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import socket
from collections.abc import AsyncIterator, Awaitable, Callable

from devices.streamer import pieces
from devices.streamer.archive import Archive
from devices.streamer.boxes import Init, Malformed
from devices.streamer.deadline import before
from devices.streamer.fleet import Fleet, plain_host
from devices.streamer.pieces import FellBehind, Piece
from devices.streamer.rtp import Coding, codings, describe
from devices.streamer.rtsp_playing import PATIENCE, Changed, Channel, Playing, TooSlow, channel_for
from devices.streamer.rtsp_words import (
    LARGEST_BODY,
    METHODS,
    Address,
    Request,
    Unreadable,
    answer,
    channels_of,
    clock_text,
    read_address,
    read_request,
    start_of,
    track_of,
)
from devices.streamer.sessions import Decision, Moved, Refused, Sessions, Undecided, Visit
from devices.streamer.settings import Settings
from devices.streamer.stream import MAIN, Stream
from devices.streamer.wire import NAME
from tenants import clock, networks

log = logging.getLogger("perch.streamer")

MOST = 500  # connections at once
AGAIN = 10.0
OPEN = 9e9  # UTC seconds: the end of a window without one
ENDS = (TooSlow, Changed, FellBehind, Refused, Undecided, Malformed, OSError)


Parts = list[tuple[float, float]]  # of the archive, in UTC seconds


class Denied(Exception):
    """An answer other than success, with headers."""

    def __init__(self, status: int, headers: dict[str, str] | None = None) -> None:
        super().__init__(status)
        self.status, self.headers = status, headers or {}


class RtspServer:
    """Listens, and keeps the connections."""

    def __init__(self, fleet: Fleet, sessions: Sessions, archive: Archive, settings: Settings) -> None:
        self.fleet, self.sessions, self.archive, self.settings = fleet, sessions, archive, settings
        self._connections: dict[asyncio.Task[None], str] = {}  # and whose each is

    async def run(self) -> None:
        """Serve until cancelled. A port that is taken costs RTSP and nothing else: it is tried again."""
        while self.settings.rtsp_port:
            try:
                server = await asyncio.start_server(
                    self._accept, self.settings.bind, self.settings.rtsp_port, limit=16 * 1024
                )
            except (OSError, OverflowError) as error:  # taken, not ours to use, or no port number at all
                log.error("RTSP is not served: port %s cannot be used (%s)", self.settings.rtsp_port, error)
                await asyncio.sleep(AGAIN)
                continue
            log.info("RTSP is served at port %s", self.settings.rtsp_port)
            try:
                await server.serve_forever()
            finally:
                for task in self._connections:
                    task.cancel()
        await asyncio.Event().wait()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task, owner = asyncio.current_task(), _owner(writer)
        if task is None or not self._has_room_for(owner):
            writer.transport.abort()
            return
        self._connections[task] = owner
        # Left to itself the system would keep megabytes for a player that does not read.
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, self.settings.unread // 2)
        writer.transport.set_write_buffer_limits(high=self.settings.unread)
        try:
            await Connection(self, reader, writer).run()
        except TimeoutError:
            writer.transport.abort()  # the other side neither speaks nor reads, or is nobody we know
        except (Unreadable, asyncio.IncompleteReadError, asyncio.LimitOverrunError, OSError):
            return  # the other side is gone, or speaks something else
        finally:
            await _close(writer)
            del self._connections[task]

    def _has_room_for(self, owner: str) -> bool:
        """One host may not take all there is."""
        taken = list(self._connections.values())
        return len(taken) < MOST and taken.count(owner) < self.settings.rtsp_each


def _owner(writer: asyncio.StreamWriter) -> str:
    """Whose a connection is: an address, or the /64 that one host has in IPv6."""
    peer = writer.get_extra_info("peername") or ("",)
    try:
        address = networks.plain(peer[0])
    except ValueError:
        return ""
    return str(address) if address.version == 4 else networks.neighbourhood(str(address))


async def _close(writer: asyncio.StreamWriter) -> None:
    """What is still to be sent is sent to a player that reads, and to no other."""
    writer.close()
    try:
        await before(writer.wait_closed(), PATIENCE)
    except OSError:  # also that the time is over
        writer.transport.abort()


class Connection:
    """One client's connection, and the one stream it may ask for there."""

    def __init__(self, server: RtspServer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._server, self._reader, self._writer = server, reader, writer
        self._session = secrets.token_hex(8)
        self._address: Address | None = None
        self._visit: Visit | None = None
        self._stream: Stream | None = None
        self._codings: list[Coding] = []
        self._channels: dict[str, Channel] = {}
        self._position = 0.0  # where a paused archive goes on
        self._playing: asyncio.Task[None] | None = None
        self._deadline = asyncio.timeout(server.settings.rtsp_stranger)
        self._handlers: dict[str, Callable[[Request], Awaitable[None]]] = {
            "OPTIONS": self._options, "DESCRIBE": self._describe, "SETUP": self._set_up, "PLAY": self._play,
            "PAUSE": self._pause, "GET_PARAMETER": self._stay, "SET_PARAMETER": self._stay,
        }  # fmt: skip

    async def run(self) -> None:
        """Answer until the client goes or is sent away. Raises TimeoutError for a stranger who stays one."""
        try:
            async with self._deadline:
                while (request := await self._next()).method != "TEARDOWN":
                    await self._answer(request)
                self._reply(200, request, self._own())
        finally:
            await self._stop()

    async def _admitted(self, visit: Visit) -> Decision:
        """The decision on a visit: with it the connection may stay, and whoever is refused is a stranger again.
        Raises Refused or Undecided."""
        try:
            decision = await self._server.sessions.admit(visit)
        except Refused:
            if self._deadline.when() is None:
                self._deadline.reschedule(asyncio.get_running_loop().time() + self._server.settings.rtsp_stranger)
            raise
        self._deadline.reschedule(None)
        return decision

    async def _next(self) -> Request:
        """The next request; packets of the client between them are skipped. Raises TimeoutError."""
        silence = self._server.settings.rtsp_silence
        while True:
            first = await self._first(silence)
            if first == b"$":
                async with asyncio.timeout(silence):
                    head = await self._reader.readexactly(3)
                    await self._reader.readexactly(int.from_bytes(head[1:], "big"))
            elif first not in b"\r\n":
                break
        async with asyncio.timeout(silence):
            request = read_request(first + await self._reader.readuntil(b"\r\n\r\n"))
            length = request.get("content-length") or "0"
            if not length.isdigit() or int(length) > LARGEST_BODY:
                raise Unreadable("its body")
            await self._reader.readexactly(int(length))
        return request

    async def _first(self, silence: float) -> bytes:
        """The first byte of what comes next. While it is sent a stream, a player need not say anything: whether it
        reads is looked at there."""
        while True:
            try:
                return await before(self._reader.readexactly(1), silence)
            except TimeoutError:
                if self._playing is None or self._playing.done():
                    raise

    async def _answer(self, request: Request) -> None:
        handler = self._handlers.get(request.method)
        try:
            if handler is None:
                raise Denied(501)
            await handler(request)
        except Denied as denied:
            self._reply(denied.status, request, denied.headers)
        except Moved as moved:
            query = f"token={self._address.token}&{self._address.query}".rstrip("&") if self._address else ""
            self._reply(302, request, {"Location": f"{moved.address}?{query}"})
        except Refused:
            self._reply(403, request)
        except (Undecided, Malformed):
            self._reply(503, request, {"Retry-After": "2"})
        await before(self._writer.drain(), PATIENCE)

    def _reply(self, status: int, request: Request, headers: dict[str, str] | None = None, body: str = "") -> None:
        self._writer.write(answer(status, request, headers, body))

    def _own(self) -> dict[str, str]:
        return {"Session": f"{self._session};timeout=60"}

    # -- the methods

    async def _options(self, request: Request) -> None:
        self._reply(200, request, {"Public": ", ".join(METHODS)})

    async def _stay(self, request: Request) -> None:
        self._reply(200, request, self._own())

    async def _describe(self, request: Request) -> None:
        try:
            self._address = address = read_address(request.url)
        except Unreadable:
            raise Denied(400) from None
        await self._stop()
        self._channels, self._codings, self._position = {}, [], 0.0
        self._stream = self._server.fleet.find(address.name, address.host)
        self._visit = self._visit_of(address, request)
        decision = await self._admitted(self._visit)
        if self._stream is None:
            raise Denied(404)
        parts = self._seen(decision, address)
        self._codings = codings(await self._init(self._stream, address, parts))
        if not self._codings:
            raise Denied(404)
        headers = {"Content-Type": "application/sdp", "Content-Base": address.base, "Cache-Control": "no-store"}
        self._reply(200, request, headers, _description(self._codings, parts))

    def _visit_of(self, address: Address, request: Request) -> Visit:
        if not NAME.match(address.name) or len(address.name) > 100:
            raise Denied(404)
        domain = self._server.fleet.hosts.get(plain_host(address.host))
        name = f"{address.name}~{domain}" if "~" not in address.name and domain is not None else address.name
        peer = self._writer.get_extra_info("peername") or ("",)
        return Visit(
            name=self._stream.wanted.name if self._stream else name,
            proto="rtsp",
            token=address.token,
            ip=peer[0],
            host=address.host,
            user_agent=request.get("user-agent"),
            query=address.query,
            dvr=address.start is not None,
        )

    def _seen(self, decision: Decision, address: Address) -> Parts:
        """The parts of the archive that are asked for, from where a pause left it, and may be seen; none for live.
        Raises Denied."""
        if address.start is None:
            return []
        start, end = _window(address)
        parts = [(first, last) for first, last in decision.clip(max(start, self._position), end) if first < last]
        if not parts:
            raise Denied(403)
        return sorted(parts)

    async def _init(self, stream: Stream, address: Address, parts: Parts) -> Init:
        """What the stream consists of: of the archive, at the first moment that may be seen. Raises Denied."""
        if address.start is not None:
            async for piece in pieces.recorded(self._server.archive, stream.wanted.name, _past(parts)):
                return piece.init
            raise Denied(404)
        await stream.watched()
        rendition = address.rendition or MAIN
        if rendition not in stream.recorders or not await stream.first_segment(rendition):
            raise Denied(404)
        latest = stream.recorders[rendition].live.latest
        if latest is None:
            raise Denied(404)
        return latest.init

    async def _set_up(self, request: Request) -> None:
        if self._visit is None or not self._codings or self._playing:
            raise Denied(455)
        number = track_of(request.url)
        if number is None or number >= len(self._codings):
            raise Denied(404)
        found = channels_of(request.get("transport"), 2 * number)
        if found is None:
            raise Denied(461)
        coding = self._codings[number]
        channel = self._channels[coding.track.content] = channel_for(coding, *found)
        said = f"RTP/AVP/TCP;unicast;interleaved={found[0]}-{found[1]};ssrc={channel.sender.ssrc:08X}"
        self._reply(200, request, {"Transport": said, **self._own()})

    async def _play(self, request: Request) -> None:
        stream, address = self._stream, self._address
        if not self._channels or stream is None or address is None or self._visit is None:
            raise Denied(455)
        decision = await self._admitted(self._visit)
        await self._stop()
        wanted = start_of(request.get("range"))
        if wanted is not None and address.start is not None:
            self._position = float(wanted)
        parts = self._seen(decision, address)
        self._reply(200, request, self._own() | {"Range": _range(parts), "RTP-Info": self._info(address)})
        self._playing = asyncio.create_task(self._send(stream, address, self._visit, parts))

    def _info(self, address: Address) -> str:
        return ",".join(
            f"url={address.base}trackID={number};seq={(channel.sender.sequence + 1) & 0xFFFF}"
            for number, coding in enumerate(self._codings)
            if (channel := self._channels.get(coding.track.content))
        )

    async def _pause(self, request: Request) -> None:
        await self._stop()
        self._reply(200, request, self._own())

    async def _stop(self) -> None:
        task, self._playing = self._playing, None
        if task:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    # -- sending

    async def _send(self, stream: Stream, address: Address, visit: Visit, parts: Parts) -> None:
        """Until the end of what is sent, or of the right to it; a live stream that ends ends the connection."""
        playing = Playing(
            self._writer,
            self._channels,
            unread=self._server.settings.unread,
            check=lambda: self._check(stream, visit, playing.date or (parts[0][0] if parts else None)),
            count=lambda size: self._count(stream, visit, size),
        )
        try:
            await playing.run(self._pieces(stream, address, parts))
            # The archive is over, and after a goodbye alone many players would wait on for ever.
            self._writer.close()
        except ENDS:
            self._writer.transport.abort()
        finally:
            self._position = playing.date or self._position

    def _pieces(self, stream: Stream, address: Address, parts: Parts) -> AsyncIterator[Piece]:
        if parts:
            return pieces.recorded(self._server.archive, stream.wanted.name, parts)
        return pieces.live(stream.recorders[address.rendition or MAIN])

    async def _check(self, stream: Stream, visit: Visit, moment: float | None) -> None:
        """Ask for the right again when the answer is too old, for the moment of the archive that is being played, and
        whether the stream is still there. Raises Refused."""
        decision = await self._server.sessions.admit(visit)
        if self._server.fleet.streams.get(stream.wanted.name) is not stream:
            raise Refused(visit.name)
        if not visit.dvr:
            await stream.watched()
        elif moment is not None:
            # Whole segments are played, so at an edge of what may be seen it may be one beyond.
            edge = self._server.settings.longest_segment
            if not decision.clip(moment - edge, moment + edge):
                raise Refused(visit.name)

    def _count(self, stream: Stream, visit: Visit, size: int) -> None:
        stream.bytes_out += size
        self._server.sessions.sent(visit, size)


def _window(address: Address) -> tuple[float, float]:
    """The (from, to) of an archive address in UTC seconds; without a length it goes on into the present."""
    start = float(address.start or 0)
    return start, start + address.duration if address.duration else OPEN


def _past(parts: Parts) -> Parts:
    """What of some windows is over: nobody waits for the future to be described."""
    now = clock.timestamp()
    return [(start, min(end, now)) for start, end in parts if start < now]


def _range(parts: Parts) -> str:
    if not parts:
        return "npt=now-"
    start, end = parts[0][0], parts[-1][1]
    return f"clock={clock_text(start)}-{clock_text(end) if end < OPEN else ''}"


def _description(found: list[Coding], parts: Parts) -> str:
    lines = ["v=0", f"o=- {int(clock.timestamp())} 1 IN IP4 0.0.0.0", "s=Perch", "c=IN IP4 0.0.0.0", "t=0 0"]
    lines += ["a=control:*", f"a=range:{_range(parts)}"]
    for number, coding in enumerate(found):
        lines += describe(coding, number)
    return "\r\n".join(lines) + "\r\n"
