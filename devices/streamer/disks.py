"""The disks of the archive: which are there, which has room, and which is written next (item 115).

A disk is known by a mark in a file of its own and not by its path, so that an empty mount point is never taken for the
disk that was mounted there. Each disk has its own threads: one that hangs keeps no other from being written.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import random
import shutil
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar, TypeVarTuple

from devices.streamer.deadline import before
from devices.streamer.index import Index
from devices.streamer.settings import Settings

log = logging.getLogger("perch.streamer")

T = TypeVar("T")
Args = TypeVarTuple("Args")
MARK = ".perch-disk"
COPY = "index.copy.sqlite3"
PATIENCE = 10.0  # seconds for one operation of a disk that may hang
FULL = (errno.ENOSPC, errno.EDQUOT)


class DiskAway(OSError):
    """The disk of this is not there now."""


class Disk:
    """One folder of the archive, on a disk of its own. `number` is None until it was there once."""

    def __init__(self, root: Path, patience: float = PATIENCE) -> None:
        self.root, self.media = root, root / "media"
        self.number: int | None = None
        self.mark = ""
        self.is_online = False
        self.failure = ""
        self.total = self.free = self.inodes = 0
        self._patience = patience
        self._threads = ThreadPoolExecutor(3, f"disk {root.name}")

    async def run(self, call: Callable[[*Args], T], *args: *Args, patience: float | None = None) -> T:
        """Run a blocking file operation in this disk's threads; TimeoutError (an OSError) when it hangs."""
        working = asyncio.get_running_loop().run_in_executor(self._threads, call, *args)
        return await before(working, patience or self._patience)

    def close(self) -> None:
        self._threads.shutdown(wait=self.is_online, cancel_futures=not self.is_online)

    def measure(self) -> None:
        """Read how much room there is. Raises OSError."""
        found = os.statvfs(self.media)
        self.total, self.free = found.f_blocks * found.f_frsize, found.f_bavail * found.f_frsize
        self.inodes = found.f_favail if found.f_files else 1 << 30

    def reserve(self, settings: Settings) -> int:
        """Bytes that stay free here."""
        return min(settings.reserve, self.total // 20)

    def recognise(self) -> None:
        """See that it is the disk it was. Raises OSError."""
        if (self.root / MARK).read_text().strip() != self.mark:
            raise DiskAway(errno.ENODEV, "another disk is mounted there")

    def probe(self, *, is_doubted: bool = False) -> None:
        """See that it is the disk it was and, after a failure, that it can be written. Raises OSError."""
        self.recognise()
        if self.failure or is_doubted:
            _try_to_write(self.media / ".probe")
        self.measure()


def _try_to_write(path: Path) -> None:
    try:
        path.write_bytes(b"\0" * 4096)
        path.unlink(missing_ok=True)
    except OSError as error:
        if error.errno not in FULL:
            raise
        path.unlink(missing_ok=True)


class Disks:
    """All of them; `index.offline` says which numbers are away."""

    def __init__(self, settings: Settings, index: Index) -> None:
        self._settings, self._index = settings, index
        self.all = [Disk(root) for root in settings.disks or (settings.storage,)]
        for disk in self.all:
            self.look(disk)
        known = {number for number, _ in index.disks().values()}
        index.offline = known - {disk.number for disk in self.online}

    @property
    def online(self) -> list[Disk]:
        return [disk for disk in self.all if disk.is_online]

    def close(self) -> None:
        for disk in self.all:
            disk.close()

    def named(self, number: int) -> Disk:
        """A disk by its number. Raises DiskAway."""
        for disk in self.all:
            if disk.number == number and disk.is_online:
                return disk
        raise DiskAway(errno.ENODEV, f"disk {number} is not there")

    def choose(self) -> Disk:
        """Where the next block goes: by chance, weighted by the room that is left, so that all disks fill and wear
        alike; disks that are full by what they hold in all. Raises DiskAway when there is none."""
        disks = self.online
        if not disks:
            raise DiskAway(errno.ENODEV, "no disk of the archive can be written")
        weights = [max(0, disk.free - disk.reserve(self._settings)) + disk.total / 100 + 1 for disk in disks]
        return random.choices(disks, weights)[0]  # noqa: S311 - no secret

    def fail(self, disk: Disk, error: BaseException) -> None:
        """What could not be written or read says that a disk is gone, until a look says otherwise."""
        if disk.is_online:
            log.error("the disk %s failed: %s; recording goes on without it", disk.root, error)
        disk.is_online, disk.failure = False, str(error) or type(error).__name__
        if disk.number is not None:
            self._index.offline = self._index.offline | {disk.number}

    async def doubt(self, disk: Disk, error: OSError) -> None:
        """After a file that could not be read or changed: a disk that hangs, is another one or cannot be written has
        failed; one that is otherwise well has a bad file, which is no reason to stop recording there."""
        try:
            if isinstance(error, TimeoutError):
                raise error
            await disk.run(lambda: disk.probe(is_doubted=True))
        except OSError as worse:
            self.fail(disk, worse)
        else:
            log.warning("a file of the disk %s is left as it is: %s", disk.root, error)

    async def check(self) -> list[Disk]:
        """Look at all disks; returns those that have come back."""
        before = set(self.online)
        await asyncio.gather(*(self._check(disk) for disk in self.all))
        return [disk for disk in self.online if disk not in before]

    async def _check(self, disk: Disk) -> None:
        try:
            await disk.run(self._look_again, disk)
        except OSError as error:
            self.fail(disk, error)
            return
        if disk.number is not None:
            if not disk.is_online:
                log.info("the disk %s is there again", disk.root)
            disk.is_online, disk.failure = True, ""
            self._index.offline = self._index.offline - {disk.number}

    def _look_again(self, disk: Disk) -> None:
        if disk.number is None:
            self.look(disk)
        else:
            disk.probe()

    def look(self, disk: Disk) -> None:
        """Recognise a disk, or take a new one in; one that is not there is tried again."""
        try:
            disk.mark = self._marked(disk)
            disk.media.mkdir(parents=True, exist_ok=True, mode=0o700)
            disk.measure()
            disk.number = self._index.keep_disk(disk.mark, str(disk.root))
            disk.is_online, disk.failure = True, ""
        except OSError as error:
            if not disk.failure:
                log.error("the disk %s is not there: %s; what it holds cannot be seen", disk.root, error)
            disk.failure = str(error)

    def _marked(self, disk: Disk) -> str:
        """The mark of a disk, made for a new one. Raises DiskAway where a disk was and only its mount point is left."""
        file = disk.root / MARK
        if file.exists():
            return file.read_text().strip()
        was_here = [mark for mark, (_, path) in self._index.disks().items() if path == str(disk.root)]
        holds_index = disk.root == self._settings.storage
        if was_here and not holds_index and not os.path.ismount(disk.root):
            raise DiskAway(errno.ENODEV, "its mark is missing: is it mounted?")
        disk.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        made = was_here[0] if was_here and holds_index else uuid.uuid4().hex
        file.write_text(made + "\n")
        return made

    def report(self) -> list[dict[str, Any]]:
        """For Perch: what each disk has, in bytes."""
        used = self._index.bytes_by_disk()
        return [
            {
                "path": str(disk.root),
                "online": disk.is_online,
                "total": disk.total,
                "free": disk.free,
                "used": used.get(disk.number or 0, 0),
                "error": disk.failure or None,
            }
            for disk in self.all
        ]


def restore_index(settings: Settings) -> None:
    """Take the newest copy of the index from the disks where the index itself is gone."""
    wanted = settings.storage / "index.sqlite3"
    roots = [root for root in settings.disks if root != settings.storage]
    copies = [copy for root in roots if (copy := root / COPY).exists()]
    if wanted.exists() or not copies:
        return
    newest = max(copies, key=lambda copy: copy.stat().st_mtime)
    log.warning("the index is gone: %s takes its place", newest)
    shutil.copyfile(newest, wanted)
