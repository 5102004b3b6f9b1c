"""Setting up one's own second factor by the v3 dialect: what the security page does, for an application."""

from __future__ import annotations

from datetime import timedelta

from tenants import clock
from tenants.models import Passkey
from tenants.scoping import domain_scope
from tests.api.v3.calls import Caller, access_token, as_user, basic, bearer, nobody, with_key
from tests.beside import forget
from tests.cast import NORTH, Cast
from tests.sign_in.people import code

GENERATOR, RECOVERY = "profile/second_factors/generator", "profile/second_factors/recovery_codes"


def set_up(bob: Caller) -> tuple[str, list[str]]:
    """One-time codes, begun and confirmed; returns the secret in the telephone and the recovery codes."""
    begun = bob.post(GENERATOR).ok(201)
    assert begun["address"].startswith("otpauth://totp/North%20Net:")
    assert begun["secret"] in begun["address"]
    return begun["secret"], bob.put(GENERATOR, {"code": code(begun["secret"])}).ok()["recovery_codes"]


def test_an_application_sets_up_codes_and_then_needs_them_to_sign_in(cast: Cast) -> None:
    forget(cast.north)
    secret, codes = set_up(as_user(cast.bob))
    assert len(codes) == 10
    assert as_user(cast.bob).get("profile/second_factors").ok() == {
        "generator": True, "passkeys": [], "recovery_codes": 10,
    }  # fmt: skip
    door = basic(cast.bob.login)
    nobody().post("login", **door).refused(403, "second_factor_needed")
    nobody().post("login", {"otp": code(secret, steps=1)}, **door).ok()
    nobody().post("login", {"otp": codes[0]}, **door).ok()
    assert as_user(cast.bob).get("profile/second_factors").ok()["recovery_codes"] == 9


def test_what_is_only_begun_asks_for_nothing_and_may_be_begun_again(cast: Cast) -> None:
    bob = as_user(cast.bob)
    first = bob.post(GENERATOR).ok(201)
    assert bob.post(GENERATOR).ok(201) == first
    bob.put(GENERATOR, {"code": "000000"}).refused(400, "validation_error", pointer="/code")
    assert bob.get("profile/second_factors").ok()["generator"] is False
    nobody().post("login", **basic(cast.bob.login)).ok()


def test_codes_are_set_up_once_renewed_and_removed(cast: Cast) -> None:
    forget(cast.north)
    bob = as_user(cast.bob)
    bob.post(RECOVERY).refused(409, "conflict")
    bob.delete(GENERATOR).refused(404, "not_found")
    _secret, codes = set_up(bob)
    bob.post(GENERATOR).refused(409, "conflict")
    renewed = bob.post(RECOVERY).ok(201)["recovery_codes"]
    assert len(renewed) == 10
    assert not set(renewed) & set(codes)
    assert bob.delete(GENERATOR).status == 204
    assert bob.get("profile/second_factors").ok() == {"generator": False, "passkeys": [], "recovery_codes": 0}


def test_a_session_that_was_left_open_sets_up_and_removes_nothing(cast: Cast) -> None:
    forget(cast.north)
    with clock.shifted(timedelta(minutes=-30)):
        token = access_token(cast.bob)
    old = Caller(headers=bearer(token))
    fresh = as_user(cast.bob)
    assert old.post(GENERATOR).status in {401, 403}
    set_up(fresh)
    for ask in (old.post, old.delete):
        assert ask(GENERATOR).status in {401, 403}
    assert fresh.get("profile/second_factors").ok()["generator"] is True


def test_a_lost_device_is_removed_by_its_owner_only(cast: Cast) -> None:
    with domain_scope(cast.north):
        row = Passkey(
            domain_id=cast.north.pk, user=cast.bob, title="Phone", credential="x", public_key=b"x", host=NORTH,
            created_at=clock.now(),
        )  # fmt: skip
        row.save()
    bob = as_user(cast.bob)
    (shown,) = bob.get("profile/second_factors").ok()["passkeys"]
    assert (shown["id"], shown["title"], shown["last_used_at"]) == (row.pk, "Phone", None)
    as_user(cast.alice).delete(f"profile/second_factors/passkeys/{row.pk}").refused(404, "not_found")
    assert bob.delete(f"profile/second_factors/passkeys/{row.pk}").status == 204
    assert bob.get("profile/second_factors").ok()["passkeys"] == []


def test_a_key_of_the_isp_is_nobody_with_factors(cast: Cast) -> None:
    with_key(cast.north_key).get("profile/second_factors").refused(403, "forbidden")
    with_key(cast.north_key).post(GENERATOR).refused(403, "forbidden")
    with_key(cast.north_key, x_vsaas_user=cast.bob.login).post(GENERATOR).refused(403, "forbidden")
