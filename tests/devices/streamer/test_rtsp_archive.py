"""RTSP of the archive: as far back as the viewer may look and no further, from every disk (items 115 and 155)."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest

from devices.streamer.virtual import RATE
from tests.devices.streamer.conftest import Running, eventually, launch
from tests.devices.streamer.perch import FakePerch
from tests.devices.streamer.test_rtsp import Talk, url
from tests.rtsp import free_port

YARD = "yard~1"
LONG = 12  # seconds that are recorded before anything is tested


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A streamer with a recorded camera, in short files on two disks."""
    folder = tmp_path_factory.mktemp("house")
    disks = [str(folder / name) for name in ("one", "two")]
    perch = FakePerch(allowed={"good", "depth", "parts", "moment", "none", "disks", "broken"}, auth_duration=1)
    perch.put(YARD, "fake://fake", dvr={"expiration": 86400})
    more = {"disks": disks, "rtsp_port": free_port(), "block": 2.0, "longest_segment": 2.0}
    running = launch(perch, folder / "one", **more)
    eventually(lambda: running.recorded(YARD) >= LONG)
    yield running
    running.kill()
    perch.close()


@pytest.fixture
def talk(house: Running) -> Iterator[Talk]:
    made = Talk(house)
    with contextlib.closing(made.socket):
        yield made
    house.perch.ranges = None


def test_what_lies_on_any_disk_is_played_and_what_cannot_be_read_is_a_gap(house: Running, talk: Talk) -> None:
    start, length = house.spans(YARD)[0]
    whole = url(house, f"{YARD}?from={start}&duration={length}", "disks")
    talk.begin(whole)
    pictures = talk.pictures()
    assert pictures >= (length - 1) * RATE
    files = [sorted((house.storage.parent / name / "media").rglob("*.mp4")) for name in ("one", "two")]
    assert all(files), "each disk has some of it"
    lost = sorted(file.name for disk in files for file in disk)[2]
    file = next(file for disk in files for file in disk if file.name == lost)
    file.unlink()
    file.mkdir()
    again = Talk(house)
    with contextlib.closing(again.socket):
        again.begin(whole)
        assert pictures - 4 * RATE <= again.pictures() <= pictures - RATE, "the rest is played to its end"
