"""An API makes what lets somebody in later (a key, a new password) only for who has just shown that it is he (T12)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest
from django.test import Client

from tenants import clock
from tenants.models import ApiKey, User
from tenants.scoping import domain_scope
from tenants.services import keys
from tests.api import calls as v2
from tests.api.v3 import calls as v3
from tests.beside import forget
from tests.cast import PASSWORD, Cast
from tests.sign_in.people import code, with_generator

NEW = "a new phrase of his own"


@dataclass
class Callers:
    """One and the same proof, shown to both dialects."""

    v2: v2.Caller
    v3: v3.Caller


# What each does, by the two dialects: the caller is somebody in a session, or by a key of his own.
ASKED = {
    "v2 password": lambda cast, by, more: by.v2.put(f"users/{cast.bob.pk}", {"password": NEW}, **more),
    "v2 profile": lambda cast, by, more: by.v2.put("profile", {"password": NEW}, **more),
    "v2 key": lambda cast, by, more: by.v2.put("profile", {"apikey": "k" * 32}, **more),
    "v3 password": lambda cast, by, more: by.v3.put(f"users/{cast.bob.pk}", {"password": NEW}, **more),
    "v3 profile": lambda cast, by, more: by.v3.put("profile", {"password": NEW}, **more),
    "v3 key": lambda cast, by, more: by.v3.post("profile/apikey", **more),
    "v3 keys": lambda cast, by, more: by.v3.post("profile/api-keys", {"title": "x"}, **more),
    "v3 key of a user": lambda cast, by, more: by.v3.post(f"users/{cast.bob.pk}/apikey", **more),
}


@pytest.fixture(params=ASKED)
def ask(request: pytest.FixtureRequest, cast: Cast) -> Callable[..., int]:
    forget(cast.north)

    def asked(callers: Callers, **more: str) -> int:
        status: int = ASKED[request.param](cast, callers, more).status
        return status

    return asked


def in_session(user: User) -> Callers:
    """Signed in half an hour ago, and busy since."""
    with clock.shifted(timedelta(minutes=-30)):
        old = v2.as_user(user)
    return Callers(old, v3.Caller(client=cookie_of(old)))


def cookie_of(caller: v2.Caller) -> Client:
    client = Client(raise_request_exception=False)
    client.cookies["perch_session"] = caller.headers["x-vsaas-session"]
    return client


def by_own_key(cast: Cast) -> Callers:
    with domain_scope(cast.north):
        text = keys.add_key(acting_user=None, user=cast.bob, title="Phone")[1]
    return Callers(v2.with_key(text), v3.with_key(text))


def untouched(cast: Cast, count: int) -> bool:
    with domain_scope(cast.north):
        kept = User.objects.get(pk=cast.bob.pk).check_password(PASSWORD)
        return kept and ApiKey.objects.filter(user=cast.bob).count() == count


def test_a_session_that_was_left_open_makes_no_key_and_no_password(cast: Cast, ask: Callable[..., int]) -> None:
    callers = in_session(cast.bob)
    assert ask(callers) == 403
    assert ask(callers, x_proof="wrong") in {400, 422}
    assert untouched(cast, 0)
    assert ask(callers, x_proof=PASSWORD) in {200, 201}


def test_ones_own_key_makes_no_other_key_and_no_password(cast: Cast, ask: Callable[..., int]) -> None:
    callers = by_own_key(cast)
    assert ask(callers) == 403
    assert untouched(cast, 1)
    assert ask(callers, x_proof=PASSWORD) in {200, 201}


def test_a_code_of_the_second_factor_proves_as_well(cast: Cast) -> None:
    forget(cast.north)
    secret = with_generator(cast.bob)
    callers = by_own_key(cast)
    answer = callers.v3.post("profile/api-keys", {"title": "x"}, x_proof=code(secret))
    assert answer.status == 201


def test_whoever_has_just_signed_in_and_the_isps_own_key_prove_nothing_more(cast: Cast) -> None:
    v3.as_user(cast.bob).post("profile/api-keys", {"title": "x"}).ok(201)
    v2.with_key(cast.north_key).put(f"users/{cast.bob.pk}", {"password": NEW, "apikey": "k" * 32}).ok()


def test_guesses_at_the_proof_are_held_back(cast: Cast) -> None:
    forget(cast.north)
    callers = by_own_key(cast)
    caller = callers.v3
    tried = [caller.post("profile/apikey", x_proof=f"guess {n}").status for n in range(8)]
    assert tried[-1] == 429
    assert caller.post("profile/apikey", x_proof=PASSWORD).status == 429
    forget(cast.north)
