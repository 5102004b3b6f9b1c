"""RTSP for third parties: what real players get, who gets nothing, and how soon a lost right is felt (item 155)."""

from __future__ import annotations

import contextlib
import re
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import imageio_ffmpeg
import pytest

from tests.devices.streamer.conftest import Running, eventually, launch
from tests.devices.streamer.perch import FakePerch
from tests.rtsp import SYSTEM_PYTHON, Camera, free_port, rtsp_server

SENDER_REPORT, SINCE_1900 = 200, 2_208_988_800
LAST_OF_A_PICTURE = 0x80 | 96  # the marker bit and a dynamic payload type
YARD, GATE = "yard~1", "gate~1"
FFMPEG = str(imageio_ffmpeg.get_ffmpeg_exe())  # type: ignore[attr-defined,no-untyped-call]  # has no types


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A streamer with a recorded camera of video and sound, and one whose pictures come as H.265."""
    cameras = {"yard": Camera(width=1280, height=720, kilobits=2500), "gate": Camera(codec="h265", audio="")}
    with rtsp_server(cameras) as server:
        perch = FakePerch(hosts={"127.0.0.1": 1}, allowed={"good", "kicked", "live"})
        perch.put(YARD, server.url("yard"), dvr={"expiration": 86400})
        perch.put(GATE, server.url("gate"))
        running = launch(perch, tmp_path_factory.mktemp("house"), rtsp_port=free_port(), idle=5.0, unread=60_000)
        eventually(lambda: running.live("yard").is_success and running.live("gate").is_success)
        yield running
        running.kill()
        perch.close()


def url(running: Running, path: str, token: str = "good") -> str:
    return f"rtsp://127.0.0.1:{running.rtsp_port}/{path}{'&' if '?' in path else '?'}token={token}"


def watch(address: str, seconds: float, *options: str) -> str:
    """What ffmpeg says of a stream it decodes for a while."""
    command = [
        FFMPEG,
        "-hide_banner",
        "-loglevel",
        "info",
        *options,
        "-i",
        address,
        "-t",
        str(seconds),
        "-f",
        "null",
        "-",
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=90, check=False)
    return done.stderr


def frames(said: str) -> int:
    """Pictures that were decoded."""
    return max((int(count) for count in re.findall(r"frame=\s*(\d+)", said)), default=0)


def broken(said: str) -> list[str]:
    """Complaints of a decoder."""
    return [line for line in said.splitlines() if re.search("error|corrupt|missing|concealing|invalid", line.lower())]


def test_ffmpeg_decodes_h264_and_aac_live(house: Running) -> None:
    said = watch(url(house, YARD), 3, "-rtsp_transport", "tcp")
    assert "h264" in said and "1280x720" in said and "aac" in said  # noqa: PT018
    assert frames(said) >= 25
    assert broken(said) == []


def test_ffmpeg_decodes_h265_and_is_led_from_udp_to_tcp(house: Running) -> None:
    said = watch(url(house, "gate"), 3)
    assert "hevc" in said
    assert frames(said) >= 20
    assert broken(said.replace("SETUP failed: 461", "")) == []


GSTREAMER = """
import sys, gi
gi.require_version("Gst", "1.0")
from gi.repository import Gst
Gst.init(None)
pipeline = Gst.parse_launch(sys.argv[1])
pipeline.set_state(Gst.State.PLAYING)
ended = pipeline.get_bus().timed_pop_filtered(40 * Gst.SECOND, Gst.MessageType.EOS | Gst.MessageType.ERROR)
print("silence" if ended is None else ended.type.first_value_nick)
"""


def test_gstreamer_plays_it_as_well(house: Running) -> None:
    pipeline = f"rtspsrc location={url(house, YARD)} ! rtph264depay ! avdec_h264 ! fakesink num-buffers=20"
    done = subprocess.run(
        [SYSTEM_PYTHON, "-c", GSTREAMER, pipeline], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout.strip() == "eos", done.stdout + done.stderr


class Talk:
    """A connection that speaks RTSP word by word."""

    def __init__(self, running: Running) -> None:
        self.socket = socket.create_connection(("127.0.0.1", running.rtsp_port), timeout=20)
        self.file = self.socket.makefile("rb")
        self.number = 0

    def ask(self, method: str, address: str, **headers: str) -> tuple[int, dict[str, str], str]:
        """(status, headers, body); packets in front of the answer are skipped."""
        self.number += 1
        lines = [f"{method} {address} RTSP/1.0", f"CSeq: {self.number}", *(f"{key}: {headers[key]}" for key in headers)]
        self.socket.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        while (line := self.file.read(1)) == b"$":
            self.skip()
        first = (line + self.file.readline()).decode()
        said = {}
        while (text := self.file.readline().decode().strip()) != "":
            name, _, value = text.partition(":")
            said[name.lower()] = value.strip()
        body = self.file.read(int(said.get("content-length", 0))).decode()
        assert said["cseq"] == str(self.number)
        return int(first.split()[1]), said, body

    def skip(self) -> bytes:
        """One packet, its mark already read."""
        head = self.file.read(3)
        return self.file.read(int.from_bytes(head[1:], "big"))

    def packet(self) -> bytes:
        """The next packet; empty when the connection has ended."""
        mark = self.file.read(1)
        return self.skip() if mark == b"$" else b""

    def play(self, address: str) -> None:
        """From the description to the first packet."""
        self.begin(address)
        assert self.packet()

    def begin(self, address: str) -> str:
        """From the description to the word that it plays; returns the description."""
        status, said, body = self.ask("DESCRIBE", address, Accept="application/sdp")
        assert status == 200, status
        assert "token" not in said["content-base"] + body, "tokens stay where they were given"
        track = said["content-base"] + "trackID=0"
        status, said, _ = self.ask("SETUP", track, Transport="RTP/AVP/TCP;unicast;interleaved=0-1")
        assert status == 200
        assert said["transport"].startswith("RTP/AVP/TCP;unicast;interleaved=0-1;ssrc=")
        self.session = said["session"].partition(";")[0]
        assert self.ask("PLAY", address, Session=self.session)[0] == 200
        return body

    def date(self) -> int:
        """What the next sender report says of when the picture was made, in UTC seconds."""
        while (packet := self.packet())[1] != SENDER_REPORT:
            pass
        return int.from_bytes(packet[8:12], "big") - SINCE_1900

    def pictures(self) -> int:
        """How many there are until the connection ends."""
        return sum(packet[1] >= LAST_OF_A_PICTURE for packet in iter(self.packet, b""))


@pytest.fixture
def talk(house: Running) -> Iterator[Talk]:
    made = Talk(house)
    with contextlib.closing(made.socket):
        yield made


def test_words_of_the_protocol(house: Running, talk: Talk) -> None:
    status, said, _ = talk.ask("OPTIONS", "*")
    assert status == 200
    assert "DESCRIBE" in said["public"]
    assert talk.ask("PLAY", url(house, YARD))[0] == 455
    assert talk.ask("SETUP", url(house, YARD), Transport="RTP/AVP/TCP")[0] == 455
    assert talk.ask("RECORD", url(house, YARD))[0] == 501
    assert talk.ask("DESCRIBE", "http://127.0.0.1/yard")[0] == 400
    assert talk.ask("DESCRIBE", url(house, f"{YARD}?from=-1"))[0] == 400
    assert talk.ask("DESCRIBE", url(house, "nobody~1"))[0] == 404
    assert talk.ask("DESCRIBE", url(house, "nobody~1", "stolen"))[0] == 403, "nobody learns which streams there are"
    assert talk.ask("DESCRIBE", url(house, f"{YARD}?stream=sub"))[0] == 404
    status, said, _ = talk.ask("DESCRIBE", url(house, YARD))
    track = said["content-base"] + "trackID="
    assert talk.ask("SETUP", f"{track}7", Transport="RTP/AVP/TCP")[0] == 404
    assert talk.ask("SETUP", f"{track}0", Transport="RTP/AVP;unicast;client_port=5000-5001")[0] == 461
    talk.play(url(house, YARD))
    assert talk.ask("GET_PARAMETER", url(house, YARD), Session=talk.session)[0] == 200
    assert talk.ask("PAUSE", url(house, YARD), Session=talk.session)[0] == 200
    assert talk.ask("PLAY", url(house, YARD), Session=talk.session)[0] == 200
    assert talk.ask("TEARDOWN", url(house, YARD), Session=talk.session)[0] == 200


def test_a_stranger_gets_nothing(house: Running, talk: Talk) -> None:
    for address in (url(house, YARD, "stolen"), url(house, YARD, ""), f"rtsp://127.0.0.1/{YARD}"):
        status, _said, body = talk.ask("DESCRIBE", address)
        assert (status, body) == (403, "")


def test_what_is_asked_of_perch(house: Running, talk: Talk) -> None:
    house.perch.questions.clear()
    talk.play(url(house, YARD, "live"))
    eventually(lambda: talk.packet() and any(one["request_number"] == "2" for one in house.perch.questions))
    asked = [one for one in house.perch.questions if one["token"] == "live"]
    assert {(one["name"], one["proto"], one["dvr"]) for one in asked} == {(YARD, "rtsp", "false")}
    assert len({one["session_id"] for one in asked}) == 1
    assert asked[0]["request_type"] == "new_session"
    assert int(asked[-1]["bytes"]) > 10_000
    assert int(asked[-1]["duration"]) >= 1


def test_a_right_that_is_taken_away_cuts_the_connection_within_ten_seconds(house: Running, talk: Talk) -> None:
    talk.play(url(house, YARD, "kicked"))
    house.perch.allowed = house.perch.allowed - {"kicked"}
    with contextlib.suppress(ConnectionResetError):
        assert any(not talk.packet() for _ in range(3000)), "it goes on and on"
    assert Talk(house).ask("DESCRIBE", url(house, YARD, "kicked"))[0] == 403


def test_the_archive_plays_from_the_moment_in_the_address(house: Running, talk: Talk) -> None:
    eventually(lambda: house.recorded(YARD) >= 8)
    start = house.spans(YARD)[0][0] + 2
    status, _said, body = talk.ask("DESCRIBE", url(house, f"{YARD}?from={start}&duration=3"))
    assert status == 200
    assert "a=range:clock=" in body
    said = watch(url(house, f"{YARD}?from={start}&duration=3"), 20, "-rtsp_transport", "tcp")
    assert 20 <= frames(said) <= 60, "three seconds, rounded to whole segments, and then the end"
    house.perch.ranges = []
    try:
        eventually(lambda: Talk(house).ask("DESCRIBE", url(house, f"{YARD}?from={start}", "live"))[0] == 403)
    finally:
        house.perch.ranges = None


def test_a_player_that_does_not_read_is_cut_and_holds_up_nobody(house: Running) -> None:
    slow, other = Talk(house), Talk(house)
    slow.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    slow.play(url(house, YARD))
    other.play(url(house, YARD))

    def is_cut() -> bool:
        assert other.packet()
        listing = Path(f"/proc/{house.process.pid}/net/tcp").read_text().splitlines()
        port = slow.socket.getsockname()[1]
        rows = [line.split() for line in listing[1:]]
        return not any(row[2].endswith(f":{port:04X}") and row[3] == "01" for row in rows)  # established, to that port

    eventually(is_cut)
    assert other.packet()
    for one in (slow, other):
        one.socket.close()


def test_many_players_are_one_connection_to_the_camera(house: Running) -> None:
    talks = [Talk(house) for _ in range(4)]
    for one in talks:
        one.play(url(house, YARD))
    assert all(one.packet() for one in talks)
    assert len(house.children()) == 2, "one recorder a camera"
    for one in talks:
        one.socket.close()
