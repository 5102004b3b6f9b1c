"""Limited API keys (item 314): to rights, to networks, to a last day; and what is shown of them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

from portal.api.key_rights import AREAS, OWN
from tenants import clock
from tenants.models import ApiKey, AuditEntry, User
from tenants.models.users import HIGH
from tenants.scoping import domain_scope
from tenants.services import keys
from tests.api.calls import Caller, with_key
from tests.api.v3 import calls as v3
from tests.cast import NORTH, Cast

Right = ApiKey.Right
# What each right opens beyond nothing: a request that only it allows, of a system key that may all else.
OPENS: dict[str, tuple[str, str, Any]] = {
    "read": ("GET", "organizations", None),
    "cameras": ("POST", "cameras", {"title": "x", "stream_url": "fake://fake", "organization_id": "{org}"}),
    "people": ("POST", "users", {"login": "new"}),
    "organizations": ("POST", "organizations", {"title": "new"}),
    "changes": ("GET", "changes", None),
}


def _key(cast: Cast, *rights: str, user: User | None = None, **limits: Any) -> str:
    with domain_scope(cast.north):
        return keys.add_key(acting_user=None, user=user, title="limited", rights=list(rights), **limits)[1]


def _from(key: str, address: str) -> Caller:
    caller = with_key(key)
    caller.client.defaults["REMOTE_ADDR"] = address
    return caller


@pytest.mark.parametrize("held", [right for right in OPENS if right != "read"])
@pytest.mark.parametrize("asked", OPENS)
def test_a_right_opens_its_area_and_no_other(cast: Cast, held: str, asked: str) -> None:
    method, path, body = OPENS[asked]
    filled = {name: cast.harbour.pk if value == "{org}" else value for name, value in (body or {}).items()} or None
    answer = with_key(_key(cast, held)).call(method, path, filled)
    reads_own_area = asked == "read" and held == "organizations"
    if held == asked or reads_own_area:
        answer.ok()
    else:
        answer.refused(403, "Forbidden")


def test_read_reads_all_but_what_is_private_and_writes_nothing(cast: Cast) -> None:
    caller = with_key(_key(cast, "read"))
    for path in ("cameras", "organizations", "users", "presets", "auth/whoami"):
        caller.get(path).ok()
    caller.get("changes").refused(403, "Forbidden")
    for path, body in (("users", {"login": "x"}), ("organizations", {"title": "x"}), ("presets", {"title": "x"})):
        caller.post(path, body).refused(403, "Forbidden")
    caller.delete(f"organizations/{cast.harbour.pk}", force="1").refused(403, "Forbidden")


def test_video_is_a_right_of_its_own(cast: Cast) -> None:
    def token(key: str) -> Any:
        return with_key(key).get("cameras/gate").ok()["playback_config"]["token"]

    assert token(_key(cast, "read")) is None
    assert token(_key(cast, "cameras")) is None
    assert token(_key(cast, "read", "video"))
    assert token(_key(cast))


def test_a_limited_key_never_makes_more_of_its_holder(cast: Cast) -> None:
    caller = with_key(_key(cast, "people", "organizations", user=cast.bob))
    caller.post("organizations", {"title": "x"}).refused(403, "Forbidden")
    assert [row["login"] for row in caller.get("users").ok()] == ["bob@example.org"]


def test_v3_has_the_same_limits_in_its_own_envelope(cast: Cast) -> None:
    key = _key(cast, "read")
    client = v3.Caller(headers={"Authorization": f"Bearer {key}"}, base=v3.CLIENT)
    admin = v3.Caller(headers={"Authorization": f"Bearer {key}"}, base=v3.ADMIN)
    client.call("GET", "organizations").ok()
    client.call("GET", "streams").ok()
    client.call("POST", "organizations", {"title": "x"}).refused(403, "forbidden")
    admin.call("GET", "events").refused(403, "forbidden")
    admin.call("GET", "changes").refused(403, "forbidden")
    admin.call("GET", "webhooks").refused(403, "forbidden")
    admin.call("GET", "api-keys").refused(403, "forbidden")


def test_a_key_opens_nothing_outside_its_networks(cast: Cast) -> None:
    key = _key(cast, networks=["192.0.2.0/24, 2001:db8::7"])
    for address in ("192.0.2.1", "192.0.2.255", "2001:db8::7", "::ffff:192.0.2.9"):
        _from(key, address).get("cameras").ok()
    for address in ("192.0.3.1", "127.0.0.1", "2001:db8::8", "::1"):
        _from(key, address).get("cameras").refused(403, "Forbidden")


def test_a_key_ends_with_its_last_moment(cast: Cast) -> None:
    end = clock.now() + timedelta(hours=1)
    key = _key(cast, expires_at=end)
    bearer = v3.Caller(headers={"Authorization": f"Bearer {key}"})
    with clock.frozen(end - timedelta(seconds=1)):
        with_key(key).get("cameras").ok()
        bearer.call("GET", "streams").ok()
    with clock.frozen(end):
        with_key(key).get("cameras").refused(403, "ApikeyExpired")
        bearer.call("GET", "streams").refused(401, "apikey_expired")


def test_use_and_address_are_noted_once_a_minute(cast: Cast) -> None:
    key = _key(cast)

    def noted() -> tuple[Any, Any]:
        with domain_scope(cast.north):
            row = ApiKey.objects.get(title="limited")
        return row.last_used_at, row.last_used_ip

    assert noted() == (None, None)
    first = clock.now()
    for seconds, address in ((0, "192.0.2.1"), (59, "192.0.2.2"), (61, "192.0.2.3")):
        with clock.frozen(first + timedelta(seconds=seconds)):
            _from(key, address).get("auth/whoami").ok()
        expected = "192.0.2.3" if seconds > 60 else "192.0.2.1"
        assert noted()[1] == expected
    assert noted()[0] == first + timedelta(seconds=61)


def test_what_a_key_did_is_told_with_the_key(cast: Cast) -> None:
    key = _key(cast)
    with_key(key, x_vsaas_user="nora@example.org").post("organizations", {"title": "Told"}).ok()
    with domain_scope(cast.north):
        entry = AuditEntry.objects.get(object_type="Organization", object_title="Told")
        row = ApiKey.objects.get(title="limited")
    assert entry.user_login == "nora@example.org"
    assert entry.via == f"key {row.pk} {key[:4]}…"
    assert (entry.method, entry.path) == ("POST", "/vsaas/api/v2/organizations")
    assert entry.duration_ms is not None


@pytest.mark.parametrize(
    ("limits", "field"),
    [
        ({"rights": ["read", "everything"]}, "rights"),
        ({"networks": ["10.0.0.0/8, nonsense"]}, "networks"),
        ({"networks": ["10.0.0.0/99"]}, "networks"),
        ({"expires_at": 1000}, "expires_at"),
    ],
)
def test_limits_that_cannot_be_meant_are_refused_by_name(cast: Cast, limits: Any, field: str) -> None:
    admin = v3.Caller(headers={"x-vsaas-api-key": cast.north_key}, base=v3.ADMIN)
    body = admin.call("POST", "api-keys", {"title": "x", **limits}).refused(400, "validation_error")
    assert body["errors"][0]["source"]["pointer"].startswith(f"/{field}")


def test_a_limited_key_makes_no_key_that_may_more(cast: Cast) -> None:
    key = _key(cast, "settings", "read")
    admin = v3.Caller(headers={"x-vsaas-api-key": key}, base=v3.ADMIN)
    admin.call("POST", "api-keys", {"title": "all"}).refused(403, "forbidden")
    admin.call("POST", "api-keys", {"title": "other", "rights": ["money"]}).refused(403, "forbidden")
    made = admin.call("POST", "api-keys", {"title": "less", "rights": ["read"]}).ok(201)
    admin.call("PUT", f"api-keys/{made['id']}", {"rights": []}).refused(403, "forbidden")
    with domain_scope(cast.north):
        unlimited = ApiKey.objects.get(title="CRM")
    admin.call("DELETE", f"api-keys/{unlimited.pk}").refused(403, "forbidden")
    admin.call("PUT", f"api-keys/{unlimited.pk}", {"title": "mine"}).refused(403, "forbidden")


def test_a_key_for_people_reaches_no_administrator(cast: Cast) -> None:
    caller = with_key(_key(cast, "people"))
    caller.post("users", {"login": "boss", "is_admin": True}).refused(403, "Forbidden")
    caller.put(f"users/{cast.charlie.pk}", {"is_admin": True}).refused(403, "Forbidden")
    caller.put(f"users/{cast.nora.pk}", {"password": "another long phrase"}).refused(403, "Forbidden")
    caller.put(f"users/{cast.charlie.pk}", {"apikey": "x" * 32}).refused(403, "Forbidden")
    caller.delete(f"users/{cast.nora.pk}").refused(403, "Forbidden")
    caller.put(f"users/{cast.charlie.pk}", {"name": "Charles"}).ok()


@pytest.mark.parametrize("flag", [flag for flag in HIGH if flag != "is_admin"])
def test_a_key_for_people_makes_and_touches_nobody_with_rights_at_the_whole_isp(cast: Cast, flag: str) -> None:
    caller = with_key(_key(cast, "people"))
    caller.post("users", {"login": "high", "password": "a phrase of mine", flag: True}).refused(403, "Forbidden")
    caller.put(f"users/{cast.charlie.pk}", {flag: True}).refused(403, "Forbidden")
    with_key(cast.north_key).put(f"users/{cast.charlie.pk}", {flag: True}).ok()
    caller.put(f"users/{cast.charlie.pk}", {"password": "another long phrase"}).refused(403, "Forbidden")
    caller.delete(f"users/{cast.charlie.pk}").refused(403, "Forbidden")


@pytest.mark.parametrize("right", list(Right))
@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("external_auth", {"kind": "http", "url": "https://example.org"}),
        ("mail", {"host": "mail.example.org"}),
        ("mail/texts/password_reset_request", {"text": "x"}),
        ("mail/test", {"to": "me@example.org"}),
    ],
)
def test_no_limited_key_decides_who_is_let_in(cast: Cast, right: str, path: str, body: Any) -> None:
    admin = v3.Caller(headers={"x-vsaas-api-key": _key(cast, right)}, base=v3.ADMIN)
    admin.call("POST" if path == "mail/test" else "PUT", path, body).refused(403, "forbidden")


def test_who_may_read_no_changes_gets_none_by_webhook(cast: Cast) -> None:
    body = {"url": "https://example.org/hook"}
    settings = v3.Caller(headers={"x-vsaas-api-key": _key(cast, "settings", "read")}, base=v3.ADMIN)
    settings.call("POST", "webhooks", body).refused(403, "forbidden")
    settings.call("GET", "webhooks").refused(403, "forbidden")
    changes = v3.Caller(headers={"x-vsaas-api-key": _key(cast, "changes")}, base=v3.ADMIN)
    assert changes.call("POST", "webhooks", body).status in {201, 400, 422}  # the address, not the right


def test_keys_of_other_people_and_other_isps_are_not_there(cast: Cast) -> None:
    with domain_scope(cast.north):
        bobs, _text = keys.add_key(acting_user=None, user=cast.bob, title="Bob's")
    with domain_scope(cast.south):
        southern = ApiKey.objects.get(title="CRM")
    alice, nora = v3.as_user(cast.alice), v3.as_user(cast.nora, base=v3.ADMIN)
    assert alice.call("GET", "profile/api-keys").ok()["api_keys"] == []
    for number in (bobs.pk, southern.pk):
        alice.call("DELETE", f"profile/api-keys/{number}").refused(404, "not_found")
        nora.call("DELETE", f"api-keys/{number}").refused(404, "not_found")


def test_ones_own_key_is_shown_once_and_does_less_if_asked_to(cast: Cast) -> None:
    bob = v3.as_user(cast.bob)
    made = bob.call("POST", "profile/api-keys", {"title": "Phone", "rights": ["read"]}).ok(201)
    assert with_key(made["apikey"]).get("auth/whoami").ok()["login"] == "bob@example.org"
    listed = bob.call("GET", "profile/api-keys").ok()
    assert made["apikey"] not in str(listed)
    assert [row["title"] for row in listed["api_keys"]] == ["Phone"]
    bob.call("PUT", f"profile/api-keys/{made['id']}", {"networks": ["192.0.2.1"]}).ok()
    with_key(made["apikey"]).get("auth/whoami").refused(403, "Forbidden")
    bob.call("DELETE", f"profile/api-keys/{made['id']}").ok(204)
    with_key(made["apikey"]).get("auth/whoami").refused(403, "WrongApikey")


def _views(resolver: Any = None) -> list[Any]:
    found: list[Any] = []
    for entry in (resolver or get_resolver()).url_patterns:
        if isinstance(entry, URLResolver):
            found += _views(entry)
        elif isinstance(entry, URLPattern) and hasattr(entry.callback, "cls"):
            found.append(entry.callback.cls)
    return found


def test_every_noun_of_the_api_has_an_area_or_is_for_unlimited_keys_on_purpose() -> None:
    on_purpose = {"other", "monitoring", "letting_in"}
    nouns = {getattr(view, "noun", "") for view in _views() if ".v1." not in view.__module__}
    assert nouns - set(AREAS) - OWN - on_purpose == set()


def test_a_wrong_key_and_a_wrong_host_stay_nobody(cast: Cast) -> None:
    key = _key(cast, "read")
    for wrong in (key[:-1], key + "x", key.swapcase(), cast.south_key):
        with_key(wrong, NORTH).get("cameras").refused(403, "WrongApikey")
