"""Copies of the index: it is the only thing that knows the files, so every other disk holds one (item 115)."""

from __future__ import annotations

import asyncio
import logging
import sqlite3

from devices.streamer.disks import COPY, Disk, Disks
from devices.streamer.index import CopyEnded, Index
from devices.streamer.settings import Settings
from tenants import clock

log = logging.getLogger("perch.streamer")

DEADLINE = 300.0  # seconds for one copy: a gigabyte, on a disk that does other things
HANGS = 30.0  # seconds after the deadline in which a copy that is still possible ends


class Copies:
    """One copy a disk, each made in a thread of its disk; a disk that is slow or bad keeps nothing else waiting."""

    def __init__(self, settings: Settings, index: Index, disks: Disks, deadline: float = DEADLINE) -> None:
        self._settings, self._index, self._disks = settings, index, disks
        self._deadline = deadline
        self._running: set[Disk] = set()  # a copy that hangs is not begun a second time
        self._is_closed = False

    def close(self) -> None:
        """End what is being copied."""
        self._is_closed = True

    async def renew(self) -> None:
        """Copy the index to every disk that is there and does not hold it."""
        others = [disk for disk in self._disks.online if disk.root != self._settings.storage]
        await asyncio.gather(*(self._renew(disk) for disk in others if disk not in self._running))

    async def _renew(self, disk: Disk) -> None:
        try:
            await disk.run(self._copy, disk, patience=self._deadline + HANGS)
        except (OSError, sqlite3.Error, CopyEnded) as error:
            log.warning("the index could not be copied to %s: %s", disk.root, str(error) or type(error).__name__)

    def _copy(self, disk: Disk) -> None:
        until = clock.monotonic() + self._deadline
        part = disk.root / f"{COPY}.part"
        self._running.add(disk)
        try:
            disk.recognise()
            part.unlink(missing_ok=True)
            self._index.copy_to(part, lambda: self._is_closed or clock.monotonic() > until)
            part.rename(disk.root / COPY)
        finally:
            self._running.discard(disk)
