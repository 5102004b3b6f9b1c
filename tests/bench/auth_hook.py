"""Playback authorization: requests a second of the portal against a bare ASGI app that asks the same question.

`python -m tests.bench.auth_hook [cameras]` (10,000 unless told). Both run under uvicorn with the same options, one
process each, one after the other in turns, driven by wrk (apt) with 4,000 tokens of 200 viewers. Goal: 0.7.
"""

from __future__ import annotations

import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.bench import _city as city
from tests.server import Server, play_token, sign_in

GOAL = 0.7
SECONDS = 8
ROUNDS = 3
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


def drive(server: Server, script: Path, seconds: int) -> tuple[float, str]:
    """Requests a second that were answered 200, and the 99th percentile."""
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--latency", "-s", str(script), server.url]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in said:
        raise SystemExit(f"some were not answered 200:\n{said}")
    rate = re.search(r"Requests/sec:\s+([\d.]+)", said)
    p99 = re.search(r"99%\s+(\S+)", said)
    assert rate is not None
    assert p99 is not None
    return float(rate[1]), p99[1]


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
            rates = compare(bare, perch, script)
        finally:
            bare.stop()
            perch.stop()
    ratio = statistics.median(rates["perch"]) / statistics.median(rates["bare"])
    print(
        f"ratio {ratio:.2f} (goal >= {GOAL}), {cameras} cameras, {os.cpu_count()} cores shared with wrk and PostgreSQL"
    )
    return 0 if ratio >= GOAL else 1


def compare(bare: Server, perch: Server, script: Path) -> dict[str, list[float]]:
    """Rates of both in turns, so that a busy moment of the machine hits neither alone."""
    rates: dict[str, list[float]] = {"bare": [], "perch": []}
    for number in range(ROUNDS + 1):
        for name, server in (("bare", bare), ("perch", perch)):
            rate, p99 = drive(server, script, SECONDS if number else 2)
            if number:  # the first one warms up
                rates[name].append(rate)
                print(f"{name:6} {rate:8.0f} requests/s, p99 {p99}", flush=True)
    return rates


if __name__ == "__main__":
    from tests.database import pytest_unconfigure as stop_cluster

    try:
        code = main()
    finally:
        stop_cluster()
    sys.exit(code)
