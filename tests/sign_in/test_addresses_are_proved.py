"""Nobody becomes somebody else by saying that his address is theirs."""

from __future__ import annotations

import pytest

from tenants.errors import Invalid, Missing, Unauthenticated
from tenants.models import IdentityProvider, Organization, Token, User
from tenants.scoping import domain_scope
from tenants.services import identity_providers, invitations, passwords, tokens, users
from tests.api.v1.calls import billing
from tests.api.v3.calls import as_user
from tests.cast import Cast

BOSS = "boss@newcustomer.example"


def test_an_address_one_gave_oneself_makes_nobody_an_owner(cast: Cast) -> None:
    as_user(cast.bob).put("profile", {"email": BOSS}).ok()
    made = billing(cast).post("New", BOSS)
    assert made.status in {200, 201}, made.body
    with domain_scope(cast.north):
        owner = Organization.objects.get(title="New").owner
        assert owner is not None
        assert owner.pk != cast.bob.pk
        assert owner.login == BOSS


def test_nobody_takes_somebody_elses_address_for_a_login(cast: Cast) -> None:
    bob = as_user(cast.bob)
    bob.put("profile", {"name": BOSS}).refused(400, "validation_error", pointer="/name")
    bob.put("profile", {"email": BOSS, "name": BOSS}).refused(400, "validation_error", pointer="/name")
    bob.put("profile", {"name": "bob-the-guard"}).ok()
    bob.put("profile", {"name": "bob@example.org"}).ok()


def test_an_account_an_editor_of_users_made_is_not_taken_for_the_person(cast: Cast) -> None:
    with domain_scope(cast.north):
        users.add_user(acting_user=cast.alice, login=BOSS, password="known to alice", organization=cast.harbour)
    answer = billing(cast).post("New", BOSS)
    assert answer.status == 422
    with domain_scope(cast.north):
        assert not Organization.objects.filter(title="New").exists()


@pytest.fixture
def provider(cast: Cast) -> IdentityProvider:
    with domain_scope(cast.north):
        return identity_providers.add_provider(
            acting_user=None, title="Work", issuer="https://id.example.org", client_id="x"
        )


CLAIMS = {"sub": "77", "email": BOSS, "email_verified": True}


def test_a_providers_person_is_not_bound_to_whoever_says_he_has_the_address(
    cast: Cast, provider: IdentityProvider
) -> None:
    as_user(cast.bob).put("profile", {"email": BOSS}).ok()
    with domain_scope(cast.north), pytest.raises(Unauthenticated):
        identity_providers.identify(provider, CLAIMS)


def test_a_link_that_was_followed_proves_the_address(cast: Cast, provider: IdentityProvider) -> None:
    as_user(cast.bob).put("profile", {"email": BOSS}).ok()
    with domain_scope(cast.north):
        bob = User.objects.get(pk=cast.bob.pk)
        _row, text = tokens.issue(Token.Purpose.PASSWORD_RESET, user=bob, lifetime=passwords.LIFETIME)
        passwords.reset(text, "a phrase of his own")
        assert identity_providers.identify(provider, CLAIMS).pk == bob.pk


def test_a_link_to_the_old_address_proves_nothing_of_the_new_one(cast: Cast) -> None:
    with domain_scope(cast.north):
        bob = User.objects.get(pk=cast.bob.pk)
        _row, text = tokens.issue(Token.Purpose.PASSWORD_RESET, user=bob, lifetime=passwords.LIFETIME)
        users.change_user(bob, acting_user=bob, email=BOSS)
        with pytest.raises(Missing):
            passwords.reset(text, "a phrase of his own")
        assert not User.objects.get(pk=bob.pk).is_email_proven


def test_what_the_isp_says_is_so(cast: Cast, provider: IdentityProvider) -> None:
    as_user(cast.nora).put(f"users/{cast.bob.pk}", {"email": BOSS}).ok()
    with domain_scope(cast.north):
        assert identity_providers.identify(provider, CLAIMS).pk == cast.bob.pk


def test_whoever_follows_an_invitation_by_mail_has_the_address(cast: Cast, provider: IdentityProvider) -> None:
    with domain_scope(cast.north):
        _row, key = invitations.invite(cast.harbour, acting_user=cast.alice, email=BOSS, watches=False, flags={})
        invitations.accept_as_new(key, email="", name="Boss", password="a phrase of his own")
        assert identity_providers.identify(provider, CLAIMS).login == BOSS
        _row, key = invitations.invite(cast.harbour, acting_user=cast.alice, email="", watches=False, flags={})
        made = invitations.accept_as_new(key, email="x@example.org", name="X", password="a phrase of his own")
        assert not User.objects.get(pk=made.pk).is_email_proven


def test_a_login_that_is_anothers_address_swallows_no_recovery(cast: Cast) -> None:
    with domain_scope(cast.north):
        users.change_user(User.objects.get(pk=cast.charlie.pk), acting_user=None, email=BOSS)
        users.add_user(acting_user=cast.alice, login=BOSS, organization=cast.harbour)
        assert passwords.recover(BOSS) == 2
        sent = set(Token.objects.filter(purpose=Token.Purpose.PASSWORD_RESET).values_list("user", flat=True))
        assert cast.charlie.pk in sent


def test_addresses_are_still_checked(cast: Cast) -> None:
    with domain_scope(cast.north), pytest.raises(Invalid):
        users.change_user(cast.bob, acting_user=cast.bob, email="no address")
