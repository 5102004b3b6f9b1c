"""Signing in by a provider's form: once, for as long as it says, as nobody high, and never behind anybody's back."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pyotp
import pytest
from django.db import connection
from django.test import Client

from devices.access import CameraRights, rights
from tenants import clock
from tenants.models import OneTimeGenerator, SignInEntry, Token, User, UserSession
from tenants.scoping import domain_scope
from tenants.secrets import digest
from tenants.services import autologin, demo, tokens, users
from tests.api.calls import as_user, with_key
from tests.beside import forget
from tests.cast import NORTH, PASSWORD, SOUTH, Cast, build

PATH = "auth/generate-autologin-token"


@pytest.fixture(autouse=True)
def unbraked(request: pytest.FixtureRequest) -> None:
    """Whatever other tests guessed is forgotten."""
    if "cast" in request.fixturenames:
        forget(request.getfixturevalue("cast").north)


def ask(cast: Cast, user: User, **more: Any) -> str:
    body = {"login": user.login, **more}
    answer = with_key(cast.north_key).post(PATH, body).ok()
    assert answer["success"] is True
    return str(answer["autologin_token"])


def send(client: Client, token: str, **headers: str) -> Any:
    return client.post("/vsaas/autologin", {"autologin_token": token}, headers=headers)


def is_in(client: Client, user: User) -> bool:
    page = client.get("/profile/")
    return page.status_code == 200 and user.login in page.content.decode()


def test_a_token_signs_in_once(cast: Cast) -> None:
    token = ask(cast, cast.alice)
    assert token.startswith(f"{cast.alice.login}:")
    client = cast.client()
    assert send(client, token)["Location"] == "/cameras/"
    assert is_in(client, cast.alice)
    again = cast.client()
    refused = send(again, token)
    assert refused.status_code == 403
    assert not is_in(again, cast.alice)
    with domain_scope(cast.north):
        row = Token.objects.get(purpose=Token.Purpose.AUTOLOGIN)
    assert row.digest == digest(token), "nothing but a digest is kept"


@pytest.mark.parametrize(
    ("wanted", "lives"), [({}, 60), ({"valid_till": 300}, 300), ({"valid_till": 10**6}, 24 * 3600)],
    ids=["a minute by itself", "as long as it says", "a day at most"],
)  # fmt: skip
def test_a_token_ends(cast: Cast, wanted: dict[str, int], lives: int) -> None:
    body = {name: int(clock.timestamp()) + seconds for name, seconds in wanted.items()}
    early, late = ask(cast, cast.alice, **body), ask(cast, cast.alice, **body)
    with clock.shifted(timedelta(seconds=lives - 2)):
        assert send(cast.client(), early).status_code == 302
    with clock.shifted(timedelta(seconds=lives + 1)):
        assert send(cast.client(), late).status_code == 403


def test_the_session_lasts_as_long_as_it_says_however_busy(cast: Cast) -> None:
    client = cast.client()
    send(client, ask(cast, cast.alice, lifetime=600))
    for minute in (2, 5, 9):
        with clock.shifted(timedelta(minutes=minute)):
            assert is_in(client, cast.alice)
            client.post("/profile/", {"name": f"Alice {minute}"})
    with clock.shifted(timedelta(seconds=601)):
        assert not is_in(client, cast.alice)


@pytest.mark.parametrize("body", [{"valid_till": 1}, {"valid_till": "soon"}, {"lifetime": -1}, {"login": ""}])
def test_nonsense_is_refused_by_its_name(cast: Cast, body: dict[str, Any]) -> None:
    refused = with_key(cast.north_key).post(PATH, {"login": cast.alice.login, **body})
    refused.refused(400, "ValidationError", next(iter(body)))


def test_nobody_becomes_more_than_he_is(cast: Cast) -> None:
    with_key(cast.north_key).post(PATH, {"login": cast.nora.login}).refused(403, "Forbidden", "login")
    with_key(cast.north_key).post(PATH, {"login": cast.ada.login}).refused(403, "Forbidden", "login")
    with_key(cast.north_key).post(PATH, {"login": "olga@example.org"}).refused(404, "NotFound")
    as_user(cast.alice).post(PATH, {"login": cast.bob.login}).refused(403, "Forbidden")
    as_user(cast.alice).post(PATH, {"login": cast.alice.login}).refused(403, "Forbidden")
    assert as_user(cast.nora).post(PATH, {"login": cast.bob.login}).status == 200


def _promote(user: User) -> None:
    users.change_user(User.objects.get(pk=user.pk), acting_user=None, is_admin=True)


def _block(user: User) -> None:
    users.change_user(User.objects.get(pk=user.pk), acting_user=None, is_active=False)


@pytest.mark.parametrize("change", [_promote, _block])
def test_a_token_is_worth_what_its_person_is_when_it_is_used(cast: Cast, change: Callable[[User], None]) -> None:
    token = ask(cast, cast.alice)
    with domain_scope(cast.north):
        change(cast.alice)
    client = cast.client()
    assert send(client, token).status_code == 403
    assert not is_in(client, cast.alice)


def test_a_token_of_one_isp_is_nothing_at_another(cast: Cast) -> None:
    assert send(Client(HTTP_HOST=SOUTH), ask(cast, cast.alice)).status_code == 403


@pytest.mark.parametrize("text", ["", "x", "alice@example.org:9999999999:ff:" + "0" * 40])
def test_a_guess_opens_nothing(cast: Cast, text: str) -> None:
    client = cast.client()
    assert send(client, text).status_code == 403
    assert not is_in(client, cast.alice)


def test_of_many_at_the_same_moment_one_gets_in(transactional_db: None) -> None:
    cast = build()
    with domain_scope(cast.north):
        token = autologin.issue(cast.alice, acting_user=cast.nora)

    def knock(_number: int) -> int:
        try:
            return int(send(Client(HTTP_HOST=NORTH), token).status_code)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        answers = sorted(pool.map(knock, range(8)))
    assert answers == [302] + [403] * 7


def test_the_session_has_a_key_of_its_own(cast: Cast) -> None:
    client = cast.client()
    client.get("/login")
    client.cookies["perch_session"] = planted = "a" * 32
    send(client, ask(cast, cast.alice))
    assert client.cookies["perch_session"].value != planted
    before = client.cookies["perch_session"].value
    send(client, ask(cast, cast.alice))
    assert client.cookies["perch_session"].value != before, "also for the same person"


def test_somebody_who_sits_there_already_is_asked_first(cast: Cast) -> None:
    client = cast.client(cast.bob)
    token = ask(cast, cast.alice)
    page = send(client, token)
    assert page.status_code == 200
    assert cast.alice.login in page.content.decode()
    assert is_in(client, cast.bob), "nothing has happened yet"
    assert client.post("/vsaas/autologin/switch", {"autologin_token": token}).status_code == 302
    assert is_in(client, cast.alice)


def test_the_question_is_answered_on_our_own_page_only(cast: Cast) -> None:
    client = Client(HTTP_HOST=NORTH, enforce_csrf_checks=True)
    token = ask(cast, cast.alice)
    assert client.post("/vsaas/autologin/switch", {"autologin_token": token}).status_code == 403
    assert not is_in(client, cast.alice)


@pytest.mark.parametrize(
    "headers", [{"sec-fetch-site": "cross-site"}, {"origin": "https://billing.example"}, {"origin": "null"}]
)
def test_another_sites_form_finds_out_who_sits_there(cast: Cast, headers: dict[str, str]) -> None:
    """The browser withholds our cookie from it, so the answer leads to our own address, where the cookie comes."""
    token, here = ask(cast, cast.alice), cast.client(cast.bob)
    withheld = Client(HTTP_HOST=NORTH)
    step = send(withheld, token, **headers)
    assert (step.status_code, step["Location"]) == (303, "/vsaas/autologin/step")
    assert token not in step["Location"]
    here.cookies["perch_autologin"] = withheld.cookies["perch_autologin"].value
    page = here.get("/vsaas/autologin/step")
    assert page.status_code == 200
    assert is_in(here, cast.bob)
    nobody_there = Client(HTTP_HOST=NORTH)
    nobody_there.cookies["perch_autologin"] = withheld.cookies["perch_autologin"].value
    assert nobody_there.get("/vsaas/autologin/step")["Location"] == "/cameras/"
    assert is_in(nobody_there, cast.alice)
    assert not nobody_there.cookies["perch_autologin"].value


def test_the_step_alone_opens_nothing(cast: Cast) -> None:
    client = cast.client()
    assert client.get("/vsaas/autologin/step").status_code == 403
    client.cookies["perch_autologin"] = f"token={ask(cast, cast.alice)}"
    assert client.get("/vsaas/autologin/step").status_code == 403, "only what we signed"


@pytest.mark.parametrize("target", ["https://evil.test/", "//evil.test", "/\\evil.test", "javascript:alert(1)", "x"])
def test_nobody_is_sent_elsewhere(cast: Cast, target: str) -> None:
    answer = cast.client().post("/vsaas/autologin", {"autologin_token": ask(cast, cast.alice), "next": target})
    assert answer["Location"] == "/cameras/"


def test_a_path_of_ours_is_where_one_lands(cast: Cast) -> None:
    body = {"autologin_token": ask(cast, cast.alice), "next": "/cameras/watch/gate"}
    assert cast.client().post("/vsaas/autologin", body)["Location"] == "/cameras/watch/gate"


def test_a_second_factor_is_asked_for_all_the_same(cast: Cast) -> None:
    with domain_scope(cast.north):
        generator = OneTimeGenerator(
            domain_id=cast.north.pk, user=cast.alice, created_at=clock.now(), confirmed_at=clock.now()
        )
        generator.secret = pyotp.random_base32()
        generator.save()
    client = cast.client()
    assert send(client, ask(cast, cast.alice, lifetime=600))["Location"] == "/login/second-factor"
    assert not is_in(client, cast.alice)


def test_tokens_of_other_purposes_open_no_door_here(cast: Cast) -> None:
    with domain_scope(cast.north):
        for purpose in Token.Purpose:
            if purpose != Token.Purpose.AUTOLOGIN:
                _row, text = tokens.issue(purpose, user=cast.alice, lifetime=timedelta(minutes=5))
                assert send(cast.client(), text).status_code == 403, purpose


def test_the_log_of_sign_ins_knows_the_door(cast: Cast) -> None:
    send(cast.client(), ask(cast, cast.alice))
    with domain_scope(cast.north):
        assert SignInEntry.objects.filter(door="autologin", result="entered", user_id=cast.alice.pk).exists()


def test_strangers_look_at_public_cameras_only_where_that_is_switched_on(cast: Cast) -> None:
    stranger = cast.client()
    assert "Public cameras" not in stranger.get("/login").content.decode()
    assert stranger.post("/demo").status_code == 403
    nora = cast.client(cast.nora)
    assert nora.post("/settings/demo", {"on": "1"}).status_code == 302
    assert "Continue with access to Public cameras" in stranger.get("/login").content.decode()
    assert stranger.post("/demo")["Location"] == "/cameras/"
    assert stranger.get("/cameras/").status_code == 200
    assert "Gate" not in stranger.get("/cameras/").content.decode()
    assert stranger.get("/cameras/watch/gate").status_code == 404
    assert stranger.post("/profile/", {"name": "x"}).status_code == 403
    assert nora.post("/settings/demo", {"on": "0"}).status_code == 302
    assert stranger.get("/cameras/").status_code == 302, "and out they are"
    with domain_scope(cast.north):
        assert not UserSession.objects.filter(user__login="Demo").exists()


def test_strangers_of_demo_access_have_nothing_in_common(cast: Cast) -> None:
    nora = cast.client(cast.nora)
    nora.post("/settings/demo", {"on": "1"})
    one, other = cast.client(), cast.client()
    for stranger in (one, other):
        assert stranger.post("/demo").status_code == 302
    for path in ("/profile/", "/profile/security/", "/messages/", "/watcher/client-api/v3/messages",
                 "/watcher/client-api/v3/profile/sessions"):  # fmt: skip
        assert one.get(path).status_code == 403, path
    assert one.post("/profile/sessions/others/end").status_code == 403
    assert other.get("/cameras/").status_code == 200, "nobody was signed out"


def test_the_demo_account_has_no_password_no_organization_and_no_rights(cast: Cast) -> None:
    with domain_scope(cast.north):
        account = demo.switch(acting_user=cast.nora, on=True).user
        assert account.login == "Demo"
        assert not account.has_usable_password()
        assert account.memberships.count() == 0
        assert account.is_readonly
    for changed in ({"password": "a long enough phrase"}, {"is_admin": "on"}, {"can_edit_organizations": "on"}):
        form = {"login": "Demo", "is_active": "on", "is_readonly": "on", **changed}
        assert cast.client(cast.nora).post(f"/users/{account.pk}", form).status_code == 422, changed
    assert cast.client(cast.nora).post(f"/users/{account.pk}/password-mail").status_code == 302
    with domain_scope(cast.north):
        assert not Token.objects.exists()
        assert cast.client().post("/login", {"login": "Demo", "password": PASSWORD}).status_code == 422


def test_strangers_see_public_folders_live_and_nothing_beside(cast: Cast) -> None:
    nora, stranger = cast.client(cast.nora), cast.client()
    nora.post("/settings/demo", {"on": "1"})
    folder = f"/organizations/{cast.harbour.pk}/folders/{cast.yard.pk}"
    assert "Make it public" in nora.get(folder).content.decode()
    assert "Make it public" not in cast.client(cast.alice).get(folder).content.decode()
    assert cast.client(cast.alice).post(f"{folder}/public", {"on": "1"}).status_code == 403
    assert nora.post(f"{folder}/public", {"on": "1"}).status_code == 302
    stranger.post("/demo")
    page = stranger.get("/cameras/").content.decode()
    assert "Gate" in page
    assert "Office" not in page
    with domain_scope(cast.north):
        account = User.objects.get(login="Demo")
        assert rights(account, cast.gate) == CameraRights(view=True)
        assert rights(account, cast.wheel) == CameraRights()
    assert nora.post(f"{folder}/public", {"on": "0"}).status_code == 302
    assert "Gate" not in stranger.get("/cameras/").content.decode()


def test_a_login_that_is_taken_is_left_alone(cast: Cast) -> None:
    with domain_scope(cast.north):
        users.add_user(acting_user=None, login="demo")
        assert demo.switch(acting_user=None, on=True).user.login == "Demo-2"
