"""What of the archive may go, and in which order: depth, gigabytes, room, and what is protected from them.

Functions over the index, run as `await index.read(retention.expired, held, now)`. A block is protected as a whole.
What is protected while there is room only (`SPARE`) and is older than its stream's days gives way before the days of
any stream do; what is protected for a time of its own, or by hand (`HELD`), gives way last.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from devices.streamer.index import Held, Index
from devices.streamer.wire import FOREVER

FREE, SPARE, HELD = 0, 1, 2
BY_HAND = "manual"
Doomed = tuple[int, int, str, int]  # id, disk, path, bytes
DOOMED = "b.id, b.disk, b.path, b.bytes"
GONE = "b.end_ms <= :now - s.expiration * 1000"  # older than the days of its stream


@dataclass(frozen=True)
class Episode:
    """A protected stretch of a stream, in ms since the epoch."""

    start: int
    end: int
    kind: str


def _ids(numbers: Collection[int]) -> str:
    """Numbers of our own as a list in SQL."""
    return ",".join(str(int(number)) for number in numbers) or "-1"


def _doomed(index: Index, sql: str, **values: int) -> list[Doomed]:
    return [(int(a), int(b), str(c), int(d)) for a, b, c, d in index.rows(sql, values)]


def mark(index: Index, held: Held, episodes: list[Episode]) -> None:
    """Note which blocks of a stream are protected; those that are no longer in `episodes` are not."""
    if not episodes and not index.rows(
        "SELECT 1 FROM blocks WHERE stream_id = :stream AND keep > 0 LIMIT 1", {"stream": held.id}
    ):
        return
    spare = SPARE if (held.episodes or 0) >= FOREVER else HELD
    waiting = sorted(((one.start, one.end, HELD if one.kind == BY_HAND else spare) for one in episodes), reverse=True)
    lasting: list[tuple[int, int, int]] = []
    changed: list[tuple[int, int]] = []
    rows = index.rows(
        "SELECT id, start_ms, end_ms, keep FROM blocks WHERE stream_id = :stream ORDER BY start_ms", {"stream": held.id}
    )
    for number, start, end, before in rows:
        while waiting and waiting[-1][0] < end:
            lasting.append(waiting.pop())
        lasting = [one for one in lasting if one[1] > start]
        keep = max((one[2] for one in lasting), default=FREE)
        if keep != before:
            changed.append((keep, int(number)))
    index.set_keep(changed)


def expired(index: Index, held: Held, now: int, *, is_sure: bool) -> list[Doomed]:
    """The blocks of a stream whose time is over; where it is not sure what is protected, what would be gone anyway."""
    days = held.expiration or 0
    longest = max(days, held.episodes or 0)
    return _doomed(
        index,
        f"SELECT {DOOMED} FROM blocks b WHERE b.stream_id = :stream AND b.is_open = 0 "  # noqa: S608
        f"AND b.disk NOT IN ({_ids(index.offline)}) AND b.end_ms <= CASE b.keep WHEN 0 THEN :free ELSE :kept END "
        "ORDER BY b.start_ms",
        stream=held.id,
        free=now - (days if is_sure else longest) * 1000,
        kept=now - longest * 1000,
    )


def beyond(index: Index, held: Held, limit: int, now: int) -> list[Doomed]:
    """The closed blocks of a stream that do not fit its gigabytes, in the order in which they give way."""
    rank = f"CASE WHEN b.keep = 0 THEN iif({GONE}, 0, 2) WHEN b.keep = 1 AND {GONE} THEN 1 ELSE 3 END"
    return _doomed(
        index,
        "SELECT id, disk, path, bytes FROM ("  # noqa: S608
        f" SELECT b.*, sum(b.bytes) OVER (ORDER BY {rank} DESC, b.start_ms DESC, b.id DESC) AS kept, {rank} AS rank"
        " FROM blocks b JOIN streams s ON s.id = b.stream_id WHERE b.stream_id = :stream)"
        f" WHERE kept > :limit AND is_open = 0 AND disk NOT IN ({_ids(index.offline)}) ORDER BY rank, start_ms",
        stream=held.id,
        limit=limit,
        now=now,
    )


def oldest(index: Index, count: int, now: int, disk: int | None = None, stuck: Collection[int] = ()) -> list[Doomed]:
    """Closed blocks of all streams that give way next: on one disk, or on any that is there; not those that could not
    be deleted a moment ago.

    Each turn is led by an index (tests/bench/recording_index.py): this is asked while every second counts.
    """
    where = f"b.disk = {int(disk)}" if disk is not None else f"b.disk NOT IN ({_ids(index.offline)})"
    if stuck:
        where += f" AND b.id NOT IN ({_ids(stuck)})"
    by_stream = "SELECT {} FROM streams s CROSS JOIN blocks b INDEXED BY {} WHERE b.stream_id = s.id"
    by_age = f"SELECT {DOOMED} FROM blocks b WHERE b.is_open = 0 AND {where}"  # noqa: S608
    first = "ORDER BY b.start_ms LIMIT :count"
    ended = by_stream.format(DOOMED, "blocks_free_ends")
    if found := _doomed(
        index, f"{ended} AND b.keep = 0 AND {GONE} AND b.is_open = 0 AND {where} {first}", now=now, count=count
    ):
        return found
    spare = f"{by_stream.format('1', 'blocks_kept_ends')} AND b.keep > 0 AND b.keep = 1 AND {GONE} AND {where} LIMIT 1"
    if index.rows(spare, {"now": now}):
        gone = "b.end_ms <= :now - (SELECT s.expiration FROM streams s WHERE s.id = b.stream_id) * 1000"
        sql = f"{by_age} AND b.keep > 0 AND b.keep = 1 AND {gone} {first}"
        if found := _doomed(index, sql, now=now, count=count):
            return found
    free = _doomed(index, f"{by_age} AND b.keep = 0 {first}", count=count)
    return free or _doomed(index, f"{by_age} AND b.keep > 0 {first}", count=count)
