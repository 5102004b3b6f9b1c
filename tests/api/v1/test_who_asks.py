"""Who is asking in the v1 dialect: administrators by three headers, and nobody by less (security.md: X-USER)."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth import hashers

from portal import proofs
from tenants.scoping import domain_scope
from tenants.services import users
from tests.api.v1.calls import Billing, billing
from tests.cast import PASSWORD, SOUTH, Cast


@pytest.fixture(autouse=True)
def _nothing_remembered() -> None:
    proofs.proofs.forget_all()


@pytest.mark.parametrize("name", ["X-USER", "X-PASSWORD", "X-DOMAIN-ID"])
def test_all_three_headers_are_needed(cast: Cast, name: str) -> None:
    crm = billing(cast)
    for value in ("", "wrong"):
        headers = {**crm.headers, name: value}
        answer = Billing(headers).get("tariff_plans")
        answer.refused(401, "unauthenticated")
        assert "WWW-Authenticate" in answer.response
    del crm.headers[name]
    crm.get("tariff_plans").refused(401, "unauthenticated")


def test_the_number_of_the_isp_must_be_that_of_the_address(cast: Cast) -> None:
    billing(cast, X_DOMAIN_ID=str(cast.south.pk)).get("tariff_plans").refused(401, "unauthenticated")
    elsewhere = billing(cast)
    elsewhere.host = SOUTH
    elsewhere.get("tariff_plans").refused(401, "unauthenticated")


@pytest.mark.parametrize("login", ["ada", "alice", "bob"])
def test_only_administrators_are_let_in(cast: Cast, login: str) -> None:
    crm = billing(cast, f"{login}@example.org")
    crm.get("tariff_plans").refused(403, "forbidden")
    crm.delete(cast.harbour.pk).refused(403, "forbidden")


def test_neither_cookie_nor_session_nor_key_opens_it(cast: Cast) -> None:
    client = cast.client(cast.nora)
    assert client.get("/api/v1/tariff_plans").status_code == 401
    assert cast.api(cast.north_key).get("/api/v1/tariff_plans").status_code == 401


def test_a_password_is_hashed_once_a_minute_and_not_with_each_request(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked: list[str] = []
    real = hashers.MD5PasswordHasher.verify

    def verify(self: Any, password: str, encoded: str) -> bool:
        checked.append(password)
        return bool(real(self, password, encoded))

    monkeypatch.setattr(hashers.MD5PasswordHasher, "verify", verify)
    crm = billing(cast)
    for _time in range(5):
        crm.get("tariff_plans").ok()
    assert len(checked) == 1
    proofs.proofs.forget_all()
    monkeypatch.setattr(proofs, "SECONDS", 0.0)
    crm.get("tariff_plans").ok()
    crm.get("tariff_plans").ok()
    assert len(checked) == 3, "a minute later it is looked at again"
    billing(cast, password="wrong").get("tariff_plans").refused(401, "unauthenticated")
    billing(cast, password="wrong").get("tariff_plans").refused(401, "unauthenticated")
    assert len(checked) == 5, "a failure is never remembered"


def test_a_new_password_a_block_and_a_lost_right_end_it_at_once(cast: Cast) -> None:
    crm = billing(cast)
    with domain_scope(cast.north):
        users.add_user(acting_user=None, login="second", password=PASSWORD, is_admin=True)
    crm.get("tariff_plans").ok()
    with domain_scope(cast.north):
        users.change_user(cast.nora, acting_user=None, is_admin=False)
    crm.get("tariff_plans").refused(403, "forbidden")
    with domain_scope(cast.north):
        users.change_user(cast.nora, acting_user=None, is_admin=True, password="another long password")
    crm.get("tariff_plans").refused(401, "unauthenticated")
    changed = billing(cast, password="another long password")
    changed.get("tariff_plans").ok()
    with domain_scope(cast.north):
        users.change_user(cast.nora, acting_user=None, is_active=False)
    changed.get("tariff_plans").refused(401, "unauthenticated")


def test_a_proof_is_of_one_address_one_isp_and_one_spelling_of_the_password(cast: Cast) -> None:
    found = proofs.Proofs()
    with domain_scope(cast.north):
        found.remember(found.name_of("1", "nora", PASSWORD, "192.0.2.1"), cast.nora)
        assert found.recall(found.name_of("1", "nora", PASSWORD, "192.0.2.1")) == cast.nora
        for other in (("2", "nora", PASSWORD, "192.0.2.1"), ("1", "nora", PASSWORD + " ", "192.0.2.1"),
                      ("1", "nora", PASSWORD, "192.0.2.2"), ("1", "nor", "a" + PASSWORD, "192.0.2.1")):  # fmt: skip
            assert found.recall(found.name_of(*other)) is None


def test_only_so_many_proofs_are_kept(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proofs, "MOST", 3)
    found = proofs.Proofs()
    with domain_scope(cast.north):
        names = [found.name_of(str(number)) for number in range(4)]
        for name in names:
            found.remember(name, cast.nora)
        assert found.recall(names[0]) is None
        assert found.recall(names[3]) == cast.nora
