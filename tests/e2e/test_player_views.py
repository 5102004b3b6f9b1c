"""What the browser and the camera make of the player: two renditions, full screen, a small window, its own HLS."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Request, expect

from tests.e2e.harbour import Harbour, Viewer, opened
from tests.eventually import eventually
from tests.rtsp import Camera, rtsp_server
from tests.stories.browser import chromium

LARGE, SMALL = (640, 480), (320, 240)
WITHOUT_MSE = "for (const name of ['MediaSource', 'ManagedMediaSource', 'WebKitMediaSource']) delete window[name];"
WITHOUT_HLS = "HTMLMediaElement.prototype.canPlayType = () => '';"
WITHOUT_PICTURE = "Object.defineProperty(Document.prototype, 'pictureInPictureEnabled', { get: () => false });"

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def harbour(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Harbour]:
    """The Harbour's camera sends a large picture and a small one."""
    sizes = {
        "main": Camera(width=LARGE[0], height=LARGE[1], kilobits=800),
        "sub": Camera(width=SMALL[0], height=SMALL[1]),
    }
    with (
        rtsp_server(sizes) as camera,
        opened(
            tmp_path_factory.mktemp("views") / "var",
            networks=f"127.0.0.1/32:{camera.port}",
            stream_url=camera.url("main"),
            substream_url=camera.url("sub"),
        ) as here,
    ):
        eventually(lambda: here.renditions() == 2, seconds=60)
        yield here


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def alice(browser: Browser, harbour: Harbour) -> Iterator[Viewer]:
    viewer = Viewer.of(browser, harbour, "alice")
    yield viewer
    assert viewer.complaints == []


def size(viewer: Viewer) -> tuple[int, int]:
    """Of the picture on show."""
    width, height = viewer.page.evaluate(
        "() => { const v = document.querySelector('video'); return [v.videoWidth, v.videoHeight]; }"
    )
    return width, height


def shows(viewer: Viewer, wanted: tuple[int, int]) -> None:
    eventually(lambda: size(viewer) == wanted, seconds=30)


def elsewhere(alice: Viewer, script: str) -> Viewer:
    """Alice in another window, of a browser that the script has made another one."""
    other = Viewer(alice.page.context.new_page(), alice.harbour)
    other.page.on("pageerror", lambda error: other.complaints.append(str(error)))
    other.page.add_init_script(script)
    return other


def close(viewer: Viewer) -> None:
    assert viewer.complaints == []
    viewer.page.close()


def test_the_quality_that_is_chosen_is_the_one_on_show_and_stays_chosen(alice: Viewer) -> None:
    fetched: list[str] = []

    def note(request: Request) -> None:
        fetched.extend(re.findall(r"/live/(main|sub)/\w+/\d+\.m4s", request.url))

    alice.page.on("request", note)
    alice.open().sees("playing", live=True, seconds=40)
    quality = alice.page.locator("[data-quality]")
    expect(quality).to_be_visible()
    expect(quality.locator("option")).to_have_text(["Auto", "240p", "480p"])
    shows(alice, LARGE)  # what a good connection gets
    for label, rendition, wanted in (("240p", "sub", SMALL), ("480p", "main", LARGE), ("240p", "sub", SMALL)):
        quality.select_option(label=label)
        shows(alice, wanted)
        fetched.clear()
        eventually(lambda: alice.frame() and len(fetched) >= 3)
        assert set(fetched) == {rendition}, "nothing of the other one is fetched any more"
    alice.sees_motion()
    alice.page.mouse.click(*alice.timeline(0.5))
    alice.page.keyboard.press("l")
    alice.sees("playing", live=True)
    expect(quality).to_have_value("0")
    shows(alice, SMALL)
    quality.select_option(label="Auto")
    shows(alice, LARGE)
    alice.page.remove_listener("request", note)


def test_the_archive_is_of_the_large_picture_and_offers_no_choice(alice: Viewer, harbour: Harbour) -> None:
    first = harbour.recorded_for(8)[0]
    alice.open(f"?at={first + 1}").sees("playing", live=False)
    assert size(alice) == LARGE
    expect(alice.page.locator("[data-quality]")).to_be_hidden()


def test_full_screen_is_a_button_a_key_and_a_double_click(alice: Viewer) -> None:
    alice.open().sees("playing", live=True)
    page = alice.page

    def is_full() -> bool:
        return bool(page.evaluate("document.fullscreenElement === document.querySelector('[data-player]')"))

    def is_window() -> bool:
        return bool(page.evaluate("document.fullscreenElement === null"))

    page.get_by_role("button", name="Full screen").click()
    eventually(is_full)
    expect(page.locator("button[data-live]")).to_be_in_viewport()
    page.keyboard.press("f")
    eventually(is_window)
    page.keyboard.press("f")
    eventually(is_full)
    page.locator("video").dblclick()
    eventually(is_window)
    alice.sees("playing", live=True)


def test_the_picture_leaves_for_a_small_window_by_button_and_key(alice: Viewer) -> None:
    alice.open().sees("playing", live=True)
    page = alice.page

    def is_out() -> bool:
        return bool(page.evaluate("document.pictureInPictureElement === document.querySelector('video')"))

    def is_in() -> bool:
        return bool(page.evaluate("document.pictureInPictureElement === null"))

    page.get_by_role("button", name="Picture in picture").click()
    eventually(is_out)
    alice.sees_motion()
    page.keyboard.press("p")
    eventually(is_in)
    page.keyboard.press("p")
    eventually(is_out)
    page.get_by_role("button", name="Picture in picture").click()
    eventually(is_in)


def test_a_browser_without_small_windows_is_offered_none(alice: Viewer) -> None:
    other = elsewhere(alice, WITHOUT_PICTURE)
    other.open().sees("playing", live=True)
    expect(other.page.locator("[data-fullscreen]")).to_be_visible()
    expect(other.page.locator("[data-picture]")).to_be_hidden()
    other.page.keyboard.press("p")
    assert other.page.evaluate("document.pictureInPictureElement") is None
    close(other)


def test_a_browser_that_plays_hls_itself_is_given_the_playlist(alice: Viewer, harbour: Harbour) -> None:
    first = harbour.recorded_for(8)[0]
    other = elsewhere(alice, WITHOUT_MSE)
    other.open().sees("playing", live=True, seconds=40)
    other.sees_motion()
    assert playlist(other) == f"/{harbour.camera}~1/index.m3u8"
    expect(other.page.locator("[data-quality]")).to_be_hidden()
    other.open(f"?at={first + 1}").sees("playing", live=False)
    assert playlist(other) == f"/{harbour.camera}~1/archive-{first + 1}-14400.m3u8"
    other.sees_motion()
    other.open(f"?at={first - 86400}")
    expect(other.page.locator("[data-message]")).to_contain_text("Nothing was recorded at this moment")
    other.page.get_by_role("button", name="Next recording").click()
    other.sees("playing", live=False)
    close(other)


def playlist(viewer: Viewer) -> str:
    """The path of what the browser plays by itself, after a look that it is a playlist anybody with the token gets."""
    address = viewer.page.locator("video").get_attribute("src") or ""
    parts = urlsplit(address)
    assert parse_qs(parts.query)["token"][0]
    assert viewer.page.evaluate("address => fetch(address).then(found => found.text())", address).startswith("#EXTM3U")
    return parts.path


def test_a_browser_that_plays_no_hls_at_all_says_so(alice: Viewer) -> None:
    other = elsewhere(alice, WITHOUT_MSE + WITHOUT_HLS)
    other.open()
    expect(other.page.locator("[data-message]")).to_contain_text("This browser cannot play the camera's video")
    close(other)
