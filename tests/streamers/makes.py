"""The makes of streamers as a test drives them: what each runs, and somebody who watches there."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import Any, Protocol

import httpx

from devices.models import Camera
from devices.simulators.flussonic import Flussonic
from devices.simulators.mediamtx import MediaMtx
from devices.streamer.errors import Trouble
from devices.streamer.perch import Perch
from devices.streamer.sessions import Decision, Visit
from devices.streamer.settings import Settings
from devices.streamer.wire import Wanted
from tests.server import Server

HOSTNAME = "video-2"


class Make(Protocol):
    """One streamer that runs."""

    def runs(self, camera: Camera) -> bool: ...

    def depth(self, camera: Camera) -> int | None:
        """Seconds of archive it was told to keep."""

    def source(self, camera: Camera) -> str: ...

    def watch(self, camera: Camera, token: str) -> Any:
        """Somebody opens live video; what is returned is for `watches`, None if he may not."""

    def watches(self, viewing: Any) -> bool: ...

    def may_see_archive(self, camera: Camera, token: str) -> bool: ...

    def stop(self) -> None: ...


class SimulatedFlussonic:
    """The simulator of Flussonic, told its configuration as an operator would."""

    def __init__(self, server: Server, key: str) -> None:
        external = f"http://{key}@127.0.0.1:{server.port}/central/api/v3/streamers/{HOSTNAME}"
        self.simulator = Flussonic(config_external=external, cluster_key="cluster secret")
        self.simulator.start()
        self.stop = self.simulator.stop

    def runs(self, camera: Camera) -> bool:
        return camera.media in self.simulator.running()

    def depth(self, camera: Camera) -> int | None:
        depth: int | None = self.simulator.running()[camera.media].get("dvr", {}).get("expiration")
        return depth

    def source(self, camera: Camera) -> str:
        return str(self.simulator.running()[camera.media]["inputs"][0]["url"])

    def watch(self, camera: Camera, token: str) -> Any:
        return self.simulator.play(camera.media, token)

    def watches(self, viewing: Any) -> bool:
        return bool(viewing.is_open)

    def may_see_archive(self, camera: Camera, token: str) -> bool:
        address = f"{self.simulator.url}/{camera.media}/archive-1790000000-60.m3u8"
        return httpx.get(address, params={"token": token}).status_code == 200


class SimulatedMediaMtx:
    """The simulator of MediaMTX, told where to ask as an operator would."""

    def __init__(self, server: Server, key: str) -> None:
        hook = f"http://perch:{key}@127.0.0.1:{server.port}/central/api/v3/streamers/{HOSTNAME}/mediamtx"
        self.simulator = MediaMtx(auth_address=hook)
        self.simulator.start()
        self.stop = self.simulator.stop

    def runs(self, camera: Camera) -> bool:
        return camera.media in self.simulator.paths

    def depth(self, camera: Camera) -> int | None:
        path = self.simulator.paths[camera.media]
        return int(path["recordDeleteAfter"].removesuffix("s")) if path["record"] else None

    def source(self, camera: Camera) -> str:
        return str(self.simulator.paths[camera.media]["source"])

    def watch(self, camera: Camera, token: str) -> Any:
        return self.simulator.read(camera.media, token)

    def watches(self, viewing: Any) -> bool:
        return bool(viewing.is_open)

    def may_see_archive(self, camera: Camera, token: str) -> bool:
        asked = {"path": camera.media, "start": "2099-01-01T00:00:00Z", "duration": "60", "token": token}
        return httpx.get(f"{self.simulator.url}/get", params=asked).status_code == 200


class OwnClient:
    """Our own streamer's side of the contract, in a loop of its own; its recorders have tests of their own."""

    def __init__(self, server: Server, key: str) -> None:
        settings = Settings(HOSTNAME, server.url, key, Path("/nonexistent"))
        self.streams: dict[str, Wanted] = {}
        self._viewings: list[dict[str, Any]] = []
        self._ended = threading.Event()
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()
        self._perch: Perch = self._do(self._made(settings))
        self._polling = asyncio.run_coroutine_threadsafe(self._poll(), self._loop)

    @staticmethod
    async def _made(settings: Settings) -> Perch:
        return Perch(settings)

    def _do(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(20)

    async def _poll(self) -> None:
        while not self._ended.is_set():
            try:
                found = await self._perch.configuration("")
                self.streams = found.streams if found else self.streams
                for viewing in [one for one in self._viewings if one["open"]]:
                    viewing["open"] = (await self._decide(viewing["visit"])).allowed and viewing["name"] in self.streams
                await self._perch.report(
                    [
                        {"name": name, "stats": {"status": "running", "alive": True, "bitrate": 2000}}
                        for name in self.streams
                    ]
                )
            except Trouble:
                pass  # what runs goes on
            await asyncio.sleep(0.3)

    async def _decide(self, visit: Visit) -> Decision:
        return await self._perch.decide(visit)

    def runs(self, camera: Camera) -> bool:
        return camera.media in self.streams

    def depth(self, camera: Camera) -> int | None:
        return self.streams[camera.media].expiration

    def source(self, camera: Camera) -> str:
        return self.streams[camera.media].main

    def watch(self, camera: Camera, token: str) -> Any:
        visit = Visit(camera.media, "hls", token)
        try:
            if not self._do(self._decide(visit)).allowed:
                return None
        except Trouble:
            return None
        self._viewings.append({"visit": visit, "name": camera.media, "open": True})
        return self._viewings[-1]

    def watches(self, viewing: Any) -> bool:
        return bool(viewing["open"])

    def may_see_archive(self, camera: Camera, token: str) -> bool:
        decision: Decision = self._do(self._decide(Visit(camera.media, "hls", token, dvr=True)))
        return decision.allowed and decision.ranges != ()

    def stop(self) -> None:
        self._ended.set()
        self._polling.result(20)
        self._do(self._perch.close())
        self._loop.call_soon_threadsafe(self._loop.stop)


MAKES: dict[str, Any] = {"embedded": OwnClient, "flussonic": SimulatedFlussonic, "mediamtx": SimulatedMediaMtx}
