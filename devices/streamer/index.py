"""The segment index: one SQLite file in WAL mode, a row a block (a file of about a minute), never a directory scan.

A row carries its segments packed, so a week of a camera is ten thousand rows and not three hundred thousand. Times are
integer milliseconds since the epoch. Calls block: the event loop uses `write` and `read`, which run them in threads.
"""

from __future__ import annotations

import asyncio
import sqlite3
import struct
import threading
import uuid
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

from devices.streamer.boxes import Init

Totals = tuple[int, int, int, int, int]
P = ParamSpec("P")
T = TypeVar("T")

SCHEMA = """
CREATE TABLE IF NOT EXISTS streams (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, folder TEXT NOT NULL UNIQUE,
    expiration INTEGER, storage_limit INTEGER, listed INTEGER NOT NULL DEFAULT 1, episodes INTEGER);
CREATE TABLE IF NOT EXISTS disks (id INTEGER PRIMARY KEY, mark TEXT NOT NULL UNIQUE, path TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS inits (
    id INTEGER PRIMARY KEY, digest TEXT NOT NULL UNIQUE, codecs TEXT NOT NULL, data BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS blocks (
    id INTEGER PRIMARY KEY, stream_id INTEGER NOT NULL REFERENCES streams(id), run TEXT NOT NULL,
    init_id INTEGER NOT NULL REFERENCES inits(id), path TEXT NOT NULL, start_ms INTEGER NOT NULL,
    end_ms INTEGER NOT NULL, bytes INTEGER NOT NULL, entries BLOB NOT NULL, is_open INTEGER NOT NULL,
    keep INTEGER NOT NULL DEFAULT 0, disk INTEGER NOT NULL DEFAULT 1);
"""
# Columns that came later: an index of before has its archive on the first disk, and nothing protected.
COLUMNS_ADDED = {
    "streams": {"episodes": "INTEGER"},
    "blocks": {"keep": "INTEGER NOT NULL DEFAULT 0", "disk": "INTEGER NOT NULL DEFAULT 1"},
}
INDEXES = """
DROP INDEX IF EXISTS blocks_by_stream;
DROP INDEX IF EXISTS blocks_by_age;
CREATE INDEX IF NOT EXISTS blocks_of_stream ON blocks (stream_id, start_ms, end_ms, bytes, disk, keep);
CREATE INDEX IF NOT EXISTS blocks_free ON blocks (start_ms) WHERE keep = 0;
CREATE INDEX IF NOT EXISTS blocks_free_ends ON blocks (stream_id, end_ms) WHERE keep = 0;
CREATE INDEX IF NOT EXISTS blocks_kept ON blocks (start_ms) WHERE keep > 0;
CREATE INDEX IF NOT EXISTS blocks_kept_ends ON blocks (stream_id, end_ms, keep) WHERE keep > 0;
CREATE INDEX IF NOT EXISTS blocks_open ON blocks (is_open) WHERE is_open = 1;
"""

ENTRY = struct.Struct("<IIII")  # ms after the block's start, ms long, byte offset, bytes
COLUMNS = "b.id, b.stream_id, b.run, b.init_id, b.path, b.start_ms, b.end_ms, b.bytes, b.entries, b.disk"


class CopyEnded(Exception):
    """A copy of the index was ended before it was whole."""


@dataclass(frozen=True)
class Entry:
    """A segment inside a block; times in ms since the epoch."""

    start: int
    duration: int
    offset: int
    size: int

    @property
    def end(self) -> int:
        return self.start + self.duration


@dataclass
class Block:
    """A file of one run: an initialization segment followed by segments."""

    id: int
    stream: int
    run: str
    init: int
    path: str
    start: int
    end: int
    size: int
    entries: list[Entry] = field(default_factory=list)
    disk: int = 1

    def packed(self) -> bytes:
        return b"".join(ENTRY.pack(max(0, e.start - self.start), e.duration, e.offset, e.size) for e in self.entries)


HELD = "id, name, folder, expiration, storage_limit, listed, episodes"


@dataclass(frozen=True)
class Held:
    """A stream the index knows, whether or not Perch still lists it."""

    id: int
    name: str
    folder: str
    expiration: int | None
    storage_limit: int | None
    listed: int
    episodes: int | None = None  # seconds that what is protected is kept; None: nothing is


@dataclass(frozen=True)
class Span:
    """Recorded without a gap, in ms."""

    start: int
    end: int


class Index:
    """Opened once by the streamer; every method here blocks and is safe in any thread."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._local = threading.local()
        self._writing = threading.Lock()
        self._writers = ThreadPoolExecutor(1, "index-write")
        self._readers = ThreadPoolExecutor(2, "index-read")
        self.offline: set[int] = set()  # disks that are away: what they hold is neither shown nor cleaned up
        with self._writing:
            self._upgrade()

    def _upgrade(self) -> None:
        self._connection.executescript(SCHEMA)
        for table, columns in COLUMNS_ADDED.items():
            known = {row[1] for row in self._connection.execute(f"PRAGMA table_info({table})")}
            for name in columns.keys() - known:
                self._connection.execute(f"ALTER TABLE {table} ADD COLUMN {name} {columns[name]}")
        self._connection.executescript(INDEXES)

    def rows(self, sql: str, values: dict[str, int] | None = None) -> list[tuple[Any, ...]]:
        """All rows of a question in our own words (`retention`)."""
        return self._connection.execute(sql, values or {}).fetchall()

    async def write(self, call: Callable[Concatenate[Index, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a method in the writing thread: `await index.write(Index.save_block, block)`."""
        return await asyncio.get_running_loop().run_in_executor(self._writers, lambda: call(self, *args, **kwargs))

    async def read(self, call: Callable[Concatenate[Index, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a method in a reading thread."""
        return await asyncio.get_running_loop().run_in_executor(self._readers, lambda: call(self, *args, **kwargs))

    def close(self) -> None:
        self._writers.shutdown(wait=True)
        self._readers.shutdown(wait=True)

    @property
    def _connection(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._connect()
            # A small log: on a full disk it must not be the last straw.
            connection.executescript(
                "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA wal_autocheckpoint=200;"
                "PRAGMA journal_size_limit=1048576; PRAGMA foreign_keys=ON;"
            )
            self._local.connection = connection
        return connection

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self._path, timeout=10, isolation_level=None)

    # -- streams

    def keep_stream(
        self, name: str, expiration: int | None, storage_limit: int | None, episodes: int | None = None
    ) -> Held:
        """A stream Perch lists; without a recording setting the last known one stays in force for what is on disk."""
        with self._writing:
            kept = self._connection.execute(
                "INSERT INTO streams (name, folder, expiration, storage_limit, episodes) VALUES (?, ?, ?, ?, ?) "  # noqa: S608
                "ON CONFLICT (name) DO UPDATE SET listed = 1, "
                "expiration = coalesce(excluded.expiration, expiration), "
                "storage_limit = CASE WHEN excluded.expiration IS NULL THEN storage_limit "
                "ELSE excluded.storage_limit END, "
                f"episodes = iif(excluded.expiration IS NULL, episodes, excluded.episodes) RETURNING {HELD}",
                (name, uuid.uuid4().hex, expiration, storage_limit, episodes),
            )
            return Held(*kept.fetchone())

    def drop_stream(self, name: str) -> None:
        """Perch lists it no longer: what is recorded stays until its own retention ends."""
        with self._writing:
            self._connection.execute("UPDATE streams SET listed = 0 WHERE name = ?", (name,))

    def drop_all_but(self, names: set[str]) -> None:
        for held in self.streams():
            if held.listed and held.name not in names:
                self.drop_stream(held.name)

    def streams(self) -> list[Held]:
        rows = self._connection.execute(f"SELECT {HELD} FROM streams")  # noqa: S608
        return [Held(*row) for row in rows.fetchall()]

    def forget_empty_streams(self) -> list[str]:
        """Remove dropped streams without a block; returns their folders."""
        with self._writing:
            rows = self._connection.execute(
                "DELETE FROM streams WHERE listed = 0 "
                "AND NOT EXISTS (SELECT 1 FROM blocks WHERE stream_id = streams.id) RETURNING folder"
            ).fetchall()
            self._connection.execute(
                "DELETE FROM inits WHERE NOT EXISTS (SELECT 1 FROM blocks WHERE init_id = inits.id)"
            )
        return [str(row[0]) for row in rows]

    # -- initialization segments

    def keep_init(self, init: Init, digest: str) -> int:
        with self._writing:
            self._connection.execute(
                "INSERT OR IGNORE INTO inits (digest, codecs, data) VALUES (?, ?, ?)", (digest, init.key, init.data)
            )
        row = self._connection.execute("SELECT id FROM inits WHERE digest = ?", (digest,)).fetchone()
        return int(row[0])

    def init(self, number: int) -> tuple[str, bytes] | None:
        """(codec key, bytes)."""
        row = self._connection.execute("SELECT codecs, data FROM inits WHERE id = ?", (number,)).fetchone()
        return (str(row[0]), bytes(row[1])) if row else None

    def begins_with(self, name: str, init: int, parts: Iterable[tuple[float, float]]) -> bool:
        """Whether a recording of this stream within one of these (from, to), in seconds, begins with this segment."""
        statement = (
            "SELECT 1 FROM blocks b JOIN streams s ON s.id = b.stream_id "
            "WHERE s.name = ? AND b.init_id = ? AND b.start_ms < ? AND b.end_ms > ? ORDER BY b.start_ms DESC LIMIT 1"
        )
        found = (self._connection.execute(statement, (name, init, end * 1000, start * 1000)) for start, end in parts)
        return any(rows.fetchone() for rows in found)

    # -- blocks

    def add_block(self, block: Block) -> int:
        with self._writing:
            cursor = self._connection.execute(
                "INSERT INTO blocks (stream_id, run, init_id, path, start_ms, end_ms, bytes, entries, is_open, disk) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, 1, ?)",
                (block.stream, block.run, block.init, block.path, block.start, block.end, block.size, block.packed(),
                 block.disk),
            )  # fmt: skip
        return int(cursor.lastrowid or 0)

    def save_block(self, block: Block, *, is_open: bool) -> None:
        with self._writing:
            self._connection.execute(
                "UPDATE blocks SET start_ms = ?, end_ms = ?, bytes = ?, entries = ?, is_open = ? WHERE id = ?",
                (block.start, block.end, block.size, block.packed(), int(is_open), block.id),
            )

    def remove_blocks(self, numbers: list[int]) -> None:
        with self._writing:
            self._connection.executemany("DELETE FROM blocks WHERE id = ?", [(number,) for number in numbers])

    def set_keep(self, changed: list[tuple[int, int]]) -> None:
        """Pairs of (how much it is protected, block)."""
        with self._writing:
            self._connection.executemany("UPDATE blocks SET keep = ? WHERE id = ?", changed)

    def block(self, number: int) -> tuple[Block, str] | None:
        """A block and the name of its stream."""
        row = self._connection.execute(
            f"SELECT {COLUMNS}, s.name FROM blocks b JOIN streams s ON s.id = b.stream_id WHERE b.id = ?",  # noqa: S608
            (number,),
        ).fetchone()
        return (_block(row), str(row[10])) if row and row[9] not in self.offline else None

    def blocks(self, name: str, start: int, end: int) -> list[Block]:
        """The blocks of a stream that touch a range, oldest first."""
        rows = self._connection.execute(
            f"SELECT {COLUMNS} FROM blocks b JOIN streams s ON s.id = b.stream_id "  # noqa: S608
            "WHERE s.name = ? AND b.start_ms < ? AND b.start_ms > ? AND b.end_ms > ? ORDER BY b.start_ms, b.id",
            (name, end, start - 3_600_000, start),
        )
        return [_block(row) for row in rows.fetchall() if row[9] not in self.offline]

    def open_blocks(self) -> list[Block]:
        """What a crash left open."""
        rows = self._connection.execute(f"SELECT {COLUMNS} FROM blocks b WHERE b.is_open = 1")  # noqa: S608
        return [_block(row) for row in rows.fetchall()]

    def spans(self, name: str, start: int, end: int, *, tolerance: int = 500) -> list[Span]:
        """What is recorded in a range, blocks without a gap between them joined."""
        rows = self._connection.execute(
            "SELECT b.start_ms, b.end_ms, b.disk FROM blocks b JOIN streams s ON s.id = b.stream_id "
            "WHERE s.name = ? AND b.start_ms < ? AND b.start_ms > ? AND b.end_ms > ? ORDER BY b.start_ms",
            (name, end, start - 3_600_000, start),
        )
        here = (row for row in rows if row[2] not in self.offline)
        return join_spans(((max(int(a), start), min(int(b), end)) for a, b, _ in here), tolerance)

    def totals(self, now: int) -> dict[str, Totals]:
        """name -> (first ms, last ms, recorded ms, bytes, bytes kept longer than the days), of what the disks have.

        The first moment is that of what the days keep: an old moment that is protected says nothing of them.
        """
        gone = "b.keep > 0 AND b.end_ms <= :now - coalesce(s.expiration, 0) * 1000"
        away = ",".join(str(number) for number in self.offline) or "-1"
        rows = self._connection.execute(
            f"SELECT s.name, coalesce(min(b.start_ms) FILTER (WHERE NOT ({gone})), max(b.end_ms)), max(b.end_ms), "  # noqa: S608
            f"sum(b.end_ms - b.start_ms), sum(b.bytes), coalesce(sum(b.bytes) FILTER (WHERE {gone}), 0) "
            f"FROM blocks b JOIN streams s ON s.id = b.stream_id WHERE b.disk NOT IN ({away}) GROUP BY s.id",
            {"now": now},
        )
        return {str(name): (int(a), int(b), int(c), int(d), int(e)) for name, a, b, c, d, e in rows.fetchall()}

    def total_bytes(self) -> int:
        return int(
            self._connection.execute(
                "SELECT coalesce(sum(bytes), 0) FROM blocks INDEXED BY blocks_of_stream"
            ).fetchone()[0]
        )

    def bytes_by_disk(self) -> dict[int, int]:
        """disk -> bytes of the archive on it."""
        rows = self.rows("SELECT disk, sum(bytes) FROM blocks INDEXED BY blocks_of_stream GROUP BY disk")
        return {int(disk): int(size) for disk, size in rows}

    def disks(self) -> dict[str, tuple[int, str]]:
        """mark -> (number, path it was last at)."""
        return {str(mark): (int(number), str(path)) for number, mark, path in self.rows("SELECT * FROM disks")}

    def keep_disk(self, mark: str, path: str) -> int:
        """The number of a disk, by its own mark; a new one gets the next."""
        with self._writing:
            kept = self._connection.execute(
                "INSERT INTO disks (mark, path) VALUES (?, ?) "
                "ON CONFLICT (mark) DO UPDATE SET path = excluded.path RETURNING id",
                (mark, path),
            )
            return int(kept.fetchone()[0])

    def copy_to(self, path: Path, is_over: Callable[[], bool] = lambda: False) -> None:
        """A whole copy of the index, taken while it is in use: of one moment, as what is written later would make
        SQLite begin anew. Raises CopyEnded when it is over before it is done."""

        def look(*_: int) -> None:
            if is_over():
                raise CopyEnded("it took too long, or the streamer stops")

        with closing(self._connect()) as source, closing(sqlite3.connect(path, isolation_level=None)) as target:
            source.execute("BEGIN")
            source.execute("SELECT count(*) FROM disks").fetchone()  # the moment
            source.backup(target, pages=1000, progress=look)

    def paths(self, stream: int, disk: int) -> dict[str, int]:
        """path -> id of the blocks of a stream on one disk."""
        rows = self._connection.execute("SELECT path, id FROM blocks WHERE stream_id = ? AND disk = ?", (stream, disk))
        return {str(path): int(number) for path, number in rows}


def join_spans(pieces: Iterable[tuple[int, int]], tolerance: int) -> list[Span]:
    """Join pieces (start, end) in order of time whose distance is at most `tolerance` ms."""
    found: list[Span] = []
    for start, end in pieces:
        if found and start - found[-1].end <= tolerance:
            found[-1] = Span(found[-1].start, max(found[-1].end, end))
        elif end > start:
            found.append(Span(start, end))
    return found


def _block(row: tuple[Any, ...]) -> Block:
    number, stream, run, init, path, start, end, size, packed, disk = row[:10]
    entries = [Entry(start + ms, length, offset, count) for ms, length, offset, count in ENTRY.iter_unpack(packed)]
    return Block(number, stream, run, init, path, start, end, size, entries, disk)
