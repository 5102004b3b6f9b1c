"""Sessions: as many as allowed, the oldest goes, ended everywhere when they must be."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from tenants.models import User, UserSession
from tenants.scoping import domain_scope
from tenants.services import users
from tests.cast import NORTH, PASSWORD, Cast, build


def _limit(cast: Cast, sessions: int) -> None:
    with domain_scope(cast.north):
        User.objects.filter(pk=cast.alice.pk).update(max_sessions=sessions)


def _signed_in(client: Client) -> bool:
    return client.get("/profile/").status_code == 200


def test_beyond_the_limit_the_oldest_session_goes_and_the_new_one_lives(cast: Cast) -> None:
    _limit(cast, 2)
    first, second, third = (cast.client(cast.alice) for _ in range(3))
    assert [_signed_in(client) for client in (first, second, third)] == [False, True, True]


def test_the_isp_limit_holds_for_whoever_has_none_of_his_own(cast: Cast) -> None:
    cast.north.max_sessions = 1
    cast.north.save()
    first, second = cast.client(cast.bob), cast.client(cast.bob)
    assert [_signed_in(first), _signed_in(second)] == [False, True]


@pytest.mark.parametrize("change", [{"is_active": False}, {"password": "another long password"}])
def test_a_block_or_a_new_password_ends_every_session(cast: Cast, change: dict[str, Any]) -> None:
    client = cast.client(cast.alice)
    with domain_scope(cast.north):
        users.change_user(User.objects.get(pk=cast.alice.pk), acting_user=cast.nora, **change)
    assert not _signed_in(client)


def test_signing_in_changes_the_key_and_the_key_is_nowhere_in_the_database(cast: Cast) -> None:
    client = Client(HTTP_HOST=NORTH)
    client.get("/login")
    before = client.cookies.get("perch_session")
    client.post("/login", {"login": "alice@example.org", "password": PASSWORD})
    key = client.cookies["perch_session"].value
    assert before is None or before.value != key
    with domain_scope(cast.north), connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM tenants_usersession s WHERE s::text LIKE %s", [f"%{key}%"])
        assert cursor.fetchone() == (0,)


def test_signing_out_ends_the_session_on_the_server_too(cast: Cast) -> None:
    client = cast.client(cast.alice)
    kept = Client(HTTP_HOST=NORTH)
    kept.cookies["perch_session"] = client.cookies["perch_session"].value
    client.post("/logout")
    assert not _signed_in(kept)


@pytest.mark.parametrize(
    "attempt",
    [
        {"login": "alice@example.org", "password": "wrong"},
        {"login": "nobody@example.org", "password": PASSWORD},
        {"login": "olga@example.org", "password": PASSWORD},
        {"login": "", "password": ""},
    ],
    ids=["wrong password", "unknown login", "of another ISP", "nothing"],
)
def test_a_refused_sign_in_says_the_same_whatever_was_wrong(cast: Cast, attempt: dict[str, str]) -> None:
    response = Client(HTTP_HOST=NORTH).post("/login", attempt)
    assert response.status_code == 422
    assert "perch_session" not in response.cookies or not response.cookies["perch_session"].value
    text = response.content.decode()
    assert ("The login or the password is wrong." in text) == bool(attempt["login"])


def test_sign_ins_at_the_same_moment_cannot_pass_the_limit_together(transactional_db: None) -> None:
    cast = build()
    _limit(cast, 3)

    def sign_in(_number: int) -> int:
        try:
            return (
                Client(HTTP_HOST=NORTH).post("/login", {"login": "alice@example.org", "password": PASSWORD}).status_code
            )
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(sign_in, range(12))) == {302}
    with domain_scope(cast.north):
        assert UserSession.objects.filter(user=cast.alice).count() == 3
