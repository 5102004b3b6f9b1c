"""Real RTSP cameras for tests: GStreamer's RTSP server, run by the system's Python, which has its bindings.

    with rtsp_server({"yard": Camera(audio="pcmu", user="admin", password="secret")}) as server:
        server.url("yard")          rtsp://127.0.0.1:PORT/yard
        server.url("yard", login=True)

Packages: python3-gi gir1.2-gst-rtsp-server-1.0 gstreamer1.0-plugins-{base,good,bad,ugly} gstreamer1.0-libav. A test
that asks for a server is skipped, with the reason, where they are missing; on CI it fails instead.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

SYSTEM_PYTHON = "/usr/bin/python3"
MOST_CAMERAS = 16  # one server process stalls at about 64 TCP clients


@dataclass(frozen=True)
class Camera:
    """A moving test picture with the running clock. `gop` is the key frame interval in seconds."""

    codec: str = "h264"  # h264, h265, jpeg
    audio: str = "aac"  # aac, pcmu, "" for none
    width: int = 320
    height: int = 240
    fps: int = 10
    gop: float = 1.0
    kilobits: int = 300
    video: bool = True
    parity: bool = False  # instead of the test picture: white and black with the seconds of the wall clock
    user: str = ""
    password: str = ""
    basic: bool = False


@dataclass
class RtspServer:
    """A running server."""

    port: int
    process: subprocess.Popen[str]
    cameras: dict[str, Camera]

    def url(self, name: str, *, login: bool = False) -> str:
        camera = self.cameras[name]
        who = f"{camera.user}:{camera.password}@" if login and camera.user else ""
        return f"rtsp://{who}127.0.0.1:{self.port}/{name}"

    def pause(self) -> None:
        """Hang: connections stay open and nothing comes."""
        self.process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()


@functools.cache
def missing() -> str:
    """Why there can be no RTSP server here, empty if there can."""
    probe = "import gi; gi.require_version('GstRtspServer', '1.0'); from gi.repository import GstRtspServer"
    try:
        done = subprocess.run([SYSTEM_PYTHON, "-c", probe], capture_output=True, text=True, check=False)
    except OSError:
        return f"{SYSTEM_PYTHON} is not there"
    return "" if done.returncode == 0 else "apt install python3-gi gir1.2-gst-rtsp-server-1.0"


def require_rtsp() -> None:
    """Skip the test where GStreamer is missing; on CI that is a failure."""
    import pytest

    reason = missing()
    if reason and os.environ.get("CI"):
        pytest.fail(f"no RTSP server: {reason}")
    if reason:
        pytest.skip(f"no RTSP server: {reason}")


@contextlib.contextmanager
def rtsp_server(cameras: dict[str, Camera], *, port: int = 0) -> Iterator[RtspServer]:
    """Serve cameras on a loopback port (a free one, or the given one after an outage)."""
    require_rtsp()
    assert len(cameras) <= MOST_CAMERAS, "use several servers"
    assert len({bool(camera.user) for camera in cameras.values()}) == 1, "a server has a login for all or for none"
    said = json.dumps({"port": port or free_port(), "cameras": {name: asdict(one) for name, one in cameras.items()}})
    process = subprocess.Popen([SYSTEM_PYTHON, str(Path(__file__)), said], stdout=subprocess.PIPE, text=True)
    try:
        line = process.stdout.readline() if process.stdout else ""
        assert line.startswith("ready "), f"the RTSP server did not start: {line!r}"
        yield RtspServer(int(line.split()[1]), process, cameras)
    finally:
        process.kill()
        process.wait()
        if process.stdout:
            process.stdout.close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def pipeline(camera: dict[str, Any]) -> str:
    """The GStreamer description of one camera."""
    key, size = max(1, round(camera["fps"] * camera["gop"])), f"width={camera['width']},height={camera['height']}"
    clock = "clockoverlay time-format=%H:%M:%S halignment=center ! "
    clock = "videobalance name=lamp ! " if camera["parity"] else clock
    pattern = "white" if camera["parity"] else "ball"
    picture = (
        f"videotestsrc is-live=true pattern={pattern} ! video/x-raw,{size},framerate={camera['fps']}/1 ! "
        f"{clock}videoconvert ! video/x-raw,format=I420 ! "
    )
    tuning = f"tune=zerolatency speed-preset=ultrafast key-int-max={key} bitrate={camera['kilobits']}"
    encoders = {
        "h264": f"x264enc {tuning} threads=1 "
        "! video/x-h264,profile=baseline ! rtph264pay name=pay0 pt=96 config-interval=1",
        "h265": f"x265enc {tuning} ! rtph265pay name=pay0 pt=96 config-interval=1",
        "jpeg": "jpegenc ! rtpjpegpay name=pay0 pt=26",
    }
    video = picture + encoders[camera["codec"]] if camera["video"] else ""
    number = 1 if video else 0
    sound = "audiotestsrc is-live=true wave=ticks volume=0.2 ! audioconvert ! audioresample ! "
    audio = {
        "aac": sound + f"audio/x-raw,rate=16000,channels=1 ! avenc_aac ! rtpmp4gpay name=pay{number} pt=97",
        "pcmu": sound + f"audio/x-raw,rate=8000,channels=1 ! mulawenc ! rtppcmupay name=pay{number} pt=0",
        "": "",
    }[camera["audio"]]
    return f"( {video}  {audio} )"


def blink(_factory: Any, media: Any, glib: Any) -> None:
    """Let a camera be white in even seconds of the wall clock and black in odd ones."""
    lamp = media.get_element().get_by_name("lamp")

    def turn() -> bool:
        lamp.set_property("brightness", 0.0 if int(time.time()) % 2 == 0 else -1.0)
        return True

    glib.timeout_add(5, turn)


def serve(said: dict[str, Any]) -> None:
    """Run in the system's Python: serve until killed."""
    import gi

    gi.require_version("Gst", "1.0")
    gi.require_version("GstRtsp", "1.0")
    gi.require_version("GstRtspServer", "1.0")
    from gi.repository import GLib, Gst, GstRtsp, GstRtspServer

    Gst.init(None)
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(str(said["port"]))
    mounts, auth = server.get_mount_points(), None
    for name, camera in said["cameras"].items():
        factory = GstRtspServer.RTSPMediaFactory()
        factory.set_launch(pipeline(camera))
        factory.set_shared(True)
        if camera["parity"]:
            factory.connect("media-configure", blink, GLib)
        if camera["user"]:
            auth = auth or GstRtspServer.RTSPAuth()
            role, token = name, GstRtspServer.RTSPToken()
            token.set_string("media.factory.role", role)
            if camera["basic"]:
                auth.add_basic(GstRtspServer.RTSPAuth.make_basic(camera["user"], camera["password"]), token)
            else:
                auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
                auth.add_digest(camera["user"], camera["password"], token)
            permissions = GstRtspServer.RTSPPermissions()
            permissions.add_permission_for_role(role, "media.factory.access", True)
            permissions.add_permission_for_role(role, "media.factory.construct", True)
            factory.set_permissions(permissions)
        mounts.add_factory(f"/{name}", factory)
    if auth:
        server.set_auth(auth)
    assert server.attach(None), "the port is taken"
    print("ready", said["port"], flush=True)
    GLib.MainLoop().run()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        serve(json.loads(sys.argv[1]))
