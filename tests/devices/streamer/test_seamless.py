"""A camera that moved plays old and new recordings as one, and an old streamer that is away is a gap (item 92).

Two real streamers on loopback, each with a small Perch of its own. The tests of a module share them, the last ones end
the old one.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from devices.streamer.neighbours import read_playlist
from devices.streamer.past import one_after_another
from devices.streamer.playlists import Chunk
from devices.streamer.wire import Peer, read_stream
from tests.devices.streamer.conftest import CLIENT, Running, eventually, launch
from tests.devices.streamer.media import Playlist, frames
from tests.devices.streamer.perch import FakePerch

YARD = "yard~1"
HOUR = {"expiration": 3600}
TUNING = {"block": 3.0, "neighbour": 2.0}


@dataclass
class Moved:
    """The old and the new streamer of a camera; it was on the old one from `began` until `ended`."""

    old: Running
    new: Running
    began: int
    ended: int
    folder: Path

    def window(self) -> tuple[int, int]:
        spans = self.new.spans("yard")
        return self.began, spans[-1][0] + spans[-1][1] - self.began


@pytest.fixture(scope="module")
def moved(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Moved]:
    folder, ours, theirs = tmp_path_factory.mktemp("seamless"), FakePerch(), FakePerch()
    theirs.put(YARD, "fake://fake", dvr=HOUR)
    old = launch(theirs, folder / "old", **TUNING)
    eventually(lambda: old.recorded("yard") >= 6)
    theirs.leave(YARD)
    eventually(lambda: not old.children())
    (first, length), *_ = old.spans("yard")
    ended = int(time.time())
    peers = [{"url": old.url, "port": old.port, "from": first, "until": ended}]
    ours.put(YARD, "fake://fake", dvr={**HOUR, "peers": peers})
    new = launch(ours, folder / "new", **TUNING)
    made = Moved(old, new, first, ended, folder)
    eventually(lambda: new.recorded("yard") >= length + 4)
    yield made
    for running in (new, old):
        running.kill()
    ours.close()
    theirs.close()


def follow(new: Running, line: str) -> bytes:
    address = line if line.startswith("http") else f"{new.url}/yard/{line}"
    answer = CLIENT.get(address)
    assert answer.status_code == 200, address
    return answer.content


def runs(new: Running, text: str) -> list[bytes]:
    """What a player would put together, run by run."""
    found: list[bytes] = []
    for line in text.splitlines():
        if line.startswith("#EXT-X-MAP"):
            found.append(follow(new, line.split('"')[1]))
        elif line and not line.startswith("#"):
            found[-1] += follow(new, line)
    return found


def test_the_timeline_is_one(moved: Moved) -> None:
    (first, length), *rest = moved.new.spans("yard")
    assert first == moved.began
    assert length >= 5
    assert not rest or rest[0][0] >= moved.ended - 2


def test_one_playlist_plays_both(moved: Moved) -> None:
    start, duration = moved.window()
    text = moved.new.get(f"yard/archive-{start}-{duration}.m3u8").text
    playlist = Playlist(text)
    elsewhere = [line for line in playlist.segments if line.startswith(moved.old.url)]
    assert elsewhere
    assert len(elsewhere) < len(playlist.segments)
    assert playlist.segments[: len(elsewhere)] == elsewhere, "the old recordings come first"
    assert playlist.seams >= 1
    assert playlist.dates == sorted(playlist.dates)
    assert all("token=good" in line for line in playlist.segments)
    parts = runs(moved.new, text)
    assert sum(frames(part) for part in parts) >= sum(playlist.durations) * 9
    grown = moved.new.get(f"yard/archive-{start}-now.m3u8").text
    assert Playlist(grown).segments[: len(elsewhere)] == elsewhere
    for perch in (moved.old.perch, moved.new.perch):
        perch.allowed = {"good", "other"}
    grown = moved.new.get(f"yard/archive-{start}-now.m3u8", token="other").text
    assert moved.old.url in grown
    assert "good" not in grown, "a token of another viewer"
    assert runs(moved.new, grown)[0]


def test_a_file_holds_both_with_its_duration_verified(moved: Moved, tmp_path: Path) -> None:
    start, duration = moved.window()
    ready = moved.new.get(f"yard/archive-{start}-{duration}.mp4?prepare=true").json()
    assert ready["ready"] is True
    assert abs(ready["duration"] - ready["expected"]) < 1
    old = moved.old.get(f"yard/archive-{start}-{duration}.mp4?prepare=true").json()
    assert ready["duration"] > old["duration"] + 2
    file = moved.new.get(f"yard/archive-{start}-{duration}.mp4").content
    assert frames(file) >= ready["duration"] * 9


def test_a_frame_of_then_is_shown(moved: Moved) -> None:
    answer = moved.new.get(f"yard/{moved.began + 2}-preview.jpg")
    assert answer.content[:2] == b"\xff\xd8"
    assert moved.new.get(f"yard/{moved.began - 600}-preview.jpg").status_code == 404


def test_the_old_one_serves_its_archive_and_nothing_else(moved: Moved) -> None:
    assert moved.old.live("yard").status_code == 404
    assert not moved.old.children()
    assert YARD not in [one["name"] for one in moved.old.perch.reports[-1]["streams"]]


def test_a_viewer_who_may_not_is_refused_by_each(moved: Moved) -> None:
    start, duration = moved.window()
    assert moved.new.get(f"yard/archive-{start}-{duration}.m3u8", token="bad").status_code == 403
    moved.old.perch.allowed = set()
    eventually(lambda: moved.old.get("yard/recording_status.json").status_code == 403)
    said = moved.new.get("yard/recording_status.json").json()[0]
    assert said["ranges"][0]["from"] >= moved.ended - 2
    moved.old.perch.allowed = {"good"}
    for path in ("recording_status.json", f"archive-{start}-{duration}.m3u8"):
        eventually(lambda: moved.old.get(f"yard/{path}").status_code == 200)  # noqa: B023


def test_while_the_old_one_is_away_its_part_is_a_gap_with_a_reason(moved: Moved) -> None:
    start, duration = moved.window()
    moved.old.kill()
    said = moved.new.get("yard/recording_status.json").json()[0]
    assert said["ranges"][0]["from"] >= moved.ended - 2
    assert [(gap["from"], gap["reason"]) for gap in said["unavailable"]] == [(moved.began, "streamer_down")]
    playlist = Playlist(moved.new.get(f"yard/archive-{start}-{duration}.m3u8").text)
    assert playlist.segments
    assert not any(line.startswith("http") for line in playlist.segments)
    file = moved.new.get(f"yard/archive-{start}-{duration}.mp4?prepare=true").json()
    assert file["ready"] is True
    assert file["gaps"][0][0] == pytest.approx(start, abs=1)
    assert moved.new.get(f"yard/{moved.began + 2}-preview.jpg").status_code == 404


PEER = Peer("http://old.example", 8001, 0, 10**10)
GOOD = (
    "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-MAP:URI=\"dvr/init-1.mp4?token=t\"\n"
    "#EXT-X-PROGRAM-DATE-TIME:2026-01-01T00:00:00.000Z\n#EXTINF:2.000,\ndvr/1-0-2.m4s?token=t\n"
    "#EXTINF:4.000,\ndvr/1-2-4.m4s?token=t\n#EXT-X-ENDLIST\n"
)  # fmt: skip
AT = 1767225600


def test_a_playlist_of_another_streamer_is_read_and_cut() -> None:
    cut = read_playlist(GOOD, PEER, (AT, AT + 100))
    assert [(chunk.start, chunk.seconds) for chunk in cut] == [(AT * 1000, 2.0), (AT * 1000 + 2000, 4.0)]
    assert len(read_playlist(GOOD, PEER, (AT + 3, AT + 4))) == 1
    assert read_playlist(GOOD, PEER, (AT - 9, AT)) == []


@pytest.mark.parametrize(
    "text",
    [
        "", "<html>", "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nmono.m3u8\n",
        GOOD.replace("dvr/1-0-2.m4s", "http://169.254.169.254/latest"), GOOD.replace("dvr/1-0-2.m4s", "//evil/x"),
        GOOD.replace("dvr/init-1.mp4", "file:///etc/passwd"), GOOD.replace("2.000", "x"),
        GOOD.replace("2026-01-01T", "yesterday "), GOOD.replace("dvr/1-0-2", "dvr/../1-0-2"),
    ],
)  # fmt: skip
def test_what_is_no_playlist_of_ours_is_not_followed(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        read_playlist(text, PEER, (AT, AT + 100))


def test_no_moment_is_shown_twice() -> None:
    cut = read_playlist(GOOD, PEER, (AT, AT + 100))
    later: list[Chunk] = read_playlist(GOOD.replace("00:00:00.000Z", "00:00:05.000Z"), PEER, (AT, AT + 100))
    assert one_after_another([*later, *cut]) == [*cut, later[1]]


def test_where_else_recordings_are_is_read_and_nonsense_left_out() -> None:
    peers = [{"url": "", "port": 8001, "from": 1, "until": 2}, {"url": 5}, "x", {"url": "http://a", "port": "1"}]
    dvr = {"expiration": 60, "peers": peers}
    wanted = read_stream({"name": YARD, "inputs": [{"url": "fake://fake"}], "dvr": dvr})
    assert wanted
    assert wanted.peers == (Peer("", 8001, 1, 2),)
    assert wanted.peers[0].base("north.example") == "http://north.example:8001"
    gone = read_stream({"name": YARD, "inputs": [], "archive_only": True, "dvr": dvr})
    assert gone
    assert (gone.archive_only, gone.main, gone.static) == (True, "", False)
    assert read_stream({"name": YARD, "inputs": []}) is None
