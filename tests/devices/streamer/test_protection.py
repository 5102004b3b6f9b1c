"""What the clean-up spares and what gives way first: on real files, with blocks made here (items 109, 113, 114)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from devices.streamer import retention
from devices.streamer.archive import Archive
from devices.streamer.index import Held, Index
from devices.streamer.retention import Episode
from devices.streamer.wire import FOREVER
from tenants import clock
from tests.devices.streamer.conftest import Running, eventually
from tests.devices.streamer.perch import FakePerch
from tests.devices.streamer.test_retention import INIT, SIZE, ages, files, record, settings, stream

HOUR, DAY = 3600, 86400


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    made = Archive(settings(tmp_path))
    yield made
    made.close()


class Perch:
    """What is said to be protected; None: nothing can be said."""

    def __init__(self, archive: Archive) -> None:
        self.said: dict[str, list[Episode]] | None = {}
        self.asked: list[list[str]] = []
        archive.ask_episodes = self.answer

    async def answer(self, names: list[str]) -> dict[str, list[Episode]] | None:
        self.asked.append(names)
        return self.said

    def protect(self, name: str, *ages_of: float, kind: str = "motion") -> None:
        assert self.said is not None
        now = clock.timestamp()
        spans = [(round((now - age) * 1000), round((now - age + 5) * 1000)) for age in ages_of]
        self.said.setdefault(name, []).extend(Episode(first, last, kind) for first, last in spans)


def yard(archive: Archive, *, depth: int, episodes: int | None, limit: int | None = None) -> Held:
    return archive.index.keep_stream("yard~1", depth, limit, episodes)


def test_what_is_protected_outlives_the_depth_until_its_own_time(archive: Archive) -> None:
    held, perch = yard(archive, depth=HOUR, episodes=DAY), Perch(archive)
    asyncio.run(record(archive, held, 90_000, 7200, 7000, 100))
    perch.protect("yard~1", 90_000, 7200, 100)
    asyncio.run(archive.clean())
    assert ages(archive, "yard~1") == [7190, 90]
    assert files(archive) == 2
    assert perch.said is not None
    perch.said.clear()
    asyncio.run(archive.clean())
    assert ages(archive, "yard~1") == [90], "it was released"


def test_a_block_that_an_event_only_touches_is_kept_whole(archive: Archive) -> None:
    held, perch = yard(archive, depth=HOUR, episodes=DAY), Perch(archive)
    asyncio.run(record(archive, held, 7220, 7210, 7200, 7190))
    perch.protect("yard~1", 7202)
    asyncio.run(archive.clean())
    assert ages(archive, "yard~1") == [7200, 7190]


def test_while_it_is_not_sure_nothing_that_may_be_protected_goes(archive: Archive) -> None:
    held, perch = yard(archive, depth=HOUR, episodes=DAY), Perch(archive)
    other = archive.index.keep_stream("gate~1", HOUR, None)
    asyncio.run(record(archive, held, 90_000, 7200, 100))
    asyncio.run(record(archive, other, 7200, 100))
    perch.said = None
    asyncio.run(archive.clean())
    assert ages(archive, "yard~1") == [7190, 90]
    assert ages(archive, "gate~1") == [90], "nothing of it is protected in any case"
    assert perch.asked == [["yard~1"]]


def make_room(archive: Archive, blocks: int) -> None:
    archive.settings.__dict__["capacity"] = blocks * (SIZE + len(INIT.data))
    assert asyncio.run(archive.make_room())


def test_when_space_is_short_the_unprotected_go_first_and_then_the_oldest_protected(archive: Archive) -> None:
    held, perch = yard(archive, depth=DAY, episodes=2 * DAY), Perch(archive)
    asyncio.run(record(archive, held, 600, 500, 400, 300, 200, 100))
    perch.protect("yard~1", 600, 300)
    asyncio.run(archive.clean())
    make_room(archive, 4)
    assert ages(archive, "yard~1") == [590, 290, 190, 90]
    make_room(archive, 2)
    assert ages(archive, "yard~1") == [590, 290]
    make_room(archive, 1)
    assert ages(archive, "yard~1") == [290]


def test_a_moment_kept_since_the_last_clean_up_is_spared_where_room_is_made(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    held, perch = yard(archive, depth=DAY, episodes=2 * DAY), Perch(archive)
    gate = archive.index.keep_stream("gate~1", DAY, None)
    asyncio.run(record(archive, held, 600, 500, 400, 300, 200, 100))
    asyncio.run(record(archive, gate, 550, 50))
    perch.protect("yard~1", 600, kind="manual")
    make_room(archive, 6)
    make_room(archive, 5)
    assert ages(archive, "yard~1") == [590, 290, 190, 90]
    assert ages(archive, "gate~1") == [40]
    assert perch.asked == [["yard~1"]], "not at every deletion, and only of what may be protected"
    perch.protect("yard~1", 300, kind="manual")
    later = clock.monotonic() + 61
    monkeypatch.setattr(clock, "monotonic", lambda: later)
    make_room(archive, 2)
    assert ages(archive, "yard~1") == [590, 290]
    assert perch.asked == [["yard~1"], ["yard~1"]]


def test_room_is_made_although_perch_does_not_say_what_is_protected(archive: Archive) -> None:
    held, perch = yard(archive, depth=DAY, episodes=2 * DAY), Perch(archive)
    asyncio.run(record(archive, held, 600, 500, 400, 300))
    perch.said = None
    make_room(archive, 3)
    make_room(archive, 2)
    assert ages(archive, "yard~1") == [390, 290]
    assert perch.asked == [["yard~1"]], "who does not answer is not asked at every deletion"


def test_room_is_made_although_the_index_takes_no_marks(archive: Archive) -> None:
    """It lies on the full disk itself; a trigger refuses what a full disk refuses."""
    held, perch = yard(archive, depth=DAY, episodes=2 * DAY), Perch(archive)
    asyncio.run(record(archive, held, 600, 500, 400, 300))
    perch.protect("yard~1", 600)
    archive.index.rows("CREATE TRIGGER full BEFORE UPDATE ON blocks BEGIN SELECT no_such_function(); END")
    make_room(archive, 2)
    assert ages(archive, "yard~1") == [390, 290]


def test_six_hours_of_recording_stay_and_events_give_way_to_newer_ones(archive: Archive) -> None:
    """Item 114: motion is kept while space allows; it costs nobody the days that were sold."""
    held, perch = yard(archive, depth=6 * HOUR, episodes=FOREVER), Perch(archive)
    asyncio.run(record(archive, held, 9 * DAY, 8 * DAY, 7 * DAY, 5 * HOUR, 4 * HOUR, 100))
    perch.protect("yard~1", 9 * DAY, 8 * DAY, 7 * DAY)
    asyncio.run(archive.clean())
    assert len(ages(archive, "yard~1")) == 6
    make_room(archive, 4)
    assert ages(archive, "yard~1") == [7 * DAY - 10, 5 * HOUR - 10, 4 * HOUR - 10, 90]


def test_a_moment_kept_by_hand_gives_way_last(archive: Archive) -> None:
    held, perch = yard(archive, depth=6 * HOUR, episodes=FOREVER), Perch(archive)
    asyncio.run(record(archive, held, 9 * DAY, 8 * DAY, 5 * HOUR, 100))
    perch.protect("yard~1", 9 * DAY, kind="manual")
    perch.protect("yard~1", 8 * DAY)
    asyncio.run(archive.clean())
    make_room(archive, 2)
    assert ages(archive, "yard~1") == [9 * DAY - 10, 90]


def test_gigabytes_count_what_is_protected_and_take_it_last(archive: Archive) -> None:
    held = yard(archive, depth=HOUR, episodes=DAY, limit=3 * (SIZE + len(INIT.data)))
    perch = Perch(archive)
    asyncio.run(record(archive, held, 8000, 7000, 300, 200, 100))
    perch.protect("yard~1", 8000, 300)
    asyncio.run(archive.clean())
    assert ages(archive, "yard~1") == [7990, 290, 90]


def test_what_is_kept_longer_is_counted_apart(archive: Archive) -> None:
    held, perch = yard(archive, depth=HOUR, episodes=DAY), Perch(archive)
    asyncio.run(record(archive, held, 7200, 200, 100))
    perch.protect("yard~1", 7200, 200)
    asyncio.run(archive.clean())
    now = clock.timestamp()
    first, last, recorded, size, kept = archive.index.totals(round(now * 1000))["yard~1"]
    assert (round(now - first / 1000), round(now - last / 1000), recorded) == (200, 90, 30_000)
    assert (size, kept) == (3 * (SIZE + len(INIT.data)), SIZE + len(INIT.data))


def test_a_deleted_camera_is_asked_of_too_and_then_goes(archive: Archive) -> None:
    held, perch = yard(archive, depth=HOUR, episodes=DAY), Perch(archive)
    asyncio.run(record(archive, held, 20))
    archive.index.drop_all_but(set())
    with clock.shifted(timedelta(seconds=3700)):
        asyncio.run(archive.clean())
    assert perch.asked == [["yard~1"]]
    assert archive.index.streams() == []


def test_an_index_of_before_is_taken_over_with_nothing_protected(tmp_path: Path) -> None:
    archive = Archive(settings(tmp_path))
    asyncio.run(record(archive, stream(archive, "yard~1", expiration=HOUR), 100))
    for statement in (
        "DROP INDEX blocks_of_stream", "DROP INDEX blocks_free", "DROP INDEX blocks_free_ends",
        "DROP INDEX blocks_kept", "DROP INDEX blocks_kept_ends",
        "ALTER TABLE blocks DROP COLUMN keep", "ALTER TABLE blocks DROP COLUMN disk",
        "ALTER TABLE streams DROP COLUMN episodes", "DROP TABLE disks",
    ):  # fmt: skip
        archive.index.rows(statement)
    archive.close()
    again = Archive(settings(tmp_path))
    try:
        assert ages(again, "yard~1") == [90]
        assert asyncio.run(again.index.read(retention.oldest, 5, 0))[0][1] == 1
        assert asyncio.run(again.index.read(Index.bytes_by_disk)) == {1: SIZE + len(INIT.data)}
    finally:
        again.close()


def test_a_streamer_asks_perch_and_spares_what_it_names(start: Callable[..., Running], perch: FakePerch) -> None:
    perch.put("yard~1", "fake://fake", dvr={"expiration": 5, "episodes_expiration": 3600})
    perch.down.add("episodes")
    running = start(block=2.0)
    eventually(lambda: running.recorded("yard") >= 8)
    first = running.spans("yard")[0][0]
    perch.episodes["yard~1"] = [{"opened_at": first * 1000 + 500, "closed_at": first * 1000 + 900, "kind": "motion"}]
    perch.down.clear()
    eventually(lambda: len(running.spans("yard")) == 2 and running.spans("yard")[1][0] > first + 4)
    assert running.spans("yard")[0][0] == first
    eventually(lambda: perch.stats("yard~1").get("dvr_info", {}).get("kept_bytes"))
    assert perch.stats("yard~1")["dvr_info"]["from"] > first
    del perch.episodes["yard~1"]
    eventually(lambda: running.spans("yard")[0][0] > first)
