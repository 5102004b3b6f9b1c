"""Streamers for tests: real processes, a small Perch beside them, timings of a test."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.devices.streamer.perch import HOSTNAME, KEY, FakePerch
from tests.eventually import Answer
from tests.eventually import eventually as wait
from tests.rtsp import free_port

ROOT = Path(__file__).parents[3]
# Short enough for tests, long enough for a busy machine of two cores.
TIMINGS: dict[str, Any] = {
    "networks": "127.0.0.0/8",
    "block": 6.0,
    "chunk": 2.0,
    "poll": 0.2,
    "report": 1.0,
    "idle": 2.0,
    "viewer": 2.0,
    "stall": 4.0,
    "first_retry": 0.3,
    "slowest_retry": 1.0,
    "cleanup": 1.0,
    "disk_check": 0.5,
    "reserve": 1_000_000,
}


# Whoever waits for a process on a machine that does other things needs patience; success costs none of it.
PATIENCE = 60.0
# One client for all: each new one would read the list of certificate authorities again.
CLIENT = httpx.Client(timeout=30, trust_env=False)


def eventually(look: Callable[[], Answer], *, seconds: float = PATIENCE) -> Answer:
    """tests.eventually with the patience that processes need."""
    return wait(look, seconds=seconds)


@dataclass
class Running:
    """A streamer process."""

    process: subprocess.Popen[bytes]
    port: int
    storage: Path
    perch: FakePerch
    rtsp_port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def get(self, path: str, *, token: str = "good", headers: dict[str, str] | None = None) -> httpx.Response:
        mark = "&" if "?" in path else "?"
        return CLIENT.get(f"{self.url}/{path}{mark}token={token}", headers=headers)

    def live(self, name: str, **more: Any) -> httpx.Response:
        return self.get(f"{name}/index.m3u8", **more)

    def follow(self, name: str, address: str) -> httpx.Response:
        """Fetch an address of a playlist of this stream."""
        return CLIENT.get(f"{self.url}/{name}/{address}")

    def spans(self, name: str) -> list[tuple[int, int]]:
        """(from, duration) of what is recorded."""
        answer = self.get(f"{name}/recording_status.json")
        return [(one["from"], one["duration"]) for one in answer.json()[0]["ranges"]] if answer.is_success else []

    def recorded(self, name: str) -> int:
        return sum(duration for _, duration in self.spans(name))

    def children(self) -> list[int]:
        """The process ids of its ffmpegs."""
        listing = Path(f"/proc/{self.process.pid}/task")
        found = [int(pid) for task in listing.iterdir() for pid in (task / "children").read_text().split()]
        return [pid for pid in found if "ffmpeg" in _command(pid)]

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        """Ask it to stop; returns the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(10)


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    except OSError:
        return ""


def launch(perch: FakePerch, storage: Path, **tuning: Any) -> Running:
    """Start a streamer and wait until it answers."""
    port = free_port()
    said = TIMINGS | {"hostname": HOSTNAME, "key": KEY, "perch_url": perch.url, "storage": str(storage), "port": port}
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.devices.streamer.process", json.dumps(said | tuning)],
        cwd=ROOT,
        env={key: value for key, value in os.environ.items() if not key.startswith("PERCH_")},
    )
    running = Running(process, port, storage, perch, tuning.get("rtsp_port", 0))
    try:
        eventually(lambda: is_up(running))
    except BaseException:
        running.kill()
        raise
    return running


def is_up(running: Running) -> bool:
    assert running.process.poll() is None, "the streamer ended"
    try:
        return CLIENT.get(f"{running.url}/streamer/api/v3/monitoring/liveness").status_code == 200
    except httpx.TransportError:
        return False


@pytest.fixture
def perch() -> Iterator[FakePerch]:
    made = FakePerch()
    yield made
    made.close()


@pytest.fixture
def start(perch: FakePerch, tmp_path: Path) -> Iterator[Callable[..., Running]]:
    """`start(**tuning)`: a streamer of this test's own, stopped at its end."""
    started: list[Running] = []

    def begin(*, folder: Path = tmp_path / "storage", **tuning: Any) -> Running:
        started.append(launch(perch, folder, **tuning))
        return started[-1]

    yield begin
    for running in started:
        running.kill()
