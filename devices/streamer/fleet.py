"""All cameras of this streamer: converge to what Perch wants, close who is idle, keep the disk clean."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable

from devices.streamer.archive import Archive
from devices.streamer.index import Index
from devices.streamer.inputs import Inputs
from devices.streamer.settings import Settings
from devices.streamer.stream import Stream
from devices.streamer.wire import Configuration, Wanted

log = logging.getLogger("perch.streamer")

STARTED_AT_ONCE = 8


class Fleet:
    """name -> Stream, and the chores that concern them all."""

    def __init__(self, archive: Archive, inputs: Inputs, settings: Settings) -> None:
        self._archive, self._inputs, self._settings = archive, inputs, settings
        self.streams: dict[str, Stream] = {}
        self.hosts: dict[str, int] = {}
        self.version = ""
        self.changed: set[str] = set()
        self.news = asyncio.Event()

    def find(self, name: str, host: str) -> Stream | None:
        """A stream by its media name, or by its plain name on a host that belongs to an ISP."""
        stream = self.streams.get(name)
        if stream or "~" in name:
            return stream
        domain = self.hosts.get(plain_host(host))
        return self.streams.get(f"{name}~{domain}") if domain is not None else None

    def note_change(self, name: str) -> None:
        self.changed.add(name)
        self.news.set()

    async def converge(self, wanted: Configuration) -> bool:
        """Make what runs equal to what is wanted; what is not listed is closed at once. False: to be tried again."""
        self.hosts = wanted.hosts
        dropped = [name for name in self.streams if name not in wanted.streams]
        await asyncio.gather(*(self._close(name) for name in dropped))
        await self._archive.index.write(Index.drop_all_but, set(wanted.streams))
        limit = asyncio.Semaphore(STARTED_AT_ONCE)
        settled = await asyncio.gather(*(self._settle(stream, limit) for stream in wanted.streams.values()))
        # A version that is not noted is asked for again, with all its streams.
        self.version = wanted.version if all(settled) else ""
        return all(settled)

    async def _settle(self, wanted: Wanted, limit: asyncio.Semaphore) -> bool:
        running = self.streams.get(wanted.name)
        if running and running.wanted == wanted:
            return True
        async with limit:
            try:
                await self._apply(wanted, running)
            except Exception:
                # Whatever is wrong with one camera (a full disk, a locked index, a fault of ours) must neither keep the
                # others from running nor end the process, which would end every recording.
                log.exception("%s could not be set up; it will be tried again", wanted.name)
                return False
        return True

    async def _apply(self, wanted: Wanted, running: Stream | None) -> None:
        held = await self._archive.index.write(
            Index.keep_stream, wanted.name, wanted.expiration, wanted.storage_limit, wanted.episodes
        )
        if running and running.wanted.same_source(wanted):
            await running.adjust(wanted, held)
            return
        if running:
            await self._close(wanted.name)
        stream = Stream(
            wanted,
            held,
            archive=self._archive,
            inputs=self._inputs,
            settings=self._settings,
            changed=self.note_change,
        )
        self.streams[wanted.name] = stream
        stream.start()
        self.note_change(wanted.name)

    async def _close(self, name: str) -> None:
        stream = self.streams.pop(name, None)
        if stream:
            await stream.stop()

    async def stand_down(self) -> None:
        """Stop all cameras, which others have by now, until Perch says again what to run; what is recorded stays."""
        if self.streams:
            log.warning("cut off from Perch: all cameras are left to other streamers")
        self.version = ""
        await self.stop()

    async def stop(self) -> None:
        await asyncio.gather(*(self._close(name) for name in list(self.streams)))

    # -- chores

    async def chores(self) -> None:
        """Run until cancelled: idle cameras, the hourly clean-up and copy of the index, the watch over free space."""
        await asyncio.gather(
            self._every(min(1.0, self._settings.idle / 4), self._close_idle),
            self._every(self._settings.cleanup, self._archive.clean),
            self._every(self._settings.cleanup, self._archive.copies.renew),
            self._every(self._settings.disk_check, self._watch_disk),
            self._every(1.0, self._notice_silence),
        )

    async def _every(self, seconds: float, call: Callable[[], Awaitable[object]]) -> None:
        while True:
            try:
                await call()
            except Exception:
                # A chore that ends would end the process, and with it every recording: whatever went wrong may cost
                # one round of this chore and no more.
                log.exception("a chore failed; it will be tried again")
            await asyncio.sleep(seconds)

    async def _close_idle(self) -> None:
        for stream in list(self.streams.values()):
            await stream.close_if_idle()

    async def _watch_disk(self) -> None:
        await self._archive.watch_disks()
        await self._archive.make_room()
        await self._archive.save_unsaved()

    async def _notice_silence(self) -> None:
        """A camera that fell silent is news before its recorder gives up."""
        for name, stream in self.streams.items():
            if stream.main.health.silence > self._settings.stall and stream.main.live.latest:
                self.note_change(name)


def plain_host(host: str) -> str:
    """A Host header without port, in lower case."""
    return re.sub(r":\d+$", "", host.strip().lower()).rstrip(".")
