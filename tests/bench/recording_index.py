"""The index of recordings: a month of one camera among sixty, against the same questions written by hand in SQL.

    python -m tests.bench.recording_index

Blocks of a minute with sixty segments each, as recorders write them; the limit reads the same SQLite file with one
statement and builds nothing. Medians in turns.
"""

from __future__ import annotations

import random
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from devices.streamer import retention
from devices.streamer.index import ENTRY, Index

CAMERAS, MONTH, WEEK = 60, 30 * 1440, 7 * 1440  # minutes
START = 1_767_225_600_000
MINUTE, DAY = 60_000, 86_400_000
ROUNDS = 15


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "index.sqlite3"
        index = Index(path)
        fill(path)
        bare = sqlite3.connect(path)
        now, middle = START + MONTH * MINUTE, START + 15 * DAY
        for what, ours, limit in questions(index, bare, middle, now):
            tell(what, ours, limit)
        index.close()


def fill(path: Path) -> None:
    """A month of the first camera, a week of the others; a block in a hundred has a gap before it, one in fifty is
    protected."""
    entries = b"".join(ENTRY.pack(second * 1000, 1000, second * 50_000, 50_000) for second in range(60))
    chance = random.Random(1)
    with sqlite3.connect(path) as db:
        db.execute("INSERT INTO inits (digest, codecs, data) VALUES ('x', 'x', 'x')")
        for camera in range(CAMERAS):
            values = (f"cam-{camera}~1", f"f{camera}", 30 * 86400, 60 * 86400)
            db.execute("INSERT INTO streams (name, folder, expiration, episodes) VALUES (?, ?, ?, ?)", values)
            first = 0 if camera == 0 else MONTH - WEEK
            db.executemany(
                "INSERT INTO blocks (stream_id, run, init_id, path, start_ms, end_ms, bytes, entries, is_open, keep) "
                "VALUES (?, 'r', 1, 'p', ?, ?, 3000000, ?, 0, ?)",
                (
                    (camera + 1, START + minute * MINUTE, START + (minute + 1) * MINUTE, entries,
                     2 * (chance.random() < 0.02))
                    for minute in range(first, MONTH) if chance.random() > 0.01
                ),
            )  # fmt: skip


def questions(
    index: Index, bare: sqlite3.Connection, middle: int, now: int
) -> list[tuple[str, Callable[[], object], Callable[[], object]]]:
    """(what, ours, the limit)."""
    name = "cam-0~1"

    def read(columns: str, start: int, end: int) -> object:
        return bare.execute(
            f"SELECT {columns} FROM blocks WHERE stream_id = 1 AND start_ms < ? AND end_ms > ? "
            "AND start_ms > ? ORDER BY start_ms",
            (end, start, start - 3_600_000),
        ).fetchall()

    held = index.streams()[0]
    oldest = "SELECT id, path, bytes FROM blocks WHERE keep = 0 ORDER BY start_ms LIMIT 16"
    expired = "SELECT id, path, bytes FROM blocks WHERE stream_id = 1 AND end_ms <= ? AND keep = 0"
    return [
        ("spans of a month", lambda: index.spans(name, START, now), lambda: read("start_ms, end_ms", START, now)),
        ("spans of a day", lambda: index.spans(name, middle, middle + DAY),
         lambda: read("start_ms, end_ms", middle, middle + DAY)),
        ("an hour's blocks with segments", lambda: index.blocks(name, middle, middle + 60 * MINUTE),
         lambda: read("*", middle, middle + 60 * MINUTE)),
        ("the block of a moment", lambda: index.blocks(name, middle, middle + 1),
         lambda: read("*", middle, middle + 1)),
        ("what gives way next", lambda: retention.oldest(index, 16, now),
         lambda: bare.execute(oldest).fetchall()),
        ("what is too old of a camera", lambda: retention.expired(index, held, now + DAY, is_sure=True),
         lambda: bare.execute(expired, (START + DAY,)).fetchall()),
    ]  # fmt: skip


def tell(what: str, ours: Callable[[], object], limit: Callable[[], object]) -> None:
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(ROUNDS):
        for kept, call in zip(times, (ours, limit), strict=True):
            began = time.process_time()
            call()
            kept.append((time.process_time() - began) * 1000)
    product, bound = (statistics.median(kept) for kept in times)
    print(f"{what}: {product:.2f} ms, by hand {bound:.2f} ms, ratio {product / bound:.1f}", flush=True)


if __name__ == "__main__":
    main()
