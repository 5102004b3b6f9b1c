"""How many `-c copy` cameras two cores keep without a lost second, sources on the same machine.

    python -m tests.bench.recorders [--seconds 300] [--cameras 60 90 120 ...]
    python -m tests.bench.recorders 150 600        # as many cameras, as many seconds

Real RTSP cameras (GStreamer, 640x360, 15 fps, H.264 + AAC, a key frame a second), a few viewers a server process; one
streamer with the timings of a real installation. A camera is lost when its archive of the measured time has a gap, or
is shorter than the time by more than its open segment. Goal: 60.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import sqlite3
import tempfile
import time
from pathlib import Path

from tests.devices.streamer.conftest import Running, launch
from tests.devices.streamer.perch import FakePerch
from tests.eventually import eventually
from tests.rtsp import Camera, rtsp_server

GOAL = 60
VIEWERS = 12  # of one test source: with many more, a slow one holds the others up
# What a real installation runs with; tests are more impatient.
REAL = {"block": 60.0, "chunk": 4.0, "poll": 1.0, "report": 10.0, "stall": 12.0, "first_retry": 1.0, "cleanup": 3600.0,
        "slowest_retry": 60.0, "idle": 60.0, "viewer": 12.0, "disk_check": 5.0}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("count", type=int, nargs="?", help="cameras, instead of --cameras")
    parser.add_argument("time", type=float, nargs="?", help="seconds, instead of --seconds")
    parser.add_argument("--seconds", type=float, default=300.0)
    parser.add_argument("--cameras", type=int, nargs="+", default=[GOAL])
    parser.add_argument("--kilobits", type=int, default=400)
    said = parser.parse_args()
    kept, seconds = 0, said.time or said.seconds
    for count in [said.count] if said.count else said.cameras:
        lost = run(count, seconds, said.kilobits)
        kept = count if not lost else kept
        if lost:
            break
    print(f"recorders: {kept} cameras lost no second of {seconds:.0f}: {kept / GOAL:.2f} of the goal {GOAL}")


def run(count: int, seconds: float, kilobits: int) -> int:
    """Record `count` cameras; returns how many lost something."""
    perch = FakePerch()
    camera = Camera(width=640, height=360, fps=15, kilobits=kilobits)
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        servers = [stack.enter_context(rtsp_server({"cam": camera})) for _ in range(-(-count // VIEWERS))]
        running = launch(perch, folder, **REAL)
        stack.callback(running.kill)
        # First one viewer a source: a test source that is asked by many while it starts may answer nobody.
        for numbers in (range(0, count, VIEWERS), range(count)):
            for number in numbers:
                perch.put(f"cam-{number}~1", servers[number // VIEWERS].url("cam"), dvr={"expiration": 86400})
            names = list(perch.streams)
            eventually(lambda: all(perch.stats(name).get("alive") for name in names), seconds=60 + count)  # noqa: B023
        sources = [server.process.pid for server in servers]
        began, before = time.time() + 2, spent(running, sources)
        time.sleep(seconds + 2)
        used = {part: value - before[part] for part, value in spent(running, sources).items()}
        children = running.children()
        each = sum(private_memory(pid) for pid in children) / max(1, len(children))
        own = private_memory(running.process.pid)
        running.stop()
        lost = [name for name in names if shortfall(folder, name, began, began + seconds - 2) > 0]
    perch.close()
    share = {part: 100 * used[part] / seconds / count for part in ("streamer", "ffmpeg")}
    print(
        f"{count} cameras: {count - len(lost)} complete; of one core a camera: streamer {share['streamer']:.2f} %, "
        f"ffmpeg {share['ffmpeg']:.2f} %; own memory: streamer {own:.0f} MB, ffmpeg {each:.1f} MB a camera",
        flush=True,
    )
    print(limit(used, seconds), flush=True)
    return len(lost)


def limit(used: dict[str, float], seconds: float) -> str:
    """What the machine did meanwhile, and what stands in the way of more cameras."""
    cores = os.cpu_count() or 1
    shares = {part: value / seconds for part, value in used.items()}
    ours, whole = shares["streamer"] + shares["ffmpeg"] + shares["sources"], shares["machine"]
    said = ", ".join(f"{part} {share:.2f}" for part, share in shares.items())
    if shares["streamer"] > 0.9:
        why = "the streamer's one thread: more cameras need a second streamer"
    elif whole > 0.9 * cores:
        most = max(("ffmpeg", "sources", "streamer"), key=lambda part: shares[part])
        why = f"the cores, most of ours taken by {most}" if ours > 0.5 * whole else "other work on this machine"
    else:
        why = "nothing of the processor's"
    return f"cores taken of {cores}: {said}; the limit was {why}"


def spent(running: Running, sources: list[int]) -> dict[str, float]:
    """Processor seconds so far: the streamer, its ffmpegs, the test's cameras, and the whole machine."""
    own = {
        "streamer": processor_seconds(running.process.pid),
        "ffmpeg": sum(processor_seconds(pid) for pid in running.children()),
        "sources": sum(processor_seconds(pid) for pid in sources),
    }
    user, nice, system = (int(text) for text in Path("/proc/stat").read_text().split()[1:4])
    return own | {"machine": (user + nice + system) / os.sysconf("SC_CLK_TCK")}


def processor_seconds(pid: int) -> float:
    """User and system time of a process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def private_memory(pid: int) -> float:
    """Megabytes that are a process's own."""
    found = re.findall(r"^Private_\w+:\s+(\d+) kB", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.MULTILINE)
    return sum(map(int, found)) / 1024


def shortfall(folder: Path, name: str, start: float, end: float) -> float:
    """Seconds between two moments that a camera's archive does not hold, beyond half a second at its seams."""
    with sqlite3.connect(folder / "index.sqlite3") as index:
        rows = index.execute(
            "SELECT start_ms, end_ms FROM blocks b JOIN streams s ON s.id = b.stream_id "
            "WHERE s.name = ? ORDER BY start_ms",
            (name,),
        ).fetchall()
    at, missing = start, 0.0
    for first, last in ((first / 1000, last / 1000) for first, last in rows):
        if last >= start and first <= end:
            missing += max(0.0, first - at - 0.5)
            at = max(at, last)
    return missing + max(0.0, end - at - 0.5)


if __name__ == "__main__":
    main()
