"""The loopback RTSP gateway: ffmpeg speaks to us, we speak to the camera.

ffmpeg never learns the camera's address, password or words: it gets a description written by us and the RTP packets. So
neither a redirect nor a hostile description can lead it anywhere, and every failure is seen and named here.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from dataclasses import dataclass, field

from devices.sources import Source
from devices.streamer.deadline import before
from devices.streamer.errors import SourceError
from devices.streamer.rtsp import RtspClient, parse_head
from devices.streamer.sdp import Offer, write_sdp
from devices.streamer.settings import Settings

FRAME_HEAD = 4
LARGEST_PENDING = 8 * 1024 * 1024


@dataclass
class Ticket:
    """A described camera waiting for its recorder; known by a name nobody can guess."""

    client: RtspClient
    offers: list[Offer]
    dropped_audio: str = ""
    channels: dict[int, int] = field(default_factory=dict)  # the camera's channel -> ffmpeg's
    name: str = field(default_factory=lambda: secrets.token_hex(16))
    failure: SourceError | None = None
    writer: asyncio.StreamWriter | None = None

    def close(self) -> None:
        self.client.close()
        if self.writer:
            self.writer.close()


class Gateway:
    """Listens on a loopback port of its own; started once by the streamer."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._tickets: dict[str, Ticket] = {}
        self._server: asyncio.Server | None = None
        self.port = 0

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        for ticket in list(self._tickets.values()):
            self.release(ticket)
        if self._server:
            self._server.close()

    async def open(self, source: Source, *, want_audio: bool, convert_audio: bool) -> Ticket:
        """Dial a camera and ask what it offers. Raises SourceError; the caller releases the ticket."""
        client = RtspClient(source, timeout=self._settings.connect)
        try:
            await client.dial(self._settings.networks)
            session = await client.describe()
        except BaseException:
            client.close()
            raise
        offers = [session.video]
        audio, dropped = session.audio, ""
        if want_audio and audio:
            usable = audio.is_copied_audio or (convert_audio and audio.is_known_audio)
            offers += [audio] if usable else []
            dropped = "" if usable else audio.encoding or "unknown codec"
        ticket = Ticket(client, offers, dropped)
        self._tickets[ticket.name] = ticket
        return ticket

    def url(self, ticket: Ticket) -> str:
        return f"rtsp://127.0.0.1:{self.port}/{ticket.name}"

    def release(self, ticket: Ticket) -> None:
        self._tickets.pop(ticket.name, None)
        ticket.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ticket: Ticket | None = None
        try:
            ticket = await self._converse(reader, writer)
            if ticket:
                await self._relay(ticket, reader, writer)
        except SourceError as error:
            if ticket:
                ticket.failure = error
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError):
            pass
        finally:
            if ticket:
                ticket.client.close()
            writer.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Ticket | None:
        """Answer ffmpeg until it says PLAY. The first request must name a ticket nobody has taken."""
        ticket: Ticket | None = None
        set_up = 0
        while True:
            head = await before(reader.readuntil(b"\r\n\r\n"), self._settings.connect)
            method, _, rest = head.decode("latin-1").partition(" ")
            if ticket is None:
                ticket = self._claim(rest.split(" ")[0], writer)
                if ticket is None:
                    return None
            sequence = parse_head(head).get("cseq")
            answer, body = "", ""
            try:
                if method == "DESCRIBE":
                    body = write_sdp(ticket.offers)
                    answer = f"Content-Base: {self.url(ticket)}/\r\nContent-Type: application/sdp\r\n"
                elif method == "SETUP":
                    answer = await self._set_up(ticket, set_up)
                    set_up += 1
                elif method == "PLAY":
                    await ticket.client.play()
                    answer = "Session: 1\r\n"
                elif method == "OPTIONS":
                    answer = "Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN, GET_PARAMETER\r\n"
            except SourceError as error:
                ticket.failure = error
                return None
            writer.write(_answer(sequence, answer, body))
            await writer.drain()
            if method == "PLAY":
                return ticket
            if method == "TEARDOWN":
                return None

    def _claim(self, uri: str, writer: asyncio.StreamWriter) -> Ticket | None:
        name = uri.removeprefix(f"rtsp://127.0.0.1:{self.port}/").partition("/")[0]
        ticket = self._tickets.get(name)
        if ticket is None or ticket.writer is not None:
            return None
        ticket.writer = writer
        return ticket

    async def _set_up(self, ticket: Ticket, number: int) -> str:
        if number >= len(ticket.offers):
            raise SourceError("unknown", "one track too many")
        first, second = await ticket.client.set_up(ticket.offers[number], number * 2)
        ticket.channels[first], ticket.channels[second] = number * 2, number * 2 + 1
        transport = f"RTP/AVP/TCP;unicast;interleaved={number * 2}-{number * 2 + 1}"
        return f"Transport: {transport}\r\nSession: 1;timeout=3600\r\n"

    async def _relay(self, ticket: Ticket, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Frames of the camera to ffmpeg, receiver reports of ffmpeg to the camera, until either hangs up."""
        tasks = [
            asyncio.create_task(self._downstream(ticket, writer)),
            asyncio.create_task(self._upstream(ticket, reader, writer)),
            asyncio.create_task(self._keep_alive(ticket)),
        ]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _downstream(self, ticket: Ticket, writer: asyncio.StreamWriter) -> None:
        pending = bytearray()
        frames = FrameCutter(ticket.channels)
        while data := await ticket.client.reader.read(65536):
            pending += data
            whole = frames.cut(pending)
            if writer.is_closing():  # ffmpeg hung up while we waited for the camera
                return
            if whole:
                writer.write(whole)
                await writer.drain()
            if len(pending) > LARGEST_PENDING:
                raise SourceError("unknown", "its stream is not RTP")
        raise SourceError("stalled", "it ended the stream")

    async def _upstream(self, ticket: Ticket, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        back = {ours: theirs for theirs, ours in ticket.channels.items()}
        while True:
            first = await reader.readexactly(1)
            if first == b"$":
                head = await reader.readexactly(3)
                data = await reader.readexactly(int.from_bytes(head[1:], "big"))
                if head[0] in back:
                    ticket.client.writer.write(b"$" + bytes([back[head[0]]]) + head[1:] + data)
                continue
            head = first + await reader.readuntil(b"\r\n\r\n")
            if head.startswith(b"TEARDOWN"):
                return
            writer.write(_answer(parse_head(head).get("cseq"), "Session: 1\r\n", ""))

    async def _keep_alive(self, ticket: Ticket) -> None:
        while True:
            await asyncio.sleep(min(25.0, ticket.client.lifetime / 2))
            ticket.client.writer.write(ticket.client.keep_alive())
            with contextlib.suppress(ConnectionError):
                await ticket.client.writer.drain()


class FrameCutter:
    """Takes whole interleaved frames out of the camera's bytes; what lies between them (answers) is dropped."""

    def __init__(self, channels: dict[int, int]) -> None:
        self._channels = channels
        self._is_plain = all(theirs == ours for theirs, ours in channels.items())

    def cut(self, pending: bytearray) -> bytes:
        """Remove what is complete from `pending` and return the frames among it. Raises SourceError on a redirect."""
        at, end, kept, pieces = 0, len(pending), 0, []
        while at < end:
            if pending[at] == 0x24:
                if at + FRAME_HEAD > end:
                    break
                size = FRAME_HEAD + (pending[at + 2] << 8 | pending[at + 3])
                if at + size > end:
                    break
                channel = pending[at + 1]
                if channel not in self._channels:
                    pieces.append(bytes(pending[kept:at]))
                    kept = at + size
                elif not self._is_plain:
                    pending[at + 1] = self._channels[channel]
                at += size
                continue
            length = _message(pending, at)
            if not length:
                break
            pieces.append(bytes(pending[kept:at]))
            at = kept = at + length
        pieces.append(bytes(pending[kept:at]))
        del pending[:at]
        return b"".join(pieces)


def _message(pending: bytearray, at: int) -> int:
    """The length of the RTSP message at a place, 0 while it is incomplete."""
    stop = pending.find(b"\r\n\r\n", at)
    if stop < 0:
        if len(pending) - at > 16384:
            raise SourceError("unknown", "its stream is not RTP")
        return 0
    reply = parse_head(bytes(pending[at : stop + 4]).lstrip())
    if 300 <= reply.status < 400 or bytes(pending[at : at + 9]).lstrip().startswith(b"REDIRECT"):
        raise SourceError("refused_address", "it sends us to another address")
    length = reply.get("content-length")
    whole = stop + 4 - at + (int(length) if length.isdigit() else 0)
    return whole if at + whole <= len(pending) else 0


def _answer(sequence: str, headers: str, body: str) -> bytes:
    length = f"Content-Length: {len(body.encode())}\r\n" if body else ""
    return f"RTSP/1.0 200 OK\r\nCSeq: {sequence}\r\n{headers}{length}\r\n{body}".encode()
