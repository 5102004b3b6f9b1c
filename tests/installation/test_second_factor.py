"""One-time codes of those who run the installation."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO

import pyotp
import pytest
from django.core.management import call_command
from django.test import Client

from tenants import clock
from tenants.installation import installation_scope
from tenants.models import InstallationEntry, SuperAdministrator
from tenants.services import rotation
from tests.installation.conftest import HOST, PASSWORD, Installation


def secret_of(installation: Installation) -> str:
    with installation_scope():
        secret: str = SuperAdministrator.objects.get(pk=installation.greta.pk).secret
        return secret


def code(secret: str) -> str:
    return pyotp.TOTP(secret).generate_otp(int(clock.timestamp()) // 30)


@pytest.fixture
def guarded(installation: Installation) -> str:
    """Greta has set codes up, an hour ago; her secret."""
    with clock.shifted(timedelta(hours=-1)):
        client = installation.client()
        assert client.get("/second-factor").status_code == 200
        assert client.get("/second-factor/picture")["Content-Type"] == "image/svg+xml"
        secret = secret_of(installation)
        wrong = client.post("/second-factor", {"current": PASSWORD, "code": "000000"})
        assert wrong.status_code == 422
        done = client.post("/second-factor", {"current": PASSWORD, "code": code(secret)})
        assert done.status_code == 302
    return secret


def sign_in(given: str = "", password: str = PASSWORD) -> int:
    client = Client(HTTP_HOST=HOST, REMOTE_ADDR="203.0.113.7")
    return client.post("/login", {"login": "greta", "password": password, "code": given}).status_code


def test_a_password_alone_opens_nothing_any_more(installation: Installation, guarded: str) -> None:
    assert sign_in() == 422
    assert sign_in("123456") == 422
    assert sign_in(code(guarded), password="wrong") == 422
    assert sign_in(code(guarded)) == 302


def test_a_code_opens_once(installation: Installation, guarded: str) -> None:
    used = code(guarded)
    assert [sign_in(used), sign_in(used)] == [302, 422]


def test_guessed_codes_are_held_back_like_passwords(installation: Installation, guarded: str) -> None:
    with clock.frozen(clock.now()):
        assert [sign_in(f"{number:06}") for number in range(6)] == [422] * 5 + [429]
        assert sign_in(code(guarded)) == 429


def test_codes_are_removed_by_a_code_only(installation: Installation, guarded: str) -> None:
    client = Client(HTTP_HOST=HOST, REMOTE_ADDR="203.0.113.7")
    with clock.shifted(timedelta(minutes=-2)):
        sent = {"login": "greta", "password": PASSWORD, "code": code(guarded)}
        assert client.post("/login", sent).status_code == 302
    assert client.get("/second-factor/picture").status_code == 404
    assert client.post("/second-factor", {"current": PASSWORD, "code": "000000"}).status_code == 422
    assert client.post("/second-factor", {"current": PASSWORD, "code": code(guarded)}).status_code == 302
    assert sign_in() == 302


def test_who_lost_the_telephone_is_helped_at_the_machine(installation: Installation, guarded: str) -> None:
    out = StringIO()
    call_command("super_admin", "greta", "--forget-codes", stdout=out)
    assert "greta" in out.getvalue()
    assert sign_in() == 302
    with installation_scope():
        told = [entry.changed for entry in InstallationEntry.objects.filter(title="greta")]
    assert {"second_factor": [None, "***"]} in told
    assert {"second_factor": ["***", None]} in told
    assert guarded not in str(told)


def test_the_secret_is_sealed_and_follows_a_new_key(installation: Installation, guarded: str) -> None:
    with installation_scope():
        before = SuperAdministrator.objects.get(pk=installation.greta.pk).secret_sealed
    assert guarded not in before
    rotation.rotate()
    with installation_scope():
        row = SuperAdministrator.objects.get(pk=installation.greta.pk)
    assert row.secret_sealed.partition(".")[0] != before.partition(".")[0]
    assert row.secret == guarded
