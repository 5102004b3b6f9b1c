"""JPEGs: the live thumbnail and a frame of the archive, made when somebody looks and kept for a while."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable
from dataclasses import dataclass

from devices.streamer import ffmpeg
from devices.streamer.archive import Archive
from devices.streamer.boxes import children
from devices.streamer.index import Index
from devices.streamer.live import bytes_of, read_place
from devices.streamer.segments import Place
from devices.streamer.settings import Settings
from devices.streamer.stream import Stream
from tenants import clock

WIDTH = 640
AT_ONCE = 2
KEPT = 400
TIMEOUT = 8.0
JPEG = ["-frames:v", "1", "-an", "-vf", f"scale='min({WIDTH},iw)':-2", "-c:v", "mjpeg", "-q:v", "5", "-f", "image2pipe"]


@dataclass(frozen=True)
class Picture:
    """A JPEG and when its frame was shown (seconds since the epoch)."""

    data: bytes
    at: float


class Pictures:
    """Makes and keeps pictures; at most two at once, each once however many ask."""

    def __init__(self, archive: Archive, settings: Settings) -> None:
        self._archive, self._settings = archive, settings
        self._limit = asyncio.Semaphore(AT_ONCE)
        self._live: dict[str, Picture] = {}
        self._old: OrderedDict[tuple[int, int], Picture] = OrderedDict()
        self._making: dict[object, asyncio.Task[Picture | None]] = {}

    async def live(self, stream: Stream) -> Picture | None:
        """The thumbnail of a running camera, not older than half a minute; None when there is none."""
        name, latest = stream.wanted.name, stream.main.live.latest
        if not stream.wanted.thumbnails or not stream.main.is_alive or latest is None:
            self._live.pop(name, None)
            return None
        kept = self._live.get(name)
        age = clock.timestamp() - kept.at if kept else float("inf")
        if kept and age < self._settings.thumbnail:
            return kept
        making = self._once(name, self._make_live(stream))
        if kept and age < self._settings.thumbnail * 1.5:
            return kept
        return await asyncio.shield(making)

    async def _make_live(self, stream: Stream) -> Picture | None:
        """From the newest segment's key frame: one frame is decoded."""
        segment = stream.main.live.latest
        if segment is None:
            return None
        data = segment.init.data + first_fragment(await bytes_of(segment))
        jpeg = await self._convert(data, 0.0)
        if not jpeg:
            return None
        picture = self._live[stream.wanted.name] = Picture(jpeg, segment.start)
        return picture

    async def archived(self, name: str, at: float) -> Picture | None:
        """The frame shown at a moment of the archive; None when nothing was recorded then."""
        moment = round(at * 1000)
        for block in await self._archive.index.read(Index.blocks, name, moment, moment + 1):
            for number, entry in enumerate(block.entries):
                if entry.start <= moment < entry.end:
                    key = (block.id, moment // 500)
                    if key in self._old:
                        self._old.move_to_end(key)
                        return self._old[key]
                    return await asyncio.shield(self._once(key, self._make_old(key, block.id, number, moment)))
        return None

    async def _make_old(self, key: tuple[int, int], number: int, which: int, moment: int) -> Picture | None:
        found = await self._archive.index.read(Index.block, number)
        head = await self._archive.index.read(Index.init, found[0].init) if found else None
        if not found or not head:
            return None
        block, entry = found[0], found[0].entries[which]
        try:
            place = Place(self._archive.file(block), entry.offset, entry.size)
            data = head[1] + await asyncio.to_thread(read_place, place)
        except OSError:
            return None
        jpeg = await self._convert(data, (moment - entry.start) / 1000) or await self._convert(data, 0.0)
        if not jpeg:
            return None
        picture = self._old[key] = Picture(jpeg, moment / 1000)
        while len(self._old) > KEPT:
            self._old.popitem(last=False)
        return picture

    async def _convert(self, data: bytes, offset: float) -> bytes:
        skip = ["-ss", f"{offset:.3f}"] if offset > 0.04 else []
        arguments = [*ffmpeg.QUIET, *ffmpeg.PIPE_ONLY, "-threads", "1", "-f", "mp4", "-i", "pipe:0", *skip, *JPEG]
        async with self._limit:
            jpeg, _ = await ffmpeg.convert([*arguments, "pipe:1"], data, timeout=TIMEOUT)
        return jpeg if jpeg[:2] == b"\xff\xd8" else b""

    def _once(self, key: object, making: Awaitable[Picture | None]) -> asyncio.Task[Picture | None]:
        """Join the work that is under way for this key, or begin it."""
        task = self._making.get(key)
        if task:
            making.close()  # type: ignore[attr-defined]  # a coroutine that will not be needed
            return task
        task = self._making[key] = asyncio.ensure_future(making)
        task.add_done_callback(lambda _: self._making.pop(key, None))
        return task


def first_fragment(data: bytes) -> bytes:
    """A segment up to its second moof: it begins with a key frame."""
    seen = 0
    for kind, start, _end in children(data):
        seen += kind == b"moof"
        if seen == 2:
            return data[: start - 8]
    return data
