"""Support access: the only way from the installation into an ISP, seen and ended by the ISP."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client

from tenants import clock
from tenants.models import ApiKey, AuditEntry, SupportAccess, Token, User, UserSession
from tenants.scoping import domain_scope
from tenants.services import support
from tests.cast import NORTH, SOUTH
from tests.installation.conftest import Installation

REASON = "Ticket 4711: Nora asked why her cameras are off"


def _link(installation: Installation, *, reason: str = REASON, minutes: str = "60") -> str:
    page = installation.client().post(
        f"/isps/{installation.cast.north.pk}/support", {"reason": reason, "minutes": minutes}
    )
    assert page.status_code == 200, page.content.decode()
    return str(re.findall(r"http://north\.localhost:\d+(/support/enter/[\w-]+)", page.content.decode())[0])


def _inside(installation: Installation) -> Client:
    browser = Client(HTTP_HOST=NORTH)
    assert browser.post(_link(installation)).status_code == 302
    return browser


def test_support_comes_in_with_a_banner_and_sees_what_an_administrator_sees(installation: Installation) -> None:
    page = _inside(installation).get("/cameras/").content.decode()
    assert "support-bar" in page
    assert REASON in page
    assert "Gate" in page
    assert "support-bar" not in installation.cast.client(installation.cast.nora).get("/cameras/").content.decode()


@pytest.mark.parametrize("reason", ["", "because", "x" * 301])
def test_without_a_reason_nobody_enters(installation: Installation, reason: str) -> None:
    path = f"/isps/{installation.cast.north.pk}/support"
    assert installation.client().post(path, {"reason": reason, "minutes": "60"}).status_code == 422
    with domain_scope(installation.cast.north):
        assert not SupportAccess.objects.exists()


def test_nobody_enters_for_longer_than_is_offered(installation: Installation) -> None:
    path = f"/isps/{installation.cast.north.pk}/support"
    assert installation.client().post(path, {"reason": REASON, "minutes": "100000"}).status_code == 422


def test_the_link_opens_once_for_five_minutes_at_its_own_isp(installation: Installation) -> None:
    link = _link(installation)
    assert Client(HTTP_HOST=SOUTH).post(link).status_code == 404
    assert Client(HTTP_HOST=NORTH).get(link).status_code == 200, "looking changes nothing"
    assert Client(HTTP_HOST=NORTH).post(link).status_code == 302
    assert Client(HTTP_HOST=NORTH).post(link).status_code == 404
    late = _link(installation)
    with clock.frozen(clock.now() + timedelta(minutes=6)):
        assert Client(HTTP_HOST=NORTH).post(late).status_code == 404


def test_the_isp_reads_who_came_why_what_he_did_and_when_he_left(installation: Installation) -> None:
    cast = installation.cast
    browser = _inside(installation)
    assert browser.post("/cameras/switch/gate", {"enabled": "0", "back": "/cameras/"}).status_code == 302
    assert browser.post("/support/leave").status_code == 302
    assert browser.get("/cameras/").status_code == 302, "signed out"
    with domain_scope(cast.north):
        entries = AuditEntry.objects.filter(user_login="support: greta").order_by("id")
        told = [(entry.object_type, entry.action, sorted(entry.changed)) for entry in entries]
        assert told == [
            ("SupportAccess", "create", ["expires_at", "reason"]),
            ("Camera", "change", ["enabled"]),
            ("SupportAccess", "change", ["ended_at", "ended_by"]),
        ]
        first, camera, _last = entries
        assert first.changed["reason"][1] == REASON
        assert camera.via == "support access"
    page = cast.client(cast.nora).get("/settings/support").content.decode()
    assert REASON in page
    assert "ended by support: greta" in page


def test_the_isp_ends_it_at_once(installation: Installation) -> None:
    cast = installation.cast
    browser, nora = _inside(installation), cast.client(cast.nora)
    end = re.findall(r"/settings/support/\d+/end", nora.get("/settings/support").content.decode())[0]
    assert cast.client(cast.alice).post(end).status_code == 403
    assert nora.post(end).status_code == 302
    assert browser.get("/cameras/").status_code == 302
    with domain_scope(cast.north):
        assert not UserSession.objects.filter(user__is_support=True).exists()
        assert SupportAccess.objects.get().ended_by == "nora@example.org"
    assert nora.post(end).status_code == 404


def test_it_ends_by_itself_even_before_the_scheduler_looks(installation: Installation) -> None:
    browser = _inside(installation)
    with clock.frozen(clock.now() + timedelta(minutes=61)):
        assert browser.get("/cameras/").status_code == 302
        with domain_scope(installation.cast.north):
            assert support.end_expired() == 1
            assert support.end_expired() == 0
            assert not User.everyone.filter(is_support=True, is_active=True).exists()
            assert AuditEntry.objects.filter(object_type="SupportAccess", action="change").count() == 1


def test_a_new_stay_ends_the_one_before(installation: Installation) -> None:
    first = _inside(installation)
    second = _inside(installation)
    assert first.get("/cameras/").status_code == 302
    assert second.get("/cameras/").status_code == 200


def test_support_is_in_no_list_and_counts_for_nothing(installation: Installation) -> None:
    cast = installation.cast
    _inside(installation)
    nora = cast.client(cast.nora)
    assert "support: greta" not in nora.get("/users/").content.decode()
    users = cast.api(cast.north_key).get("/vsaas/api/v2/users").json()
    assert not [user for user in users if "support" in user["login"]]
    with domain_scope(cast.north):
        assert User.objects.filter(is_admin=True).count() == 1


def test_no_door_knows_supports_stand_in(installation: Installation) -> None:
    cast = installation.cast
    _inside(installation)
    key = cast.api(cast.north_key)
    assert key.get("/vsaas/api/v2/cameras", headers={"x-vsaas-user": "support: greta"}).status_code in {401, 403, 404}
    assert Client(HTTP_HOST=NORTH).post("/login", {"login": "support: greta", "password": "!"}).status_code == 422
    asked = Client(HTTP_HOST=NORTH).post("/vsaas/forgot-password", {"name": "support: greta"})
    assert asked.status_code == 200, "the answer for everybody"
    with domain_scope(cast.north):
        assert not Token.objects.filter(purpose=Token.Purpose.PASSWORD_RESET).exists()


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/settings/keys/new", {"title": "back door"}),
        ("/users/new", {"login": "me", "password": "a phrase of my own"}),
        ("/profile/password", {"current": "!", "password": "a phrase of my own"}),
        ("/settings/external", {"kind": "http", "url": "https://example.org"}),
        ("/settings/sign-in/providers/new", {"title": "x"}),
        ("/settings/mail", {"host": "mail.example.org"}),
        ("/settings/webhooks/new", {"url": "https://example.org"}),
        ("/vsaas/api/v2/users", {"login": "me", "password": "a phrase of my own"}),
        ("/watcher/admin-api/v3/users", {"name": "me", "password": "a phrase of my own"}),
    ],
)
def test_support_hands_out_no_access_that_would_outlast_it(
    installation: Installation, path: str, body: dict[str, str]
) -> None:
    browser = _inside(installation)
    assert browser.post(path, body).status_code == 403
    with domain_scope(installation.cast.north):
        assert ApiKey.objects.count() == 1
        assert not User.objects.filter(login="me").exists()


def test_supports_session_is_good_in_a_browser_only(installation: Installation) -> None:
    browser = _inside(installation)
    shown = browser.cookies["perch_session"].value
    for headers in ({"x-vsaas-session": shown}, {"authorization": f"Bearer {shown}"}):
        stranger = Client(HTTP_HOST=NORTH)
        assert stranger.get("/vsaas/api/v2/users", headers=headers).status_code in {401, 403}
        sent = stranger.post("/vsaas/api/v2/organizations", {"title": "x"}, "application/json", headers=headers)
        assert sent.status_code in {401, 403}


def test_support_makes_no_link_that_opens_a_session_later(installation: Installation) -> None:
    cast = installation.cast
    with domain_scope(cast.north):
        stand_in = User.everyone.filter(is_support=True).first()
        assert stand_in is None
    browser = _inside(installation)
    sent = browser.post("/vsaas/api/v2/auth/generate-autologin-token", {"login": cast.bob.login}, "application/json")
    assert sent.status_code == 403
    with domain_scope(cast.north):
        assert not Token.objects.filter(purpose=Token.Purpose.AUTOLOGIN).exists()


def test_support_changes_no_persons_password_login_or_rank(installation: Installation) -> None:
    cast = installation.cast
    browser = _inside(installation)
    path = f"/users/{cast.bob.pk}"
    same = {"login": "bob@example.org", "email": "bob@example.org", "is_active": "on"}
    for change in (
        {"password": "a phrase of my own"},
        {"login": "me"},
        {"email": "me@example.org"},
        {"is_admin": "on"},
    ):
        assert browser.post(path, {**same, **change}).status_code in {403, 422}
    with domain_scope(cast.north):
        bob = User.objects.get(pk=cast.bob.pk)
        assert (bob.login, bob.email, bob.is_admin) == ("bob@example.org", "bob@example.org", False)
        assert bob.check_password("correct horse battery")


def test_nobody_takes_a_name_that_looks_like_support(installation: Installation) -> None:
    cast = installation.cast
    answer = cast.client(cast.nora).post("/users/new", {"login": "Support: greta", "password": "a phrase of mine"})
    assert answer.status_code == 422
