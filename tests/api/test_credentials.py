"""Who is asking: the three ways of manual 6.1.2, and every way that must not work."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from tenants import clock
from tenants.models import AuditEntry, UserSession
from tenants.scoping import domain_scope
from tenants.services import keys, users
from tests.api.calls import BASE, Caller, as_user, nobody, with_key
from tests.cast import NORTH, PASSWORD, SOUTH, Cast


def test_the_system_key_alone_does_anything_in_its_isp(cast: Cast) -> None:
    names = {camera["name"] for camera in with_key(cast.north_key).get("cameras").ok()}
    assert names == {"gate", "office", "wheel"}
    assert with_key(cast.north_key).get("auth/whoami").ok()["is_admin"] is True


def test_the_system_key_with_a_name_acts_as_that_user(cast: Cast) -> None:
    as_bob = with_key(cast.north_key, x_vsaas_user="Bob@example.org")
    assert [camera["name"] for camera in as_bob.get("cameras").ok()] == ["gate"]
    assert as_bob.get("auth/whoami").ok()["login"] == "bob@example.org"
    as_bob.post("presets", {"title": "x"}).refused(403, "Forbidden")
    with_key(cast.north_key, x_vsaas_user="olga@example.org").get("cameras").refused(403, "WrongApikey")


def test_a_users_key_is_that_user_and_nobody_else(cast: Cast) -> None:
    with domain_scope(cast.north):
        _row, key = keys.add_key(acting_user=None, user=cast.bob)
    for caller in (with_key(key), with_key(key, x_vsaas_user="bob@example.org")):
        assert caller.get("auth/whoami").ok()["login"] == "bob@example.org"
    for name in ("nora@example.org", "nobody@example.org", "sam@example.org"):
        with_key(key, x_vsaas_user=name).get("cameras").refused(403, "WrongApikey")


def test_login_gives_a_session_that_logout_ends(cast: Cast) -> None:
    answer = nobody().post("auth/login", {"login": "bob@example.org", "password": PASSWORD}).ok()
    assert answer["is_logged_in"]
    assert answer["organizations"] == [cast.harbour.pk] or cast.harbour.pk in answer["organizations"]
    caller = Caller(NORTH, {"x-vsaas-session": answer["session"]})
    assert caller.get("auth/whoami").ok()["id"] == cast.bob.pk
    assert caller.get("auth/whoami").ok()["session"] is None, "a session is told once"
    assert caller.post("auth/logout").ok() == {"success": True}
    caller.get("auth/whoami").refused(403, "WrongApikey")


def test_login_sets_no_cookie_and_stores_no_key(cast: Cast) -> None:
    answer = nobody().post("auth/login", {"login": "bob@example.org", "password": PASSWORD})
    assert not answer.response.cookies
    with domain_scope(cast.north):
        assert not UserSession.objects.filter(digest=answer.ok()["session"]).exists()


@pytest.mark.parametrize(
    ("login", "password"),
    [
        ("bob@example.org", "wrong"),
        ("unknown@example.org", PASSWORD),
        ("sam@example.org", PASSWORD),
        ("", ""),
        ("x\0", "y"),
    ],
)
def test_wrong_credentials_are_refused_with_403(cast: Cast, login: str, password: str) -> None:
    for path in ("auth/login", "auth/check-login"):
        answer = nobody().post(path, {"login": login, "password": password})
        assert answer.status == (403 if login and "\0" not in login else 400), answer.body
        assert b"session" not in answer.response.content


def test_check_login_checks_and_opens_no_session(cast: Cast) -> None:
    with domain_scope(cast.north):
        before = UserSession.objects.count()
    assert nobody().post("auth/check-login", {"login": "bob@example.org", "password": PASSWORD}).ok() == {
        "success": True
    }
    with domain_scope(cast.north):
        assert UserSession.objects.count() == before


def test_a_bearer_is_a_session_or_a_key(cast: Cast) -> None:
    session = as_user(cast.bob).headers["x-vsaas-session"]
    assert Caller(NORTH, {"Authorization": f"Bearer {session}"}).get("auth/whoami").ok()["id"] == cast.bob.pk
    assert Caller(NORTH, {"authorization": f"bearer {cast.north_key}"}).get("cameras").ok()
    Caller(NORTH, {"Authorization": "Bearer nonsense"}).get("cameras").refused(403, "WrongApikey")


def test_another_isps_keys_and_sessions_do_not_exist(cast: Cast) -> None:
    with_key(cast.south_key, NORTH).get("cameras").refused(403, "WrongApikey")
    with_key(cast.north_key, SOUTH).get("cameras").refused(403, "WrongApikey")
    session = as_user(cast.sam, SOUTH)
    session.host = NORTH
    session.get("cameras").refused(403, "WrongApikey")


def test_nobody_may_ask_who_he_is_and_nothing_else(cast: Cast) -> None:
    answer = nobody().get("auth/whoami").ok()
    assert (answer["is_logged_in"], answer["id"], answer["organizations"]) == (False, None, [])
    assert answer["settings"]["brand_title"] == "North Net"
    nobody().get("cameras").refused(403, "Forbidden")


def test_a_wrong_key_is_not_made_good_by_a_right_session(cast: Cast) -> None:
    caller = as_user(cast.nora)
    caller.get("cameras", x_vsaas_api_key="wrong").refused(403, "WrongApikey")


def test_blocking_a_user_ends_his_sessions_and_keys_at_once(cast: Cast) -> None:
    caller = as_user(cast.bob)
    with domain_scope(cast.north):
        _row, key = keys.add_key(acting_user=None, user=cast.bob)
        users.change_user(cast.bob, acting_user=None, is_active=False)
    caller.get("cameras").refused(403, "WrongApikey")
    with_key(key).get("cameras").refused(403, "WrongApikey")
    with_key(cast.north_key, x_vsaas_user="bob@example.org").get("cameras").refused(403, "WrongApikey")


def test_a_new_password_ends_the_old_sessions(cast: Cast) -> None:
    caller = as_user(cast.bob)
    caller.put(f"users/{cast.bob.pk}", {"password": "another long password"}).ok()
    caller.get("cameras").refused(403, "WrongApikey")


def test_a_session_ends_with_its_time(cast: Cast) -> None:
    caller = as_user(cast.bob)
    with clock.shifted(timedelta(days=15)):
        caller.get("cameras").refused(403, "WrongApikey")


def test_a_browsers_cookie_reads_but_changes_only_with_a_csrf_token(cast: Cast) -> None:
    client = Client(enforce_csrf_checks=True, HTTP_HOST=NORTH)
    client.cookies["perch_session"] = as_user(cast.nora).headers["x-vsaas-session"]
    assert client.get(BASE + "cameras").status_code == 200
    without = client.put(BASE + "cameras/gate", {"title": "x"}, content_type="application/json")
    assert (without.status_code, without.json()["error"]) == (403, "Forbidden")
    client.cookies["csrftoken"] = token = "t" * 32
    header = {"X-CSRFToken": token}
    changed = client.put(BASE + "cameras/gate", {"title": "x"}, content_type="application/json", headers=header)
    assert changed.status_code == 200, changed.content


def test_what_a_key_does_is_in_the_audit_log_under_the_keys_name(cast: Cast) -> None:
    with_key(cast.north_key).put("cameras/gate", {"comment": "by the CRM"}).ok()
    with domain_scope(cast.north):
        entry = AuditEntry.objects.filter(object_type="Camera", object_id="gate")[0]
        assert (entry.user_id, entry.user_login) == (None, f"key {cast.north_key[:4]}…")
        assert entry.changed == {"comment": ["", "by the CRM"]}
