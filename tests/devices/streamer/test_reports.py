"""The status reports of a streamer with thousands of cameras: in parts, each of which arrives by itself."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.devices.streamer.conftest import eventually, launch
from tests.devices.streamer.perch import FakePerch

CAMERAS = 2_300
PART = 1_000


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FakePerch]:
    """The Perch of a streamer with cameras that wait for their first viewer."""
    perch = FakePerch()
    for number in range(CAMERAS):
        perch.put(f"lamp-{number:04}~1", "fake://clock", static=False)
    running = launch(perch, tmp_path_factory.mktemp("town"))
    eventually(lambda: len(perch.latest) == CAMERAS)
    yield perch
    running.kill()
    perch.close()


def test_thousands_of_cameras_are_reported_in_parts(town: FakePerch) -> None:
    town.reports.clear()
    eventually(lambda: len(town.reports) >= 3)
    parts = [[one["name"] for one in report["streams"]] for report in town.reports[:3]]
    assert sorted(map(len, parts)) == [CAMERAS - 2 * PART, PART, PART]
    assert {name for part in parts for name in part} == set(town.streams)


def test_a_part_that_is_not_taken_keeps_no_other_back_and_is_sent_again(town: FakePerch) -> None:
    lost = town.stumbles_over = "lamp-0001~1"
    town.latest.clear()
    eventually(lambda: len(town.latest) == CAMERAS - PART)
    told = len(town.reports)
    eventually(lambda: len(town.reports) > told + 4)
    assert len(town.latest) == CAMERAS - PART, "no more and no fewer than the parts that are taken"
    assert lost not in town.latest
    town.stumbles_over = ""
    eventually(lambda: len(town.latest) == CAMERAS)
