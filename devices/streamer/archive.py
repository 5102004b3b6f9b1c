"""What is on disk: blocks of about a minute, each a playable file of one run, and the care for space.

File names are made of our own identifiers; no text of Perch's or of a camera's ever becomes part of a path.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import hashlib
import logging
import os
import shutil
import sqlite3
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Iterator
from itertools import accumulate, product
from pathlib import Path

from devices.streamer import retention
from devices.streamer.boxes import Init
from devices.streamer.copies import Copies
from devices.streamer.disks import Disk, DiskAway, Disks, restore_index
from devices.streamer.index import Block, Held, Index
from devices.streamer.retention import Doomed, Episode
from devices.streamer.settings import Settings
from tenants import clock

log = logging.getLogger("perch.streamer")

BATCH = 16
ASKED_AT_ONCE = 50  # streams in one question for what is protected
REMOVED_AT_ONCE = 100  # files, within the patience for one operation
FRESH = 60.0  # seconds for which is believed what Perch said is protected, while room is made
SCAN = 600.0  # seconds for all files of one stream on one disk
# Protected stretches by stream; None: it cannot be said for certain.
Asking = Callable[[list[str]], Awaitable[dict[str, list[Episode]] | None]]


class DiskFull(Exception):
    """There is no room, and nothing old enough to make some; or no disk at all."""


def milliseconds(seconds: float) -> int:
    return round(seconds * 1000)


def digest_of(init: Init) -> str:
    return hashlib.sha256(init.data).hexdigest()


class Archive:
    """The folder with `index.sqlite3` and `work/` (what may be thrown away), and the disks with the blocks."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.work = settings.storage / "work"
        shutil.rmtree(self.work, ignore_errors=True)
        self.work.mkdir(parents=True, exist_ok=True, mode=0o700)
        restore_index(settings)
        self.index = Index(settings.storage / "index.sqlite3")
        self.disks = Disks(settings, self.index)
        self.copies = Copies(settings, self.index, self.disks)
        self.ask_episodes: Asking | None = None
        self._making_room = asyncio.Lock()
        self._marked_at: dict[int, float] = {}  # by stream, of the monotonic clock
        self._unanswered_at = -FRESH
        self.held: set[tuple[int, str]] = set()  # (disk, path): what a writer has open is nobody else's
        self.unsaved: list[Block] = []  # closed while the index could not be written

    @property
    def media(self) -> Path:
        """The blocks' folder on the first disk."""
        return self.disks.all[0].media

    def file(self, block: Block) -> Path:
        """Where a block lies. Raises DiskAway."""
        return self.disks.named(block.disk).media / block.path

    def close(self) -> None:
        self.copies.close()
        self.disks.close()
        self.index.close()

    # -- after a crash

    async def repair(self, disks: Iterable[Disk] | None = None) -> None:
        """Before anything is recorded, and when a disk returns: cut off what was half written when the last run, or the
        disk, ended. What is being written is whole."""
        looked_at = list(self.disks.online if disks is None else disks)
        held = set(self.held)
        found = await self.index.read(Index.open_blocks)
        held |= self.held
        for block in found:
            disk = next((disk for disk in looked_at if disk.number == block.disk and disk.is_online), None)
            if disk and (block.disk, block.path) not in held:
                await self._repair(disk, block)

    async def _repair(self, disk: Disk, block: Block) -> None:
        try:
            is_whole = await disk.run(_cut, disk, block)
        except OSError as error:
            await self.disks.doubt(disk, error)
            return
        if is_whole:
            await self.index.write(Index.save_block, block, is_open=False)
        else:
            await self.index.write(Index.remove_blocks, [block.id])

    async def reconcile(self, disks: Iterable[Disk] | None = None) -> None:
        """After the start, and when a disk returns, beside everything else: forget rows without a file, remove files
        without a row. Of a disk that is away nothing is forgotten."""
        started = clock.timestamp()
        looked_at = list(self.disks.online if disks is None else disks)
        known = await self.index.read(Index.streams)
        for held, disk in product(known, looked_at):
            await self._unless_it_fails(disk, self._settle(disk, held, started))
        folders = {held.folder for held in known}
        for disk in looked_at:
            await self._unless_it_fails(disk, disk.run(_remove_unknown, disk, folders, started, patience=SCAN))

    async def _unless_it_fails(self, disk: Disk, work: Coroutine[None, None, None]) -> None:
        """Do something on a disk that is there; whatever is wrong with it concerns no other disk."""
        if not disk.is_online:
            work.close()
            return
        try:
            await work
        except OSError as error:
            await self.disks.doubt(disk, error)

    async def _settle(self, disk: Disk, held: Held, started: float) -> None:
        written = set(self.held)
        known = await self.index.read(Index.paths, held.id, disk.number or 0)
        lost, strays = await disk.run(_disagreement, disk, held.folder, known, started, patience=SCAN)
        written |= self.held
        strays = [path for path in strays if (disk.number, path) not in written]
        await self.index.write(Index.remove_blocks, lost)
        await disk.run(self.unlink, disk, strays, patience=SCAN)
        if lost or strays:
            log.info("%s: %s rows without a file, %s files without a row", held.name, len(lost), len(strays))

    # -- space

    def free(self) -> int:
        """Free bytes where exports are made."""
        found = os.statvfs(self.work)
        return found.f_bavail * found.f_frsize

    def missing_on(self, disk: Disk, coming: int = 0) -> int:
        """Bytes by which the reserve of a disk is touched; a disk without inodes misses something too."""
        disk.measure()
        return max(disk.reserve(self.settings) + coming - disk.free, int(disk.inodes < 16))

    def missing_in_all(self, coming: int = 0) -> int:
        """Bytes by which the archive is larger than the operator allows."""
        capacity = self.settings.capacity
        return 0 if capacity is None else self.index.total_bytes() + coming - capacity

    async def make_room(self, coming: int = 0, disk: Disk | None = None) -> bool:
        """Delete what gives way first, of all streams, until there is room: on every disk, or on the one that is to be
        written; False when nothing is left to delete."""
        async with self._making_room:
            made = [await self._make_room_on(one, coming) for one in ([disk] if disk else self.disks.online)]
            whole = await self._delete_while(lambda: self.index.read(lambda _: self.missing_in_all(coming)), None)
            return all(made) and whole

    async def _make_room_on(self, disk: Disk, coming: int) -> bool:
        try:
            return await self._delete_while(lambda: disk.run(self.missing_on, disk, coming), disk.number)
        except OSError as error:
            self.disks.fail(disk, error)
            return False

    async def _delete_while(self, missing: Callable[[], Awaitable[int]], disk: int | None) -> bool:
        """Delete no more than what is missing, in files; what they free is measured again."""
        stuck: set[int] = set()
        while (wanted := await missing()) > 0:
            now = milliseconds(clock.timestamp())
            doomed = await self.index.read(retention.oldest, BATCH, now, disk, stuck)
            if not doomed:
                return False
            sums = accumulate(size for _, _, _, size in doomed)
            enough = 1 + sum(freed < wanted for freed in sums)
            if await self._learn(doomed[:enough]):
                continue  # what gives way next may be something else now
            log.warning("no room: deleting %s files of the archive", len(doomed[:enough]))
            stuck |= await self.remove(doomed[:enough])
        return True

    async def _learn(self, doomed: list[Doomed]) -> bool:
        """Ask what is protected of the streams that are about to lose something, as a moment may have been kept since
        the last clean-up; False when nothing new was learnt. No answer keeps no room from being made."""
        now = clock.monotonic()
        if self.ask_episodes is None or now < self._unanswered_at + FRESH:
            return False
        folders = {path.partition("/")[0] for _, _, path, _ in doomed}
        known = await self.index.read(Index.streams)
        due = [
            held
            for held in known
            if held.folder in folders and held.episodes and self._marked_at.get(held.id, -FRESH) + FRESH <= now
        ]
        try:
            is_known = not await self._mark(due)
        except sqlite3.OperationalError as error:
            log.warning("what is protected could not be noted: %s", error)
            is_known = False  # the index may need the very room that is to be made
        if not is_known:
            self._unanswered_at = clock.monotonic()
        return is_known and bool(due)

    async def remove(self, doomed: Iterable[Doomed]) -> set[int]:
        """Delete files first: a row without a file is harmless, and the row may need the file's space. Returns the
        blocks that could not be deleted: they stay, and keep nothing else from going."""
        by_disk: dict[int, list[Doomed]] = {}
        for one in doomed:
            by_disk.setdefault(one[1], []).append(one)
        left = set[int]()
        for number, mine in by_disk.items():
            for first in range(0, len(mine), REMOVED_AT_ONCE):
                left |= await self._remove_from(number, mine[first : first + REMOVED_AT_ONCE])
        return left

    async def _remove_from(self, number: int, doomed: list[Doomed]) -> set[int]:
        try:
            disk = self.disks.named(number)
            stuck = set(await disk.run(self.unlink, disk, [path for _, _, path, _ in doomed]))
        except DiskAway:
            return {block for block, _, _, _ in doomed}  # it is known, and they go when the disk returns
        except OSError as error:
            log.warning("files of disk %s could not be deleted: %s", number, str(error) or type(error).__name__)
            return {block for block, _, _, _ in doomed}
        await self.index.write(Index.remove_blocks, [block for block, _, path, _ in doomed if path not in stuck])
        return {block for block, _, path, _ in doomed if path in stuck}

    async def save_unsaved(self) -> None:
        """Close in the index what could not be closed there before."""
        while self.unsaved:
            block = self.unsaved[0]
            await self.index.write(Index.save_block, block, is_open=False)
            self.unsaved.pop(0)
            self.held.discard((block.disk, block.path))

    def unlink(self, disk: Disk, paths: list[str]) -> list[str]:
        """Remove files, and folders that are empty then; returns the paths that could not be removed."""
        stuck = []
        for path in paths:
            file = disk.media / path
            try:
                file.unlink(missing_ok=True)
            except OSError as error:
                log.warning("%s could not be deleted: %s", file, error)
                stuck.append(path)
                continue
            with contextlib.suppress(OSError):
                file.parent.rmdir()
        return stuck

    async def watch_disks(self) -> None:
        """See which disks are there; what one that returned says of its blocks is settled."""
        returned = await self.disks.check()
        if returned:
            await self.repair(returned)
            await self.reconcile(returned)

    # -- the hourly clean-up

    async def clean(self) -> None:
        """By depth, which protected blocks outlive, then by gigabytes, then dropped streams that have nothing left."""
        known = await self.index.read(Index.streams)
        for first in range(0, len(known), ASKED_AT_ONCE):
            part = known[first : first + ASKED_AT_ONCE]
            unsure = await self._mark(part)
            for held in part:
                await self.clean_stream(held, is_sure=held.name not in unsure)
        for folder in await self.index.write(Index.forget_empty_streams):
            for disk in self.disks.online:
                with contextlib.suppress(OSError):  # what hangs or is away is unknown when it is settled
                    await disk.run(lambda name, at: shutil.rmtree(at / name, ignore_errors=True), folder, disk.media)

    async def _mark(self, streams: list[Held]) -> set[str]:
        """Learn what is protected; returns the streams of which that is not known now."""
        names = [held.name for held in streams if held.episodes]
        if not names or self.ask_episodes is None:
            return set()
        found = await self.ask_episodes(names)
        if found is None:
            return set(names)
        for held in streams:
            if held.episodes:
                await self.index.write(retention.mark, held, found.get(held.name, []))
                self._marked_at[held.id] = clock.monotonic()
        return set()

    async def clean_stream(self, held: Held, *, is_sure: bool = True) -> None:
        now = milliseconds(clock.timestamp())
        if held.expiration is not None:
            await self.remove(await self.index.read(retention.expired, held, now, is_sure=is_sure))
        if held.storage_limit:
            await self.remove(await self.index.read(retention.beyond, held, held.storage_limit, now))


def _cut(disk: Disk, block: Block) -> bool:
    """Cut a file, and what is said of it, to what is whole; False when nothing was, and the file is gone."""
    path = disk.media / block.path
    size = _size(path)
    entries = [entry for entry in block.entries if entry.size and entry.offset + entry.size <= size]
    if not entries:
        disk.recognise()
        if _size(path) != size:
            raise DiskAway(errno.ENODEV, "it went, and is there again")
        path.unlink(missing_ok=True)
        return False
    block.entries, block.end = entries, entries[-1].end
    block.size = entries[-1].offset + entries[-1].size
    os.truncate(path, block.size)
    return True


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _disagreement(disk: Disk, folder: str, known: dict[str, int], started: float) -> tuple[list[int], list[str]]:
    """Rows of a stream without a file, and files from before the start without a row. Raises OSError, as where the disk
    went meanwhile: under an empty mount point everything seems lost."""
    lost = [path for path in known if not (disk.media / path).exists()]
    found = [str(path.relative_to(disk.media)) for path in _files(disk.media / folder, before=started)]
    strays = [path for path in found if path not in known]
    if lost or strays:
        disk.recognise()
    # A disk that was gone and is there again has them after all.
    return [known[path] for path in lost if not (disk.media / path).exists()], strays


def _files(folder: Path, *, before: float) -> Iterator[Path]:
    """The blocks from before a moment; what is deleted meanwhile is passed over. Raises OSError."""
    for parent, _, names in os.walk(folder, onerror=_unless_gone):
        for path in (Path(parent, name) for name in names if name.endswith(".mp4")):
            with contextlib.suppress(FileNotFoundError):
                if path.stat().st_mtime < before:
                    yield path


def _unless_gone(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError):
        raise error


def _remove_unknown(disk: Disk, folders: set[str], started: float) -> None:
    """Remove the folders of streams the index does not know. Raises OSError."""
    disk.recognise()
    for path in disk.media.iterdir():
        with contextlib.suppress(FileNotFoundError):
            if path.name not in folders and path.is_dir() and path.stat().st_mtime < started:
                shutil.rmtree(path, ignore_errors=True)


__all__ = ["Archive", "DiskAway", "DiskFull", "digest_of", "milliseconds"]
