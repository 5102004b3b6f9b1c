"""Signing in, and where one lands."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from tenants.models import User, UserSession
from tenants.scoping import domain_scope
from tests.cast import NORTH, PASSWORD, SOUTH, Cast


def sign_in(client: Client, login: str, password: str, **more: str) -> tuple[int, str]:
    """What the portal answers to a sign-in: status, and where it sends or what it says."""
    answer = client.post("/login", {"login": login, "password": password, **more})
    return answer.status_code, answer.headers.get("Location") or answer.content.decode()


def test_a_stranger_is_sent_to_sign_in_and_back_again(cast: Cast) -> None:
    client = cast.client()
    answer = client.get("/cameras/?q=gate")
    assert answer.status_code == 302
    assert answer["Location"] == "/login?next=/cameras/%3Fq%3Dgate"
    assert sign_in(client, cast.alice.login, PASSWORD, next="/cameras/?q=gate") == (302, "/cameras/?q=gate")


@pytest.mark.parametrize(
    "target", ["https://evil.test/", "//evil.test/", "/\\evil.test", "javascript:alert(1)", "evil", "\\\\evil.test"]
)
def test_nobody_is_sent_elsewhere_after_signing_in(cast: Cast, target: str) -> None:
    assert sign_in(cast.client(), cast.alice.login, PASSWORD, next=target) == (302, "/cameras/")


def test_everybody_lands_where_his_work_is(cast: Cast) -> None:
    places = {person.login: sign_in(cast.client(), person.login, PASSWORD)[1] for person in (cast.nora, cast.ada)}
    assert places == {cast.nora.login: "/cameras/", cast.ada.login: "/usage/"}


def test_an_unknown_login_and_a_wrong_password_are_answered_alike(cast: Cast) -> None:
    def answer(login: str) -> str:
        status, page = sign_in(cast.client(), login, "wrong password")
        assert status == 422
        return re.sub(r'value="[^"]*"|request_id.*', "", page)

    assert answer(cast.alice.login) == answer("nobody@example.org")


def test_a_login_of_another_isp_is_unknown_here(cast: Cast) -> None:
    assert sign_in(Client(HTTP_HOST=SOUTH), cast.alice.login, PASSWORD)[0] == 422


def test_a_session_of_one_isp_is_nothing_at_another(cast: Cast) -> None:
    client = cast.client(cast.alice)
    assert client.get("/cameras/", HTTP_HOST=NORTH).status_code == 200
    assert client.get("/cameras/", HTTP_HOST=SOUTH).status_code == 302


def test_a_blocked_user_is_out_at_once(cast: Cast) -> None:
    client = cast.client(cast.alice)
    assert client.get("/cameras/").status_code == 200
    assert cast.client(cast.nora).post(f"/users/{cast.alice.pk}", account(cast.alice)).status_code == 302
    assert client.get("/cameras/").status_code == 302
    assert sign_in(cast.client(), cast.alice.login, PASSWORD)[0] == 422


def account(user: User, **changes: str) -> dict[str, str]:
    """A user's form as the browser sends it; switches that are off are not sent."""
    return {"login": user.login, "email": user.email, "name": user.name, "password": "", **changes}


def test_signing_out_ends_the_session(cast: Cast) -> None:
    client = cast.client(cast.alice)
    assert client.get("/logout").status_code == 405
    assert client.post("/logout").status_code == 302
    with domain_scope(cast.north):
        assert UserSession.objects.filter(user=cast.alice).count() == 0


def test_where_you_are_signed_in_lists_all_places_and_ends_them(cast: Cast) -> None:
    here, there = cast.client(cast.alice), cast.client(cast.alice)
    page = here.get("/profile/security/").content.decode()
    ends = re.findall(r'action="(/profile/sessions/\d+/end)"', page)
    assert len(ends) == 1, "this place itself has no such button"
    assert here.post(ends[0]).status_code == 302
    assert there.get("/profile/").status_code == 302
    assert here.get("/profile/").status_code == 200


def test_nobody_ends_sessions_of_others(cast: Cast) -> None:
    cast.client(cast.alice)
    with domain_scope(cast.north):
        theirs = UserSession.objects.get(user=cast.alice).pk
    assert cast.client(cast.nora).post(f"/profile/sessions/{theirs}/end").status_code == 404


def test_a_new_password_needs_the_old_one_and_ends_every_session(cast: Cast) -> None:
    client = cast.client(cast.alice)
    wrong = client.post("/profile/password", {"current": "wrong", "password": "a brand new phrase"})
    assert wrong.status_code == 422
    assert "This is not your current password." in wrong.content.decode()
    weak = client.post("/profile/password", {"current": PASSWORD, "password": "12345678"})
    assert weak.status_code == 422
    assert client.post("/profile/password", {"current": PASSWORD, "password": "a brand new phrase"}).status_code == 302
    assert client.get("/cameras/").status_code == 302
    assert sign_in(client, cast.alice.login, "a brand new phrase")[0] == 302


def test_the_profile_remembers_the_language(cast: Cast) -> None:
    client = cast.client(cast.alice)
    answer = client.post("/profile/", {"name": "Alice", "locale": "ru"})
    assert answer.status_code == 302
    assert client.cookies["perch_language"].value == "ru"
    assert client.get("/profile/").headers["Content-Language"] == "ru"


def test_a_second_form_of_a_login_signs_in_too(cast: Cast) -> None:
    assert sign_in(cast.client(), cast.alice.login.upper(), PASSWORD)[0] == 302


def test_a_missing_field_is_said_by_the_field(cast: Cast) -> None:
    status, page = sign_in(cast.client(), "", "")
    assert status == 422
    assert "Type your login." in page
    assert "Type your password." in page
