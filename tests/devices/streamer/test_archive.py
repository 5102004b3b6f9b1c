"""The archive: what was recorded can be seen, found, taken home; what was not is said; nothing survives its time."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from devices.streamer.ffmpeg import executable
from tests.devices.streamer.conftest import Running, eventually, launch
from tests.devices.streamer.media import Playlist, frames
from tests.devices.streamer.perch import FakePerch
from tests.rtsp import Camera, free_port, rtsp_server

YARD = "yard~1"
HOUR = {"expiration": 3600}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A camera that was recorded, was away for some seconds, came back, and is still recording."""
    perch, port = FakePerch(), free_port()
    with rtsp_server({"yard": Camera()}, port=port) as camera:
        perch.put(YARD, camera.url("yard"), dvr=HOUR)
        perch.put("porch~1", "fake://clock", dvr=HOUR)
        perch.put("live~1", "fake://clock")
        running = launch(perch, tmp_path_factory.mktemp("archive"))
        eventually(lambda: running.recorded("yard") >= 4)
    eventually(lambda: perch.error(YARD))
    with rtsp_server({"yard": Camera()}, port=port):
        eventually(lambda: len(running.spans("yard")) == 2)
        eventually(lambda: running.spans("yard")[1][1] >= 3)
        yield running
    running.kill()
    perch.close()


def window(running: Running, name: str = "yard") -> tuple[int, int]:
    """From the beginning of the archive to a second before its end."""
    spans = running.spans(name)
    start, end = spans[0][0], spans[-1][0] + spans[-1][1]
    return start, end - start


def refusal(answer: httpx.Response) -> tuple[int, str]:
    """What a player learns of a no."""
    return answer.status_code, answer.json()["errors"][0]["code"]


def video(running: Running, name: str, text: str) -> list[bytes]:
    """What a player would put together from a playlist, run by run."""
    runs: list[bytes] = []
    for line in text.splitlines():
        if line.startswith("#EXT-X-MAP"):
            runs.append(running.follow(name, line.split('"')[1]).content)
        elif line and not line.startswith("#"):
            answer = running.follow(name, line)
            assert answer.status_code == 200
            runs[-1] += answer.content
    return runs


def test_an_outage_is_a_gap_in_the_timeline_and_a_seam_in_the_playlist(house: Running) -> None:
    start, duration = window(house)
    (first, first_length), (second, _) = house.spans("yard")
    assert second > first + first_length
    text = house.get(f"yard/archive-{start}-{duration}.m3u8").text
    playlist = Playlist(text)
    assert playlist.seams == 1
    assert len(playlist.maps) == len(playlist.dates) == 2
    assert abs(playlist.dates[0] - first) < 1.1
    assert abs(playlist.dates[1] - second) < 1.1
    assert text.endswith("#EXT-X-ENDLIST\n")
    runs = video(house, "yard", text)
    assert len(runs) == 2
    assert sum(frames(run, torn=True) for run in runs) == pytest.approx(sum(playlist.durations) * 10, abs=6)


def test_an_archive_to_now_grows_and_only_appends(house: Running) -> None:
    start, _ = window(house, "porch")

    def look() -> str:
        text = house.get(f"porch/archive-{start}-now.m3u8").text
        assert "#EXT-X-ENDLIST" not in text
        return text

    before = look()
    after = eventually(lambda: text if len(text := look()) > len(before) else "")
    assert after.startswith(before)


def test_the_beginning_of_a_recording_is_had_under_its_own_name_only(house: Running) -> None:
    start, duration = window(house)
    own = Playlist(house.get(f"yard/archive-{start}-{duration}.m3u8").text).maps[0]
    assert house.follow("yard", own).status_code == 200
    assert house.follow("porch", own).status_code == 404, "the numbers are those of all cameras"
    house.perch.ranges = [{"opened_at": 9_000_000_000}]
    try:
        late = own.replace("token=good", "token=late")
        house.perch.allowed |= {"late"}
        assert refusal(house.follow("yard", late)) == (403, "outside_archive")
    finally:
        house.perch.ranges = None


def test_a_file_is_offered_after_its_duration_was_verified(house: Running, tmp_path: Path) -> None:
    start, duration = window(house)
    ready = house.get(f"yard/archive-{start}-{duration}.mp4?prepare=true").json()
    assert ready["ready"] is True
    assert ready["duration"] == pytest.approx(ready["expected"], abs=0.6)
    assert ready["expected"] == pytest.approx(house.recorded("yard"), abs=3)
    assert len(ready["gaps"]) == 1
    answer = house.get(f"yard/archive-{start}-{duration}.mp4")
    assert int(answer.headers["content-length"]) == ready["bytes"] == len(answer.content)
    assert answer.headers["content-disposition"].startswith('attachment; filename="yard-')
    file = tmp_path / "yard.mp4"
    file.write_bytes(answer.content)
    said = subprocess.run(
        [executable(), "-nostdin", "-i", str(file), "-f", "null", "-"], capture_output=True, text=True
    )
    assert said.returncode == 0
    assert f"Duration: 00:00:{int(ready['duration']):02}" in said.stderr
    assert frames(answer.content, torn=True) == pytest.approx(ready["duration"] * 10, abs=6)


def test_a_part_of_a_file_can_be_fetched(house: Running) -> None:
    start, _ = window(house, "porch")
    whole = house.get(f"porch/archive-{start}-2.mp4").content
    part = house.get(f"porch/archive-{start}-2.mp4", headers={"Range": "bytes=100-199"})
    assert part.status_code == 206
    assert part.content == whole[100:200]
    assert part.headers["content-range"] == f"bytes 100-199/{len(whole)}"
    assert house.get(f"porch/archive-{start}-2.mp4", headers={"Range": f"bytes={len(whole)}-"}).status_code == 416


def test_where_nothing_was_recorded_the_answer_says_so(house: Running) -> None:
    for address in [
        "archive-1000-60.m3u8",
        "archive-1000-60.mp4",
        "archive-1000-60.mp4?prepare=true",
        "1000-preview.jpg",
    ]:
        answer = house.get(f"yard/{address}")
        assert answer.status_code == 404, address
        assert answer.json()["errors"][0]["code"] == "nothing_recorded"
    assert house.get("live/recording_status.json").json() == [{"stream": "live~1", "ranges": [], "motion_log": []}]
    assert house.get("yard/archive-1000-99999999.m3u8").status_code == 400
    assert house.get("yard/archive-1000-90000.mp4").status_code == 400


def test_a_frame_of_the_archive_is_the_frame_of_that_moment(house: Running) -> None:
    start, length = house.spans("porch")[0]
    first, second = (house.get(f"porch/{moment}-preview.jpg").content for moment in (start + 1, start + length - 1))
    assert first.startswith(b"\xff\xd8")
    assert first != second
    assert house.get(f"porch/{start + 1}-preview.jpg").content == first


def test_one_file_holds_one_format(start: Callable[..., Running], perch: FakePerch) -> None:
    """A camera that was set to another size in between: two files, and the answer says where to cut."""
    perch.put(YARD, "fake://fake", dvr=HOUR)
    running = start()
    eventually(lambda: running.recorded("yard") >= 2)
    perch.put(YARD, "fake://parity", dvr=HOUR)
    eventually(lambda: running.recorded("yard") >= 5)
    start_at, duration = window(running)
    answer = running.get(f"yard/archive-{start_at}-{duration}.mp4?prepare=true")
    assert answer.status_code == 409
    assert answer.json()["errors"][0]["code"] == "format_changed"
    playlist = Playlist(running.get(f"yard/archive-{start_at}-{duration}.m3u8").text)
    assert len(playlist.maps) == 2
    assert running.get(f"yard/archive-{start_at}-1.mp4?prepare=true").json()["ready"] is True


def test_only_the_allowed_part_of_the_archive_is_seen(house: Running) -> None:
    start, duration = window(house, "porch")
    segments = Playlist(house.get(f"porch/archive-{start}-{duration}.m3u8").text).segments
    early = segments[0].replace("token=good", "token=week")
    house.perch.allowed.add("week")
    house.perch.ranges = [{"opened_at": start + 3}]
    try:
        spans = house.get("porch/recording_status.json", token="week").json()[0]["ranges"]
        assert spans[0]["from"] >= start + 3
        playlist = Playlist(house.get(f"porch/archive-{start}-{duration}.m3u8", token="week").text)
        assert playlist.dates[0] > start + 1.5
        for address in (f"archive-{start}-2.m3u8", f"archive-{start}-2.mp4", f"{start}-preview.jpg"):
            assert refusal(house.get(f"porch/{address}", token="week")) == (403, "outside_archive"), address
        assert refusal(house.follow("porch", early)) == (403, "outside_archive")
        house.perch.ranges = []
        house.perch.allowed.add("live-only")
        assert house.live("porch", token="live-only").status_code == 200
        for address in (f"archive-{start}-{duration}.m3u8", f"archive-{start}-2.mp4", f"{start + 4}-preview.jpg"):
            assert refusal(house.get(f"porch/{address}", token="live-only")) == (403, "archive_forbidden"), address
        assert house.get("porch/recording_status.json", token="live-only").json()[0]["ranges"] == []
    finally:
        house.perch.ranges = None


def test_segments_of_one_camera_are_not_served_under_the_name_of_another(house: Running) -> None:
    start, duration = window(house)
    segment = Playlist(house.get(f"yard/archive-{start}-{duration}.m3u8").text).segments[0]
    assert house.follow("yard", segment).status_code == 200
    assert house.follow("porch", segment).status_code == 404


def test_perch_learns_how_much_is_recorded(house: Running) -> None:
    info = house.perch.stats("porch~1")["dvr_info"]
    assert info["from"] == house.spans("porch")[0][0]
    assert info["bytes"] > 100_000
    assert info["duration"] <= info["depth"]


def test_no_text_of_a_camera_is_part_of_a_path(house: Running) -> None:
    names = [str(path.relative_to(house.storage)) for path in house.storage.rglob("*")]
    assert any(name.endswith(".mp4") for name in names)
    assert not [name for name in names if "yard" in name or "porch" in name]


def test_kill_9_loses_at_most_the_open_segment(start: Callable[..., Running], perch: FakePerch) -> None:
    perch.put(YARD, "fake://fake", dvr=HOUR)
    running = start(block=3.0)
    eventually(lambda: running.recorded("yard") >= 4)
    children = running.children()
    killed = time.time()
    running.kill()
    eventually(lambda: not any(Path(f"/proc/{pid}").exists() for pid in children))

    half = _tear_the_open_block(running.storage)
    orphan = half.with_name("0-0123456789ab.mp4")
    orphan.write_bytes(b"left over")
    os.utime(orphan, (0, 0))
    again = start()
    eventually(lambda: again.spans("yard"))
    first, length = again.spans("yard")[0]
    # The whole seconds of the answer, the open segment, the one torn here, and what was on its way.
    assert killed - (first + length) < 5
    text = again.get(f"yard/archive-{first}-{length}.m3u8").text
    assert all(frames(run) for run in video(again, "yard", text))
    eventually(lambda: not orphan.exists())
    eventually(lambda: again.live("yard").is_success)
    numbers = Playlist(again.live("yard").text)
    assert "#EXT-X-MEDIA-SEQUENCE:" in numbers.text


def _tear_the_open_block(storage: Path) -> Path:
    """Cut the open file in the middle of its last segment, as a crash of the machine may."""
    with sqlite3.connect(storage / "index.sqlite3") as index:
        path, size = index.execute("SELECT path, bytes FROM blocks WHERE is_open = 1").fetchone()
    file: Path = storage / "media" / path
    os.truncate(file, size - 1000)
    return file


def test_a_recorder_that_hangs_or_dies_is_replaced(start: Callable[..., Running], perch: FakePerch) -> None:
    """Judged by bytes: a stopped process is alive for the system and dead for us."""
    perch.put(YARD, "fake://fake", dvr=HOUR)
    running = start(stall=2.0)
    eventually(lambda: running.recorded("yard") >= 2)
    before = running.children()
    for pid in before:
        os.kill(pid, signal.SIGSTOP)
    eventually(lambda: not perch.stats(YARD)["alive"])
    eventually(lambda: perch.stats(YARD)["alive"] and perch.error(YARD) == "")
    assert not set(before) & set(running.children())
    for pid in running.children():
        os.kill(pid, signal.SIGKILL)
    eventually(lambda: len(running.spans("yard")) >= 3)


def test_a_stopped_streamer_stops_cleanly(start: Callable[..., Running], perch: FakePerch) -> None:
    perch.put(YARD, "fake://fake", dvr=HOUR)
    running = start()
    eventually(lambda: running.recorded("yard") >= 1)
    children, began = running.children(), time.monotonic()
    assert running.stop() == 0
    assert time.monotonic() - began < 6
    assert not any(Path(f"/proc/{pid}").exists() for pid in children)
    with sqlite3.connect(running.storage / "index.sqlite3") as index:
        assert index.execute("SELECT count(*) FROM blocks WHERE is_open = 1").fetchone() == (0,)
