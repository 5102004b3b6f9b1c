"""Several disks: all are written, one that goes takes only its own recordings along, and it returns by itself (115)."""

from __future__ import annotations

import asyncio
import errno
import os
import random
import shutil
import sqlite3
import subprocess
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from devices.streamer.archive import Archive
from devices.streamer.copies import Copies
from devices.streamer.disks import COPY, MARK, Disk, DiskAway
from devices.streamer.index import Block
from devices.streamer.segments import Segment
from devices.streamer.settings import Settings, folders_from
from devices.streamer.writer import BlockWriter
from tenants import clock
from tests.devices.streamer.conftest import Running, eventually
from tests.devices.streamer.perch import FakePerch
from tests.devices.streamer.test_retention import INIT, ages, record, settings, stream


def on_two(folder: Path, **changes: object) -> Settings:
    roots = (folder / "one", folder / "two")
    return replace(settings(folder), storage=folder / "index", disks=roots, **changes)  # type: ignore[arg-type]


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    made = Archive(on_two(tmp_path))
    yield made
    made.close()


def by_disk(archive: Archive) -> dict[str, int]:
    return {disk.root.name: len(list(disk.media.rglob("*.mp4"))) for disk in archive.disks.all}


def fill(archive: Archive, blocks: int = 40) -> None:
    random.seed(7)
    held = stream(archive, "yard~1", expiration=86400)
    asyncio.run(record(archive, held, *range(blocks * 100, 0, -100), size=1000))


def test_all_disks_are_written(archive: Archive) -> None:
    fill(archive)
    assert min(by_disk(archive).values()) >= 10
    assert len(ages(archive, "yard~1")) == 40


def test_disks_are_chosen_by_the_room_they_have(archive: Archive) -> None:
    random.seed(7)
    one, two = archive.disks.all
    for disk, free in ((one, 300), (two, 100)):
        disk.total, disk.free = 400 * 10**9, free * 10**9
    chosen = Counter(archive.disks.choose() for _ in range(2000))
    assert 2.5 < chosen[one] / chosen[two] < 3.5
    for disk in (one, two):
        disk.free = 0
    chosen = Counter(archive.disks.choose() for _ in range(2000))
    assert 0.8 < chosen[one] / chosen[two] < 1.25, "full disks of one size wear alike"


def lose(disk: Disk) -> Path:
    """Unmounted: the path is there, and nothing in it."""
    aside = disk.root.with_name(disk.root.name + "-aside")
    disk.root.rename(aside)
    disk.root.mkdir()
    return aside


def give_back(disk: Disk, aside: Path) -> None:
    shutil.rmtree(disk.root)
    aside.rename(disk.root)


def test_a_disk_lost_at_run_time_takes_only_its_own_along_and_returns(archive: Archive) -> None:
    fill(archive)
    one, two = archive.disks.all
    held, before = by_disk(archive), len(ages(archive, "yard~1"))
    aside = lose(two)
    asyncio.run(archive.watch_disks())
    assert [disk.is_online for disk in (one, two)] == [True, False]
    assert len(ages(archive, "yard~1")) == before - held["two"]
    asyncio.run(record(archive, stream(archive, "yard~1", expiration=86400), 30, 20, size=1000))
    asyncio.run(archive.clean())
    assert by_disk(archive) == {"one": held["one"] + 2, "two": 0}, "an empty mount point is not the disk"
    give_back(two, aside)
    asyncio.run(archive.watch_disks())
    assert two.is_online
    assert len(ages(archive, "yard~1")) == before + 2


def test_a_disk_that_is_not_there_at_the_start_is_waited_for(tmp_path: Path) -> None:
    first = Archive(on_two(tmp_path))
    fill(first)
    held = by_disk(first)
    first.close()
    aside = lose(first.disks.all[1])
    archive = Archive(on_two(tmp_path))
    try:
        asyncio.run(archive.repair())
        asyncio.run(archive.reconcile())
        assert len(ages(archive, "yard~1")) == held["one"]
        asyncio.run(record(archive, stream(archive, "yard~1", expiration=86400), 30, size=1000))
        give_back(archive.disks.all[1], aside)
        asyncio.run(archive.watch_disks())
        assert len(ages(archive, "yard~1")) == 41
    finally:
        archive.close()


def test_a_disk_that_fails_while_it_is_written_is_left_and_nothing_is_lost(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A device that answers EIO cannot be had here: the one function that writes says so."""
    from devices.streamer import writer

    real, two = writer._create, archive.disks.all[1]

    def create(path: Path, head: bytes) -> int:
        if path.is_relative_to(two.media):
            raise OSError(errno.EIO, "Input/output error")
        return real(path, head)

    monkeypatch.setattr(writer, "_create", create)
    fill(archive)
    assert by_disk(archive) == {"one": 40, "two": 0}
    assert len(ages(archive, "yard~1")) == 40
    assert two.failure
    assert archive.disks.report()[1]["online"] is False
    asyncio.run(archive.watch_disks())
    assert two.is_online, "it can be written again"


def test_without_any_disk_nothing_is_chosen(archive: Archive) -> None:
    for disk in archive.disks.all:
        archive.disks.fail(disk, OSError("gone"))
    with pytest.raises(DiskAway):
        archive.disks.choose()
    assert asyncio.run(archive.make_room())


def test_a_disk_is_known_by_its_mark_wherever_it_is_mounted(tmp_path: Path) -> None:
    first = Archive(on_two(tmp_path))
    fill(first)
    first.close()
    one, two = (disk.root for disk in first.disks.all)
    one.rename(tmp_path / "aside")
    two.rename(one)
    (tmp_path / "aside").rename(two)
    archive = Archive(on_two(tmp_path))
    try:
        asyncio.run(archive.reconcile())
        assert len(ages(archive, "yard~1")) == 40
    finally:
        archive.close()


def test_a_lost_index_is_taken_from_a_disk_that_holds_a_copy(tmp_path: Path) -> None:
    first = Archive(on_two(tmp_path))
    fill(first)
    asyncio.run(first.copies.renew())
    first.close()
    shutil.rmtree(tmp_path / "index")
    archive = Archive(on_two(tmp_path))
    try:
        asyncio.run(archive.reconcile())
        assert len(ages(archive, "yard~1")) == 40
        assert sum(by_disk(archive).values()) == 40
    finally:
        archive.close()


def test_a_copy_of_an_index_that_is_written_all_the_time_ends(archive: Archive, tmp_path: Path) -> None:
    held = stream(archive, "yard~1", expiration=86400)
    archive.index.rows("CREATE TABLE ballast AS SELECT zeroblob(20000000) AS data")
    looks: list[None] = []

    def write() -> bool:
        """Another connection, between two steps of the copy."""
        with sqlite3.connect(tmp_path / "index" / "index.sqlite3") as other:
            other.execute("UPDATE streams SET expiration = expiration + 1")
        looks.append(None)
        return len(looks) > 100

    archive.index.copy_to(tmp_path / "copy", write)
    assert 3 <= len(looks) <= 10, "of twenty megabytes, four at a time"
    with closing(sqlite3.connect(tmp_path / "copy")) as copy:
        assert copy.execute("SELECT expiration FROM streams").fetchall() == [(held.expiration,)], "of one moment"
        assert copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_copy_that_takes_too_long_is_ended_and_the_one_before_stays(archive: Archive) -> None:
    one, two = archive.disks.all
    asyncio.run(archive.copies.renew())
    before = [(disk.root / COPY).stat().st_ino for disk in (one, two)]
    asyncio.run(Copies(archive.settings, archive.index, archive.disks, deadline=-1).renew())
    assert [(disk.root / COPY).stat().st_ino for disk in (one, two)] == before
    archive.copies.close()
    asyncio.run(archive.copies.renew())
    assert [(disk.root / COPY).stat().st_ino for disk in (one, two)] == before, "the streamer stops"


def test_a_copy_is_not_written_under_the_mount_point_of_a_disk_that_is_away(archive: Archive) -> None:
    one, two = archive.disks.all
    lose(two)
    asyncio.run(archive.copies.renew())
    assert (one.root / COPY).exists()
    assert list(two.root.iterdir()) == []


def test_an_open_block_of_a_disk_that_is_away_waits_for_it(archive: Archive) -> None:
    fill(archive, 10)
    index = archive.index
    (name,) = (held.name for held in index.streams())
    block = next(block for block in index.blocks(name, 0, 10**13) if block.disk == archive.disks.all[1].number)
    index.save_block(block, is_open=True)
    aside = lose(archive.disks.all[1])
    asyncio.run(archive.watch_disks())
    asyncio.run(archive.repair())
    assert len(index.open_blocks()) == 1
    give_back(archive.disks.all[1], aside)
    asyncio.run(archive.watch_disks())
    assert index.open_blocks() == []
    assert len(ages(archive, "yard~1")) == 10


def left_open(archive: Archive) -> list[Block]:
    """The newest block of each disk, as a crash leaves it: open, with half a segment after what is whole."""
    blocks = archive.index.blocks("yard~1", 0, 10**13)
    found = [max((one for one in blocks if one.disk == disk.number), key=by_start) for disk in archive.disks.all]
    for block in found:
        archive.index.save_block(block, is_open=True)
        with archive.file(block).open("ab") as file:
            file.write(b"half")
    return found


def by_start(block: Block) -> int:
    return block.start


def test_a_disk_that_became_read_only_keeps_the_others_from_nothing(mounted: tuple[Path, Path], tmp_path: Path) -> None:
    archive = Archive(replace(on_two(tmp_path), disks=mounted))
    try:
        fill(archive, 10)
        bad, good = left_open(archive)
        subprocess.run(["mount", "-o", "remount,ro", str(mounted[0])], check=True)
        asyncio.run(archive.repair())
        asyncio.run(archive.reconcile())
        assert [disk.is_online for disk in archive.disks.all] == [False, True]
        assert [block.id for block in archive.index.open_blocks()] == [bad.id]
        assert archive.file(good).stat().st_size == good.size
        subprocess.run(["mount", "-o", "remount,rw", str(mounted[0])], check=True)
        asyncio.run(archive.watch_disks())
        assert archive.index.open_blocks() == []
        assert archive.file(bad).stat().st_size == bad.size
    finally:
        archive.close()


@pytest.mark.parametrize("is_all_bad", [False, True])
def test_a_file_that_cannot_be_repaired_is_left_and_a_disk_that_fails_is_too(
    archive: Archive, monkeypatch: pytest.MonkeyPatch, is_all_bad: bool
) -> None:
    """A device that answers EIO cannot be had here: the function that cuts a file says so."""
    fill(archive, 10)
    bad, good = left_open(archive)
    one, real = archive.disks.all[0], os.truncate

    def truncate(path: Path, size: int) -> None:
        if path.is_relative_to(one.media):
            raise OSError(errno.EIO, "Input/output error")
        real(path, size)

    monkeypatch.setattr(os, "truncate", truncate)
    if is_all_bad:
        (one.media / ".probe").mkdir()
    asyncio.run(archive.repair())
    assert one.is_online is not is_all_bad
    assert [block.id for block in archive.index.open_blocks()] == [bad.id]
    assert archive.file(good).stat().st_size == good.size


def test_a_disk_that_cannot_be_read_is_left_and_the_others_are_settled(archive: Archive) -> None:
    fill(archive, 10)
    one, two = archive.disks.all
    lost, *kept = two.media.rglob("*.mp4")
    lost.unlink()
    one.media.rename(one.root / "aside")
    one.media.write_bytes(b"")
    asyncio.run(archive.reconcile())
    assert [disk.is_online for disk in (one, two)] == [False, True]
    assert len(ages(archive, "yard~1")) == len(kept)
    one.media.unlink()
    (one.root / "aside").rename(one.media)
    asyncio.run(archive.watch_disks())
    assert len(ages(archive, "yard~1")) == 9


@pytest.mark.parametrize("call", [Archive.reconcile, Archive.repair])
def test_a_disk_that_goes_before_it_is_looked_at_has_lost_nothing(
    archive: Archive, call: Callable[[Archive], Coroutine[None, None, None]]
) -> None:
    """Taken for online a moment ago, and now an empty mount point."""
    fill(archive, 10)
    left_open(archive)
    one, two = archive.disks.all
    held = by_disk(archive)
    aside = lose(two)
    asyncio.run(call(archive))
    assert [disk.is_online for disk in (one, two)] == [True, False]
    give_back(two, aside)
    asyncio.run(archive.watch_disks())
    assert by_disk(archive) == held
    assert len(ages(archive, "yard~1")) == 10


@pytest.mark.parametrize("call", [Archive.reconcile, Archive.repair])
def test_a_disk_that_is_back_before_its_mark_is_read_has_lost_nothing(
    archive: Archive, monkeypatch: pytest.MonkeyPatch, call: Callable[[Archive], Coroutine[None, None, None]]
) -> None:
    fill(archive, 10)
    left_open(archive)
    two, held = archive.disks.all[1], by_disk(archive)
    aside, real = lose(two), Disk.recognise

    def recognise(disk: Disk) -> None:
        if disk is two and aside.exists():
            give_back(two, aside)
        real(disk)

    monkeypatch.setattr(Disk, "recognise", recognise)
    asyncio.run(call(archive))
    assert by_disk(archive) == held
    assert len(ages(archive, "yard~1")) == 10


def test_a_file_that_is_being_written_is_no_stray(archive: Archive) -> None:
    held = stream(archive, "yard~1", expiration=86400)
    (one, _), path = archive.disks.all, f"{held.folder}/1/1-{'f' * 12}.mp4"
    (one.media / path).parent.mkdir(parents=True)
    (one.media / path).touch()
    os.utime(one.media / path, (0, 0))
    archive.held.add((one.number or 0, path))
    asyncio.run(archive.reconcile())
    assert (one.media / path).exists()
    archive.held.clear()
    asyncio.run(archive.reconcile())
    assert not (one.media / path).exists()


@pytest.mark.parametrize("which", ["the disk that is written", "another disk"])
def test_a_disk_that_returns_costs_no_block_that_is_being_written(archive: Archive, which: str) -> None:
    held, start = stream(archive, "yard~1", expiration=86400), clock.timestamp() - 100
    writer = BlockWriter(archive, held)

    def write(number: int) -> None:
        data = bytes([number]) * 1000
        segment = Segment(number, start + 2 * number, 2.0, 1000, INIT, "f" * 12, True, True, data)
        asyncio.run(writer.write(segment))

    write(1)
    (block,) = archive.index.open_blocks()
    lost = next(disk for disk in archive.disks.all if (disk.number == block.disk) == (which != "another disk"))
    aside = lose(lost)
    asyncio.run(archive.watch_disks())
    give_back(lost, aside)
    asyncio.run(archive.watch_disks())
    assert lost.is_online
    assert [one.id for one in archive.index.open_blocks()] == [block.id], "it is still the writer's"
    write(2)
    asyncio.run(writer.close())
    assert archive.index.open_blocks() == []
    (block,) = archive.index.blocks("yard~1", 0, 10**13)
    content = archive.file(block).read_bytes()
    assert [content[entry.offset] for entry in block.entries] == [1, 2]
    assert archive.held == set()


def test_folders_come_from_the_command_line_or_the_environment() -> None:
    a, b, c = Path("/a"), Path("/b"), Path("/c")
    assert folders_from([a, b, a], None, {}) == (a, a, b)
    assert folders_from([a, b], c, {"PERCH_STREAMER_STORAGE": "/x"}) == (c, a, b)
    assert folders_from([], None, {"PERCH_STREAMER_STORAGE": "/a:/b"}) == (a, a, b)
    assert folders_from([], None, {}) == ()


@pytest.fixture
def mounted(tmp_path: Path) -> Iterator[tuple[Path, Path]]:
    """Two disks of twelve megabytes."""
    roots = tmp_path / "one", tmp_path / "two"
    for root in roots:
        root.mkdir()
        mount = ["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", str(root)]
        if subprocess.run(mount, capture_output=True, check=False).returncode:
            pytest.skip("disks can only be mounted by root")
    yield roots
    for root in roots:
        subprocess.run(["umount", "--lazy", str(root)], check=False, capture_output=True)


def test_a_streamer_loses_a_disk_while_it_records_and_goes_on(
    start: Callable[..., Running], perch: FakePerch, mounted: tuple[Path, Path]
) -> None:
    perch.put("yard~1", "fake://fake", dvr={"expiration": 3600})
    running = start(block=1.0, disks=[str(root) for root in mounted], reserve=100_000)
    eventually(lambda: running.recorded("yard") >= 6 and all(list(root.rglob("*.mp4")) for root in mounted))
    assert [disk["online"] for disk in perch.disks] == [True, True]
    eventually(lambda: all(disk["total"] and disk["used"] for disk in perch.disks))
    lost = mounted[1] / MARK
    lost.rename(mounted[1] / "gone")
    eventually(lambda: [disk["online"] for disk in perch.disks] == [True, False])
    before = running.recorded("yard")
    eventually(lambda: running.recorded("yard") > before + 3)
    assert perch.stats("yard~1")["alive"]
    assert perch.error("yard~1") == ""
    (mounted[1] / "gone").rename(lost)
    eventually(lambda: [disk["online"] for disk in perch.disks] == [True, True])
    start_at, length = running.spans("yard")[0]
    text = running.get(f"yard/archive-{start_at}-{length}.m3u8").text
    assert text.count(".m4s") >= 5
