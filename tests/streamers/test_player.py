"""The player in a real Chromium, where the archive is a file that comes while it plays."""

from __future__ import annotations

import subprocess
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.conf import settings

from devices.models import Camera
from devices.streamer import ffmpeg
from tenants import clock
from tenants.scoping import domain_scope
from tests.eventually import eventually
from tests.server import Server, sign_in
from tests.stories.browser import chromium

pytestmark = pytest.mark.browser


def film() -> bytes:
    """Ten seconds of video as the playback server gives it: fragments that play while they come."""
    flags = "frag_keyframe+empty_moov+default_base_moof"
    made = ["-f", "lavfi", "-i", "testsrc=size=320x180:rate=10:duration=10", "-c:v", "libx264", "-preset", "ultrafast"]
    command = [ffmpeg.executable(), "-v", "error", *made, "-pix_fmt", "yuv420p", "-f", "mp4", "-movflags", flags, "-"]
    return subprocess.run(command, capture_output=True, check=True).stdout


def test_the_archive_of_a_mediamtx_plays_from_the_moment_that_was_asked_for(build_site: Any, server: Server) -> None:
    site = build_site("mediamtx", server)
    cast = site.cast
    site.simulator.video = film()
    eventually(lambda: site.make.runs(cast.gate))
    with domain_scope(cast.north):
        Camera.objects.filter(pk=cast.gate.pk).update(created_at=clock.now() - timedelta(days=3))
    moment = int(clock.timestamp()) - 3600
    address = f"http://{server.host()}"
    cookie: Any = {"name": settings.SESSION_COOKIE_NAME, "value": sign_in(cast.alice), "url": address}
    complaints: list[str] = []
    with chromium() as browser:
        context = browser.new_context()
        context.add_cookies([cookie])
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(f"{address}/cameras/watch/gate?at={moment}")
        eventually(lambda: page.evaluate("document.querySelector('video').currentTime > 0.3"), seconds=30.0)
        shown = page.evaluate("document.querySelector('video').currentSrc")
    assert shown.startswith(f"{site.simulator.url}/get?path=gate~")
    asked = site.simulator.asked("GET", "/get")[0].query
    assert datetime.fromisoformat(asked["start"]).timestamp() == moment
    assert site.simulator.asked("GET", "/list")[0].query["path"] == cast.gate.media
    assert complaints == []
