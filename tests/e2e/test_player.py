"""The player as people use it: real portal, real streamer, real Chromium, a virtual camera."""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from devices.streamer import ffmpeg
from tests.e2e.harbour import ZONE, Harbour, Viewer, opened
from tests.eventually import eventually
from tests.stories.browser import chromium

DAY = 86400
RECORDED = 20  # seconds of archive the stories need
PNG = b"\x89PNG\r\n\x1a\n"

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def harbour(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Harbour]:
    with opened(tmp_path_factory.mktemp("player") / "var", stream_url="fake://fake") as here:
        yield here


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def recorded(harbour: Harbour) -> tuple[int, int]:
    """What there is of the archive, once it is long enough."""
    return harbour.recorded_for(RECORDED)


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


def test_a_playback_that_was_ended_stops_within_ten_seconds_and_does_not_begin_by_itself(
    browser: Browser, harbour: Harbour
) -> None:
    harbour.grant("bob")
    bob = Viewer.of(browser, harbour, "bob")
    bob.open().sees("playing", live=True)
    bob.sees_motion()
    alice = Viewer.of(browser, harbour, "alice")
    alice.page.goto(f"{bob.page.url.split('/cameras')[0]}/watching/?camera={harbour.camera}")
    alice.page.get_by_role("link", name="End the playback of bob").first.click()
    alice.page.get_by_role("button", name="End it").click()
    ended = time.monotonic()
    bob.sees("failed", live=True, seconds=10)
    assert time.monotonic() - ended <= 10
    expect(bob.page.locator("[data-message]")).to_contain_text("An administrator has ended this playback")
    bob.page.get_by_role("button", name="Start again").click()
    expect(bob.page.locator("[data-message]")).to_contain_text("An administrator has ended this playback")
    for viewer in (bob, alice):
        viewer.page.context.close()


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
