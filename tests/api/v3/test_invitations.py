"""Invitations and forgotten passwords in v3 (items 214, 227)."""

from __future__ import annotations

import pytest

from tenants.models import Membership, Token
from tenants.scoping import domain_scope
from tenants.services import passwords, tokens
from tests.api.v3.calls import as_user, nobody, with_key
from tests.cast import PASSWORD, Cast

NEW = "a brand new phrase"


def test_an_invitation_is_made_looked_at_and_accepted(cast: Cast) -> None:
    wanted = {"permissions": {"can_edit_streams": True, "can_view_streams": True}}
    made = as_user(cast.alice).post(f"organizations/{cast.harbour.pk}/invite", wanted).ok()
    assert made["email"] is None
    assert made["permissions"] == {
        "can_edit_streams": True, "can_edit_users": False, "can_view_stats": False, "can_view_streams": True,
        "is_accountant": False,
    }  # fmt: skip
    path = f"organizations/invite/{made['invite_key']}"
    shown = {"id": cast.harbour.pk, "title": "Harbour"}
    assert nobody().get(path).ok() == shown
    nobody().put(path).refused(401, "unauthenticated")
    with_key(cast.north_key).put(path).refused(403, "forbidden")
    charlie = as_user(cast.charlie)
    assert charlie.put(path).ok() == shown
    assert {stream["name"] for stream in charlie.get("streams").ok()["streams"]} == {"gate", "office"}
    with domain_scope(cast.north):
        assert Membership.objects.get(organization=cast.harbour, user=cast.charlie).can_edit_cameras
    charlie.put(path).refused(404, "not_found")
    nobody().get(path).refused(404, "not_found")


def test_an_invitation_by_mail_is_for_its_reader(cast: Cast) -> None:
    body = {"email": cast.charlie.email}
    made = as_user(cast.alice).post(f"organizations/{cast.harbour.pk}/invite", body).ok()
    assert made["email"] == cast.charlie.email
    as_user(cast.mallory).put(f"organizations/invite/{made['invite_key']}").refused(403, "forbidden")
    assert as_user(cast.charlie).put(f"organizations/invite/{made['invite_key']}").status == 200


def test_whoever_edits_no_users_invites_nobody(cast: Cast) -> None:
    as_user(cast.bob).post(f"organizations/{cast.harbour.pk}/invite", {}).refused(403, "forbidden")
    as_user(cast.mallory).post(f"organizations/{cast.harbour.pk}/invite", {}).refused(404, "not_found")
    as_user(cast.alice).post(f"organizations/{cast.harbour.pk}/invite", {"email": "x"}).refused(
        400, "validation_error", pointer="/email"
    )


def test_a_password_is_recovered(cast: Cast) -> None:
    for name in (cast.alice.login, "nobody@example.org"):
        assert nobody().post("password_recovery", {"login": name}).status == 204
    nobody().post("password_recovery", {}).refused(400, "validation_error", pointer="/login")
    with domain_scope(cast.north):
        _row, text = tokens.issue(Token.Purpose.PASSWORD_RESET, user=cast.alice, lifetime=passwords.LIFETIME)
    nobody().post("reset_password", {"token": text, "password": "four"}).refused(400, "validation_error")
    nobody().post("reset_password", {"token": "x", "password": NEW}).refused(404, "not_found")
    assert nobody().post("reset_password", {"password": NEW}, authorization=f"Bearer {text}").status == 204
    nobody().post("reset_password", {"token": text, "password": NEW}).refused(404, "not_found")
    assert cast.client().post("/login", {"login": cast.alice.login, "password": PASSWORD}).status_code == 422
    assert cast.client().post("/login", {"login": cast.alice.login, "password": NEW}).status_code == 302


@pytest.mark.parametrize("path", ["password_recovery", "reset_password"])
def test_a_broken_body_is_refused(cast: Cast, path: str) -> None:
    assert nobody().post(path, ["x"]).status == 400
