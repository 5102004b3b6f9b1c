"""What is kept, for how long, and what happens when there is no room: on real files, with blocks made here."""

from __future__ import annotations

import asyncio
import os
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from devices.streamer.archive import Archive
from devices.streamer.boxes import Init
from devices.streamer.index import Held
from devices.streamer.segments import Segment
from devices.streamer.settings import Settings
from devices.streamer.writer import BlockWriter
from tenants import clock
from tenants.addresses import AddressPolicy
from tests.devices.streamer.conftest import Running, eventually
from tests.devices.streamer.media import Playlist, frames
from tests.devices.streamer.perch import FakePerch

INIT = Init(b"init", (), "h264")
SIZE = 10_000


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    made = Archive(settings(tmp_path))
    yield made
    made.close()


def settings(folder: Path, **changes: object) -> Settings:
    made = Settings("s", "http://perch", "key", folder / "archive", networks=AddressPolicy(), block=10.0, reserve=0)
    return replace(made, **changes)  # type: ignore[arg-type]  # names and types are the caller's


def stream(archive: Archive, name: str, *, expiration: int | None = None, limit: int | None = None) -> Held:
    return archive.index.keep_stream(name, expiration, limit)


async def record(archive: Archive, held: Held, *ages: float, size: int = SIZE) -> None:
    """Blocks of one segment of ten seconds each, so many seconds old."""
    writer = BlockWriter(archive, held)
    for number, age in enumerate(ages):
        start = clock.timestamp() - age
        await writer.write(Segment(number, start, 10.0, size, INIT, f"{number:012x}", True, True, os.urandom(size)))
    await writer.close()


def ages(archive: Archive, name: str) -> list[int]:
    """How old the ends of the recorded spans are."""
    now = clock.timestamp()
    return [round(now - span.end / 1000) for span in archive.index.spans(name, 0, 10**13, tolerance=-1)]


def files(archive: Archive) -> int:
    return sum(path.is_file() for path in archive.media.rglob("*"))


def test_what_is_older_than_the_depth_is_removed(archive: Archive) -> None:
    held = stream(archive, "yard~1", expiration=3600)
    asyncio.run(record(archive, held, 7200, 3700, 3500, 20))
    assert ages(archive, "yard~1") == [7190, 3690, 3490, 10]
    asyncio.run(archive.clean())
    assert ages(archive, "yard~1") == [3490, 10]
    assert files(archive) == 2


def test_the_oldest_go_first_where_gigabytes_are_limited(archive: Archive) -> None:
    held = stream(archive, "yard~1", expiration=86400, limit=3 * (SIZE + 4))
    asyncio.run(record(archive, held, 500, 400, 300, 200, 100))
    other = stream(archive, "gate~1", expiration=86400)
    asyncio.run(record(archive, other, 600))
    asyncio.run(archive.clean())
    assert ages(archive, "yard~1") == [290, 190, 90]
    assert ages(archive, "gate~1") == [590]


def test_a_deleted_camera_keeps_its_archive_until_its_own_retention_ends(archive: Archive) -> None:
    held = stream(archive, "yard~1", expiration=3600)
    asyncio.run(record(archive, held, 20))
    archive.index.drop_all_but(set())
    asyncio.run(archive.clean())
    assert ages(archive, "yard~1") == [10]
    with clock.shifted(timedelta(seconds=3700)):
        asyncio.run(archive.clean())
    assert archive.index.streams() == []
    assert list(archive.media.iterdir()) == []


def test_a_camera_that_is_recorded_no_longer_keeps_its_last_retention(archive: Archive) -> None:
    held = stream(archive, "yard~1", expiration=3600, limit=50_000)
    asyncio.run(record(archive, held, 20))
    again = stream(archive, "yard~1")
    assert (again.expiration, again.storage_limit) == (3600, 50_000)
    assert stream(archive, "yard~1", expiration=60).storage_limit is None


def test_beyond_the_capacity_the_oldest_of_all_cameras_goes_first(tmp_path: Path) -> None:
    archive = Archive(settings(tmp_path, capacity=4 * (SIZE + len(INIT.data))))
    try:
        for name, age in [("yard~1", 500), ("gate~1", 400), ("yard~1", 300), ("gate~1", 200), ("yard~1", 100)]:
            asyncio.run(record(archive, stream(archive, name, expiration=86400), age))
        assert asyncio.run(archive.make_room())
        assert ages(archive, "yard~1") == [290, 90]
        assert ages(archive, "gate~1") == [390, 190]
    finally:
        archive.close()


def test_a_row_whose_file_is_gone_and_a_file_without_a_row_are_forgotten_at_the_start(archive: Archive) -> None:
    held = stream(archive, "yard~1", expiration=3600)
    asyncio.run(record(archive, held, 300, 200, 100))
    lost, kept, _ = sorted(archive.media.rglob("*.mp4"))
    lost.unlink()
    stray = kept.with_name("1-ffffffffffff.mp4")
    stray.touch()
    os.utime(stray, (0, 0))
    (archive.media / "unknown").mkdir()
    os.utime(archive.media / "unknown", (0, 0))
    asyncio.run(archive.repair())
    asyncio.run(archive.reconcile())
    assert ages(archive, "yard~1") == [190, 90]
    assert not stray.exists()
    assert not (archive.media / "unknown").exists()


def make_undeletable(file: Path) -> None:
    """A folder in its place: what it answers to a deletion, a bad disk answers too."""
    file.unlink()
    (file / "inside").mkdir(parents=True)


def test_a_file_that_cannot_be_deleted_keeps_no_other_from_going(archive: Archive) -> None:
    yard = stream(archive, "yard~1", expiration=3600)
    gate = stream(archive, "gate~1", expiration=3600, limit=SIZE + 4)
    asyncio.run(record(archive, yard, 7300, 7200, 20))
    make_undeletable(min(archive.media.rglob("*.mp4")))
    asyncio.run(record(archive, gate, 7100, 300, 20))
    asyncio.run(archive.clean())
    assert ages(archive, "yard~1") == [7290, 10]
    assert ages(archive, "gate~1") == [10]


def test_room_is_made_past_a_file_that_cannot_be_deleted(tmp_path: Path) -> None:
    archive = Archive(settings(tmp_path, capacity=3 * (SIZE + len(INIT.data))))
    try:
        yard = stream(archive, "yard~1", expiration=3600)
        asyncio.run(record(archive, yard, 7200, 500, 400, 300, 200, 100))
        make_undeletable(min(archive.media.rglob("*.mp4")))
        assert asyncio.run(archive.make_room())
        assert ages(archive, "yard~1") == [7190, 190, 90]
        archive.settings.__dict__["capacity"] = 0
        assert not asyncio.run(archive.make_room()), "nothing is left that can go"
        assert ages(archive, "yard~1") == [7190]
    finally:
        archive.close()


def test_a_disk_that_goes_during_the_clean_up_keeps_its_rows(archive: Archive) -> None:
    held = stream(archive, "yard~1", expiration=3600)
    asyncio.run(record(archive, held, 7200, 20))
    doomed = archive.index.rows("SELECT id, disk, path, bytes FROM blocks ORDER BY start_ms")[:1]
    (disk,) = archive.disks.all
    archive.disks.fail(disk, OSError("gone"))
    assert asyncio.run(archive.remove(doomed)) == {doomed[0][0]}
    asyncio.run(archive.watch_disks())
    assert ages(archive, "yard~1") == [7190, 10]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of six megabytes."""
    folder = tmp_path / "disk"
    folder.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if done.returncode:
        pytest.skip("a small disk can only be mounted by root")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_on_a_full_disk_the_oldest_go_and_recording_goes_on(small_disk: Path) -> None:
    archive = Archive(settings(small_disk))
    try:
        held = stream(archive, "yard~1", expiration=86400)
        asyncio.run(record(archive, held, *range(1200, 100, -100), size=900_000))
        kept = ages(archive, "yard~1")
        assert 4 <= len(kept) <= 6
        assert kept == list(range(90 + len(kept) * 100, 100, -100))
    finally:
        archive.close()
    assert all(path.stat().st_size > 0 for path in archive.media.rglob("*.mp4"))


def test_on_a_full_disk_what_is_protected_stays_while_there_is_anything_else(small_disk: Path) -> None:
    archive = Archive(settings(small_disk))
    try:
        held = archive.index.keep_stream("yard~1", 86400, None, 2 * 86400)
        asyncio.run(record(archive, held, 5000, 4000, size=900_000))
        start = round((clock.timestamp() - 5000) * 1000)
        archive.index.set_keep([(2, block.id) for block in archive.index.blocks("yard~1", start - 1000, start + 1000)])
        asyncio.run(record(archive, held, *range(1200, 100, -100), size=900_000))
        kept = ages(archive, "yard~1")
        assert kept[0] == 4990
        assert kept[1:] == list(range(90 + len(kept[1:]) * 100, 100, -100))
    finally:
        archive.close()
    assert all(path.stat().st_size > 0 for path in archive.media.rglob("*.mp4"))


def test_a_disk_full_of_other_things_is_said_and_recording_resumes(
    small_disk: Path, start: Callable[..., Running], perch: FakePerch
) -> None:
    perch.put("yard~1", "fake://fake", dvr={"expiration": 3600})
    running = start(folder=small_disk, block=2.0, reserve=100_000)
    eventually(lambda: running.recorded("yard") >= 2)
    ballast = small_disk / "ballast"
    with ballast.open("wb") as file:
        try:
            while True:
                file.write(b"\0" * 65536)
                file.flush()
        except OSError:
            pass
    eventually(lambda: perch.error("yard~1") == "disk_full")
    assert perch.stats("yard~1")["alive"]
    playlist = Playlist(running.live("yard").text)
    assert frames(
        running.follow("yard", playlist.maps[0]).content + running.follow("yard", playlist.segments[-1]).content
    )
    assert _empty_files(small_disk) == []
    ballast.unlink()
    eventually(lambda: perch.error("yard~1") == "")
    before = running.recorded("yard")
    eventually(lambda: running.recorded("yard") > before)
    first, length = running.spans("yard")[-1]
    archived = Playlist(running.get(f"yard/archive-{first}-{length}.m3u8").text)
    for segment in archived.segments:
        assert len(running.follow("yard", segment).content) > 1000
    assert _empty_files(small_disk) == []


def _empty_files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*.mp4") if path.exists() and not path.stat().st_size]
