"""Whoever has a second factor has no session before it, whatever door he takes."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pyotp
import pytest
from django.db import connection
from django.test import Client

from tenants import clock
from tenants.models import AuditEntry, OneTimeGenerator, RecoveryCode, User, UserSession
from tenants.scoping import domain_scope
from tenants.services import second_factors
from tests.cast import NORTH, PASSWORD, Cast, build
from tests.sign_in.people import HOME, code, is_in, log, results, sign_in_to_second_step, with_generator

V2 = "/vsaas/api/v2/auth/"


def setting_up(client: Client) -> str:
    """Open the page that sets one-time codes up; returns the secret that the telephone takes over."""
    page = client.get("/profile/security/codes").content.decode()
    found = re.search(r'<code class="key-text">([A-Z2-7 ]+)</code>', page)
    assert found, page[-3000:]
    return found[1].replace(" ", "")


def recovery_codes(page: str) -> list[str]:
    return re.findall(r'<li class="mono">([a-z0-9-]+)</li>', page)


def test_codes_are_set_up_by_typing_one_and_asked_for_ever_after(cast: Cast) -> None:
    client = cast.client(cast.alice)
    secret = setting_up(client)
    assert setting_up(client) == secret, "reloading the page makes no other"
    wrong = client.post("/profile/security/codes", {"code": "000000"})
    assert wrong.status_code == 422
    done = client.post("/profile/security/codes", {"code": code(secret)})
    assert done.status_code == 200
    assert len(set(recovery_codes(done.content.decode()))) == 10
    second = sign_in_to_second_step(cast, cast.alice)
    assert not is_in(second)
    assert second.post("/login/second-factor", {"code": code(secret, steps=1)}).headers["Location"] == "/cameras/"
    assert is_in(second)
    assert results(cast)[-2:] == ["needs_factor", "entered"]


def test_the_picture_is_shown_while_setting_up_and_never_again(cast: Cast) -> None:
    client = cast.client(cast.alice)
    secret = setting_up(client)
    picture = client.get("/profile/security/codes.svg")
    assert picture["Content-Type"] == "image/svg+xml"
    assert "no-store" in picture["Cache-Control"]
    assert picture.content.startswith(b"<svg")
    client.post("/profile/security/codes", {"code": code(secret)})
    assert client.get("/profile/security/codes.svg").status_code == 404
    assert client.get("/profile/security/codes").status_code == 302
    assert cast.client().get("/profile/security/codes.svg").status_code == 302


def test_the_secret_lies_sealed_and_recovery_codes_hashed(cast: Cast) -> None:
    client = cast.client(cast.alice)
    secret = setting_up(client)
    shown = recovery_codes(client.post("/profile/security/codes", {"code": code(secret)}).content.decode())
    with domain_scope(cast.north), connection.cursor() as cursor:
        cursor.execute(
            "SELECT (SELECT string_agg(g::text, ' ') FROM tenants_onetimegenerator g)"
            " || (SELECT string_agg(r::text, ' ') FROM tenants_recoverycode r)"
            " || (SELECT string_agg(a::text, ' ') FROM tenants_auditentry a)"
            " || (SELECT string_agg(s::text, ' ') FROM tenants_usersession s)"
        )
        stored = cursor.fetchone()[0]
    assert secret not in stored
    assert not [text for text in shown if text in stored or text.replace("-", "") in stored]


def test_a_code_opens_once(cast: Cast) -> None:
    secret = with_generator(cast.alice)
    used = code(secret)
    first, second = (sign_in_to_second_step(cast, cast.alice) for _ in range(2))
    assert first.post("/login/second-factor", {"code": used}).status_code == 302
    again = second.post("/login/second-factor", {"code": used})
    assert again.status_code == 422
    assert not is_in(second)


def test_an_older_code_than_the_last_one_is_refused_too(cast: Cast) -> None:
    secret = with_generator(cast.alice)
    first, second = (sign_in_to_second_step(cast, cast.alice) for _ in range(2))
    assert first.post("/login/second-factor", {"code": code(secret)}).status_code == 302
    assert second.post("/login/second-factor", {"code": code(secret, steps=-1)}).status_code == 422


def test_one_code_at_the_same_moment_opens_one_session(transactional_db: None) -> None:
    cast = build()
    used = code(with_generator(cast.alice))

    def one(client: Client) -> int:
        try:
            return client.post("/login/second-factor", {"code": used}).status_code
        finally:
            connection.close()

    clients = [sign_in_to_second_step(cast, cast.alice) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(one, clients))
    assert answers.count(302) == 1
    assert [is_in(client) for client in clients].count(True) == 1


def test_codes_are_guessed_five_times_and_then_slowly(cast: Cast) -> None:
    secret = with_generator(cast.alice)
    client = sign_in_to_second_step(cast, cast.alice)
    answers = [client.post("/login/second-factor", {"code": f"{number:06}"}).status_code for number in range(8)]
    assert answers == [422] * 5 + [429] * 3
    assert client.post("/login/second-factor", {"code": code(secret)}).status_code == 429
    with clock.shifted(timedelta(seconds=61)):
        assert client.post("/login/second-factor", {"code": code(secret)}).status_code == 302


def test_a_recovery_code_opens_once_in_place_of_the_telephone(cast: Cast) -> None:
    with_generator(cast.alice)
    with domain_scope(cast.north):
        codes = second_factors.renew_recovery_codes(cast.alice, acting_user=cast.alice)
    first, second = (sign_in_to_second_step(cast, cast.alice) for _ in range(2))
    assert first.post("/login/second-factor", {"code": codes[0].upper()}).status_code == 302
    assert second.post("/login/second-factor", {"code": codes[0]}).status_code == 422
    assert second.post("/login/second-factor", {"code": codes[1].replace("-", " ")}).status_code == 302
    with domain_scope(cast.north):
        assert RecoveryCode.objects.filter(used_at=None).count() == 8


def test_new_recovery_codes_void_the_old_ones(cast: Cast) -> None:
    secret = with_generator(cast.alice)
    client = sign_in_to_second_step(cast, cast.alice)
    client.post("/login/second-factor", {"code": code(secret)})
    first = recovery_codes(client.post("/profile/security/recovery").content.decode())
    second = recovery_codes(client.post("/profile/security/recovery").content.decode())
    assert not set(first) & set(second)
    with domain_scope(cast.north):
        assert not second_factors.check_code(cast.alice, first[0], door="page")


def test_the_second_step_waits_ten_minutes_and_ends_with_a_new_password(cast: Cast) -> None:
    secret = with_generator(cast.alice)
    late, changed = (sign_in_to_second_step(cast, cast.alice) for _ in range(2))
    with clock.shifted(timedelta(minutes=11)):
        answer = late.post("/login/second-factor", {"code": code(secret)})
        assert answer.headers["Location"] == "/login"
        assert not is_in(late)
    with domain_scope(cast.north):
        alice = User.objects.get(pk=cast.alice.pk)
        alice.set_password("a brand new phrase")
        alice.save()
    assert changed.post("/login/second-factor", {"code": code(secret)}).headers["Location"] == "/login"
    assert not is_in(changed)


def test_nobody_reaches_the_second_step_without_the_first(cast: Cast) -> None:
    with_generator(cast.alice)
    client = cast.client()
    assert client.get("/login/second-factor").headers["Location"] == "/login"
    assert client.post("/login/second-factor", {"code": "123456"}).headers["Location"] == "/login"


def test_the_key_of_the_session_changes_at_every_step(cast: Cast) -> None:
    secret = with_generator(cast.alice)
    client = sign_in_to_second_step(cast, cast.alice)
    keys = [client.cookies["perch_session"].value]
    client.post("/login/second-factor", {"code": code(secret)})
    keys.append(client.cookies["perch_session"].value)
    with clock.shifted(timedelta(hours=2)):
        client.post("/profile/security/prove", {"proof": PASSWORD})
    keys.append(client.cookies["perch_session"].value)
    assert len(set(keys)) == 3
    old = Client(HTTP_HOST=NORTH)
    old.cookies["perch_session"] = keys[0]
    assert not is_in(old)


def _login(client: Client, door: str, user: User, **more: str) -> Any:
    return client.post(V2 + door, {"login": user.login, "password": PASSWORD, **more}, "application/json")


@pytest.mark.parametrize("door", ["login", "check-login"])
def test_the_api_refuses_the_password_alone_and_names_the_ways(cast: Cast, door: str) -> None:
    secret = with_generator(cast.alice)
    client = Client(HTTP_HOST=NORTH)
    refused = _login(client, door, cast.alice)
    assert (refused.status_code, refused.json()["error"]) == (403, "SecondFactorNeeded")
    assert "API key" in refused.json()["message"]
    with domain_scope(cast.north):
        assert not UserSession.objects.filter(user=cast.alice).exists()
    assert _login(client, door, cast.alice, otp="000000").status_code == 403
    assert _login(client, door, cast.alice, otp=code(secret)).status_code == 200
    assert _login(client, door, cast.alice, otp=code(secret)).status_code == 403, "a code opens once here, too"


def test_a_wrong_password_says_nothing_of_the_second_factor(cast: Cast) -> None:
    with_generator(cast.alice)
    client = Client(HTTP_HOST=NORTH)
    body = {"login": cast.alice.login, "password": "wrong"}
    assert client.post(V2 + "login", body, "application/json").json()["error"] == "Forbidden"
    assert client.post("/login", body).status_code == 422


def test_an_administrator_without_a_factor_sets_it_up_before_anything_else(cast: Cast) -> None:
    cast.north.requires_admin_factor = True
    cast.north.save()
    client = sign_in_to_second_step(cast, cast.nora)
    assert client.get("/login/second-factor").headers["Location"] == "/profile/security/codes"
    for path in ("/cameras/", "/settings/", "/profile/", "/users/"):
        assert client.get(path).headers["Location"].startswith("/login")
    refused = _login(Client(HTTP_HOST=NORTH), "login", cast.nora)
    assert refused.json()["error"] == "SecondFactorNeeded"
    secret = setting_up(client)
    assert client.get("/profile/security/codes.svg").status_code == 200
    assert client.post("/profile/security/codes", {"code": code(secret)}).status_code == 200
    assert is_in(client)
    assert cast.client(cast.alice).get("/cameras/").status_code == 200, "nobody else is asked"


def test_making_it_a_must_signs_out_administrators_without_one(cast: Cast) -> None:
    rules = {
        "min_password_length": "8", "max_sessions": "10", "session_hours": "24", "session_idle_hours": "24",
        "requires_admin_factor": "on",
    }  # fmt: skip
    nora = cast.client(cast.nora)
    refused = nora.post("/settings/sign-in", rules)
    assert refused.status_code == 422, "whoever has none himself would sign himself out"
    with domain_scope(cast.north):
        cast.bob.is_admin = True
        cast.bob.save()
    bob = cast.client(cast.bob)
    nora.post("/profile/security/codes", {"code": code(setting_up(nora))})
    assert nora.post("/settings/sign-in", rules).status_code == 302
    assert is_in(nora)
    assert not is_in(bob)


def test_the_last_factor_stays_where_it_is_a_must(cast: Cast) -> None:
    client = cast.client(cast.nora)
    client.post("/profile/security/codes", {"code": code(setting_up(client))})
    cast.north.requires_admin_factor = True
    cast.north.save()
    assert client.post("/profile/security/codes/remove").status_code == 302
    with domain_scope(cast.north):
        assert OneTimeGenerator.objects.filter(user=cast.nora).exists()


def test_changing_factors_asks_who_is_at_the_keyboard(cast: Cast) -> None:
    client = cast.client(cast.alice)
    with clock.shifted(timedelta(hours=1)):
        answer = client.get("/profile/security/codes")
        assert answer.headers["Location"] == "/profile/security/prove?next=/profile/security/codes"
        assert client.post("/profile/security/prove", {"proof": "wrong"}).status_code == 422
        proved = client.post("/profile/security/prove", {"proof": PASSWORD, "next": "/profile/security/codes"})
        assert proved.headers["Location"] == "/profile/security/codes"
        assert client.get("/profile/security/codes").status_code == 200


def test_a_readonly_account_keeps_its_keys(cast: Cast) -> None:
    with domain_scope(cast.north):
        cast.bob.is_readonly = True
        cast.bob.save()
    bob = cast.client(cast.bob)
    assert bob.get("/profile/security/").status_code == 200
    assert bob.get("/profile/security/codes").status_code == 403
    assert bob.post("/profile/security/passkeys/options").status_code == 403


def test_an_administrator_helps_whoever_lost_his_telephone(cast: Cast) -> None:
    with_generator(cast.alice)
    nora = cast.client(cast.nora)
    assert "One-time codes" in nora.get(f"/users/{cast.alice.pk}/sign-in").content.decode()
    assert nora.post(f"/users/{cast.alice.pk}/sign-in/factors/remove").status_code == 302
    assert is_in(cast.client(cast.alice))
    with domain_scope(cast.north):
        assert AuditEntry.objects.filter(object_type="OneTimeGenerator", action="delete", user_id=cast.nora.pk).exists()


def test_the_log_knows_who_was_asked_and_who_failed(cast: Cast) -> None:
    with_generator(cast.alice)
    client = sign_in_to_second_step(cast, cast.alice)
    client.post("/login/second-factor", {"code": "000000"})
    assert log(cast) == [
        (cast.alice.login, "page", "needs_factor"),
        (cast.alice.login, "page", "factor"),
    ]


def test_a_short_secret_is_what_applications_expect(cast: Cast) -> None:
    """RFC 6238 with its defaults: the one form all applications read."""
    with domain_scope(cast.north):
        row = second_factors.begin_generator(cast.alice)
        address = second_factors.address_of(row, issuer="North Net")
    read = pyotp.parse_uri(address)
    assert isinstance(read, pyotp.TOTP)
    assert (read.secret, read.issuer, read.name) == (row.secret, "North Net", cast.alice.login)
    assert (read.digits, read.interval) == (6, 30)


def test_the_password_rule_is_the_isps_own(cast: Cast) -> None:
    cast.north.min_password_length = 14
    cast.north.save()
    client = cast.client(cast.alice, NORTH)
    short = client.post("/profile/password", {"current": PASSWORD, "password": "twelve chars"})
    assert short.status_code == 422
    assert "at least 14 characters" in short.content.decode()
    assert (
        cast.client(cast.olga, "south.localhost")
        .post("/profile/password", {"current": PASSWORD, "password": "twelve chars"})
        .status_code
        == 302
    )


def test_what_everybody_uses_is_no_password_however_long(cast: Cast) -> None:
    client = cast.client(cast.alice)
    answer = client.post("/profile/password", {"current": PASSWORD, "password": "password123"})
    assert answer.status_code == 422
    assert "too common" in answer.content.decode()


def test_the_old_password_is_not_guessed_at_the_profile_either(cast: Cast) -> None:
    client = cast.client(cast.alice)
    answers = [
        client.post("/profile/password", {"current": "wrong", "password": "a brand new phrase"}).status_code
        for _ in range(6)
    ]
    assert answers == [422, 422, 422, 422, 429, 429]
    assert client.get("/profile/", REMOTE_ADDR=HOME).status_code == 200
