"""What a streamer's calls cost with many cameras: configuration, "nothing changed", and a report of them all.

`python -m tests.bench.streamer_hooks [cameras]` (10,000 unless told), against limits measured beside them: the same
rows fetched and dumped without any of our code, and the same upsert sent by a bare connection.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import orjson
import psycopg

from tests.bench import _city as city  # sets Django up, hence first

# isort: split
from devices.reports import UPSERT, decode, document
from devices.services.streamers import STREAMS
from portal.embedded.database import database_url
from tenants import clock
from tests.hooks.asking import BASE
from tests.server import Server

TIMES = 5
A_REPORT = 1000  # streams


def milliseconds(work: Callable[[], object], times: int = TIMES) -> float:
    """The median time of some repetitions."""
    taken = []
    for _ in range(times):
        begun = time.perf_counter()
        work()
        taken.append(time.perf_counter() - begun)
    return statistics.median(taken) * 1000


def stats(number: int) -> dict[str, object]:
    """A healthy stream's report, different every time."""
    tracks = [{"content": "video", "codec": "h264", "width": 1920, "height": 1080, "fps": 25}]
    return {
        "status": "running",
        "alive": True,
        "bitrate": 4000 + number,
        "online_clients": number % 3,
        "opened_at": 1_790_000_000_000,
        "error": None,
        "media_info": {"tracks": tracks},
        "dvr_info": {"from": 1_789_000_000, "depth": 604_800, "duration": 600_000, "bytes": 300_000_000_000 + number},
    }


def main() -> int:
    """Print the figures."""
    cameras = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    city.database_of("hooks")
    built = city.build(cameras)
    with tempfile.TemporaryDirectory() as folder:
        server = Server(Path(folder) / "web.log")
        server.start()
        try:
            measure(server, built)
        finally:
            server.stop()
    return 0


def measure(server: Server, built: city.City) -> None:
    """Ask and report as a streamer does."""
    path = f"{BASE}/streamers/{built.streamer.hostname}"
    names = all_names(server, path, built.streamer_key)
    reports = [
        [{"name": name, "stats": stats(number)} for name in names[start : start + A_REPORT]]
        for number, start in enumerate(range(0, len(names), A_REPORT))
    ]
    with (
        server.client(key=built.streamer_key) as client,
        psycopg.connect(database_url("fleet"), autocommit=True) as bare,
    ):
        etag = client.get(f"{path}/streams").headers["ETag"]
        unchanged = {"If-None-Match": etag}
        idle = milliseconds(lambda: client.get(f"{path}/streams", headers=unchanged), 200)
        print(f"nothing changed        {idle:.1f} ms")
        print(f"all pages, rendered    {milliseconds(lambda: all_names(server, path, built.streamer_key)):.0f} ms")
        asked = {"streamer": built.streamer.pk, "now": clock.now()}
        rows = milliseconds(lambda: orjson.dumps(bare.execute(STREAMS, asked).fetchall()))
        print(f"  limit: rows + orjson {rows:.0f} ms")

        def report() -> None:
            for streams in reports:
                answer = client.post(f"{path}/status", content=orjson.dumps({"streams": streams}))
                if answer.status_code != 204:
                    raise SystemExit(f"a report got {answer.status_code}:\n{server.log.read_text()[-2000:]}")

        def upsert() -> None:
            for streams in reports:
                decoded = document(filter(None, map(decode, streams)))
                bare.execute(
                    UPSERT,
                    {
                        "reports": decoded,
                        "streamer": built.streamer.pk,
                        "now": clock.now(),
                        "silent_since": clock.now() - timedelta(minutes=1),
                    },
                )

        report()
        ours, limit = milliseconds(report), milliseconds(upsert)
        print(f"a report of all        {ours:.0f} ms, {len(names) / ours * 1000:.0f} streams/s")
        print(f"  limit: the upsert    {limit:.0f} ms, {len(names) / limit * 1000:.0f} streams/s")


def all_names(server: Server, path: str, key: str) -> list[str]:
    """Every stream's name, page by page."""
    names: list[str] = []
    cursor = ""
    with server.client(key=key) as client:
        while True:
            body = orjson.loads(client.get(f"{path}/streams", params={"cursor": cursor}).content)
            names += [stream["name"] for stream in body["streams"]]
            cursor = body.get("next", "")
            if not cursor:
                return names


if __name__ == "__main__":
    from tests.database import pytest_unconfigure as stop_cluster

    try:
        code = main()
    finally:
        stop_cluster()
    sys.exit(code)
