"""MP4 files of a window of the archive, offered only after their own headers say that all of it is there."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from pathlib import Path

from devices.streamer import ffmpeg
from devices.streamer.archive import Archive
from devices.streamer.boxes import LARGEST, Init, Malformed, first_decode_time, movie_duration, parse_init, shifted
from devices.streamer.errors import Trouble
from devices.streamer.index import Index, Span, join_spans
from devices.streamer.live import read_place
from devices.streamer.neighbours import Neighbours
from devices.streamer.playlists import Away, Chunk, is_seam
from devices.streamer.segments import Place
from devices.streamer.settings import Settings
from tenants import clock

log = logging.getLogger("perch.streamer")

AT_ONCE = 2
MIB = 1024 * 1024
Fetch = Callable[[Away, str], Awaitable[bytes]]  # a segment of another streamer, for one viewer
SHORTEST_GAP = 1.0  # windows are asked for in whole seconds


class ExportRefused(Exception):
    """There is no such file; `status` is the HTTP answer."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


@dataclass
class Export:
    """A file under way or ready. Times are seconds; `gaps` are UTC seconds in which nothing was recorded."""

    path: Path
    expected: float
    gaps: list[tuple[float, float]]
    started_at: float
    task: asyncio.Task[None] | None = None
    duration: float = 0.0
    bytes: int = 0
    used_at: float = field(default_factory=clock.monotonic)

    @property
    def is_ready(self) -> bool:
        return self.task is not None and self.task.done() and not self.task.cancelled() and not self.task.exception()

    def as_json(self) -> dict[str, object]:
        return {
            "ready": self.is_ready,
            "duration": round(self.duration, 3),
            "expected": round(self.expected, 3),
            "bytes": self.bytes,
            "from": round(self.started_at, 3),
            "gaps": [[round(first, 3), round(last, 3)] for first, last in self.gaps],
        }


class Exports:
    """Makes, keeps and forgets export files."""

    def __init__(self, archive: Archive, neighbours: Neighbours, settings: Settings) -> None:
        self._archive, self._neighbours, self._settings = archive, neighbours, settings
        self._folder = archive.work / "exports"
        self._folder.mkdir(exist_ok=True, mode=0o700)
        self._limit = asyncio.Semaphore(AT_ONCE)
        self._exports: dict[str, Export] = {}

    def check_length(self, start: float, end: float) -> None:
        """Raise ExportRefused for a window that is longer than a file."""
        if end - start > self._settings.export_longest:
            hours = self._settings.export_longest / 3600
            raise ExportRefused(400, "too_long", f"At most {hours:g} hours fit one file.")

    async def find(self, name: str, cut: list[Chunk], wanted: tuple[float, float], token: str) -> Export:
        """The file of these segments of a stream; begun if there is none, with the token of who asks for it first.
        Raises ExportRefused."""
        if not cut:
            raise ExportRefused(404, "nothing_recorded", "Nothing was recorded in this window.")
        key = hashlib.sha256(repr((name, [_identity(chunk) for chunk in cut])).encode()).hexdigest()
        export = self._exports.get(key)
        if export is None or (export.task and export.task.done() and not export.is_ready):
            fetch = partial(self._neighbours.fetch, name, token)
            export = await self._begin(fetch, key, cut, wanted)
        export.used_at = clock.monotonic()
        return export

    async def wait(self, export: Export, timeout: float) -> bool:
        """Whether the file is ready; raises what went wrong with it."""
        if export.task:
            await asyncio.wait([export.task], timeout=timeout)
            if export.task.done() and (error := export.task.exception()):
                raise error
        return export.is_ready

    async def stop(self) -> None:
        tasks = [export.task for export in self._exports.values() if export.task]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def tidy(self) -> None:
        """Forget files nobody asked for lately, and the least used beyond the quota."""
        now, total = clock.monotonic(), 0
        for key, export in sorted(self._exports.items(), key=lambda one: -one[1].used_at):
            if export.task and not export.task.done():
                continue
            total += export.bytes
            if now - export.used_at > self._settings.export_lifetime or total > self._settings.export_quota:
                del self._exports[key]
                export.path.unlink(missing_ok=True)

    async def _begin(self, fetch: Fetch, key: str, cut: list[Chunk], wanted: tuple[float, float]) -> Export:
        await self.tidy()
        size = sum(entry.size for chunk in cut for entry in chunk.entries)
        if size > self._settings.export_quota or self._archive.free() < 2 * size + self._settings.reserve // 4:
            raise ExportRefused(409, "no_space", "The window is too large for the space left; choose a shorter one.")
        spans = join_spans(((entry.start, entry.end) for chunk in cut for entry in chunk.entries), 500)
        export = Export(
            path=self._folder / f"{key}.mp4",
            expected=sum(chunk.seconds for chunk in cut),
            gaps=gaps_of(spans, wanted),
            started_at=spans[0].start / 1000,
        )
        export.task = asyncio.create_task(self._make(fetch, export, cut, size))
        export.task.add_done_callback(lambda task: task.cancelled() or task.exception())
        self._exports[key] = export
        return export

    async def _make(self, fetch: Fetch, export: Export, cut: list[Chunk], size: int) -> None:
        async with self._limit:
            init = await self._common_init(fetch, cut)
            part = export.path.with_suffix(".part")
            try:
                await self._remux(part, init, fetch, cut, size)
                export.duration = await asyncio.to_thread(measure, part)
                self._verify(export, cut)
                export.bytes = part.stat().st_size
                part.rename(export.path)
            finally:
                part.unlink(missing_ok=True)

    async def _common_init(self, fetch: Fetch, cut: list[Chunk]) -> Init:
        """One file holds one format: a camera that was reconfigured in between needs two."""
        found: dict[object, Init] = {}
        for chunk in cut:
            which = (chunk.away.peer, chunk.block.run) if chunk.away else chunk.block.init
            if which not in found:
                found[which] = parse_init(await self._init_of(fetch, chunk))
                if len({init.key for init in found.values()}) > 1:
                    at = chunk.start // 1000
                    message = f"The camera's format changed at {at}; download the parts before and after it."
                    raise ExportRefused(409, "format_changed", message)
        return next(iter(found.values()))

    async def _init_of(self, fetch: Fetch, chunk: Chunk) -> bytes:
        if chunk.away:
            return await _fetched(fetch, chunk.away, chunk.away.init)
        head = await self._archive.index.read(Index.init, chunk.block.init)
        if head is None:
            raise _removed()
        return head[1]

    async def _data_of(self, fetch: Fetch, chunk: Chunk) -> bytes:
        if chunk.away:
            return await _fetched(fetch, chunk.away, chunk.away.segment)
        size = sum(entry.size for entry in chunk.entries)
        try:
            place = Place(self._archive.file(chunk.block), chunk.entries[0].offset, size)
            return await asyncio.to_thread(read_place, place)
        except OSError:
            raise _removed() from None

    async def _remux(self, path: Path, init: Init, fetch: Fetch, cut: list[Chunk], size: int) -> None:
        arguments = [*ffmpeg.QUIET, *ffmpeg.PIPE_ONLY, "-f", "mp4", "-i", "pipe:0", "-map", "0", "-c", "copy"]
        arguments += ["-movflags", "+faststart", "-f", "mp4", "-y", f"file:{path}"]
        child = await ffmpeg.start(arguments, stdin=True, stdout=False, file_size=size + size // 4 + 64 * MIB)
        try:
            with contextlib.suppress(ConnectionError):
                child.stdin.write(init.data)
                async for data in self._pieces(init, fetch, cut):
                    child.stdin.write(data)
                    await child.stdin.drain()
                child.stdin.close()
            if await child.wait():
                log.error("an export failed: %s", child.errors.strip()[-400:])
                raise ExportRefused(409, "export_failed", "The file could not be made.")
        finally:
            await child.stop(0)

    async def _pieces(self, init: Init, fetch: Fetch, cut: list[Chunk]) -> AsyncIterator[bytes]:
        """The segments with one continuous media clock: each stretch begins where the one before it ended."""
        elapsed, shift, before = 0.0, 0.0, None
        for chunk in cut:
            data = await self._data_of(fetch, chunk)
            if before is None or is_seam(before, chunk):
                shift = elapsed - first_decode_time(data, init)
            elapsed, before = elapsed + chunk.seconds, chunk
            yield shifted(data, init, shift)

    def _verify(self, export: Export, cut: list[Chunk]) -> None:
        seams = 1 + sum(is_seam(first, second) for first, second in pairwise(cut))
        if abs(export.duration - export.expected) > 0.3 + 0.15 * seams:
            log.error("an export has %.3f s instead of %.3f s", export.duration, export.expected)
            message = (
                f"The file has {export.duration:.1f} s of the {export.expected:.1f} s recorded and is not offered."
            )
            raise ExportRefused(409, "duration_mismatch", message)


async def _fetched(fetch: Fetch, away: Away, path: str) -> bytes:
    """From another streamer; what it offered a moment ago and has no more cannot be in the file."""
    try:
        data = await fetch(away, path)
    except Trouble as error:
        message = "The streamer that recorded a part of this does not answer; try again later."
        raise ExportRefused(409, "streamer_down", message) from error
    if not data:
        raise _removed()
    return data


def _identity(chunk: Chunk) -> tuple[object, ...]:
    """What makes two segments the same."""
    if chunk.away:
        return (chunk.away.peer, chunk.away.segment)
    return (chunk.block.id, chunk.first, len(chunk.entries))


def _removed() -> ExportRefused:
    return ExportRefused(404, "nothing_recorded", "This part of the archive has just been removed.")


def gaps_of(spans: list[Span], wanted: tuple[float, float]) -> list[tuple[float, float]]:
    """What is missing of a window, in seconds."""
    found, at = [], wanted[0]
    for span in spans:
        if span.start / 1000 - at >= SHORTEST_GAP:
            found.append((at, span.start / 1000))
        at = max(at, span.end / 1000)
    if wanted[1] - at >= SHORTEST_GAP:
        found.append((at, wanted[1]))
    return found


def measure(path: Path) -> float:
    """Seconds of video in a finished MP4, read from its own headers. Raises ExportRefused for anything else."""
    with path.open("rb") as file:
        while len(head := file.read(16)) >= 8:
            size, kind = struct.unpack_from(">I4s", head)
            if size == 1 and len(head) == 16:
                (size,) = struct.unpack_from(">Q", head, 8)
            if size < 8:
                break
            if kind == b"moov" and size <= LARGEST:
                file.seek(-len(head), 1)
                try:
                    return movie_duration(file.read(size))
                except (Malformed, struct.error):
                    break
            file.seek(size - len(head), 1)
    raise ExportRefused(409, "export_failed", "The file could not be read back.")
