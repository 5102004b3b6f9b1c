"""Playback authorization: requests a second of the portal against a bare ASGI app that asks the same question.

`python -m tests.bench.auth_hook [cameras]` (10,000 unless told). Both run under uvicorn with the same options, one
process each, in many short turns so that a busy moment of the machine hits neither alone, driven by wrk (apt) with
4,000 tokens of 200 viewers. Goal: 0.7. The processor time a request is printed too: it does not care who else is busy.
"""

from __future__ import annotations

import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.bench import _city as city
from tests.server import Server, play_token, sign_in

GOAL = 0.7
SECONDS = 2
ROUNDS = 12
CONNECTIONS = 32
TOKENS = 4000

SCRIPT = """
local lines = {{}}
for line in io.lines("{tokens}") do lines[#lines + 1] = line end
local next = 0
wrk.headers["Authorization"] = "Bearer {key}"
request = function()
  next = next % #lines + 1
  return wrk.format("GET", "/central/api/v3/auth?proto=hls&ip=192.0.2.7&request_type=update_session&" .. lines[next])
end
"""


def prepare(folder: Path, cameras: int) -> Path:
    """Build the city and write wrk's script."""
    city.database_of("auth")
    built = city.build(cameras)
    sessions: dict[int, str] = {}
    lines = []
    for user, camera in built.watching[:: max(1, len(built.watching) // TOKENS)][:TOKENS]:
        session_key = sessions.setdefault(user.pk, sessions.get(user.pk) or sign_in(user))
        lines.append(f"name={camera.media}&token={play_token(user, camera, session_key)}")
    (folder / "tokens").write_text("\n".join(lines) + "\n")
    script = folder / "auth.lua"
    script.write_text(SCRIPT.format(tokens=folder / "tokens", key=built.streamer_key))
    return script


@dataclass(frozen=True)
class Turn:
    """One turn: requests a second, the 99th percentile, and processor time a request in microseconds."""

    rate: float
    p99: str
    processor: float


def drive(server: Server, script: Path, seconds: int) -> Turn:
    """Ask for some seconds; all answers must be 200."""
    before = processor_seconds(server.pid)
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--latency", "-s", str(script), server.url]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in said:
        raise SystemExit(f"some were not answered 200:\n{said}")
    rate = re.search(r"Requests/sec:\s+([\d.]+)", said)
    p99 = re.search(r"99%\s+(\S+)", said)
    count = re.search(r"(\d+) requests in", said)
    assert rate and p99 and count, said  # noqa: PT018
    spent = processor_seconds(server.pid) - before
    return Turn(float(rate[1]), p99[1], spent / int(count[1]) * 1e6)


def processor_seconds(pid: int) -> float:
    """User and system time a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main() -> int:
    """Print both rates and their ratio; fails below the goal."""
    if shutil.which("wrk") is None:
        print("wrk is not installed (apt-get install wrk)")
        return 1
    cameras = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        script = prepare(folder, cameras)
        bare = Server(folder / "bare.log", application="tests.bench._bare_auth:application")
        perch = Server(folder / "perch.log")
        for server in (bare, perch):
            server.start()
        try:
            turns = compare(bare, perch, script)
        finally:
            bare.stop()
            perch.stop()
    return report(turns, cameras)


def compare(bare: Server, perch: Server, script: Path) -> dict[str, list[Turn]]:
    """Both in turns; the first turn of each warms up and does not count."""
    turns: dict[str, list[Turn]] = {"bare": [], "perch": []}
    for number in range(ROUNDS + 1):
        for name, server in (("bare", bare), ("perch", perch)):
            turn = drive(server, script, SECONDS)
            if number:
                turns[name].append(turn)
    return turns


def report(turns: dict[str, list[Turn]], cameras: int) -> int:
    """Print the medians and their ratio; 1 below the goal."""
    for name, taken in turns.items():
        middle = sorted(taken, key=lambda turn: turn.rate)[len(taken) // 2]
        processor = statistics.median(turn.processor for turn in taken)
        print(f"{name:6} {middle.rate:7.0f} requests/s, p99 {middle.p99}, {processor:.0f} us of processor a request")
    pairs = zip(turns["perch"], turns["bare"], strict=True)
    ratio = statistics.median(ours.rate / limit.rate for ours, limit in pairs)
    print(
        f"ratio {ratio:.2f} (goal >= {GOAL}), {cameras} cameras, {os.cpu_count()} cores shared with wrk and PostgreSQL"
    )
    return 0 if ratio >= GOAL else 1


if __name__ == "__main__":
    from tests.database import pytest_unconfigure as stop_cluster

    try:
        code = main()
    finally:
        stop_cluster()
    sys.exit(code)
