"""Writes the segments of one stream to disk and into the index, in order."""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import sqlite3
from pathlib import Path

from devices.streamer.archive import Archive, DiskFull, digest_of, milliseconds
from devices.streamer.boxes import Init
from devices.streamer.disks import FULL, Disk, DiskAway
from devices.streamer.index import Block, Entry, Held, Index
from devices.streamer.segments import Place, Segment

log = logging.getLogger("perch.streamer")

DAY_MS = 86_400_000


class BlockWriter:
    """Writes the segments of one stream; one at a time, in order."""

    def __init__(self, archive: Archive, held: Held) -> None:
        self._archive, self._held = archive, held
        self._block: Block | None = None
        self._init: Init | None = None
        self._init_id = 0
        self._file: int | None = None
        self._disk: Disk | None = None

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
        """Room was made, or another disk is written: the segment is not lost."""
        try:
            await self._write(segment, data)
        except (OSError, sqlite3.OperationalError) as error:
            await self._recover(error, 0)
            raise DiskFull(str(error)) from error

    async def redate(self, run: str, shift: float) -> None:
        """The run's clock distance was corrected: move what the open block holds."""
        block, by = self._block, milliseconds(shift)
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
                self._archive.held.discard((block.disk, block.path))
            except sqlite3.OperationalError as error:
                log.warning("the index could not be written: %s", error)
                self._archive.unsaved.append(block)

    async def _write(self, segment: Segment, data: bytes) -> None:
        start = milliseconds(segment.start)
        block = self._block
        if block is None or not self._fits(block, segment, start):
            await self.close()
            block = await self._open(segment, start)
        entry = Entry(start, milliseconds(segment.duration), block.size, len(data))
        if self._file is None or self._disk is None:
            raise OSError(errno.EBADF, "the block is closed")
        await self._disk.run(_append, self._file, data, block.size)
        block.entries.append(entry)
        block.size += len(data)
        block.end = max(block.end, entry.end)
        await self._archive.index.write(Index.save_block, block, is_open=True)
        segment.place = Place(self._disk.media / block.path, entry.offset, entry.size)

    def _fits(self, block: Block, segment: Segment, start: int) -> bool:
        length = self._archive.settings.block * 1000
        if self._disk is None or not self._disk.is_online:
            return False
        return block.run == segment.run and self._init is segment.init and block.start <= start < block.start + length

    async def _open(self, segment: Segment, start: int) -> Block:
        index = self._archive.index
        if self._init is not segment.init:
            self._init_id = await index.write(Index.keep_init, segment.init, digest_of(segment.init))
            self._init = segment.init
        path = f"{self._held.folder}/{start // DAY_MS}/{start}-{segment.run}.mp4"
        disk = self._disk = self._archive.disks.choose()
        head = segment.init.data
        block = Block(
            0, self._held.id, segment.run, self._init_id, path, start, start, len(head), disk=disk.number or 0
        )
        self._archive.held.add((block.disk, path))
        try:
            self._file = await disk.run(_create, disk.media / path, head)
            block.id = await index.write(Index.add_block, block)
        except (OSError, sqlite3.OperationalError) as error:
            self._close_file(hangs=isinstance(error, TimeoutError))
            with contextlib.suppress(OSError):  # on a disk that is gone it stays, until the disk returns
                await disk.run(self._archive.unlink, disk, [path])
            self._archive.held.discard((block.disk, path))
            raise
        self._block = block
        return block

    def _close_file(self, *, hangs: bool = False) -> None:
        """Close the open file. One on which a write hangs is left open: its number must not become another file's."""
        if self._file is not None and not hangs:
            with contextlib.suppress(OSError):
                os.close(self._file)
        self._file = None

    async def _recover(self, error: Exception, size: int) -> bool:
        """After a failed write: close what is open, throw it away if empty; whether room was made, or another disk is
        there, to try again."""
        block, disk = self._block, self._disk
        if isinstance(error, TimeoutError):
            self._close_file(hangs=True)
        if disk and isinstance(error, OSError) and not isinstance(error, DiskAway) and error.errno not in FULL:
            self._archive.disks.fail(disk, error)
        await self.close()
        if block and disk and not block.entries and disk.is_online:
            await self._archive.remove([(block.id, block.disk, block.path, 0)])
        if size > 0 and (isinstance(error, sqlite3.OperationalError) or error.errno in FULL):  # type: ignore[attr-defined]
            return await self._archive.make_room(coming=max(size * 2, 200_000), disk=disk)
        return size > 0 and bool(self._archive.disks.online) and not isinstance(error, DiskAway)


def _create(path: Path, head: bytes) -> int:
    """A new file that begins with `head`, opened for writing."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        _append(file, head, 0)
    except OSError:
        os.close(file)
        raise
    return file


def _append(file: int, data: bytes, offset: int) -> None:
    """All or nothing: a short write (disk full) is cut off again."""
    view, at = memoryview(data), offset
    try:
        while view:
            written = os.pwrite(file, view, at)
            if not written:
                raise OSError(errno.ENOSPC, "nothing was written")
            view, at = view[written:], at + written
    except OSError:
        os.ftruncate(file, offset)
        raise
