"""What is written to disk: blocks of about a minute, each a playable file of one run, and the care for space.

File names are made of our own identifiers; no text of Perch's or of a camera's ever becomes part of a path.
"""

from __future__ import annotations

import asyncio
import errno
import hashlib
import logging
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar, TypeVarTuple

from devices.streamer.boxes import Init
from devices.streamer.index import Block, Entry, Held, Index
from devices.streamer.segments import Place, Segment
from devices.streamer.settings import Settings
from tenants import clock

log = logging.getLogger("perch.streamer")

T = TypeVar("T")
Args = TypeVarTuple("Args")
DAY_MS = 86_400_000
BATCH = 16


class DiskFull(Exception):
    """There is no room, and nothing old enough to make some."""


def _milliseconds(seconds: float) -> int:
    return round(seconds * 1000)


def digest_of(init: Init) -> str:
    return hashlib.sha256(init.data).hexdigest()


class Archive:
    """The storage folder: `index.sqlite3`, `media/` with the blocks, `work/` with what may be thrown away."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.media = settings.storage / "media"
        self.work = settings.storage / "work"
        shutil.rmtree(self.work, ignore_errors=True)
        for folder in (self.media, self.work):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.index = Index(settings.storage / "index.sqlite3")
        self._disk = ThreadPoolExecutor(4, "disk")
        self._making_room = asyncio.Lock()
        self.unsaved: list[Block] = []  # closed while the index could not be written

    def close(self) -> None:
        self._disk.shutdown(wait=True)
        self.index.close()

    async def on_disk(self, call: Callable[[*Args], T], *args: *Args) -> T:
        """Run a blocking file operation in a disk thread."""
        return await asyncio.get_running_loop().run_in_executor(self._disk, call, *args)

    # -- after a crash

    def repair(self) -> None:
        """Before anything is recorded: cut off what was half written when the last run ended."""
        for block in self.index.open_blocks():
            self._repair(block)

    async def reconcile(self) -> None:
        """Once after the start, beside everything else: forget rows without a file, remove files without a row."""
        started = clock.timestamp()
        folders = set()
        for held in await self.index.read(Index.streams):
            folders.add(held.folder)
            lost, strays = await asyncio.to_thread(self._disagreement, held, started)
            await self.index.write(Index.remove_blocks, lost)
            await asyncio.to_thread(self.unlink, strays)
            if lost or strays:
                log.info("%s: %s rows without a file, %s files without a row", held.name, len(lost), len(strays))
        for path in self.media.iterdir():
            if path.name not in folders and path.stat().st_mtime < started:
                await asyncio.to_thread(shutil.rmtree, path, ignore_errors=True)

    def _disagreement(self, held: Held, started: float) -> tuple[list[int], list[str]]:
        """Rows of a stream without a file, and files from before the start without a row."""
        known = self.index.paths(held.id)
        lost = [number for path, number in known.items() if not (self.media / path).exists()]
        found = [path for path in (self.media / held.folder).rglob("*.mp4") if path.stat().st_mtime < started]
        relative = [str(path.relative_to(self.media)) for path in found]
        return lost, [path for path in relative if path not in known]

    def _repair(self, block: Block) -> None:
        path = self.media / block.path
        size = path.stat().st_size
        block.entries = [entry for entry in block.entries if entry.size and entry.offset + entry.size <= size]
        if not block.entries:
            path.unlink()
            self.index.remove_blocks([block.id])
            return
        block.size = block.entries[-1].offset + block.entries[-1].size
        block.end = block.entries[-1].end
        os.truncate(path, block.size)
        self.index.save_block(block, is_open=False)

    # -- space

    def free(self) -> tuple[int, int]:
        """(free bytes, free inodes) of the disk under the archive."""
        found = os.statvfs(self.media)
        return found.f_bavail * found.f_frsize, found.f_favail if found.f_files else 1 << 30

    def needs_room(self, coming: int = 0) -> bool:
        """Whether the reserve is touched, or the capacity the operator allows is exceeded."""
        found = os.statvfs(self.media)
        reserve = min(self.settings.reserve, found.f_blocks * found.f_frsize // 20)
        free, inodes = self.free()
        if free - coming < reserve or inodes < 16:
            return True
        return self.settings.capacity is not None and self.index.total_bytes() + coming > self.settings.capacity

    async def make_room(self, coming: int = 0) -> bool:
        """Delete the oldest blocks of all streams until there is room; False when nothing is left to delete."""
        async with self._making_room:
            count = 1
            while await self.index.read(lambda _: self.needs_room(coming)):
                oldest = await self.index.read(Index.oldest, count)
                if not oldest:
                    return False
                log.warning("no room: deleting the %s oldest files of the archive", len(oldest))
                await self.remove(oldest)
                count = min(count * 2, BATCH)
            return True

    async def remove(self, doomed: Iterable[tuple[int, str, int]]) -> None:
        """Delete files first: a row without a file is harmless, and the row may need the file's space."""
        doomed = list(doomed)
        await self.on_disk(self.unlink, [path for _, path, _ in doomed])
        await self.index.write(Index.remove_blocks, [number for number, _, _ in doomed])

    async def save_unsaved(self) -> None:
        """Close in the index what could not be closed there before."""
        while self.unsaved:
            await self.index.write(Index.save_block, self.unsaved[0], is_open=False)
            self.unsaved.pop(0)

    def unlink(self, paths: list[str]) -> None:
        """Remove files, and folders that are empty then."""
        for path in paths:
            file = self.media / path
            file.unlink(missing_ok=True)
            try:
                file.parent.rmdir()
            except OSError:
                continue

    async def clean(self) -> None:
        """The hourly clean-up: by depth, then by gigabytes, then dropped streams that have nothing left."""
        now = _milliseconds(clock.timestamp())
        for held in await self.index.read(Index.streams):
            await self.clean_stream(held, now)
        for folder in await self.index.write(Index.forget_empty_streams):
            await self.on_disk(lambda name: shutil.rmtree(self.media / name, ignore_errors=True), folder)

    async def clean_stream(self, held: Held, now: int) -> None:
        if held.expiration is not None:
            await self.remove(await self.index.read(Index.expired, held, now - held.expiration * 1000))
        if held.storage_limit:
            await self.remove(await self.index.read(Index.beyond, held, held.storage_limit))


class BlockWriter:
    """Writes the segments of one stream; one at a time, in order."""

    def __init__(self, archive: Archive, held: Held) -> None:
        self._archive, self._held = archive, held
        self._block: Block | None = None
        self._init: Init | None = None
        self._init_id = 0
        self._file: int | None = None

    async def write(self, segment: Segment) -> None:
        """Put a segment on disk and into the index, set its place and let go of its bytes. Raises DiskFull."""
        if segment.data is None:
            return
        try:
            await self._write(segment, segment.data)
        except (OSError, sqlite3.OperationalError) as error:
            if not await self._recover(error, segment.size):
                raise DiskFull(str(error)) from error
            await self._write_again(segment, segment.data)
        segment.data = None

    async def _write_again(self, segment: Segment, data: bytes) -> None:
        """Room was made: the segment is not lost."""
        try:
            await self._write(segment, data)
        except (OSError, sqlite3.OperationalError) as error:
            await self._recover(error, 0)
            raise DiskFull(str(error)) from error

    async def redate(self, run: str, shift: float) -> None:
        """The run's clock distance was corrected: move what the open block holds."""
        block, by = self._block, _milliseconds(shift)
        if block and block.run == run and by:
            block.start, block.end = block.start + by, block.end + by
            block.entries = [Entry(e.start + by, e.duration, e.offset, e.size) for e in block.entries]
            await self._archive.index.write(Index.save_block, block, is_open=True)

    async def close(self) -> None:
        """Finish the open block."""
        block, self._block = self._block, None
        self._close_file()
        if block:
            try:
                await self._archive.index.write(Index.save_block, block, is_open=False)
            except sqlite3.OperationalError as error:
                log.warning("the index could not be written: %s", error)
                self._archive.unsaved.append(block)

    async def _write(self, segment: Segment, data: bytes) -> None:
        start = _milliseconds(segment.start)
        block = self._block
        if block is None or not self._fits(block, segment, start):
            await self.close()
            block = await self._open(segment, start)
        entry = Entry(start, _milliseconds(segment.duration), block.size, len(data))
        await self._archive.on_disk(self._append, data, block.size)
        block.entries.append(entry)
        block.size += len(data)
        block.end = max(block.end, entry.end)
        await self._archive.index.write(Index.save_block, block, is_open=True)
        segment.place = Place(self._archive.media / block.path, entry.offset, entry.size)

    def _fits(self, block: Block, segment: Segment, start: int) -> bool:
        length = self._archive.settings.block * 1000
        return block.run == segment.run and self._init is segment.init and block.start <= start < block.start + length

    async def _open(self, segment: Segment, start: int) -> Block:
        index = self._archive.index
        if self._init is not segment.init:
            self._init_id = await index.write(Index.keep_init, segment.init, digest_of(segment.init))
            self._init = segment.init
        path = f"{self._held.folder}/{start // DAY_MS}/{start}-{segment.run}.mp4"
        block = Block(0, self._held.id, segment.run, self._init_id, path, start, start, len(segment.init.data))
        try:
            await self._archive.on_disk(self._create, self._archive.media / path, segment.init.data)
            block.id = await index.write(Index.add_block, block)
        except (OSError, sqlite3.OperationalError):
            self._close_file()
            await self._archive.on_disk(self._archive.unlink, [path])
            raise
        self._block = block
        return block

    def _create(self, path: Path, head: bytes) -> None:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        self._append(head, 0)

    def _append(self, data: bytes, offset: int) -> None:
        """All or nothing: a short write (disk full) is cut off again."""
        if self._file is None:
            raise OSError(errno.EBADF, "the block is closed")
        view, at = memoryview(data), offset
        try:
            while view:
                written = os.pwrite(self._file, view, at)
                if not written:
                    raise OSError(errno.ENOSPC, "nothing was written")
                view, at = view[written:], at + written
        except OSError:
            os.ftruncate(self._file, offset)
            raise

    def _close_file(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None

    async def _recover(self, error: Exception, size: int) -> bool:
        """After a failed write: close what is open, throw it away if empty; whether room was made to try again."""
        block = self._block
        await self.close()
        if block and not block.entries:
            await self._archive.remove([(block.id, block.path, 0)])
        if isinstance(error, sqlite3.OperationalError) or getattr(error, "errno", 0) in (errno.ENOSPC, errno.EDQUOT):
            return size > 0 and await self._archive.make_room(coming=max(size * 2, 200_000))
        return False
