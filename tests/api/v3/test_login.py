"""Signing in to v3: pairs of tokens, their renewal, and their end (item 181; security.md T13, T14)."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import jwt
import pytest
from django.db import connection

from portal.api.v3 import tokens
from tenants import clock
from tenants.models import AuditEntry, Domain, SigningKey, Token, User, UserSession
from tenants.scoping import domain_scope
from tenants.services import keys, signing, users
from tests.api.v3.calls import ADMIN, CLIENT, Caller, access_token, as_user, basic, bearer, nobody, with_key
from tests.cast import NORTH, PASSWORD, SOUTH, Cast, build
from tests.sign_in.people import code, with_generator


def signed_in(login: str = "bob@example.org", base: str = CLIENT) -> dict[str, str]:
    """The pair of a sign-in."""
    pair: dict[str, str] = nobody(base=base).post("login", **basic(login)).ok()
    return pair


def test_a_login_and_a_password_give_a_pair_of_tokens(cast: Cast) -> None:
    pair = signed_in()
    assert set(pair) == {"access_token", "refresh_token"}
    assert Caller(NORTH, bearer(pair["access_token"])).get("profile").ok()["name"] == "bob@example.org"
    assert str(uuid.UUID(pair["refresh_token"])) == pair["refresh_token"]
    assert not nobody().post("login", **basic("bob@example.org")).response.cookies


def test_the_access_token_says_who_by_which_session_until_when(cast: Cast) -> None:
    text = signed_in()["access_token"]
    assert jwt.get_unverified_header(text) == {"alg": "RS256", "typ": "JWT"}
    claims = jwt.decode(text, options={"verify_signature": False})
    assert set(claims) == {"iss", "aud", "sub", "session", "typ", "iat", "exp"}
    assert (claims["sub"], claims["aud"]) == (str(cast.bob.pk), f"isp:{cast.north.pk}")
    assert claims["exp"] - claims["iat"] == 15 * 60
    with domain_scope(cast.north):
        assert UserSession.objects.get(pk=claims["session"]).user_id == cast.bob.pk


def test_the_private_key_lies_sealed_in_the_database(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signing, "_known", {})
    text = signed_in()["access_token"]
    row = SigningKey.objects.get(purpose=signing.JWT)
    assert "PRIVATE" not in row.private_sealed
    public = jwt.decode(text, row.public_pem, algorithms=["RS256"], audience=f"isp:{cast.north.pk}")
    assert public["iss"] == "perch"
    again = signing.key_pair(signing.JWT)
    assert again.public.public_numbers() == again.private.public_key().public_numbers()


@pytest.mark.parametrize(
    "header",
    [
        basic("bob@example.org", "wrong"),
        basic("unknown@example.org"),
        basic("sam@example.org"),
        basic("", ""),
        basic("bob\x00", PASSWORD),
        {"authorization": "Basic %%%"},
        {"authorization": "Basic"},
        {"authorization": "Basic Ym9i"},
        {"authorization": "Digest x"},
        {"authorization": "Bearer "},
        {"authorization": f"Bearer {uuid.uuid4()}"},
        {},
    ],
)
def test_wrong_credentials_get_401(cast: Cast, header: dict[str, str]) -> None:
    for base in (CLIENT, ADMIN):
        answer = nobody(base=base).post("login", **header)
        assert answer.status == 401, answer.body
        assert answer.body["error"] == answer.body["errors"][0]["title"]


def test_a_blocked_or_deleted_person_does_not_get_in(cast: Cast) -> None:
    with domain_scope(cast.north):
        users.change_user(User.objects.get(pk=cast.bob.pk), acting_user=None, is_active=False)
        users.delete_user(User.objects.get(pk=cast.charlie.pk), acting_user=None)
    for login in ("bob@example.org", "charlie@example.org"):
        nobody().post("login", **basic(login)).refused(401, "unauthenticated")


def test_the_admin_door_is_for_administrators(cast: Cast) -> None:
    nobody(base=ADMIN).post("login", **basic("bob@example.org")).refused(403, "forbidden")
    pair = signed_in("nora@example.org", ADMIN)
    assert Caller(NORTH, bearer(pair["access_token"]), ADMIN).get("users").ok()["estimated_count"] > 3
    nobody(base=ADMIN).post("login", **bearer(signed_in()["refresh_token"])).refused(403, "forbidden")


def test_what_a_refused_door_saw_is_not_spent(cast: Cast) -> None:
    """The admin dialect refuses Bob's refresh token with 403; at his own door it is still good."""
    refresh = signed_in()["refresh_token"]
    nobody(base=ADMIN).post("login", **bearer(refresh)).refused(403, "forbidden")
    nobody().post("login", **bearer(refresh)).ok()


def test_a_refresh_token_gives_a_new_pair_once(cast: Cast) -> None:
    first = signed_in()
    second = nobody().post("login", **bearer(first["refresh_token"])).ok()
    assert second["refresh_token"] != first["refresh_token"]
    for pair in (first, second):
        Caller(NORTH, bearer(pair["access_token"])).get("profile").ok()
    assert (
        jwt.decode(second["access_token"], options={"verify_signature": False})["session"]
        == (jwt.decode(first["access_token"], options={"verify_signature": False})["session"])
    )


def test_a_replayed_refresh_token_ends_the_whole_family_and_its_session(cast: Cast) -> None:
    other = signed_in()
    first = signed_in()
    second = nobody().post("login", **bearer(first["refresh_token"])).ok()
    nobody().post("login", **bearer(first["refresh_token"])).refused(401, "token_reused")
    nobody().post("login", **bearer(second["refresh_token"])).refused(401, "token_reused")
    for pair in (first, second):
        Caller(NORTH, bearer(pair["access_token"])).get("profile").refused(401, "wrong_credentials")
    Caller(NORTH, bearer(other["access_token"])).get("profile").ok()
    nobody().post("login", **bearer(other["refresh_token"])).ok()


def test_whoever_has_a_second_factor_sends_its_code_with_his_password(cast: Cast) -> None:
    secret = with_generator(cast.bob)
    shown = basic(cast.bob.login, PASSWORD)
    nobody().post("login", **shown).refused(403, "second_factor_needed")
    nobody().post("login", {"otp": "000000"}, **shown).refused(401, "unauthenticated")
    pair = nobody().post("login", {"otp": code(secret)}, **shown).ok()
    assert Caller(NORTH, bearer(pair["access_token"])).get("profile").ok()["name"] == cast.bob.login


def test_refresh_tokens_are_kept_as_hashes(cast: Cast) -> None:
    refresh = signed_in()["refresh_token"]
    with domain_scope(cast.north):
        rows = list(Token.objects.filter(purpose=Token.Purpose.REFRESH))
    assert len(rows) == 1
    assert refresh not in f"{rows[0].digest} {rows[0].payload}"


def test_a_refresh_token_lives_as_long_as_the_isp_lets_sessions_be_idle(cast: Cast) -> None:
    refresh = signed_in()["refresh_token"]
    with clock.shifted(timedelta(hours=71)):
        refresh = nobody().post("login", **bearer(refresh)).ok()["refresh_token"]
    with clock.shifted(timedelta(hours=71 + 73)):
        nobody().post("login", **bearer(refresh)).refused(401, "unauthenticated")


def test_renewing_makes_no_session_older_than_the_isp_lets_them_become(cast: Cast) -> None:
    with domain_scope(cast.north):
        Domain.objects.filter(pk=cast.north.pk).update(session_hours=8, session_idle_hours=8)
    pair = signed_in()
    with clock.shifted(timedelta(hours=7)):
        pair = nobody().post("login", **bearer(pair["refresh_token"])).ok()
        Caller(NORTH, bearer(pair["access_token"])).get("profile").ok()
    with clock.shifted(timedelta(hours=8, minutes=1)):
        nobody().post("login", **bearer(pair["refresh_token"])).refused(401, "unauthenticated")


def test_an_access_token_is_good_for_a_quarter_of_an_hour(cast: Cast) -> None:
    caller = Caller(NORTH, bearer(signed_in()["access_token"]))
    with clock.shifted(timedelta(minutes=14)):
        caller.get("profile").ok()
    with clock.shifted(timedelta(minutes=15, seconds=1)):
        caller.get("profile").refused(401, "unauthenticated")


def test_tokens_die_with_their_session(cast: Cast) -> None:
    pair = signed_in()
    caller = Caller(NORTH, bearer(pair["access_token"]))
    (session,) = [row for row in caller.get("profile/sessions").ok()["sessions"] if row["is_current"]]
    as_user(cast.bob).delete(f"profile/sessions/{session['id']}").ok(204)
    caller.get("profile").refused(401, "wrong_credentials")
    nobody().post("login", **bearer(pair["refresh_token"])).refused(401, "unauthenticated")


def test_a_new_password_ends_all_tokens_at_once(cast: Cast) -> None:
    pair = signed_in()
    as_user(cast.bob).put("profile", {"password": "another horse battery"}).ok()
    Caller(NORTH, bearer(pair["access_token"])).get("profile").refused(401, "wrong_credentials")
    nobody().post("login", **bearer(pair["refresh_token"])).refused(401, "unauthenticated")


def test_a_block_ends_all_tokens_at_once(cast: Cast) -> None:
    caller = as_user(cast.bob)
    caller.get("profile").ok()
    as_user(cast.nora).put(f"users/{cast.bob.pk}", {"disabled": True}).ok()
    caller.get("profile").refused(401, "wrong_credentials")


def test_nobody_ends_somebody_elses_session(cast: Cast) -> None:
    alice = as_user(cast.alice)
    (hers,) = alice.get("profile/sessions").ok()["sessions"]
    as_user(cast.bob).delete(f"profile/sessions/{hers['id']}").refused(404, "not_found")
    alice.get("profile").ok()
    alice.delete("profile/sessions/current").ok(204)
    alice.get("profile").refused(401, "wrong_credentials")
    with domain_scope(cast.north):
        entry = AuditEntry.objects.get(object_type="UserSession", action="delete")
    assert (entry.object_id, entry.user_login) == (str(hers["id"]), cast.alice.login)


def test_a_token_in_the_address_opens_reading_only(cast: Cast) -> None:
    """Television sets send no headers."""
    text = signed_in()["access_token"]
    assert nobody().get(f"streams?token={text}").ok()["streams"][0]["name"] == "gate"
    nobody().put(f"profile?token={text}", {"fullname": "x"}).refused(401, "unauthenticated")
    nobody().get(f"streams?token={text}x").refused(401, "unauthenticated")
    nobody().get("streams?token=").refused(401, "unauthenticated")
    nobody().get(f"streams?token={cast.north_key}").refused(401, "unauthenticated")


def test_keys_are_bearers_too(cast: Cast) -> None:
    assert with_key(cast.north_key).get("streams").ok()["estimated_count"] == 3
    assert with_key(cast.north_key, x_vsaas_user="bob@example.org").get("profile").ok()["id"] == cast.bob.pk
    assert Caller(NORTH, {"x-vsaas-api-key": cast.north_key}).get("streams").ok()["estimated_count"] == 3
    with_key(cast.north_key).get("profile").refused(403, "forbidden")
    with_key(cast.south_key).get("streams").refused(401, "wrong_credentials")
    with domain_scope(cast.north):
        _row, key = keys.add_key(acting_user=None, user=cast.bob)
    assert with_key(key).get("profile").ok()["id"] == cast.bob.pk


def test_a_browsers_cookie_reads_and_needs_a_csrf_token_to_write(cast: Cast) -> None:
    browser = cast.client(cast.bob)
    assert browser.get(f"{CLIENT}profile").json()["id"] == cast.bob.pk
    browser.handler.enforce_csrf_checks = True
    answer = browser.put(f"{CLIENT}profile", {"fullname": "x"}, content_type="application/json")
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (403, "forbidden")


def test_a_wrong_bearer_is_not_made_good_by_a_cookie(cast: Cast) -> None:
    browser = cast.client(cast.bob)
    assert browser.get(f"{CLIENT}profile", headers=bearer("nothing")).status_code == 401


def test_each_kind_of_secret_opens_its_own_door_only(cast: Cast) -> None:
    """T14, at the doors of v3: what is shown where, and what it opens."""
    pair = signed_in()
    browser = cast.client(cast.bob)
    session = browser.cookies["perch_session"].value
    access, refresh = pair["access_token"], pair["refresh_token"]
    playback = as_user(cast.bob).get("streams/gate").ok()["stats"]["playback_token"]
    as_bearer = {access: 200, cast.north_key: 403, refresh: 401, session: 401, playback: 401}
    for text, status in as_bearer.items():
        assert Caller(NORTH, bearer(text)).get("profile").status == status
    in_address = {access: 200, cast.north_key: 401, refresh: 401, session: 401, playback: 401}
    for text, status in in_address.items():
        assert nobody().get(f"profile?token={text}").status == status
    for text in (access, cast.north_key, session, playback):
        nobody().post("login", **bearer(text)).refused(401, "unauthenticated")
    nobody().post("login", **bearer(refresh)).ok()


def test_the_other_isp_knows_no_token_of_ours(cast: Cast) -> None:
    pair = signed_in()
    Caller(SOUTH, bearer(pair["access_token"])).get("profile").refused(401, "unauthenticated")
    nobody(SOUTH).post("login", **bearer(pair["refresh_token"])).refused(401, "unauthenticated")
    nobody().post("login", **bearer(pair["refresh_token"])).ok()


def test_of_two_renewals_at_one_moment_exactly_one_succeeds(transactional_db: None) -> None:
    """Check 7: and the other one is a replay, which ends the family."""
    cast = build()
    refresh = signed_in()["refresh_token"]

    def renew(_number: int) -> int:
        try:
            return nobody().post("login", **bearer(refresh)).status
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(renew, range(4))) == [200, 401, 401, 401]
    with domain_scope(cast.north):
        assert not UserSession.objects.filter(user=cast.bob).exists()


def test_the_session_limit_ends_the_oldest_tokens(cast: Cast) -> None:
    as_user(cast.nora).put(f"users/{cast.bob.pk}", {"max_sessions": 2}).ok()
    pairs = [signed_in() for _number in range(3)]
    assert [Caller(NORTH, bearer(pair["access_token"])).get("profile").status for pair in pairs] == [401, 200, 200]


def test_tokens_are_read_by_the_clock_of_the_portal(cast: Cast) -> None:
    text = access_token(cast.bob)
    with domain_scope(cast.north):
        assert tokens.read(text).user_id == cast.bob.pk
