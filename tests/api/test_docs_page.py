"""The page that browses the API, in a real browser under the portal's own content policy."""

from __future__ import annotations

import json

import pytest
from django.conf import settings
from playwright.sync_api import Page, expect

from tests.cast import Cast
from tests.server import Server, sign_in
from tests.stories.browser import chromium

pytestmark = pytest.mark.browser


def test_the_page_browses_and_tries_the_api_without_breaking_the_policy(server: Server, live_cast: Cast) -> None:
    url, complaints = f"http://north.localhost:{server.port}", []
    session = sign_in(live_cast.nora)
    with chromium() as browser:
        page = browser.new_context(locale="en-GB").new_page()
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        response = page.goto(f"{url}/api/docs")
        expect(page.locator("#operations-streams-streams_list")).to_be_visible(timeout=20_000)
        page.get_by_role("link", name="v2").click()
        assert response is not None
        policy = response.headers["content-security-policy"]
        assert "'unsafe-inline'" not in policy
        assert "'unsafe-eval'" not in policy
        expect(page.locator("#operations-cameras-cameras_list")).to_be_visible(timeout=20_000)
        whoami = _try(page, "auth", "auth_whoami")
        assert (whoami["is_logged_in"], whoami["login"]) == (False, None)
        page.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": url}])
        page.goto(f"{url}/api/docs?dialect=v2")
        assert _try(page, "auth", "auth_whoami")["login"] == "nora@example.org"
        assert _try(page, "auth", "auth_logout") == {"success": True}, "a change carries the CSRF token"
    assert complaints == []


def _try(page: Page, tag: str, operation: str) -> dict[str, object]:
    """Open an operation, press Try it out and Execute, and read the answer."""
    place = page.locator(f"#operations-{tag}-{operation}")
    place.locator("button.opblock-summary-control").click(timeout=20_000)
    place.locator("button.try-out__btn").click()
    place.locator("button.execute").click()
    answer = place.locator(".live-responses-table .highlight-code code").first
    expect(answer).to_be_visible(timeout=20_000)
    found: dict[str, object] = json.loads(answer.inner_text())
    return found
