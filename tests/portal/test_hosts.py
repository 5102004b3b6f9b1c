"""Which ISP answers is decided by the host name alone, and an unknown one tells nothing."""

from __future__ import annotations

import pytest
from django.test import Client

from tests.cast import NORTH, SOUTH, Cast

UNKNOWN = [
    "nowhere.example", "", " ", "north.localhost.evil.example", "evil.example/north.localhost", "north.localhost@evil",
    "north_localhost", "nоrth.localhost", "[::1]", "127.0.0.1", "*.localhost", "north.localhost,south.localhost", "..",
    "a" * 300, "north..localhost", "%6eorth.localhost", "north.localhost:99999x",
]  # fmt: skip


@pytest.mark.parametrize("host", UNKNOWN)
def test_an_unknown_host_gets_a_plain_404_that_names_nobody(cast: Cast, host: str) -> None:
    response = Client(HTTP_HOST=host).get("/login")
    assert response.status_code == 404
    assert response.content == b"Not found\n"


@pytest.mark.parametrize(
    "host", [NORTH, "NORTH.localhost", "north.localhost.", "north.localhost:8000", "North.LocalHost.:1"]
)
def test_every_spelling_of_a_known_host_is_that_isp(cast: Cast, host: str) -> None:
    page = Client(HTTP_HOST=host).get("/login")
    assert page.status_code == 200
    assert "North Net" in page.content.decode()
    assert "South Net" not in page.content.decode()


def test_a_forwarded_host_is_not_believed(cast: Cast) -> None:
    page = Client(HTTP_HOST=NORTH, headers={"X-Forwarded-Host": SOUTH}).get("/login")
    assert "North Net" in page.content.decode()


def test_a_session_of_one_isp_is_nothing_at_the_other(cast: Cast) -> None:
    client = cast.client(cast.alice)
    assert client.get("/profile/").status_code == 200
    there = Client(HTTP_HOST=SOUTH)
    there.cookies = client.cookies
    response = there.get("/profile/")
    assert response.status_code == 302
    assert response["Location"].startswith("/login")


def test_an_inactive_isp_is_unknown(cast: Cast) -> None:
    cast.south.is_active = False
    cast.south.save()
    assert Client(HTTP_HOST=SOUTH).get("/login").status_code == 404


def test_health_answers_on_any_host(db: None) -> None:
    assert Client(HTTP_HOST="anything").get("/healthz").content == b"ok"
