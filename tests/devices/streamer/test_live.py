"""Live: what is shown, to whom, and how quickly a lost right is felt."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import httpx
import pytest

from tests.devices.streamer.conftest import CLIENT, Running, eventually, launch
from tests.devices.streamer.media import Playlist, brightness, frames
from tests.devices.streamer.perch import FakePerch
from tests.rtsp import Camera, rtsp_server

YARD, GATE = "yard~1", "gate~1"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A streamer with two live cameras that several tests look at; none of them changes it."""
    perch = FakePerch(hosts={"127.0.0.1": 1, "south.localhost": 2})
    perch.put(YARD, "fake://fake")
    perch.put(GATE, "fake://parity", sub="fake://fake")
    running: Running = launch(perch, tmp_path_factory.mktemp("house"))
    eventually(lambda: len(Playlist(running.live("yard").text).segments) >= 3)
    eventually(lambda: len(Playlist(running.get("gate/index.m3u8?stream=main").text).segments) >= 6)
    yield running
    running.kill()
    perch.close()


def play(running: Running, name: str, text: str) -> bytes:
    """The bytes a player would put together from a playlist of one run."""
    playlist = Playlist(text)
    return b"".join(running.follow(name, address).content for address in [*playlist.maps, *playlist.segments])


def test_a_player_decodes_every_picture_of_the_live_playlist(house: Running) -> None:
    text = house.live("yard").text
    assert frames(play(house, "yard", text)) >= 15 * (len(Playlist(text).segments) - 1)


def test_segments_carry_the_token_and_say_nothing_to_third_parties(house: Running) -> None:
    answer = house.live("yard")
    playlist = Playlist(answer.text)
    assert all(address.endswith("?token=good") for address in [*playlist.maps, *playlist.segments])
    segment = house.follow("yard", playlist.segments[-1])
    assert segment.status_code == 200
    for one in (answer, segment, house.live("yard", token="stolen")):
        assert one.headers["access-control-allow-origin"] == "*"
        assert one.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] == "no-store"


def test_a_stranger_sees_neither_playlist_nor_segment_nor_picture(house: Running) -> None:
    playlist = Playlist(house.live("yard").text)
    for address in ["index.m3u8", playlist.maps[0].split("?")[0], playlist.segments[-1].split("?")[0], "preview.jpg",
                    "media_info.json", "recording_status.json"]:  # fmt: skip
        answer = house.get(f"yard/{address}", token="stolen")
        assert answer.status_code == 403, address
        assert answer.json()["errors"][0]["code"] == "forbidden"


def test_a_plain_name_belongs_to_the_isp_of_the_host(house: Running) -> None:
    assert house.live("yard").status_code == 200
    assert house.live("yard", headers={"Host": "south.localhost:1234"}).status_code == 404
    assert house.live(YARD, headers={"Host": "south.localhost"}).status_code == 200
    assert house.live("nobody").status_code == 404


def test_the_date_of_a_picture_is_true_to_a_fifth_of_a_second(house: Running) -> None:
    """The camera turns white and black with the seconds of the clock; the playlist says when each picture was made."""
    check_dates(house, "gate")


def test_the_date_is_true_for_a_camera_that_speaks_rtsp(start: Callable[..., Running], perch: FakePerch) -> None:
    with rtsp_server({"lamp": Camera(parity=True)}) as server:
        perch.put("lamp~1", server.url("lamp"))
        running = start()
        eventually(lambda: len(Playlist(running.live("lamp").text).segments) >= 6)
        check_dates(running, "lamp")


def check_dates(running: Running, name: str) -> None:
    text = running.get(f"{name}/index.m3u8?stream=main").text
    seen = brightness(play(running, name, text))
    offset = Playlist(text).dates[0] - seen[0][0]
    flips = [after[0] + offset for before, after in pairwise(seen) if abs(after[1] - before[1]) > 60]
    assert len(flips) >= 5
    errors = [flip - round(flip) for flip in flips[1:]]  # the first may be of the moment the camera was switched on
    assert max(abs(error) for error in errors) < 0.3, errors


def test_a_sub_stream_is_a_second_rendition(house: Running) -> None:
    master = house.live("gate").text
    assert master.count("#EXT-X-STREAM-INF") == 2
    assert "RESOLUTION=320x180" in master
    assert "RESOLUTION=640x360" in master
    sub = Playlist(house.follow("gate", "index.m3u8?token=good&stream=sub").text)
    assert frames(b"".join(house.follow("gate", address).content for address in [sub.maps[0], sub.segments[0]])) >= 14
    assert house.get("yard/index.m3u8?stream=sub").status_code == 404


def test_a_fresh_thumbnail(house: Running) -> None:
    answer = house.get("yard/preview.jpg")
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.content.startswith(b"\xff\xd8")
    assert time.time() - float(answer.headers["x-time"]) < 30


def test_perch_learns_what_the_stream_is_and_who_watches(house: Running) -> None:
    house.live("yard")
    eventually(lambda: house.perch.stats(YARD).get("online_clients"))
    stats = house.perch.stats(YARD)
    assert stats["status"] == "running"
    assert stats["alive"] is True
    assert stats["error"] is None
    assert stats["ts_delay"] < 4000
    assert 200 < stats["bitrate"] < 900
    video, audio = stats["media_info"]["tracks"]
    assert (video["codec"], video["width"], video["height"]) == ("h264", 640, 360)
    assert 14 < video["fps"] < 16
    assert audio["codec"] == "aac"
    assert house.get("yard/media_info.json").json()["tracks"][0]["codec"] == "h264"


def test_the_hook_is_asked_once_a_session_and_again_when_its_answer_has_aged(house: Running) -> None:
    house.perch.allowed.add("counted")

    def asked() -> list[dict[str, str]]:
        house.live("yard", token="counted")
        return [one for one in house.perch.questions if one["token"] == "counted"]

    first = eventually(asked)[0]
    assert (first["name"], first["proto"], first["request_type"], first["dvr"]) == (YARD, "hls", "new_session", "false")
    assert first["ip"] == "127.0.0.1"
    assert len(asked()) == 1
    second = eventually(lambda: asked()[1:])[0]
    assert (second["request_type"], second["request_number"]) == ("update_session", "1")
    assert second["session_id"] == first["session_id"]


def test_perch_is_asked_with_a_version_and_sends_nothing_when_nothing_changed(house: Running) -> None:
    polls = len(house.perch.polls)
    eventually(lambda: len(house.perch.polls) > polls + 3)
    assert set(house.perch.polls[polls:]) == {304}


def test_a_revoked_right_cuts_the_stream_within_ten_seconds(start: Callable[..., Running], perch: FakePerch) -> None:
    perch.auth_duration = 5
    perch.put(YARD, "fake://fake")
    running = start()
    eventually(lambda: running.live("yard").is_success)
    segment = Playlist(running.live("yard").text).segments[-1]
    perch.allowed.clear()
    began = time.monotonic()
    eventually(lambda: running.live("yard").status_code == 403)
    assert running.follow("yard", segment).status_code == 403
    assert time.monotonic() - began < 10


def test_while_perch_is_silent_viewers_stay_and_nobody_new_comes(
    start: Callable[..., Running], perch: FakePerch
) -> None:
    perch.auth_duration = 1
    perch.allowed.add("late")
    perch.put(YARD, "fake://fake")
    running = start(doubt=3.0)
    eventually(lambda: running.live("yard").is_success)
    perch.down |= {"auth", "streams", "status"}
    assert running.live("yard", token="late").status_code == 503
    time.sleep(1.2)  # the answer is older than its X-AuthDuration now
    assert running.live("yard").is_success
    eventually(lambda: running.live("yard").status_code == 503)
    perch.down.clear()
    eventually(lambda: running.live("yard").is_success)
    assert running.live("yard", token="late").is_success


def test_the_extra_session_of_a_user_is_the_one_refused(start: Callable[..., Running], perch: FakePerch) -> None:
    perch.max_sessions, perch.allowed = 1, {"phone", "desk"}
    perch.put(YARD, "fake://fake")
    running = start()
    eventually(lambda: running.live("yard", token="phone").is_success)
    assert running.live("yard", token="desk").status_code == 403
    assert running.live("yard", token="phone").is_success
    eventually(lambda: running.live("yard", token="desk").is_success)


def test_an_on_demand_camera_opens_with_its_first_viewer_and_closes_after_its_last(
    start: Callable[..., Running], perch: FakePerch
) -> None:
    perch.put(YARD, "fake://fake", static=False)
    running = start()
    eventually(lambda: perch.stats(YARD).get("status") == "waiting")
    assert running.get("yard/preview.jpg").status_code == 404
    assert running.children() == []
    assert running.live("yard").is_success
    eventually(lambda: perch.stats(YARD)["alive"])
    watched = time.monotonic()
    while time.monotonic() - watched < 3:
        assert running.live("yard").is_success
        time.sleep(0.3)
    left = time.monotonic()
    eventually(lambda: perch.stats(YARD)["status"] == "waiting")
    assert time.monotonic() - left > 1.5
    eventually(lambda: running.children() == [])


def test_a_stream_perch_lists_no_more_is_closed_at_once(start: Callable[..., Running], perch: FakePerch) -> None:
    perch.put(YARD, "fake://fake")
    perch.put(GATE, "fake://clock")
    running = start()
    eventually(lambda: running.live("yard").is_success and running.live("gate").is_success)
    segment = Playlist(running.live("yard").text).segments[-1]
    perch.remove(YARD)
    eventually(lambda: running.live("yard").status_code == 404)
    assert running.follow("yard", segment).status_code == 404
    assert running.live("gate").is_success
    perch.down.add("streams")
    time.sleep(0.6)
    assert running.live("gate").is_success


def test_a_long_configuration_comes_in_pages_and_one_bad_line_spoils_nothing(
    start: Callable[..., Running], perch: FakePerch
) -> None:
    perch.page_size = 2
    for number in range(5):
        perch.put(f"idle-{number}~1", "fake://clock", static=False)
    perch.streams["broken"] = {"name": "../../etc", "inputs": [{"url": "file:///etc/passwd"}]}
    perch.streams["empty"] = {"name": "empty~1", "inputs": []}
    start()
    eventually(lambda: len(perch.latest) == 5)
    assert set(perch.latest) == {f"idle-{number}~1" for number in range(5)}


def test_the_command_takes_its_key_from_the_environment_and_dies_without_it(tmp_path: Path, perch: FakePerch) -> None:
    import os
    import subprocess
    import sys

    from tests.devices.streamer.perch import HOSTNAME, KEY
    from tests.rtsp import free_port

    port = free_port()
    command = [sys.executable, "manage.py", "streamer", "--hostname", HOSTNAME, "--port", str(port), "--perch-url",
               perch.url, "--storage", str(tmp_path / "s")]  # fmt: skip
    environment = {key: value for key, value in os.environ.items() if key != "PERCH_STREAMER_KEY"}
    environment["PERCH_DATA_DIR"] = str(tmp_path / "data")
    refused = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert refused.returncode != 0
    assert "PERCH_STREAMER_KEY" in refused.stderr
    process = subprocess.Popen(command, env=environment | {"PERCH_STREAMER_KEY": KEY})
    try:
        ready = f"http://127.0.0.1:{port}/streamer/api/v3/monitoring/readiness"
        eventually(lambda: _ready(ready))
        assert KEY not in Path(f"/proc/{process.pid}/cmdline").read_text()
        process.terminate()
        assert process.wait(10) == 0
    finally:
        process.kill()


def _ready(url: str) -> bool:
    try:
        return CLIENT.get(url).status_code == 200
    except httpx.TransportError:
        return False
