"""The player as people use it: real portal, real streamer, real Chromium, a virtual camera."""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import psycopg
import pytest
from playwright.sync_api import Browser, Page, expect

from devices.streamer import ffmpeg
from portal.embedded.database import EMBEDDED_NAME
from tests.embedded.running import free_port, perch, sockets
from tests.eventually import eventually
from tests.stories.browser import FRAME, chromium

KEY = "north-system-key-of-the-player"
PASSWORD = "correct horse battery"
DAY = 86400
RECORDED = 20  # seconds of archive the stories need
ZONE = ZoneInfo("America/New_York")
PNG = b"\x89PNG\r\n\x1a\n"

pytestmark = pytest.mark.browser


@dataclass
class Harbour:
    """An installation with one organization, its owner Alice, her guest Bob, and her recorded camera."""

    port: int
    sockets: Path
    ids: dict[str, int] = field(default_factory=dict)
    camera: str = ""

    def api(self, method: str, path: str, **sent: Any) -> Any:
        address = f"http://127.0.0.1:{self.port}/vsaas/api/v2/{path}"
        headers = {"Host": f"north.localhost:{self.port}", "x-vsaas-api-key": KEY}
        answer = httpx.request(method, address, headers=headers, json=sent or None, timeout=20)
        assert answer.status_code < 300, answer.text
        return answer.json()

    def furnish(self) -> None:
        for login in ("alice", "bob"):
            self.ids[login] = self.api("POST", "users", login=login, password=PASSWORD)["id"]
        organization = self.api("POST", "organizations", title="Harbour", owner_id=self.ids["alice"])["id"]
        preset = self.api("POST", "presets", title="Week", dvr_depth=7, is_everywhere=True)["id"]
        camera = self.api("POST", "cameras", title="Quay", stream_url="fake://fake", organization_id=organization,
                          preset_id=preset)  # fmt: skip
        self.camera = camera["name"]
        self.ids |= {"organization": organization, "folder": camera["folder_id"]}
        self.api("POST", f"organizations/{organization}/users", user_id=self.ids["bob"])
        self.api("POST", self.guests, user_id=self.ids["bob"], can_view_dvr=True)

    def grant(self, login: str, **rights: Any) -> None:
        self.api("PUT", f"{self.guests}/{self.ids[login]}", **rights)

    @contextmanager
    def aged(self, days: int) -> Iterator[None]:
        """The camera, as if it had been there for so many days more."""
        move = "UPDATE devices_camera SET created_at = created_at - make_interval(days => %s)"
        with psycopg.connect(host=str(self.sockets / "pg"), dbname=EMBEDDED_NAME, user="postgres") as database:
            database.execute(move, [days])
            database.commit()
            yield
            database.execute(move, [-days])

    @property
    def guests(self) -> str:
        return f"organizations/{self.ids['organization']}/folders/{self.ids['folder']}/users"

    def recorded(self) -> tuple[int, int]:
        """(from, to) of the first recording, in Unix seconds; zeros while there is none."""
        shown = self.api("GET", f"cameras/{self.camera}")
        base = f"http://127.0.0.1:{shown['stream_status']['http_port']}/{self.camera}"
        headers = {"Host": f"north.localhost:{self.port}"}
        token = shown["playback_config"]["token"]
        answer = httpx.get(f"{base}/recording_status.json?token={token}", headers=headers, timeout=20)
        ranges = answer.json()[0]["ranges"] if answer.status_code == 200 else []
        return (ranges[0]["from"], ranges[0]["from"] + ranges[0]["duration"]) if ranges else (0, 0)


@pytest.fixture(scope="module")
def harbour(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Harbour]:
    port = free_port()
    settings = {"PORT": str(port), "PERCH_DEMO": "0", "PERCH_ADMIN_LOGIN": "nora", "PERCH_ADMIN_PASSWORD": PASSWORD,
                "PERCH_API_KEY": KEY, "PERCH_HOSTS": "north.localhost,127.0.0.1",
                "PERCH_TIMEZONE": str(ZONE)}  # fmt: skip
    folder = tmp_path_factory.mktemp("player") / "var"
    with perch(folder, "portal.embedded", **settings) as running:
        running.wait_line(f"Perch is ready at http://127.0.0.1:{port}")
        here = Harbour(port, sockets(folder))
        here.furnish()
        yield here


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@dataclass
class Viewer:
    """Somebody in front of the player."""

    page: Page
    harbour: Harbour
    complaints: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, browser: Browser, harbour: Harbour, login: str, *, phone: bool = False) -> Viewer:
        look: dict[str, Any] = {"viewport": {"width": 1280, "height": 800}}
        if phone:
            look = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
        page = browser.new_context(locale="en-US", timezone_id="Europe/Berlin", **look).new_page()
        viewer = cls(page, harbour)
        page.on("pageerror", lambda error: viewer.complaints.append(str(error)))
        page.goto(f"{viewer.portal}/login")
        page.fill("[name=login]", login)
        page.fill("[name=password]", PASSWORD)
        page.press("[name=password]", "Enter")
        page.wait_for_url(lambda address: "/login" not in address)
        return viewer

    @property
    def portal(self) -> str:
        return f"http://north.localhost:{self.harbour.port}"

    def open(self, query: str = "") -> Viewer:
        self.page.goto(f"{self.portal}/cameras/watch/{self.harbour.camera}{query}")
        return self

    def sees(self, state: str, *, live: bool, seconds: float = 20) -> None:
        wanted = f'[data-player][data-state="{state}"]{".is-live" if live else ":not(.is-live)"}'
        self.page.wait_for_selector(wanted, timeout=seconds * 1000)

    def frame(self) -> str:
        picture: str = self.page.evaluate(FRAME)
        return picture

    def sees_motion(self) -> None:
        first = eventually(self.frame)
        eventually(lambda: self.frame() not in ("", first))

    def moment(self) -> int:
        """The moment in the address, in Unix seconds; 0 when it is live."""
        return int(self.query("at") or 0)

    def query(self, name: str) -> str:
        """A part of the address as it is now: the player writes it without navigating."""
        found: str = self.page.evaluate("name => new URLSearchParams(location.search).get(name) || ''", name)
        return found

    def goes_on(self, recorded: tuple[int, int]) -> None:
        """To the first recording there is."""
        self.page.get_by_role("button", name="Next recording").click()
        self.sees("playing", live=False)
        assert recorded[0] - 2 <= self.moment() <= recorded[0] + 10

    def clock(self) -> str:
        return self.page.locator("[data-clock]").inner_text()

    def timeline(self, share: float) -> tuple[float, float]:
        """A point on the timeline's track, `share` of its width from the left."""
        box = self.page.locator("[data-timeline]").bounding_box()
        assert box
        return box["x"] + box["width"] * share, box["y"] + box["height"] * 0.6

    def span(self) -> float:
        return float(self.query("span") or 3600)


@pytest.fixture(scope="module")
def recorded(harbour: Harbour) -> tuple[int, int]:
    """What there is of the archive, once it is long enough."""

    def long_enough() -> tuple[int, ...]:
        first, last = harbour.recorded()
        return (first, last) if last - first >= RECORDED else ()

    first, last = eventually(long_enough, seconds=90)
    return first, last


@pytest.fixture(scope="module")
def alice(browser: Browser, harbour: Harbour) -> Iterator[Viewer]:
    viewer = Viewer.of(browser, harbour, "alice")
    yield viewer
    assert viewer.complaints == []


def test_the_picture_is_live_and_moves_and_is_seconds_old(alice: Viewer) -> None:
    alice.open().sees("playing", live=True, seconds=40)
    alice.sees_motion()
    age = alice.page.evaluate("""() => {
        const [h, m, s] = document.querySelector('[data-clock]').textContent.split(':');
        const now = new Date(new Date().toLocaleString('en-US', {timeZone: 'America/New_York'}));
        return (now.getHours() * 3600 + now.getMinutes() * 60 + now.getSeconds()) - (h * 3600 + m * 60 + +s); }""")
    assert 0 <= age % 86400 <= 10, "by the wall clock, in the ISP's time zone, whatever the viewer's is"
    expect(alice.page.locator("[data-zone]")).to_have_text("America/New York")


def test_a_click_on_the_timeline_plays_the_archive_and_l_goes_back_to_live(
    alice: Viewer, recorded: tuple[int, int]
) -> None:
    alice.open("?span=60").sees("playing", live=True)
    eventually(lambda: abs(alice.span() - 60) < 2)
    alice.page.mouse.click(*alice.timeline(0.7))
    alice.sees("playing", live=False)
    shown = eventually(alice.moment)
    assert recorded[0] <= shown <= time.time() - 5
    alice.sees_motion()
    alice.page.keyboard.press("l")
    alice.sees("playing", live=True)
    assert alice.moment() == 0


def test_an_address_with_a_moment_opens_there_pauses_and_goes_frame_by_frame(
    alice: Viewer, recorded: tuple[int, int]
) -> None:
    wanted = recorded[0] + 4
    alice.open(f"?at={wanted}").sees("playing", live=False)
    assert alice.clock()[:5] in {local(wanted)[11:16], local(wanted + 20)[11:16]}
    alice.page.keyboard.press(" ")
    alice.sees("paused", live=False)
    seen = [alice.frame()]
    for _ in range(2):
        alice.page.keyboard.press(".")
        seen.append(eventually(lambda: alice.frame() if alice.frame() not in ("", seen[-1]) else ""))
    alice.page.keyboard.press(",")
    eventually(lambda: alice.frame() == seen[1])
    alice.page.keyboard.press("ArrowRight")
    eventually(lambda: alice.moment() >= wanted + 9)
    alice.sees("paused", live=False)


def test_a_snapshot_is_a_picture_file_named_after_its_moment(alice: Viewer, recorded: tuple[int, int]) -> None:
    alice.open(f"?at={recorded[0] + 2}").sees("playing", live=False)
    alice.page.locator("[data-play]").click()
    alice.sees("paused", live=False)
    with alice.page.expect_download() as caught:
        alice.page.keyboard.press("s")
    file = Path(caught.value.path()).read_bytes()
    stamp = alice.clock().replace(":", "")
    assert file.startswith(PNG)
    assert len(file) > 2000
    assert caught.value.suggested_filename.endswith(f"-{stamp}.png")


def test_a_download_is_prepared_verified_and_as_long_as_announced(
    alice: Viewer, recorded: tuple[int, int], tmp_path: Path
) -> None:
    alice.open(f"?at={recorded[0] + 5}&span=60").sees("playing", live=False)
    alice.page.keyboard.press("d")
    field_of = alice.page.locator
    field_of("[data-from]").fill(local(recorded[0] + 2))
    field_of("[data-to]").fill(local(recorded[0] + 14))
    expect(field_of("[data-summary]")).to_have_text("0:12")
    field_of("[data-prepare]").click()
    link = field_of("[data-file]")
    expect(link).to_be_visible(timeout=30_000)
    announced = float(link.get_attribute("data-duration") or 0)
    assert announced == pytest.approx(12, abs=2.5), "cut at key frames"
    with alice.page.expect_download() as caught:
        link.click()
    file = tmp_path / "window.mp4"
    caught.value.save_as(file)
    assert duration_of(file) == pytest.approx(announced, abs=0.3)
    assert "Ready" in field_of("[data-status]").inner_text()


def test_the_window_is_chosen_by_dragging_its_handles(alice: Viewer, recorded: tuple[int, int]) -> None:
    alice.open(f"?at={recorded[0] + 5}").sees("playing", live=False)
    alice.page.keyboard.press(" ")
    alice.page.keyboard.press("d")
    summary = alice.page.locator("[data-summary]")
    expect(summary).to_have_text("2:00")
    # The window was put into view: ten minutes, of which at most four follow it, and little of them is still to come.
    typed = datetime.fromisoformat(alice.page.locator("[data-to]").input_value())
    end = typed.replace(tzinfo=ZONE).timestamp()
    last = min(end + 240, time.time() + 72)
    left = 1 - (last - end + 120) / 600
    alice.page.mouse.move(*alice.timeline(left))
    expect(alice.page.locator("[data-timeline]")).to_have_attribute("data-grip", "from")
    alice.page.mouse.down()
    alice.page.mouse.move(*alice.timeline(left + 60 / 600), steps=4)
    alice.page.mouse.up()
    expect(summary).to_have_text(re.compile(r"1:0\d|0:5\d"))
    alice.page.keyboard.press("Escape")
    expect(alice.page.locator("[data-download-panel]")).to_be_hidden()


@pytest.mark.parametrize("age", [0, 30], ids=["before the camera came", "while it was away"])
def test_where_nothing_was_recorded_it_says_so_and_offers_a_way_on(
    alice: Viewer, recorded: tuple[int, int], age: int
) -> None:
    with alice.harbour.aged(age):
        alice.open(f"?at={recorded[0] - 5 * DAY}")
        alice.sees("failed", live=False)
        expect(alice.page.locator("[data-message]")).to_contain_text("Nothing was recorded at this moment")
        alice.goes_on(recorded)


def test_before_the_days_of_ones_right_it_says_how_far_back_one_may_look(
    alice: Viewer, browser: Browser, recorded: tuple[int, int]
) -> None:
    here = alice.harbour
    here.grant("bob", can_view_dvr=True, dvr_depth_limit=2)
    with here.aged(30):
        bob = Viewer.of(browser, here, "bob")
        bob.open(f"?at={recorded[0] - 5 * DAY}")
        expect(bob.page.locator("[data-message]")).to_contain_text("Your right to the archive reaches 2 days back")
        bob.goes_on(recorded)
        here.grant("bob", can_view_dvr=True, dvr_depth_limit=None)
        bob.open(f"?at={recorded[0] - 5 * DAY}")
        expect(bob.page.locator("[data-message]")).to_contain_text("Nothing was recorded at this moment")
    assert bob.complaints == []
    bob.page.context.close()


def test_live_only_is_said_to_whom_the_archive_is_closed(
    alice: Viewer, browser: Browser, recorded: tuple[int, int]
) -> None:
    here, sentence = alice.harbour, "You may watch this camera live only"
    bob = Viewer.of(browser, here, "bob")
    bob.open(f"?at={recorded[0] + 2}").sees("playing", live=False)
    here.grant("bob", can_view_dvr=False)
    expect(bob.page.locator("[data-message]")).to_contain_text(sentence, timeout=20_000)
    bob.page.get_by_role("button", name="Back to live").click()
    bob.sees("playing", live=True)
    bob.open(f"?at={recorded[0] + 2}").sees("playing", live=True)
    expect(bob.page.get_by_text(sentence)).to_be_visible()
    expect(bob.page.locator("[data-timeline]")).to_be_hidden()
    here.grant("bob", can_view_dvr=True)
    assert bob.complaints == []
    bob.page.context.close()


def test_on_a_phone_fingers_play_the_archive_drag_and_pinch(
    browser: Browser, harbour: Harbour, recorded: tuple[int, int]
) -> None:
    bob = Viewer.of(browser, harbour, "bob", phone=True)
    bob.open("?span=60").sees("playing", live=True)
    wide = bob.page.evaluate("document.documentElement.scrollWidth")
    assert wide <= 390, "nothing is wider than the screen"
    bob.page.touchscreen.tap(*bob.timeline(0.7))
    bob.sees("playing", live=False)
    assert bob.moment() >= recorded[0]
    shown = bob.page.locator("[data-timeline]").get_attribute("aria-valuenow")
    assert int(shown or 0) >= recorded[0]
    fingers = bob.page.context.new_cdp_session(bob.page)

    def touch(kind: str, *xs: float) -> None:
        points = [{"x": x, "y": bob.timeline(0)[1], "id": number} for number, x in enumerate(xs)]
        fingers.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    # Two fingers that part show less time.
    bob.page.locator('[data-span="600"]').tap()
    eventually(lambda: abs(bob.span() - 600) < 5)
    touch("touchStart", 150, 200)
    for step in range(1, 9):
        touch("touchMove", 150 - step * 10, 200 + step * 10)
    touch("touchEnd")
    eventually(lambda: 60 <= bob.span() < 300)
    # One finger moves the time; it plays nothing.
    before = bob.page.locator("[data-player]").get_attribute("data-state")
    touch("touchStart", 120)
    for step in range(1, 9):
        touch("touchMove", 120 + step * 15)
    touch("touchEnd")
    assert before == bob.page.locator("[data-player]").get_attribute("data-state")
    expect(bob.page.locator("[data-day-after]")).to_be_enabled()
    assert bob.complaints == []
    bob.page.context.close()


def test_the_token_is_exchanged_before_it_ends(alice: Viewer) -> None:
    hurried = Viewer(alice.page.context.new_page(), alice.harbour)
    hurried.page.add_init_script("""const parse = JSON.parse; JSON.parse = (...given) => {
        const found = parse(...given); if (found?.playback) found.playback.expires_in = 8; return found; }""")
    with hurried.page.expect_response("**/cameras/tokens?*", timeout=20_000) as caught:
        hurried.open()
    fresh = caught.value.json()[alice.harbour.camera]["token"]
    with hurried.page.expect_request(lambda request: f"token={fresh}" in request.url, timeout=15_000):
        pass
    hurried.sees("playing", live=True)
    hurried.page.close()


def test_a_right_that_is_taken_away_stops_the_picture_within_ten_seconds(browser: Browser, harbour: Harbour) -> None:
    bob = Viewer.of(browser, harbour, "bob")
    bob.open().sees("playing", live=True)
    bob.sees_motion()
    harbour.api("DELETE", f"{harbour.guests}/{harbour.ids['bob']}")
    taken = time.monotonic()
    bob.sees("failed", live=True, seconds=10)
    assert time.monotonic() - taken <= 10
    expect(bob.page.locator("[data-message]")).to_contain_text("You may no longer watch this camera")
    assert bob.frame() == "", "no picture is left behind"
    assert bob.page.goto(bob.page.url), "the page answers"
    assert bob.page.locator("video").count() == 0, "and shows no player any more"
    bob.page.context.close()


def test_a_camera_that_is_switched_off_says_so_and_comes_back(alice: Viewer, harbour: Harbour) -> None:
    alice.open().sees("playing", live=True)
    harbour.api("PUT", f"cameras/{harbour.camera}", enabled=False)
    expect(alice.page.locator("[data-message]")).to_contain_text("The camera is switched off", timeout=10_000)
    harbour.api("PUT", f"cameras/{harbour.camera}", enabled=True)
    alice.sees("playing", live=True, seconds=30)


def local(moment: float) -> str:
    """A moment as the ISP's clocks show it: 2026-11-21T08:00:00."""
    return datetime.fromtimestamp(moment, ZONE).isoformat(timespec="seconds")[:19]


def duration_of(file: Path) -> float:
    """What ffmpeg finds in a file, in seconds."""
    command = [ffmpeg.executable(), "-hide_banner", "-i", str(file), "-f", "null", "-c", "copy", "-"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    found = re.search(r"Duration: (\d+):(\d+):([\d.]+)", said)
    assert found, said
    return int(found[1]) * 3600 + int(found[2]) * 60 + float(found[3])
