"""An ISP's key for Google Analytics: pages are counted for it, and never those with secrets."""

from __future__ import annotations

import pytest
from django.test import Client

from tests.api.v3.calls import ADMIN, with_key
from tests.cast import NORTH, SOUTH, Cast

GOOGLE = "googletagmanager.com"
GENERAL = {"title": "North Net", "locale": "en", "timezone": "Europe/Berlin"}


def policy(client: Client, path: str) -> tuple[str, str]:
    """The page and what it may load."""
    answer = client.get(path)
    assert answer.status_code == 200
    return answer.content.decode(), answer.headers["Content-Security-Policy"]


def test_pages_of_people_are_counted_once_there_is_a_key(cast: Cast) -> None:
    bob = cast.client(cast.bob)
    assert GOOGLE not in "".join(policy(bob, "/cameras/"))
    saved = cast.client(cast.nora).post("/settings/", {**GENERAL, "analytics_key": "G-ABC123DEF4"})
    assert saved.status_code == 302
    page, allowed = policy(bob, "/cameras/")
    assert f"https://www.{GOOGLE}/gtag/js?id=G-ABC123DEF4" in page
    assert f"script-src 'self' https://www.{GOOGLE}" in allowed
    watched, allowed = policy(bob, "/cameras/watch/gate")
    assert GOOGLE in watched
    assert 'data-page="/cameras/watch/&lt;camera:name&gt;"' in watched, "its pattern, not its address"
    assert "http://north.localhost:8001" in allowed, "the player keeps its streamers"


@pytest.mark.parametrize("path", ["/settings/", "/settings/keys", "/profile/", "/cameras/new", "/users/new"])
def test_pages_with_secrets_are_not(cast: Cast, path: str) -> None:
    with_key(cast.north_key, base=ADMIN).put("domain_config", {"analytics_key": "G-ABC123DEF4"}).ok()
    assert GOOGLE not in "".join(policy(cast.client(cast.nora), path))


def test_neither_are_the_doors_and_the_other_isp(cast: Cast) -> None:
    with_key(cast.north_key, base=ADMIN).put("domain_config", {"analytics_key": "G-ABC123DEF4"}).ok()
    assert GOOGLE not in "".join(policy(Client(HTTP_HOST=NORTH), "/login"))
    assert GOOGLE not in "".join(policy(cast.client(cast.sam, SOUTH), "/cameras/"))


@pytest.mark.parametrize("key", ["x", "G-", 'G-ABC"><script>', "UA-1234-1", "G-abc123"])
def test_what_is_no_key_is_refused_by_its_field(cast: Cast, key: str) -> None:
    answer = cast.client(cast.nora).post("/settings/", {**GENERAL, "analytics_key": key})
    assert answer.status_code == 422
    assert "G-ABC123DEF4" in answer.content.decode()
    with_key(cast.north_key, base=ADMIN).put("domain_config", {"analytics_key": key}).refused(
        400, "validation_error", pointer="/analytics_key"
    )
