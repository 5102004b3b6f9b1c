"""RTSP of the archive: as far back as the viewer may look and no further, from every disk (items 115 and 155)."""

from __future__ import annotations

import contextlib
import time
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


def test_what_is_older_than_the_viewer_may_see_is_not_played(house: Running, talk: Talk) -> None:
    opened = house.spans(YARD)[0][0] + 6
    house.perch.ranges = [{"opened_at": opened}]
    address = url(house, f"{YARD}?from=0", "depth")
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(opened))
    assert f"a=range:clock={stamp}-" in talk.begin(address)
    assert opened - 2 <= talk.date() <= opened + 2, "whole segments"
    assert talk.ask("PAUSE", address, Session=talk.session)[0] == 200
    assert talk.ask("PLAY", address, Session=talk.session, Range="clock=19700101T000001Z-")[0] == 200
    assert opened - 2 <= talk.date() <= opened + 2


def test_all_parts_that_may_be_seen_are_played_and_nothing_between_them(house: Running, talk: Talk) -> None:
    start = house.spans(YARD)[0][0]
    parts = [(start + 7, start + 9), (start + 2, start + 4)]
    house.perch.ranges = [{"opened_at": opened, "closed_at": closed} for opened, closed in parts]
    talk.begin(url(house, f"{YARD}?from=0", "parts"))
    assert start <= talk.date() <= start + 3
    assert 3.5 * RATE <= talk.pictures() <= 9 * RATE, "two seconds twice, in whole segments, and then the end"


def test_nothing_is_described_or_played_where_nothing_may_be_seen(house: Running, talk: Talk) -> None:
    address = url(house, f"{YARD}?from=0&duration=1000", "none")
    house.perch.ranges = [{"opened_at": int(time.time()) - 10_000}]
    assert talk.ask("DESCRIBE", address)[0] == 403, "the camera came later"
    assert talk.ask("SETUP", url(house, f"{YARD}/trackID=0"), Transport="RTP/AVP/TCP")[0] == 455


def test_the_right_is_looked_at_for_the_moment_that_is_played(house: Running, talk: Talk) -> None:
    house.perch.ranges = [{"opened_at": house.spans(YARD)[0][0]}]
    talk.begin(url(house, f"{YARD}?from=0", "moment"))
    assert talk.packet()
    house.perch.ranges = [{"opened_at": int(time.time()) - 2}]
    with contextlib.suppress(ConnectionResetError):
        assert any(not talk.packet() for _ in range(3000)), "it goes on and on"


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
