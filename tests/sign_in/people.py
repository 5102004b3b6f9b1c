"""People at the doors: where they come from, what they type, and how many passwords were compared meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pyotp
import pytest
from django.test import Client

from tenants import clock
from tenants.backends import LoginBackend
from tenants.models import OneTimeGenerator, SignInEntry, User
from tenants.scoping import domain_scope
from tenants.services import second_factors
from tests.cast import NORTH, PASSWORD, Cast

HOME, ELSEWHERE = "198.51.100.7", "203.0.113.9"


def guess(login: str, password: str, *, ip: str = HOME, host: str = NORTH, **more: str) -> Any:
    """One try at the sign-in page, by a browser of its own."""
    return Client(HTTP_HOST=host, REMOTE_ADDR=ip).post("/login", {"login": login, "password": password, **more})


class Hashes:
    """How often a password was compared."""

    count = 0


@contextmanager
def counted_hashes(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hashes]:
    """Count what costs: every comparison of a password passes the backend."""
    hashes, real = Hashes(), LoginBackend.authenticate

    def counted(self: LoginBackend, *args: Any, **kwargs: Any) -> User | None:
        hashes.count += 1
        return real(self, *args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(LoginBackend, "authenticate", counted)
        yield hashes


def with_generator(user: User) -> str:
    """Set one-time codes up for somebody; returns the secret in his telephone."""
    with domain_scope(user.domain_id):
        row = second_factors.begin_generator(user)
        secret: str = row.secret
        # Set up a while ago: the codes of now are all unused.
        OneTimeGenerator.objects.filter(pk=row.pk).update(confirmed_at=clock.now())
    return secret


def code(secret: str, *, steps: int = 0) -> str:
    """What the telephone shows now, or some half minutes from now."""
    return pyotp.TOTP(secret).generate_otp(int(clock.timestamp()) // 30 + steps)


def log(cast: Cast) -> list[tuple[str, str, str]]:
    """North's access log, oldest first: login, door, result."""
    with domain_scope(cast.north):
        return list(SignInEntry.objects.order_by("id").values_list("login", "door", "result"))


def results(cast: Cast) -> list[str]:
    """What became of whoever knocked, oldest first."""
    return [result for _login, _door, result in log(cast)]


def sign_in_to_second_step(cast: Cast, user: User) -> Client:
    """A browser whose password was right, and of which a second factor is asked."""
    client = Client(HTTP_HOST=NORTH, REMOTE_ADDR=HOME)
    answer = client.post("/login", {"login": user.login, "password": PASSWORD})
    assert answer.headers["Location"] == "/login/second-factor"
    return client


def is_in(client: Client) -> bool:
    """Whether a browser is signed in."""
    return client.get("/profile/").status_code == 200
