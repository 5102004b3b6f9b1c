"""The process: everything started in order, served, and stopped in the opposite order."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import resource
import signal
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Any

import uvicorn

from devices.streamer.app import Door, make_app
from devices.streamer.archive import Archive
from devices.streamer.exports import Exports
from devices.streamer.fleet import Fleet
from devices.streamer.inputs import Inputs
from devices.streamer.neighbours import Neighbours
from devices.streamer.past import Past
from devices.streamer.perch import Follower, Perch, Reporter
from devices.streamer.pictures import Pictures
from devices.streamer.rtsp_server import RtspServer
from devices.streamer.sessions import Sessions
from devices.streamer.settings import Settings

log = logging.getLogger("perch.streamer")

TIDY = 60.0


class Server(uvicorn.Server):
    """uvicorn that leaves the signals to us."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class Streamer:
    """The embedded streamer, put together."""

    def __init__(self, settings: Settings) -> None:
        settings.storage.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.settings = settings
        self.archive = Archive(settings)
        self.inputs = Inputs(settings)
        self.fleet = Fleet(self.archive, self.inputs, settings)
        self.perch = Perch(settings)
        self.archive.ask_episodes = self.perch.episodes
        self.sessions = Sessions(self.perch.decide, doubt=settings.doubt, viewer=settings.viewer)
        self.pictures = Pictures(self.archive, settings)
        self.neighbours = Neighbours(settings)
        self.past = Past(self.archive, self.pictures, self.neighbours, settings)
        self.exports = Exports(self.archive, self.neighbours, settings)
        self.follower = Follower(self.perch, self.fleet, settings)
        self.reporter = Reporter(self.perch, self.fleet, self.sessions, self.archive, settings)
        self.rtsp = RtspServer(self.fleet, self.sessions, self.archive, settings)
        door = Door(self.fleet, self.sessions, self.archive, self.pictures, self.past, self.exports)
        config = uvicorn.Config(
            make_app(door, lambda: self.follower.is_ready, lambda: self.follower.lease.silence),
            host=settings.bind,
            port=settings.port,
            access_log=False,  # its lines would hold tokens
            log_config=None,
            lifespan="off",
            server_header=False,
            timeout_graceful_shutdown=1,
            timeout_keep_alive=75,
        )
        self.http = Server(config)

    async def run(self) -> None:
        """Serve until SIGTERM or SIGINT."""
        loop, stop = asyncio.get_running_loop(), asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        await self.archive.repair()
        await self.inputs.start()
        tasks = [
            asyncio.create_task(task)
            for task in (
                self._guard("http", self.http.serve),
                self._guard("rtsp", self.rtsp.run),
                self._guard("configuration", self.follower.run),
                self._guard("status", self.reporter.run),
                self._guard("chores", self.fleet.chores),
                self._guard("housekeeping", self._tidy),
                stop.wait(),
            )
        ]
        log.info("the streamer answers at http://%s:%s", self.settings.bind, self.settings.port)
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        await self._stop(tasks)
        for task in done:
            task.result()

    async def _guard(self, name: str, call: Callable[[], Awaitable[None]]) -> None:
        """A part that ends ends the process: the supervisor starts it anew."""
        try:
            await call()
        except Exception:
            # Only to say which part it was: the traceback that ends the process does not.
            log.exception("the streamer's part %s failed", name)
            raise

    async def _tidy(self) -> None:
        await self.archive.reconcile()
        while True:
            await asyncio.sleep(TIDY)
            await self.exports.tidy()

    async def _stop(self, tasks: Sequence[asyncio.Task[Any]]) -> None:
        self.http.should_exit = True
        for task in tasks[1:]:
            task.cancel()
        await self.fleet.stop()
        await self.exports.stop()
        await self.inputs.stop()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.perch.close()
        await self.neighbours.close()
        self.archive.close()


def serve(settings: Settings) -> None:
    """Run the streamer until it is told to stop."""
    raise_file_limit()
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(Streamer(settings).run())


def raise_file_limit() -> None:
    """A camera takes six open files; the usual soft limit of 1,024 would end at 150 cameras."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = 65536 if hard == resource.RLIM_INFINITY else min(hard, 65536)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    import uvloop

    return uvloop.new_event_loop
