"""Signing in at the installation's address: guessing is held back, sessions end, and somebody always runs it."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO

import pytest
from django.contrib.auth import hashers
from django.core.management import CommandError, call_command

from tenants import clock
from tenants.errors import Conflict
from tenants.services import super_administrators
from tests.installation.conftest import PASSWORD, Installation

ELSEWHERE = "198.51.100.9"


def _guess(installation: Installation, password: str = "wrong", login: str = "greta", ip: str = "203.0.113.7") -> int:
    client = installation.client(signed_in=False, ip=ip)
    return client.post("/login", {"login": login, "password": password}).status_code


def test_unknown_and_wrong_are_answered_alike(installation: Installation) -> None:
    client = installation.client(signed_in=False)
    unknown = client.post("/login", {"login": "nobody", "password": PASSWORD}).content.decode()
    wrong = client.post("/login", {"login": "greta", "password": "wrong"}).content.decode()
    text = "The login or the password is wrong."
    assert text in unknown
    assert text in wrong


def test_guessing_is_held_back_before_passwords_are_compared(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    with clock.frozen(clock.now()):
        answers = [_guess(installation) for _number in range(5)]
        assert answers == [422] * 5
        monkeypatch.setattr(super_administrators, "check_password", lambda *_: pytest.fail("it was compared"))
        assert _guess(installation, PASSWORD) == 429
        assert _guess(installation, PASSWORD, login="GRETA ") == 429


def test_waits_grow_and_end(installation: Installation) -> None:
    now = clock.now()
    with clock.frozen(now):
        for _number in range(5):
            _guess(installation)
    with clock.frozen(now + timedelta(seconds=50)):
        assert _guess(installation) == 429
    with clock.frozen(now + timedelta(seconds=70)):
        assert _guess(installation) == 422
    with clock.frozen(now + timedelta(seconds=150)):
        assert _guess(installation) == 429, "the second wait is two minutes"
    with clock.frozen(now + timedelta(seconds=200)):
        assert _guess(installation, PASSWORD) == 302


def test_greta_comes_in_from_elsewhere_while_somebody_guesses(installation: Installation) -> None:
    with clock.frozen(clock.now()):
        assert _guess(installation, PASSWORD, ip=ELSEWHERE) == 302
        answers = [_guess(installation, ip=f"203.0.{number}.7") for number in range(25)]
        assert answers.count(422) == 20, "many networks share the twenty guesses of a login"
        assert _guess(installation, PASSWORD, ip=ELSEWHERE) == 302, "her own network is trusted"


def test_the_key_of_a_session_changes_with_the_sign_in(installation: Installation) -> None:
    client = installation.client(signed_in=False)
    client.get("/login")
    client.post("/login", {"login": "greta", "password": PASSWORD})
    first = client.cookies["perch_session"].value
    assert first
    client.post("/login", {"login": "greta", "password": PASSWORD})
    assert client.cookies["perch_session"].value != first


def test_an_idle_session_ends_after_an_hour_and_any_after_twelve(installation: Installation) -> None:
    now = clock.now()
    with clock.frozen(now):
        client = installation.client()
    for minutes in range(50, 12 * 60, 50):
        with clock.frozen(now + timedelta(minutes=minutes)):
            assert client.get("/").status_code == 200
    with clock.frozen(now + timedelta(hours=12, minutes=1)):
        assert client.get("/").status_code == 302
    with clock.frozen(now):
        idle = installation.client()
    with clock.frozen(now + timedelta(minutes=61)):
        assert idle.get("/").status_code == 302


def test_a_new_password_ends_all_sessions(installation: Installation) -> None:
    client, other = installation.client(), installation.client()
    assert client.post("/password", {"current": "wrong", "password": "another long phrase"}).status_code == 422
    assert client.post("/password", {"current": PASSWORD, "password": "short"}).status_code == 422
    assert client.post("/password", {"current": PASSWORD, "password": "another long phrase"}).status_code == 302
    assert [client.get("/").status_code, other.get("/").status_code] == [302, 302]
    assert _guess(installation, "another long phrase") == 302


def test_signing_out_ends_the_session(installation: Installation) -> None:
    client = installation.client()
    key = client.cookies["perch_session"].value
    client.post("/logout")
    again = installation.client(signed_in=False)
    again.cookies["perch_session"] = key
    assert again.get("/").status_code == 302


def test_the_command_makes_one_and_prints_the_password_once(db: None) -> None:
    told = StringIO()
    call_command("super_admin", "hans", stdout=told)
    login, password = told.getvalue().strip().split(" / ")
    assert login == "hans"
    assert super_administrators.exist()
    with pytest.raises(CommandError, match="last super administrator"):
        call_command("super_admin", "hans", "--disable")
    call_command("super_admin", "hans", stdout=told)
    assert password not in told.getvalue().splitlines()[-1]


def test_the_last_super_administrator_stays(installation: Installation) -> None:
    with pytest.raises(Conflict):
        super_administrators.disable("greta")
    super_administrators.set_password("hans", PASSWORD)
    client = installation.client()
    super_administrators.disable("greta")
    assert client.get("/").status_code == 302
    assert _guess(installation, PASSWORD) == 422


def test_passwords_are_kept_as_the_installations_hashes(installation: Installation) -> None:
    assert installation.greta.password != PASSWORD
    assert hashers.identify_hasher(installation.greta.password).algorithm == hashers.get_hasher().algorithm
