"""One player's stream over RTSP: samples at the pace they were made, as RTP inside the connection.

Little is kept for a player that does not read: beyond `unread` bytes it has some seconds to catch up, then it is cut.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

from devices.streamer.deadline import before
from devices.streamer.pieces import Piece
from devices.streamer.rtp import Coding, Sender, codings
from devices.streamer.samples import Sample, read_samples
from tenants import clock

PATIENCE = 8.0  # seconds for a player to read on
REPORT = 5.0
CHECK = 1.0
LATE = 2.0  # a stream that is later than this is not hurried after: its clock is set anew
JUMP = 2.0


class TooSlow(Exception):
    """The player does not read what it asked for."""


class Changed(Exception):
    """The camera sends something else than was described: the player has to ask anew."""


@dataclass
class Channel:
    """A track that was set up, and the channels of the connection it uses."""

    sender: Sender
    packets: int
    reports: int


class Playing:
    """Sends pieces to one connection until they end. `check` asks for the right again and raises when it is gone."""

    def __init__(
        self,
        writer: asyncio.StreamWriter,
        channels: dict[str, Channel],
        *,
        unread: int,
        check: Callable[[], Awaitable[None]],
        count: Callable[[int], None],
    ) -> None:
        self._writer, self._channels, self._check, self._count = writer, channels, check, count
        self._unread = unread
        self._run, self._tracks = "", dict[int, Channel]()
        self._scales: dict[int, int] = {}
        self._shift: float | None = None  # from the media clock of a run to the player's
        self._ahead = 0.0  # how far the player's clock has come
        self._began = clock.monotonic()
        self._checked = self._reported = -1e9
        self.date = 0.0  # of the picture that was sent last

    async def run(self, pieces: AsyncIterator[Piece]) -> None:
        """Until the end, which is told to the player. Raises TooSlow, Changed, Refused, Undecided, FellBehind."""
        guard = asyncio.create_task(self._watch())
        sending = asyncio.create_task(self._send_all(pieces))
        try:
            done, _ = await asyncio.wait((guard, sending), return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in (guard, sending):
                task.cancel()
            await asyncio.gather(guard, sending, return_exceptions=True)

    async def _watch(self) -> None:
        """The right is looked at also while a camera is silent."""
        while True:
            await self._check()
            await asyncio.sleep(CHECK)

    async def _send_all(self, pieces: AsyncIterator[Piece]) -> None:
        async for piece in pieces:
            if piece.run != self._run:
                self._turn_to(piece)
            samples = read_samples(piece.data, piece.init)
            first = self._first(samples, piece)
            for sample in samples:
                await self._send(sample, piece.start - first)
        for channel in self._channels.values():
            self._write(channel.reports, channel.sender.goodbye())

    def _turn_to(self, piece: Piece) -> None:
        """A new run has a clock of its own; its tracks must be what was described."""
        found = {one.track.content: one for one in codings(piece.init)}
        self._tracks, self._scales = {}, {}
        for content, channel in self._channels.items():
            coding = found.get(content)
            if coding is None or not coding.same_decoder(channel.sender.coding):
                raise Changed(content)
            channel.sender.coding = coding
            self._tracks[coding.track.id] = channel
            self._scales[coding.track.id] = coding.track.timescale
        self._run, self._shift = piece.run, None

    def _first(self, samples: list[Sample], piece: Piece) -> float:
        """The media clock of the piece's first picture, which is what its date is about."""
        video = piece.init.video
        at = next((one.at / video.timescale for one in samples if video and one.track == video.id), 0.0)
        if self._shift is None or abs(at + self._shift - self._ahead) > JUMP:
            self._shift = self._ahead - at
        return at

    async def _send(self, sample: Sample, date: float) -> None:
        channel = self._tracks.get(sample.track)
        if channel is None or self._shift is None:
            return
        scale = self._scales[sample.track]
        at, shown = sample.at / scale, sample.shown / scale
        await self._wait_for(at + self._shift)
        self._ahead, self.date = max(self._ahead, at + self._shift), date + at
        if clock.monotonic() - self._reported > REPORT:
            self._report(date + at, at + self._shift)
        packets = channel.sender.packed(sample.data, shown + self._shift)
        self._write(channel.packets, *packets)
        await self._let_read()

    def _report(self, date: float, moment: float) -> None:
        """The date of this moment, for all tracks: this is how a recorder knows when a picture was made."""
        self._reported = clock.monotonic()
        for channel in self._channels.values():
            self._write(channel.reports, channel.sender.report(moment, date))

    async def _wait_for(self, moment: float) -> None:
        left = self._began + moment - clock.monotonic()
        if left > 0:
            await asyncio.sleep(left)
        elif left < -LATE:
            self._began -= left

    def _write(self, number: int, *packets: bytes) -> None:
        data = b"".join(struct.pack(">cBH", b"$", number, len(packet)) + packet for packet in packets)
        self._writer.write(data)
        self._count(len(data))

    async def _let_read(self) -> None:
        if self._writer.transport.get_write_buffer_size() <= self._unread:
            return
        try:
            await before(self._writer.drain(), PATIENCE)
        except TimeoutError:
            raise TooSlow from None


def channel_for(coding: Coding, packets: int, reports: int) -> Channel:
    """A channel for a track that is set up."""
    return Channel(Sender(coding), packets, reports)
