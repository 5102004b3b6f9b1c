"""The first day of an ISP, from the one command to the invoice, as one page of prose that runs.

Nothing is replaced: the whole supervised tree of `make run`, a real RTSP camera, a real browser.
"""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
from calendar import monthrange
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import httpx
import pytest
from playwright.sync_api import Browser
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Origin

from portal.embedded import paths
from tests.embedded.running import Perch, free_port, perch
from tests.eventually import eventually
from tests.rtsp import Camera, RtspServer, rtsp_server
from tests.stories.browser import Person, chromium

ZONE = ZoneInfo("Europe/Berlin")
KEY = "north-system-key-of-the-story"
NORA, ALICE, SAM = ("nora", "noras long secret"), ("alice", "alices long secret"), ("sam", "sams long secret")
PRICE = 1299  # cents a camera and month

pytestmark = [pytest.mark.browser, pytest.mark.rtsp]


@pytest.fixture(scope="module")
def camera() -> Iterator[RtspServer]:
    with rtsp_server({"quay": Camera(user="admin", password="s3cret-of-the-quay")}) as server:
        yield server


class Installation:
    """A Perch of this story, and its `manage.py`."""

    def __init__(self, running: Perch, port: int, folder: Path) -> None:
        self.running, self.port, self.folder = running, port, folder

    def url(self, isp: str) -> str:
        return f"http://{isp}.localhost:{self.port}"

    def manage(self, *arguments: str, **environment: str) -> str:
        variables = {**_clean_environment(), "PERCH_DATA_DIR": str(self.folder), "PORT": str(self.port), **environment}
        command = [sys.executable, "manage.py", *arguments]
        done = subprocess.run(command, cwd=paths.REPOSITORY, env=variables, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def ask(self, isp: str, path: str, key: str = KEY) -> httpx.Response:
        headers = {"Host": f"{isp}.localhost:{self.port}", "x-vsaas-api-key": key}
        return httpx.get(f"http://127.0.0.1:{self.port}{path}", headers=headers, timeout=10)


def _clean_environment() -> dict[str, str]:
    ours = ("PERCH_", "PORT", "DATABASE_URL", "BROKER_URL", "CHANNEL_LAYER_URL", "DJANGO_SETTINGS_MODULE")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)}


@pytest.fixture(scope="module")
def installation(camera: RtspServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    folder, port = tmp_path_factory.mktemp("isp") / "var", free_port()
    settings = {
        "PORT": str(port), "PERCH_DEMO": "0", "PERCH_ADMIN_LOGIN": NORA[0], "PERCH_ADMIN_PASSWORD": NORA[1],
        "PERCH_API_KEY": KEY, "PERCH_HOSTS": "north.localhost,127.0.0.1", "PERCH_ISP_TITLE": "Northlight",
        "PERCH_TIMEZONE": "Europe/Berlin", "PERCH_CAMERA_NETWORKS": f"127.0.0.1/32:{camera.port}",
    }  # fmt: skip
    with perch(folder, "portal.embedded", **settings) as running:
        running.wait_line(f"Perch is ready at http://127.0.0.1:{port}")
        here = Installation(running, port, folder)
        here.manage("add_isp", "south", "--title=Southwind", "--host=south.localhost",
                    f"--admin-login={SAM[0]}", f"--admin-password={SAM[1]}")  # fmt: skip
        yield here
        assert running.interrupt() == 0, "Ctrl-C stops everything cleanly"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


def test_the_first_day_of_an_isp(installation: Installation, camera: RtspServer, browser: Browser) -> None:
    # In the morning Nora opens her new portal, signs in, and decides what to sell and for how much.
    nora = Person(browser, installation.url("north"), *NORA)
    nora.fill("/plans/new", title="Week", amount=f"{PRICE / 100:.2f}", dvr_depth="7")

    # Her first subscriber is Alice, who gets an account and her Harbour, with that plan.
    nora.fill("/users/new", login=ALICE[0], password=ALICE[1])
    nora.fill("/organizations/new", title="Harbour", owner="alice")
    harbour = re.search(r"/organizations/(\d+)/", nora.page.url)
    assert harbour, nora.page.url
    nora.go(f"/organizations/{harbour[1]}/plans")
    nora.page.get_by_label("Week").check()
    nora.send()

    # Alice has a camera on her quay. She types its address, password and all, and chooses the plan.
    alice = Person(browser, installation.url("north"), *ALICE)
    alice.fill("/cameras/new", title="Quay", stream_url=camera.url("quay", login=True), preset="Week")
    name = _name_of(installation, "Quay")

    # Within seconds its badge says it is there, in a page that nobody reloads, and the picture moves.
    alice.go("/cameras/")
    badge = alice.page.locator(f'[data-camera="{name}"]').first
    eventually(lambda: "online" in (badge.get_attribute("data-state") or badge.inner_text().lower()), seconds=30)
    assert alice.go(f"/cameras/watch/{name}") == 200
    alice.sees_motion(seconds=30)

    # She goes back in time: the timeline knows what was recorded, a click plays it, and it is not the live picture.
    shown = _camera(installation, name)
    playback = f"http://127.0.0.1:{shown['stream_status']['http_port']}/{name}~{_domain(installation)}"
    token = shown["playback_config"]["token"]
    first = eventually(lambda: _recorded(playback, token, at_least=12), seconds=60)
    assert alice.go(f"/cameras/watch/{name}?at={first + 2}") == 200
    alice.sees_motion(seconds=30)
    assert not alice.complaints

    # The password she typed is not shown again, to anybody.
    alice.go(f"/cameras/edit/{name}")
    assert "s3cret-of-the-quay" not in alice.page.content()

    # The month ends. The night turns the days into an invoice: the price, times the days, over the days of the month.
    added = datetime.now(ZONE)
    days = monthrange(added.year, added.month)[1]
    counted = days - added.day + 1
    first_of_next = (added.replace(day=1, hour=12) + timedelta(days=32)).replace(day=1)
    shift = (first_of_next.astimezone(UTC) - datetime.now(UTC)).total_seconds()
    installation.manage("nightly", PERCH_CLOCK_SHIFT=str(shift))
    expected = (2 * PRICE * counted + days) // (2 * days)
    assert nora.go("/invoices/") == 200
    nora.page.locator("tr", has_text="Harbour").get_by_role("link").first.click()
    nora.page.wait_for_url(re.compile(r"/invoices/\d+"))
    invoice = nora.page.url
    text = nora.page.locator("main").inner_text()
    assert f"{expected // 100}.{expected % 100:02d}" in text, text
    assert re.search(rf"\b{counted}\b", text), "the line says how many camera-days it is made of"

    # Alice reads the same sum under what it costs her.
    assert alice.go("/costs/") == 200
    assert f"{expected // 100}.{expected % 100:02d}" in alice.page.locator("main").inner_text()

    # Sam runs the other ISP on this installation. For him none of this exists.
    sam = Person(browser, installation.url("south"), *SAM)
    for path in (
        f"/cameras/watch/{name}",
        f"/cameras/edit/{name}",
        f"/organizations/{harbour[1]}/",
        urlsplit(invoice).path,
    ):
        assert sam.go(path) == 404, path
    assert "Quay" not in _pages(sam, "/cameras/", "/organizations/", "/users/", "/invoices/", "/usage/")
    assert installation.ask("south", "/vsaas/api/v2/cameras").status_code == 403, "North's key opens nothing at South"
    assert name not in _heard(installation, "south", _cookie(sam))
    assert name in _heard(installation, "north", _cookie(alice))
    segment = httpx.get(f"{playback}/index.m3u8?token={token}", timeout=10).text.splitlines()[-1]
    assert httpx.get(f"{playback}/{segment}", timeout=10).status_code == 200
    stolen = segment.partition("?")[0]
    assert httpx.get(f"{playback}/{stolen}?token=made-up", timeout=10).status_code == 403


def _camera(installation: Installation, name: str) -> dict[str, dict[str, str]]:
    answer: dict[str, dict[str, str]] = installation.ask("north", f"/vsaas/api/v2/cameras/{name}").json()
    return answer


def _name_of(installation: Installation, title: str) -> str:
    rows = installation.ask("north", "/vsaas/api/v2/cameras").json()
    return next(str(row["name"]) for row in rows if row["title"] == title)


def _domain(installation: Installation) -> int:
    return int(installation.ask("north", "/vsaas/api/v2/organizations").json()[0]["domain"]["id"])


def _recorded(playback: str, token: str, *, at_least: int) -> int:
    """The beginning of the first recorded range once it is long enough, in Unix seconds."""
    answer = httpx.get(f"{playback}/recording_status.json?token={token}", timeout=10)
    ranges = answer.json()[0]["ranges"] if answer.status_code == 200 else []
    return next((int(one["from"]) for one in ranges if one["duration"] >= at_least), 0)


def _pages(person: Person, *addresses: str) -> str:
    texts = []
    for path in addresses:
        person.go(path)
        texts.append(person.page.content())
    return "\n".join(texts)


def _cookie(person: Person) -> str:
    cookies = person.page.context.cookies()
    return next(str(cookie["value"]) for cookie in cookies if cookie["name"] == "perch_session")


def _heard(installation: Installation, isp: str, session: str) -> str:
    """Everything the live socket says to a signed-in person at first."""
    host = f"{isp}.localhost:{installation.port}"
    cookie = {"Cookie": f"perch_session={session}"}
    line = socket.create_connection(("127.0.0.1", installation.port))  # not every machine resolves names.localhost
    try:
        with connect(
            f"ws://{host}/ws/live", sock=line, origin=Origin(f"http://{host}"), additional_headers=cookie
        ) as live:
            return json.dumps(json.loads(live.recv(timeout=10)))
    except (ConnectionClosed, InvalidStatus) as refused:
        return str(refused)
