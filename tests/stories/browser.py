"""A person at a browser: real Chromium, one context each, and what people do in it."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.eventually import eventually

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or "/usr/bin/chromium"
# Without these, Chromium speaks to its maker's hosts all the time.
QUIET = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync",
         "--autoplay-policy=no-user-gesture-required"]  # fmt: skip
FRAME = """() => { const video = document.querySelector('video'); if (!video || !video.videoWidth) return '';
  const canvas = document.createElement('canvas'); canvas.width = 160; canvas.height = 90;
  canvas.getContext('2d').drawImage(video, 0, 0, 160, 90); return canvas.toDataURL(); }"""


@contextmanager
def chromium() -> Iterator[Browser]:
    """The machine's Chromium; a test that needs it is skipped without, and fails on CI."""
    if not Path(CHROMIUM).exists():
        if os.environ.get("CI"):
            pytest.fail("there is no Chromium")
        pytest.skip("there is no Chromium on this machine")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        try:
            yield browser
        finally:
            browser.close()


class Person:
    """Somebody with a browser window at one ISP's address. What the page complained of is in `complaints`."""

    def __init__(self, browser: Browser, url: str, login: str, password: str) -> None:
        self.url = url
        self.complaints: list[str] = []
        self.page: Page = browser.new_context(viewport={"width": 1280, "height": 800}, locale="en-US").new_page()
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.go("/login")
        self.page.fill("[name=login]", login)
        self.page.fill("[name=password]", password)
        self.page.press("[name=password]", "Enter")
        self.page.wait_for_url(lambda address: "/login" not in address)

    def go(self, path: str) -> int:
        """Open a page; returns its status."""
        response = self.page.goto(self.url + path)
        return response.status if response else 0

    def fill(self, path: str, **values: str) -> None:
        """Open a form, fill it in by the names of its fields, and send it."""
        assert self.go(path) == 200, path
        for name, value in values.items():
            field = self.page.locator(f"main [name={name}]").first
            if field.evaluate("field => field.tagName") == "SELECT":
                field.select_option(label=value)
            else:
                field.fill(value)
        self.send()

    def send(self) -> None:
        """Send the form that is on the page; it is accepted when the page moves on without an error."""
        with self.page.expect_navigation():
            self.page.locator("main form button[type=submit]").first.click()
        assert self.page.locator(".invalid-feedback:visible").all_inner_texts() == []

    def frame(self) -> str:
        """A fingerprint of the picture in the player; empty while there is none."""
        picture: str = self.page.evaluate(FRAME)
        return hashlib.sha256(picture.encode()).hexdigest() if picture else ""

    def sees_motion(self, *, seconds: float = 20.0) -> None:
        """Fails unless two frames of the player differ."""
        first = eventually(self.frame, seconds=seconds)
        eventually(lambda: self.frame() not in ("", first), seconds=seconds)
