"""What streamers say of 100,000 cameras every ten seconds, into the database with change detection.

`python -m tests.bench.status [cameras]` (100,000 unless told), 50 streamers, a thousand streams a report. Each round
has other bitrates for all, and one camera in a hundred goes on or off line. The product: reports taken apart, stored as
the role `fleet`, outages noted, news of what changed. The limit: the same columns by COPY and one INSERT .. ON CONFLICT
into a table without indexes but its key, which finds no camera by name, detects nothing and tells nobody. Goal: 0.5 of
its rows a second.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import psycopg
from psycopg.types.numeric import Int8

from tests.bench import _city as city  # sets Django up, hence first

# isort: split
from devices.reports import SILENCE, decode, document
from devices.services.streamers import add_streamer
from portal import fleet
from portal.api.hooks.reports import _store
from tenants import clock
from tests.bench import _town as town
from tests.bench.streamer_hooks import A_REPORT, stats
from tests.database import superuser_url

STREAMERS = 50
ROUNDS = 5
TURNING = 100  # one camera in so many goes on or off line in a round
GOAL = 0.5
COLUMNS = (
    "domain_id", "camera_id", "alive", "status", "error_code", "error_message", "bitrate", "online_clients",
    "opened_at", "changed_at", "reported_at", "media_info", "dvr_from", "dvr_duration", "dvr_bytes", "dvr_kept_bytes",
)  # fmt: skip
KEPT = [name for name in COLUMNS if name not in ("domain_id", "camera_id", "changed_at")]
LISTED = ", ".join(COLUMNS)
UPSERT_ALL = f"""
INSERT INTO limit_status AS s ({LISTED}) SELECT {LISTED} FROM limit_said
ON CONFLICT (camera_id) DO UPDATE SET {", ".join(f"{name} = excluded.{name}" for name in KEPT)},
    changed_at = CASE WHEN s.alive = excluded.alive THEN s.changed_at ELSE excluded.changed_at END
"""

Streams = dict[int, list[tuple[int, str, int]]]  # of each streamer: camera, name, ISP


def spread(streamers: int) -> Streams:
    """Put the cameras on so many streamers, evenly."""
    for number in range(2, streamers + 1):
        add_streamer(hostname=f"bench-{number}", port=8001)
    with psycopg.connect(superuser_url(), autocommit=True) as connection:
        connection.execute(
            "UPDATE devices_camera SET streamer_id = (SELECT array_agg(id) FROM devices_streamer)[1 + id %% %s]",
            [streamers],
        )
        connection.execute("VACUUM (ANALYZE)")
        rows = connection.execute("SELECT streamer_id, id, name, domain_id FROM devices_camera ORDER BY id").fetchall()
    found: Streams = {}
    for streamer, camera, name, domain in rows:
        found.setdefault(streamer, []).append((camera, name, domain))
    return found


def said(camera: int, turn: int) -> dict[str, Any]:
    """What is reported of a camera in one round."""
    alive = (camera + turn) % TURNING != 0
    error = None if alive else {"code": "unreachable", "message": "The camera does not answer."}
    return {**stats(turn), "alive": alive, "error": error, "bitrate": 3000 + (camera * 7 + turn * 13) % 999}


def reports(streams: Streams, turn: int) -> Iterator[tuple[int, list[dict[str, Any]]]]:
    """The reports of one round, streamer by streamer."""
    for streamer, cameras in streams.items():
        for start in range(0, len(cameras), A_REPORT):
            part = cameras[start : start + A_REPORT]
            yield streamer, [{"name": f"{name}~{isp}", "stats": said(camera, turn)} for camera, name, isp in part]


async def product(made: list[tuple[int, list[dict[str, Any]]]]) -> None:
    """Take the reports in, as the hook does once it has read them."""
    for streamer, entries in made:
        now = clock.now()
        taken = [report for report in map(decode, entries) if report]
        spoken = {"now": now, "silent_since": now - timedelta(seconds=SILENCE)}
        await _store({"reports": document(taken), "streamer": Int8(streamer), **spoken})


def rows_of(streams: Streams, turn: int) -> list[tuple[Any, ...]]:
    """The same as rows, decoded beforehand: the limit takes nothing apart."""
    now = clock.now()
    rows = []
    for cameras in streams.values():
        for camera, name, isp in cameras:
            one = decode({"name": f"{name}~{isp}", "stats": said(camera, turn)})
            if one:
                rows.append((isp, camera, one.alive, one.status, one.error_code, one.error_message, one.bitrate,
                             one.online_clients, one.opened_at, now, now, one.media_info, one.dvr_from,
                             one.dvr_duration, one.dvr_bytes, one.dvr_kept_bytes))  # fmt: skip
    return rows


def limit(connection: psycopg.Connection, rows: list[tuple[Any, ...]]) -> None:
    """COPY into a temporary table, then one statement."""
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute("TRUNCATE limit_said")
        with cursor.copy(f"COPY limit_said ({LISTED}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
        cursor.execute(UPSERT_ALL)


def main() -> int:
    """Print rows a second of both and their ratio."""
    cameras = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    city.database_of("status")
    town.build(max(10, cameras // 20), 100, cameras)
    streams = spread(STREAMERS)
    with psycopg.connect(superuser_url(), autocommit=True) as connection:
        connection.execute("CREATE TABLE limit_status (LIKE devices_camerastatus, UNIQUE (camera_id))")
        connection.execute("CREATE TEMPORARY TABLE limit_said (LIKE devices_camerastatus)")
        for table in ("limit_status", "limit_said"):
            connection.execute(f"ALTER TABLE {table} ALTER COLUMN id DROP NOT NULL")
        ours, theirs = measure(connection, streams)
    print(f"{cameras} cameras on {STREAMERS} streamers, {A_REPORT} a report, medians of {ROUNDS}")
    print(f"product       {cameras / ours:>9,.0f} rows/s, all in {ours:.2f} s of the ten there are")
    print(f"COPY + upsert {cameras / theirs:>9,.0f} rows/s")
    print(f"ratio         {theirs / ours:.2f} (goal {GOAL})")
    return 0


def measure(connection: psycopg.Connection, streams: Streams) -> tuple[float, float]:
    """Seconds of a round of each, in turns; the first one of each only fills its table."""
    ours, theirs = [], []
    with asyncio.Runner() as runner:
        for turn in range(ROUNDS + 1):
            made, rows = list(reports(streams, turn)), rows_of(streams, turn)
            begun = time.perf_counter()
            runner.run(product(made))
            between = time.perf_counter()
            limit(connection, rows)
            theirs.append(time.perf_counter() - between)
            ours.append(between - begun)
            connection.execute("VACUUM devices_camerastatus, limit_status")
        runner.run(fleet.close())
    return statistics.median(ours[1:]), statistics.median(theirs[1:])


if __name__ == "__main__":
    from tests.database import pytest_unconfigure as stop_cluster

    try:
        code = main()
    finally:
        stop_cluster()
    sys.exit(code)
