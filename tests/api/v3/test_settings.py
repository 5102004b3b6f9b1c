"""How the ISP looks, and its settings, by v3."""

from __future__ import annotations

import pytest
from django.test import Client

from tenants.models import AuditEntry
from tenants.scoping import domain_scope
from tests.cast import NORTH, SOUTH, Cast

UI, CONFIG = "/watcher/client-api/v3/ui_settings", "/watcher/admin-api/v3/domain_config"


def _put(cast: Cast, body: object) -> tuple[int, dict[str, object]]:
    answer = cast.api(cast.north_key).put(CONFIG, body, "application/json")
    return answer.status_code, answer.json()


def test_an_application_dresses_before_anybody_signs_in(cast: Cast) -> None:
    told = Client(HTTP_HOST=NORTH).get(UI).json()
    assert told["brand"] == {"title": "North Net", "page_title": "North Net", "logo": None, "login_logo": None}
    assert told["colors"]["main"] == "#0f6fb8"
    assert told["colors"]["on_main"] == "#ffffff"
    assert told["locales"]["default"] == "en"
    assert [locale["code"] for locale in told["locales"]["available"]] == ["en", "ru"]
    assert told["map"] is None
    assert Client(HTTP_HOST=SOUTH).get(UI).json()["brand"]["title"] == "South Net"
    assert Client(HTTP_HOST="elsewhere.test").get(UI).status_code == 404


def test_administrators_change_what_they_send_and_nothing_else(cast: Cast) -> None:
    status, told = _put(cast, {"appearance": {"brand_color": "#663399", "company_phone": "112"}, "locale": "ru"})
    assert status == 200
    assert told["appearance"]["colors"]["main"] == "#663399"  # type: ignore[index]  # JSON
    assert (told["locale"], told["title"], told["hosts"]) == ("ru", "North Net", [NORTH])
    assert Client(HTTP_HOST=NORTH).get(UI).json()["company"]["phone"] == "112"
    with domain_scope(cast.north):
        entry = AuditEntry.objects.get(object_type="Domain", via__gt="")
        assert sorted(entry.changed) == ["brand_color", "company_phone", "locale"]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"appearance": {"brand_color": "red"}}, "/appearance/brand_color"), ({"locale": "xx"}, "/locale"),
        ({"timezone": "Mars"}, "/timezone"), ({"max_sessions": 0}, "/max_sessions"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(cast: Cast, body: object, pointer: str) -> None:
    status, told = _put(cast, body)
    assert status == 400
    assert told["errors"][0]["source"]["pointer"] == pointer  # type: ignore[index]  # JSON


def test_the_currency_and_the_hosts_are_the_installations(cast: Cast) -> None:
    _put(cast, {"currency": "USD", "hosts": ["evil.test"], "slug": "x", "is_active": False})
    cast.north.refresh_from_db()
    assert (cast.north.currency, cast.north.slug, cast.north.is_active) == ("EUR", "north", True)
    assert cast.north.base_host == NORTH


def test_the_system_is_told_without_secrets(cast: Cast) -> None:
    told = cast.api(cast.north_key).get("/watcher/admin-api/v3/system_config").json()
    assert told["watcher_brute_force_timeout"] == 60
    assert told["custom_auth"] is None
    assert told["mail_server"] is False
    assert set(told) == {"custom_auth", "watcher_brute_force_timeout", "api_url", "mail_server", "locales"}
