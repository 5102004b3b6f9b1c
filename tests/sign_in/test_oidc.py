"""Signing in by an identity provider: a real server that speaks the standard, and every lie it could tell."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client

from tenants import clock, oidc
from tenants.models import ExternalIdentity, IdentityProvider, User, UserSession
from tenants.scoping import domain_scope
from tenants.services import identity_providers
from tests.cast import NORTH, SOUTH, Cast
from tests.sign_in.people import code, is_in, results, with_generator
from tests.sign_in.provider import CLIENT, SECRET, Provider, running

FORM = {"title": "Harbour Inc", "client_id": CLIENT, "client_secret": SECRET, "is_active": "on"}


@pytest.fixture
def provider(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> Iterator[Provider]:
    """A provider that North trusts."""
    with running() as made:
        monkeypatch.setenv("PERCH_CAMERA_NETWORKS", f"127.0.0.1/32:{urlsplit(made.issuer).port}")
        answer = cast.client(cast.nora).post("/settings/sign-in/providers/new", {**FORM, "issuer": made.issuer})
        assert answer.status_code == 302
        yield made


def row(cast: Cast) -> IdentityProvider:
    with domain_scope(cast.north):
        found: IdentityProvider = IdentityProvider.objects.get()
        return found


def leave(cast: Cast, client: Client, **query: str) -> str:
    """Press the button; returns where the browser is sent."""
    answer = client.get(f"/login/with/{row(cast).pk}", query)
    assert answer.status_code == 302, answer.content.decode()[-1500:]
    return str(answer.headers["Location"])


def come_back(client: Client, address: str) -> Any:
    """The browser follows the provider's answer."""
    parts = urlsplit(address)
    return client.get(f"{parts.path}?{parts.query}")


def whole_way(cast: Cast, provider: Provider, client: Client | None = None) -> tuple[Client, Any]:
    client = client or cast.client()
    return client, come_back(client, provider.agree(leave(cast, client)))


def test_the_button_is_on_the_page_and_leads_there_and_back(cast: Cast, provider: Provider) -> None:
    client = cast.client()
    assert "Sign in with Harbour Inc" in client.get("/login").content.decode()
    address = leave(cast, client, next="/cameras/?q=gate")
    assert address.startswith(f"{provider.issuer}/authorize?")
    answer = come_back(client, provider.agree(address))
    assert answer.headers["Location"] == "/cameras/?q=gate"
    assert is_in(client)
    assert results(cast)[-1] == "entered"
    with domain_scope(cast.north):
        assert ExternalIdentity.objects.get().user_id == cast.alice.pk


def test_whoever_came_before_is_known_by_his_number_not_by_his_email(cast: Cast, provider: Provider) -> None:
    whole_way(cast, provider)
    provider.claims = {"sub": "alice-1", "email": "bob@example.org", "email_verified": True}
    client, _answer = whole_way(cast, provider)
    with domain_scope(cast.north):
        assert set(UserSession.objects.exclude(user=cast.nora).values_list("user_id", flat=True)) == {
            cast.alice.pk,
        }
    assert is_in(client)


@pytest.mark.parametrize(
    "claims",
    [
        {"sub": "x", "email": "alice@example.org"},
        {"sub": "x", "email": "alice@example.org", "email_verified": False},
        {"sub": "x", "email": "alice@example.org", "email_verified": "no"},
        {"sub": "x"},
        {"sub": "x", "email": "nobody@example.org", "email_verified": True},
        {"sub": "x", "email": "olga@example.org", "email_verified": True},
    ],
    ids=["silent", "not verified", "not quite", "no e-mail", "nobody's", "of another ISP"],
)
def test_an_email_opens_only_when_verified_and_known_here(
    cast: Cast, provider: Provider, claims: dict[str, Any]
) -> None:
    provider.claims = claims
    client, answer = whole_way(cast, provider)
    assert answer.status_code == 422
    assert not is_in(client)
    assert results(cast)[-1] == "refused"


def test_an_email_of_two_accounts_opens_neither(cast: Cast, provider: Provider) -> None:
    with domain_scope(cast.north):
        User.objects.filter(pk=cast.bob.pk).update(email="Alice@example.org")
    client, answer = whole_way(cast, provider)
    assert answer.status_code == 422
    assert "Several accounts" in answer.content.decode()
    assert not is_in(client)


def test_unknown_people_are_added_without_rights_where_the_isp_says_so(cast: Cast, provider: Provider) -> None:
    with domain_scope(cast.north):
        identity_providers.change_provider(row(cast), acting_user=None, adds_people=True)
    provider.claims = {"sub": "new-1", "email": "newcomer@example.org", "email_verified": True, "name": "New Comer"}
    client, _answer = whole_way(cast, provider)
    assert is_in(client)
    with domain_scope(cast.north):
        made = User.objects.get(login="newcomer@example.org")
    assert (made.name, made.is_admin, made.has_usable_password()) == ("New Comer", False, False)
    assert "Gate" not in client.get("/cameras/").content.decode()


@pytest.mark.parametrize(
    ("lies", "sign_with"),
    [
        ({}, "none"),
        ({}, "HS256"),
        ({}, "ES256"),
        ({}, "stranger"),
        ({"kid": "k2"}, ""),
        ({"nonce": "another"}, ""),
        ({"nonce": None}, ""),
        ({"aud": "another-client"}, ""),
        ({"aud": [CLIENT, "another"]}, ""),
        ({"aud": None}, ""),
        ({"azp": "another-client"}, ""),
        ({"iss": "http://127.0.0.1:1"}, ""),
        ({"iss": None}, ""),
        ({"exp": 1}, ""),
        ({"exp": None}, ""),
        ({"exp": "tomorrow"}, ""),
        ({"iat": 9999999999}, ""),
        ({"iat": None}, ""),
        ({"nbf": 9999999999}, ""),
        ({"sub": None}, ""),
    ],
    ids=str,
)
def test_a_lying_provider_opens_nothing(cast: Cast, provider: Provider, lies: dict[str, Any], sign_with: str) -> None:
    provider.lies, provider.sign_with = lies, sign_with
    client, answer = whole_way(cast, provider)
    assert answer.status_code == 422
    assert not is_in(client)


def test_a_provider_that_calls_itself_otherwise_is_not_asked_further(cast: Cast, provider: Provider) -> None:
    provider.lies = {"description_issuer": "https://another.example"}
    answer = cast.client().get(f"/login/with/{row(cast).pk}")
    assert answer.status_code == 422
    assert provider.asked == ["/.well-known/openid-configuration"]


def test_an_answer_is_good_once_for_the_browser_that_asked(cast: Cast, provider: Provider) -> None:
    victim, attacker = cast.client(), cast.client()
    address = provider.agree(leave(cast, attacker))
    assert come_back(victim, address).status_code == 422, "a link sent to somebody else signs him in nowhere"
    assert not is_in(victim)
    assert come_back(attacker, address).status_code == 302
    assert come_back(attacker, address).status_code == 422


def test_a_forged_state_opens_nothing(cast: Cast, provider: Provider) -> None:
    client = cast.client()
    address = provider.agree(leave(cast, client))
    state = parse_qs(urlsplit(address).query)["state"][0]
    assert come_back(client, address.replace(state, "x" * len(state))).status_code == 422
    assert not is_in(client)


def test_somebody_who_said_no_or_stayed_away_too_long_is_told_so(cast: Cast, provider: Provider) -> None:
    client = cast.client()
    state = parse_qs(urlsplit(leave(cast, client)).query)["state"][0]
    assert "did not let you sign in" in client.get(f"/login/back?error=access_denied&state={state}").content.decode()
    address = provider.agree(leave(cast, client))
    with clock.shifted(timedelta(minutes=11)):
        assert come_back(client, address).status_code == 422


def test_the_email_may_come_from_the_other_address_of_the_same_person_only(cast: Cast, provider: Provider) -> None:
    provider.without_email_in_token = True
    client, _answer = whole_way(cast, provider)
    assert is_in(client)
    provider.claims = {"sub": "bob-1", "email": "bob@example.org", "email_verified": True}
    provider.lies = {"me": {"sub": "somebody-else"}}
    other, answer = whole_way(cast, provider)
    assert answer.status_code == 422
    assert not is_in(other)


def test_the_second_factor_is_asked_all_the_same(cast: Cast, provider: Provider) -> None:
    secret = with_generator(cast.alice)
    client, answer = whole_way(cast, provider)
    assert answer.headers["Location"] == "/login/second-factor"
    assert not is_in(client)
    assert client.post("/login/second-factor", {"code": code(secret)}).status_code == 302
    assert is_in(client)


def test_a_blocked_user_and_one_from_elsewhere_stay_outside(cast: Cast, provider: Provider) -> None:
    with domain_scope(cast.north):
        User.objects.filter(pk=cast.alice.pk).update(authorized_ip="192.0.2.1")
    client, answer = whole_way(cast, provider)
    assert answer.status_code == 422
    with domain_scope(cast.north):
        User.objects.filter(pk=cast.alice.pk).update(authorized_ip="", is_active=False)
    client, answer = whole_way(cast, provider)
    assert answer.status_code == 422
    assert not is_in(client)
    assert results(cast)[-4:] == ["address", "refused", "blocked", "refused"]


def test_another_isp_does_not_know_the_provider(cast: Cast, provider: Provider) -> None:
    south = Client(HTTP_HOST=SOUTH)
    assert south.get(f"/login/with/{row(cast).pk}").status_code == 404
    assert "Harbour Inc" not in south.get("/login").content.decode()


def test_a_provider_that_is_away_is_told_in_words(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    with running() as made:
        issuer = made.issuer
    monkeypatch.setenv("PERCH_CAMERA_NETWORKS", "127.0.0.1/32")
    cast.client(cast.nora).post("/settings/sign-in/providers/new", {**FORM, "issuer": issuer})
    answer = cast.client().get(f"/login/with/{row(cast).pk}")
    assert answer.status_code == 422
    assert "The provider does not answer." in answer.content.decode()


@pytest.mark.parametrize(
    "issuer",
    ["http://accounts.example.com", "ftp://accounts.example.com", "accounts", "https://", "https://a@b.example/",
     "https://a.example/?x=1", "https://a.example:port", "javascript:alert(1)"],
)  # fmt: skip
def test_an_issuer_is_an_https_address(cast: Cast, issuer: str) -> None:
    answer = cast.client(cast.nora).post("/settings/sign-in/providers/new", {**FORM, "issuer": issuer})
    assert answer.status_code == 422
    assert not oidc.is_address(issuer)


def test_the_secret_is_sealed_and_an_empty_one_leaves_it(cast: Cast, provider: Provider) -> None:
    before = row(cast)
    assert SECRET not in before.client_secret_sealed
    nora = cast.client(cast.nora)
    page = nora.get(f"/settings/sign-in/providers/{before.pk}").content.decode()
    assert SECRET not in page
    assert f"http://{NORTH}/login/back" in page
    form = {**FORM, "client_secret": "", "title": "New name", "issuer": provider.issuer}
    assert nora.post(f"/settings/sign-in/providers/{before.pk}", form).status_code == 302
    assert (row(cast).client_secret, row(cast).title) == (SECRET, "New name")
    assert nora.post(f"/settings/sign-in/providers/{before.pk}/delete").status_code == 302
    assert "New name" not in cast.client().get("/login").content.decode()


def test_only_administrators_of_this_isp_see_and_change_providers(cast: Cast, provider: Provider) -> None:
    path = f"/settings/sign-in/providers/{row(cast).pk}"
    form = {**FORM, "issuer": provider.issuer, "title": "Taken over"}
    for person, host, refused in ((cast.alice, NORTH, 403), (cast.ada, NORTH, 403), (cast.sam, SOUTH, 404)):
        client = cast.client(person, host)
        delete = f"{path}/delete"
        answers = [client.get(path), client.post(path, form), client.get(delete), client.post(delete)]
        assert [answer.status_code for answer in answers] == [refused] * 4
    assert row(cast).title == FORM["title"]
