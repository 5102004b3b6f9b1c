"""Secrets planted everywhere are found nowhere: no table, no answer, no page (check 5 of the security bar)."""

from __future__ import annotations

import json
from collections.abc import Iterator

import psycopg
import pytest
from psycopg import sql

from devices.models import Camera
from devices.services import cameras
from tenants.models import Mail, User
from tenants.scoping import domain_scope
from tenants.services import (
    autologin,
    identity_providers,
    invitations,
    keys,
    mail_relays,
    outer_doors,
    passwords,
    second_factors,
    users,
)
from tests.cast import NORTH, Cast, build
from tests.database import superuser_url

CAMERA_PASSWORD, USER_PASSWORD = "c4n4ry-camera", "c4n4ry-of-a-person"
AGENT_KEY = "c4n4ry-agent"
OIDC_SECRET = "c4n4ry-of-a-provider"
LISTED_PASSWORD, KEPT_KEY = "c4n4ry-of-a-list", "c4n4ry-key-in-an-answer"
RELAY_PASSWORD, RADIUS_SECRET = "c4n4ry-relay", "c4n4ry-radius-secret"


@pytest.fixture
def planted(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> tuple[Cast, list[str]]:
    """The cast with secrets of every kind, committed; returns the texts that must not appear."""
    monkeypatch.setenv("PERCH_CAMERA_NETWORKS", "10.0.0.0/8")
    cast = build()
    with domain_scope(cast.north):
        gate = Camera.objects.get(name="gate")
        url = f"rtsp://admin:{CAMERA_PASSWORD}@10.0.0.5/main"
        in_path = f"rtsp://10.0.0.5/user=admin&password={CAMERA_PASSWORD}&channel=1"
        cameras.change_camera(gate, acting_user=cast.alice, stream_url=url, substream_url=in_path, agent_key=AGENT_KEY)
        _row, user_key = keys.add_key(acting_user=cast.alice, user=cast.alice)
        alice = User.objects.get(pk=cast.alice.pk)
        users.change_user(alice, acting_user=cast.alice, password=USER_PASSWORD)
        of_sign_in = _of_sign_in(cast)
        of_mail = _of_mail(cast)
    client = cast.client()
    client.post("/login", {"login": USER_PASSWORD, "password": "typed into the wrong field"})
    client.post("/login", {"login": alice.login, "password": USER_PASSWORD})
    session = client.cookies["perch_session"].value
    return cast, [
        CAMERA_PASSWORD,
        AGENT_KEY,
        USER_PASSWORD,
        user_key,
        cast.north_key,
        cast.streamer_key,
        session,
        *of_mail,
        *of_sign_in,
        *_of_lists(cast),
    ]


def _of_lists(cast: Cast) -> list[str]:
    """A password in a list that was taken in, and a key in an answer that is kept for whoever asks again."""
    crm, base = cast.api(cast.north_key), "/vsaas/api/v2/users"
    taken = crm.post(f"{base}/import", f"login,password\nlisted,{LISTED_PASSWORD}\n", "text/csv")
    assert taken.json()["created"] == 1
    body = {"login": "machine", "apikey": KEPT_KEY}
    kept = crm.post(base, body, "application/json", headers={"Idempotency-Key": "once"})
    assert kept.json()["apikey"] == KEPT_KEY
    return [LISTED_PASSWORD, KEPT_KEY]


def _of_mail(cast: Cast) -> list[str]:
    """Secrets of mails that wait to be sent, of their server, and of an authority on passwords."""
    relay = {"host": "mail.example", "sender": "noreply@north.example", "login": "perch", "password": RELAY_PASSWORD}
    mail_relays.change_relay(acting_user=cast.nora, **relay)
    outer_doors.change_door(acting_user=cast.nora, radius_host="ldap.example", radius_secret=RADIUS_SECRET)
    passwords.send_reset(cast.bob, acting_user=cast.nora)
    _row, invitation = invitations.invite(cast.harbour, acting_user=cast.alice, email="dora@example.org")
    activation = invitations.send_activation(cast.charlie, acting_user=cast.nora)
    autologin_token = autologin.issue(cast.bob, acting_user=cast.nora)
    carried = [json.loads(row.data)["token"] for row in Mail.objects.exclude(template="password_changed")]
    assert len(carried) == 3
    return [RELAY_PASSWORD, RADIUS_SECRET, invitation, activation, autologin_token.rpartition(":")[2], *carried]


def _of_sign_in(cast: Cast) -> list[str]:
    """Secrets of second factors, of which none counts yet, and of an identity provider."""
    identity_providers.add_provider(
        acting_user=cast.nora, title="Id", issuer="https://id.example.com", client_id="x", client_secret=OIDC_SECRET
    )
    codes = second_factors.renew_recovery_codes(cast.nora, acting_user=cast.nora)
    return [OIDC_SECRET, second_factors.begin_generator(cast.nora).secret, *codes]


def _rows() -> Iterator[tuple[str, str]]:
    """Every row of every table as text, seen by the server's superuser."""
    with psycopg.connect(superuser_url()) as admin:
        tables = admin.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        for (table,) in tables:
            query = sql.SQL("SELECT t::text FROM {} t").format(sql.Identifier(table))
            yield from ((table, row[0]) for row in admin.execute(query))


def test_no_secret_lies_readable_in_the_database(planted: tuple[Cast, list[str]]) -> None:
    _cast, secrets = planted
    found = [(table, secret) for table, row in _rows() for secret in secrets if secret in row]
    assert found == []


@pytest.mark.parametrize(
    "path",
    [
        "/vsaas/api/v2/cameras",
        "/vsaas/api/v2/cameras/gate",
        "/vsaas/api/v2/users",
        "/vsaas/api/v2/organizations",
        "/vsaas/api/v2/presets",
        "/vsaas/api/v2/auth/whoami",
    ],
)
def test_no_answer_tells_a_secret(planted: tuple[Cast, list[str]], path: str) -> None:
    cast, secrets = planted
    answer = cast.api(cast.north_key).get(path)
    assert answer.status_code == 200
    assert [secret for secret in secrets if secret in answer.content.decode()] == []


@pytest.mark.parametrize(
    "path",
    [
        "/cameras/",
        "/cameras/edit/gate",
        "/cameras/watch/gate",
        "/audit/",
        "/profile/",
        "/settings/mail",
        "/settings/external",
        "/profile/security/",
        "/settings/sign-in",
        "/access-log/",
    ],
)
def test_no_page_tells_a_secret(planted: tuple[Cast, list[str]], path: str) -> None:
    cast, secrets = planted
    page = cast.client(cast.nora, NORTH).get(path)
    assert page.status_code == 200
    assert [secret for secret in secrets if secret in page.content.decode()] == []
