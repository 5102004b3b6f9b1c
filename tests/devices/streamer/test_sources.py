"""Every kind of source: what plays, how a failure reads, and that a hostile one reaches nothing."""

from __future__ import annotations

import sqlite3
import subprocess
import threading
from collections.abc import Callable
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from devices.streamer.ffmpeg import executable
from tests.devices.streamer.conftest import Running, eventually
from tests.devices.streamer.media import Playlist, frames
from tests.devices.streamer.peers import certificate, http, peer, rtsp, tls_front
from tests.devices.streamer.perch import FakePerch
from tests.rtsp import Camera, free_port, rtsp_server

HOSTILE_SDP = (
    "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    "a=control:rtsp://127.0.0.1:{port}/other\r\nm=video 0 RTP/AVP 96\r\n"
    "a=rtpmap:96 H264/90000\r\na=control:rtsp://127.0.0.1:{port}/track\r\n"
)


def test_what_a_camera_does_wrong_is_said_in_a_word(start: Callable[..., Running], perch: FakePerch) -> None:
    mounts = {"good": Camera(), "jpeg": Camera(codec="jpeg"), "silent": Camera(video=False)}
    with (
        rtsp_server(mounts) as server,
        rtsp_server({"door": Camera(audio="", user="admin", password="Pa:s@s")}) as door,
    ):
        locked = door.url("door").removeprefix("rtsp://")
        perch.put("wrong~1", f"rtsp://admin:guess@{locked}")
        perch.put("nobody~1", f"rtsp://{locked}")
        perch.put("right~1", f"rtsp://admin:Pa%3As%40s@{locked}")
        perch.put("jpeg~1", server.url("jpeg"))
        perch.put("silent~1", server.url("silent"))
        perch.put("path~1", server.url("good") + "/nowhere")
        perch.put("closed~1", f"rtsp://127.0.0.1:{free_port()}/x")
        perch.put("inside~1", "rtsp://10.1.2.3/x")
        running = start()
        expected = {
            "wrong~1": "unauthorized",
            "nobody~1": "unauthorized",
            "jpeg~1": "unsupported_codec",
            "silent~1": "no_video",
            "path~1": "not_found",
            "closed~1": "unreachable",
            "inside~1": "refused_address",
        }
        eventually(lambda: {name: perch.error(name) for name in expected} == expected)
        assert perch.stats("wrong~1")["status"] == "error"
        assert perch.stats("wrong~1")["error"]["message"] == "The camera refuses the user name or password."
        eventually(lambda: perch.stats("right~1")["alive"])
        answer = running.live("wrong")
        assert answer.status_code == 404
        assert answer.json()["errors"][0]["code"] == "unauthorized"
        assert "Pa:s" not in _arguments(running)
        assert "admin" not in _arguments(running)


def _arguments(running: Running) -> str:
    return " ".join(Path(f"/proc/{pid}/cmdline").read_text() for pid in running.children())


def test_sound_is_copied_converted_or_left_out_and_h265_is_named(
    start: Callable[..., Running], perch: FakePerch
) -> None:
    mounts = {
        "aac": Camera(),
        "phone": Camera(audio="pcmu"),
        "phone2": Camera(audio="pcmu"),
        "mute": Camera(),
        "modern": Camera(codec="h265", audio=""),
    }
    with rtsp_server(mounts) as server:
        perch.put("aac~1", server.url("aac"))
        perch.put("phone~1", server.url("phone"))
        perch.put("phone2~1", server.url("phone2"), transcode_audio=True)
        perch.put("mute~1", server.url("mute"), video_only=True)
        perch.put("modern~1", server.url("modern"), dvr={"expiration": 60})
        running = start()
        names = ["aac~1", "phone~1", "phone2~1", "mute~1", "modern~1"]
        eventually(lambda: all(perch.stats(name).get("alive") for name in names))

        def tracks(name: str) -> list[str]:
            return [track["codec"] for track in perch.stats(name)["media_info"]["tracks"]]

        assert tracks("aac~1") == tracks("phone2~1") == ["h264", "aac"]
        assert tracks("phone~1") == tracks("mute~1") == ["h264"]
        assert perch.stats("phone~1")["media_info"]["note"] == "sound left out: PCMU"
        assert tracks("modern~1") == ["h265"]
        eventually(lambda: running.recorded("modern") >= 1)


def test_a_camera_that_cannot_be_set_up_keeps_no_other_from_running_and_is_tried_again(
    start: Callable[..., Running], perch: FakePerch, capfd: pytest.CaptureFixture[str]
) -> None:
    running = start()
    with sqlite3.connect(running.storage / "index.sqlite3") as index:
        index.execute(
            "CREATE TRIGGER refuse BEFORE INSERT ON streams WHEN NEW.name = 'ill~1' "
            "BEGIN SELECT RAISE(ABORT, 'no room'); END"
        )
    perch.put("ill~1", "fake://clock")
    perch.put("well~1", "fake://clock")
    eventually(lambda: perch.stats("well~1").get("alive"))
    assert running.live("ill").status_code == 404
    said = capfd.readouterr().err
    assert "ill~1 could not be set up" in said
    assert "IntegrityError: no room" in said, "with the traceback"
    with sqlite3.connect(running.storage / "index.sqlite3") as index:
        index.execute("DROP TRIGGER refuse")
    eventually(lambda: perch.stats("ill~1").get("alive"))


def test_a_camera_that_stops_sending_is_stalled_and_comes_back(start: Callable[..., Running], perch: FakePerch) -> None:
    with rtsp_server({"yard": Camera()}) as server:
        perch.put("yard~1", server.url("yard"))
        running = start(stall=2.0, connect=2.0)
        eventually(lambda: perch.stats("yard~1").get("alive"))
        server.pause()
        eventually(lambda: perch.error("yard~1") in ("stalled", "unreachable"))
        server.resume()
        eventually(lambda: perch.stats("yard~1")["alive"] and not perch.error("yard~1"))
        eventually(lambda: Playlist(running.live("yard").text).seams)


def test_rtsps_ends_at_our_door(start: Callable[..., Running], perch: FakePerch, tmp_path: Path) -> None:
    with rtsp_server({"yard": Camera()}) as server, tls_front(server.port, certificate(tmp_path)) as port:
        perch.put("safe~1", f"rtsps://127.0.0.1:{port}/yard")
        perch.put("plain~1", f"rtsps://127.0.0.1:{server.port}/yard")
        running = start(connect=3.0)
        eventually(lambda: perch.stats("safe~1").get("alive"))
        eventually(lambda: perch.error("plain~1") == "unreachable")
        assert str(port) not in _arguments(running)


@pytest.mark.parametrize("kind", ["mpegts", "fmp4", "mp3"])
def test_a_camera_that_speaks_hls(kind: str, start: Callable[..., Running], perch: FakePerch, tmp_path: Path) -> None:
    folder = tmp_path / "site"
    folder.mkdir()
    form = ["-hls_segment_type", "fmp4"] if kind == "fmp4" else []
    sound = ["-f", "lavfi", "-i", "sine", "-c:a", "libmp3lame"] if kind == "mp3" else []
    source = subprocess.Popen(
        [executable(), "-nostdin", "-v", "error", "-re", "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=10", *sound,
         "-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-g", "10", "-b:v", "200k",
         "-pix_fmt", "yuv420p", "-f", "hls", "-hls_time", "1", "-hls_flags", "delete_segments", *form,
         "-master_pl_name", "master.m3u8", "live.m3u8"],
        cwd=folder,
    )  # fmt: skip
    site = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder)))
    threading.Thread(target=site.serve_forever, args=(0.05,), daemon=True).start()
    try:
        eventually(lambda: (folder / "master.m3u8").exists() and (folder / "live.m3u8").exists())
        perch.put("web~1", f"http://127.0.0.1:{site.server_address[1]}/master.m3u8")
        running = start()
        eventually(lambda: len(Playlist(running.live("web").text).segments) >= 3)
        playlist = Playlist(running.live("web").text)
        data = b"".join(running.follow("web", one).content for one in [playlist.maps[0], *playlist.segments[:2]])
        assert frames(data) >= 18
        if kind == "mp3":
            eventually(lambda: perch.stats("web~1")["media_info"].get("note") == "sound left out: it is no AAC")
    finally:
        source.kill()
        source.wait()
        site.shutdown()
        site.server_close()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


def hostile(victim: int, folder: Path) -> dict[str, str]:
    """Addresses a subscriber, or a camera in the subscriber's hands, may try."""
    listing = folder / "list.m3u8"
    listing.write_text(f"#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:{victim}/inner.ts\n")
    return {
        "file": f"file://{listing}",
        "path": str(listing),
        "concat": f"concat:{listing}|{listing}",
        "subfile": f"subfile,,start,0,end,100,,:{listing}",
        "async": f"async:file:{listing}",
        "cache": f"cache:{listing}",
        "data": "data:text/plain,hello",
        "tcp": f"tcp://127.0.0.1:{victim}",
        "udp": f"udp://127.0.0.1:{victim}",
        "gopher": f"gopher://127.0.0.1:{victim}/x",
        "option": "-i http://x/ -f null",
        "flag": "-version",
        "newline": f"rtsp://cam/\r\nGET http://127.0.0.1:{victim}/",
        "digits": f"rtsp://2130706433:{victim}/x",
        "hex": f"http://0x7f000001:{victim}/x.m3u8",
        "short": f"rtsp://127.1:{victim}/x",
        "name": f"rtsp://localhost:{victim}/x",
        "mapped": f"rtsp://[::ffff:127.0.0.1]:{victim}/x",
        "any": f"http://0.0.0.0:{victim}/x.m3u8",
        "metadata": "http://169.254.169.254/latest/meta-data/",
        "user": f"rtsp://good.example@127.0.0.1:{victim}/x",
        "shell": "rtsp://cam/$(touch /tmp/owned)`id`",
    }


def test_hostile_addresses_reach_nothing(start: Callable[..., Running], perch: FakePerch, tmp_path: Path) -> None:
    """Loopback is closed here but for the ports of the hostile cameras, so every hit on the victim is a leak."""
    with (
        peer(lambda _: b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecret") as victim,
        peer(rtsp("302 Found", {"Location": f"rtsp://127.0.0.1:{victim.port}/x"})) as rtsp_redirect,
        peer(http({"/a.m3u8": ("302 Found", {"Location": f"http://127.0.0.1:{victim.port}/x"}, b"")})) as http_redirect,
        peer(http({"/b.m3u8": _playlist(f"http://127.0.0.1:{victim.port}/inner.ts")})) as pointing,
        peer(http({"/c.m3u8": _playlist("file:///etc/passwd")})) as reading,
        peer(http({"/d.m3u8": _key(victim.port)})) as keyed,
        peer(http({"/e.m3u8": _playlist("e.ts"), "/e.ts": ("200 OK", {}, _inner(victim.port))})) as nested,
        peer(rtsp("200 OK", {"Content-Type": "application/sdp"}, HOSTILE_SDP.format(port=victim.port))) as described,
        peer(
            rtsp("200 OK", {"Content-Base": f"rtsp://127.0.0.1:{victim.port}/"}, HOSTILE_SDP.format(port=victim.port))
        ) as based,
    ):
        addresses = hostile(victim.port, tmp_path) | {
            "rtsp-302": f"rtsp://127.0.0.1:{rtsp_redirect.port}/x",
            "http-302": f"http://127.0.0.1:{http_redirect.port}/a.m3u8",
            "playlist": f"http://127.0.0.1:{pointing.port}/b.m3u8",
            "playlist-file": f"http://127.0.0.1:{reading.port}/c.m3u8",
            "key": f"http://127.0.0.1:{keyed.port}/d.m3u8",
            "nested": f"http://127.0.0.1:{nested.port}/e.m3u8",
            "sdp": f"rtsp://127.0.0.1:{described.port}/x",
            "base": f"rtsp://127.0.0.1:{based.port}/x",
        }
        assert len(addresses) >= 17
        reached = [rtsp_redirect, http_redirect, pointing, reading, keyed, nested, described, based]
        for name, address in addresses.items():
            perch.put(f"{name}~1", address)
        perch.put("good~1", "fake://fake")
        running = start(networks=",".join(f"127.0.0.1/32:{one.port}" for one in reached), connect=2.0)
        eventually(lambda: all(one.visits for one in reached))
        eventually(lambda: all(perch.error(f"{name}~1") for name in addresses))
        eventually(lambda: perch.stats("good~1").get("alive"))
        assert victim.visits == []
        assert all(str(victim.port) not in line and "/etc/" not in line for line in _arguments(running).split())
        assert perch.error("rtsp-302~1") == perch.error("http-302~1") == "refused_address"
        assert perch.error("playlist~1") == perch.error("metadata~1") == "refused_address"
        for name in addresses:
            assert not perch.stats(f"{name}~1")["alive"], name


def _playlist(address: str) -> tuple[str, dict[str, str], bytes]:
    text = f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXT-X-MEDIA-SEQUENCE:1\n#EXTINF:1,\n{address}\n"
    return "200 OK", {}, text.encode()


def _key(port: int) -> tuple[str, dict[str, str], bytes]:
    key = f'#EXT-X-KEY:METHOD=AES-128,URI="http://127.0.0.1:{port}/key"'
    return "200 OK", {}, f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n{key}\n#EXTINF:1,\nd.m3u8\n".encode()


def _inner(port: int) -> bytes:
    return f"#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:{port}/inner.ts\n".encode()
