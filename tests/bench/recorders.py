"""How many `-c copy` cameras two cores keep without a lost second, sources on the same machine.

    python -m tests.bench.recorders [--seconds 300] [--cameras 60 90 120 ...]

Real RTSP cameras (GStreamer, 640x360, 15 fps, H.264 + AAC, key frame a second), sixteen viewers a server process; one
streamer with the timings of a real installation. A camera is lost when its archive of the measured time has a gap, or
is shorter than the time by more than its open segment. Goal: 60.
"""

from __future__ import annotations

import argparse
import contextlib
import sqlite3
import tempfile
import time
from pathlib import Path

import psutil

from tests.devices.streamer.conftest import Running, launch
from tests.devices.streamer.perch import FakePerch
from tests.eventually import eventually
from tests.rtsp import MOST_CAMERAS, Camera, rtsp_server

GOAL = 60
# What a real installation runs with; tests are more impatient.
REAL = {"block": 60.0, "chunk": 4.0, "poll": 1.0, "report": 10.0, "stall": 12.0, "first_retry": 1.0, "slowest_retry": 60.0,
        "idle": 60.0, "viewer": 12.0, "cleanup": 3600.0, "disk_check": 5.0}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=300.0)
    parser.add_argument("--cameras", type=int, nargs="+", default=[GOAL])
    parser.add_argument("--kilobits", type=int, default=400)
    said = parser.parse_args()
    kept = 0
    for count in said.cameras:
        lost = run(count, said.seconds, said.kilobits)
        if lost:
            break
        kept = count
    print(
        f"recorders: {kept} cameras without a lost second for {said.seconds:.0f} s, {kept / GOAL:.2f} of the goal {GOAL}"
    )


def run(count: int, seconds: float, kilobits: int) -> int:
    """Record `count` cameras; returns how many lost something."""
    perch = FakePerch()
    camera = Camera(width=640, height=360, fps=15, kilobits=kilobits)
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        servers = [stack.enter_context(rtsp_server({"cam": camera})) for _ in range(-(-count // MOST_CAMERAS))]
        for number in range(count):
            perch.put(f"cam-{number}~1", servers[number // MOST_CAMERAS].url("cam"), dvr={"expiration": 86400})
        running = launch(perch, folder, **REAL)
        stack.callback(running.kill)
        names = list(perch.streams)
        eventually(lambda: all(perch.stats(name).get("alive") for name in names), seconds=60 + count)
        began, before = time.time() + 2, spent(running)
        time.sleep(seconds + 2)
        used = {part: value - before[part] for part, value in spent(running).items()}
        memory = (
            sum(one.memory_full_info().uss for one in psutil.Process(running.process.pid).children()) / count / 2**20
        )
        rss = psutil.Process(running.process.pid).memory_info().rss / 2**20
        running.stop()
        lost = [name for name in names if shortfall(folder, name, began, began + seconds - 2) > 0]
    perch.close()
    share = {part: 100 * value / seconds / count for part, value in used.items()}
    print(
        f"{count} cameras: {count - len(lost)} complete; of one core a camera: streamer {share['streamer']:.2f} %, "
        f"ffmpeg {share['ffmpeg']:.2f} %; memory: streamer {rss:.0f} MB, ffmpeg {memory:.1f} MB a camera",
        flush=True,
    )
    return len(lost)


def spent(running: Running) -> dict[str, float]:
    """Processor seconds so far."""
    process = psutil.Process(running.process.pid)
    children = sum(sum(child.cpu_times()[:2]) for child in process.children())
    return {"streamer": sum(process.cpu_times()[:2]), "ffmpeg": children}


def shortfall(folder: Path, name: str, start: float, end: float) -> float:
    """Seconds between two moments that a camera's archive does not hold, beyond half a second at its seams."""
    with sqlite3.connect(folder / "index.sqlite3") as index:
        rows = index.execute(
            "SELECT start_ms, end_ms FROM blocks b JOIN streams s ON s.id = b.stream_id WHERE s.name = ? "
            "ORDER BY start_ms", (name,),
        ).fetchall()  # fmt: skip
    at, missing = start, 0.0
    for first, last in ((first / 1000, last / 1000) for first, last in rows):
        if last < start or first > end:
            continue
        missing += max(0.0, first - at - 0.5) if first > at else 0.0
        at = max(at, last)
    return missing + max(0.0, end - at - 0.5)


if __name__ == "__main__":
    main()
