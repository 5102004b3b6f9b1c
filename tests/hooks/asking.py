"""A streamer, as far as its questions to Perch go."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from devices.models import Camera
from tests.cast import Cast
from tests.server import Server

BASE = "/central/api/v3"


@dataclass
class Streamer:
    """The cast's streamer: it asks for its configuration, asks before playback, and reports."""

    client: httpx.Client
    hostname: str

    def streams(self, etag: str = "", **query: str) -> httpx.Response:
        headers = {"If-None-Match": etag} if etag else {}
        return self.client.get(f"{BASE}/streamers/{self.hostname}/streams", params=query, headers=headers)

    def may_play(self, camera: Camera, token: str, **query: str) -> httpx.Response:
        asked = {"name": camera.media, "proto": "hls", "ip": "192.0.2.7", "request_type": "new_session", **query}
        return self.client.get(f"{BASE}/auth", params={**asked, "token": token})

    def report(self, camera: Camera | str, **stats: Any) -> httpx.Response:
        name = camera if isinstance(camera, str) else camera.media
        return self.report_all([{"name": name, "stats": {"status": "running", "alive": True, "error": None, **stats}}])

    def report_all(self, streams: list[Any]) -> httpx.Response:
        return self.client.post(f"{BASE}/streamers/{self.hostname}/status", json={"streams": streams})


@pytest.fixture
def streamer(server: Server, live_cast: Cast) -> Iterator[Streamer]:
    with server.client(key=live_cast.streamer_key) as client:
        yield Streamer(client, live_cast.streamer.hostname)
