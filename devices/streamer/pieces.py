"""What an RTSP player is sent, piece by piece: the segments of the running stream, or those of the archive."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field

from devices.streamer.archive import Archive
from devices.streamer.boxes import Init, Malformed, parse_init
from devices.streamer.index import Block, Entry, Index
from devices.streamer.live import bytes_of, read_place
from devices.streamer.recorder import Recorder
from devices.streamer.segments import Place
from tenants import clock

LOOK = 1.0  # seconds between looks for what was just recorded


@dataclass(frozen=True)
class Piece:
    """A segment with the date of its first picture, in seconds since 1970."""

    data: bytes = field(repr=False)
    init: Init
    start: float
    run: str


class FellBehind(Exception):
    """The player takes less than the camera sends: what comes next is no longer kept for it."""


async def live(recorder: Recorder) -> AsyncIterator[Piece]:
    """From the newest segment on; waits for each."""
    latest = recorder.live.latest
    following = latest.number if latest else 0
    while True:
        kept = [segment for segment in recorder.live.segments if segment.number >= following]
        if not kept:
            await recorder.live.wait(LOOK)
            continue
        if following and kept[0].number > following:
            raise FellBehind
        following = kept[0].number + 1
        try:
            yield Piece(await bytes_of(kept[0]), kept[0].init, kept[0].start, kept[0].run)
        except FileNotFoundError as error:
            raise FellBehind from error


async def recorded(archive: Archive, name: str, parts: Iterable[tuple[float, float]]) -> AsyncIterator[Piece]:
    """What was recorded in some windows of UTC seconds, in the order of time, each moment once."""
    reached = 0.0
    for start, end in sorted(parts):
        one = Recorded(archive, name, max(start, reached), end)
        async for piece in one.pieces():
            yield piece
        reached = max(reached, one.position / 1000)


class Recorded:
    """The archive of one stream between two moments; `position` is where it has come to, in milliseconds."""

    def __init__(self, archive: Archive, name: str, start: float, end: float) -> None:
        self._archive, self._name = archive, name
        self.position, self.end = round(start * 1000), round(min(end, 9e9) * 1000)
        self._inits: dict[int, Init] = {}

    async def pieces(self) -> AsyncIterator[Piece]:
        """All that was recorded, gaps left out; what is being recorded is waited for, until the end has passed."""
        while self.position < self.end:
            began = self.position
            spans = await self._archive.index.read(Index.spans, self._name, self.position, self.end)
            for span in spans[:1]:
                first, last = max(span.start, self.position), min(span.end, self.end, span.start + 600_000)
                async for piece in self._between(first, max(last, first + 1)):
                    yield piece
            if self.position == began:
                if self.end <= clock.timestamp() * 1000:
                    return
                await asyncio.sleep(LOOK)

    async def _between(self, first: int, last: int) -> AsyncIterator[Piece]:
        for block in await self._archive.index.read(Index.blocks, self._name, first, last):
            for entry in block.entries:
                if entry.end > self.position and entry.start < last:
                    self.position = max(self.position + 1, entry.end)
                    if piece := await self._read(block, entry):
                        yield piece
        self.position = max(self.position, last)

    async def _read(self, block: Block, entry: Entry) -> Piece | None:
        """None for what clean-up has just taken, or what lies on a disk that has just gone."""
        try:
            init = await self._init(block.init)
            data = await asyncio.to_thread(read_place, Place(self._archive.file(block), entry.offset, entry.size))
        except (OSError, Malformed):
            return None
        return Piece(data, init, entry.start / 1000, block.run) if init else None

    async def _init(self, number: int) -> Init | None:
        if number not in self._inits:
            found = await self._archive.index.read(Index.init, number)
            if found is None:
                return None
            self._inits[number] = parse_init(found[1])
        return self._inits[number]
