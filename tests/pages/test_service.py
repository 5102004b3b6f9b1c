"""Presets, plans, settings, keys, the audit log, and what holds on every page."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from devices.models import Camera, Preset
from tenants.models import ApiKey, AuditEntry, Domain
from tenants.scoping import domain_scope
from tests.api.v3.calls import ADMIN, as_user
from tests.cast import Cast


def test_a_locked_preset_takes_its_cameras_along(cast: Cast) -> None:
    client = cast.client(cast.nora)
    assert "2 cameras follow this preset" not in client.get("/presets/new").content.decode()
    page = client.get(f"/presets/{cast.basic.pk}").content.decode()
    assert "3 cameras follow this preset" in page
    client.post(f"/presets/{cast.basic.pk}", {"title": "Fortnight", "dvr_depth": "14", "is_everywhere": "on"})
    with domain_scope(cast.north):
        assert Camera.objects.get(name="gate").dvr_depth == 14


def test_a_preset_in_use_cannot_be_deleted(cast: Cast) -> None:
    client = cast.client(cast.nora)
    said = client.post(f"/presets/{cast.basic.pk}/delete", follow=True).content.decode()
    assert "Cameras use the preset" in said
    with domain_scope(cast.north):
        assert not Preset.objects.get(pk=cast.basic.pk).is_deleted


def test_a_preset_is_given_to_single_organizations(cast: Cast) -> None:
    nora, alice = cast.client(cast.nora), cast.client(cast.alice)
    nora.post("/presets/new", {"title": "Special", "dvr_depth": "3"})
    with domain_scope(cast.north):
        special = Preset.objects.get(title="Special")
    assert "Special" not in alice.get("/cameras/new").content.decode()
    nora.post(f"/presets/{special.pk}/organizations", {"organization": cast.harbour.pk})
    assert "Special" in alice.get("/cameras/new").content.decode()
    assert "Special" not in cast.client(cast.mallory).get("/cameras/new").content.decode()
    nora.post(f"/presets/{special.pk}/organizations/{cast.harbour.pk}/detach")
    assert "Special" not in alice.get("/cameras/new").content.decode()


def test_a_preset_and_a_plan_say_how_many_cameras_are_watched_at_once(cast: Cast) -> None:
    nora, v3 = cast.client(cast.nora), as_user(cast.nora, base=ADMIN)
    form = {"title": "Week", "dvr_depth": "7", "is_everywhere": "on"}
    assert nora.post(f"/presets/{cast.basic.pk}", form | {"max_streams": "4"}).status_code == 302
    assert 'value="4"' in nora.get(f"/presets/{cast.basic.pk}").content.decode()
    assert v3.get(f"presets/{cast.basic.pk}").ok()["max_streams"] == 4
    assert v3.put(f"presets/{cast.basic.pk}", {"max_streams": 2}).ok()["max_streams"] == 2
    assert cast.api(cast.north_key).get(f"/vsaas/api/v2/presets/{cast.basic.pk}").json()["max_streams"] == 2
    v3.put(f"presets/{cast.basic.pk}", {"max_streams": 0}).refused(400, "validation_error", pointer="/max_streams")
    assert nora.post(f"/presets/{cast.basic.pk}", form | {"max_streams": "0"}).status_code == 422
    assert nora.post(f"/presets/{cast.basic.pk}", form).status_code == 302
    assert v3.get(f"presets/{cast.basic.pk}").ok()["max_streams"] is None
    nora.post("/plans/new", {"title": "Few", "amount": "1.00", "dvr_depth": "1", "max_streams": "3"})
    with domain_scope(cast.north):
        assert Preset.objects.get(title="Few").max_streams == 3


@pytest.mark.parametrize("depth", ["-1", "4000", "a week", ""])
def test_a_depth_must_be_days(cast: Cast, depth: str) -> None:
    answer = cast.client(cast.nora).post("/presets/new", {"title": "x", "dvr_depth": depth})
    assert answer.status_code == 422
    assert 'id="id_dvr_depth_error"' in answer.content.decode()


@pytest.mark.parametrize("amount", ["-1", "1.234", "ten", "1e3", "1,000,000.00", ""])
def test_an_amount_is_refused_unless_it_is_exactly_one(cast: Cast, amount: str) -> None:
    answer = cast.client(cast.nora).post("/plans/new", {"title": "x", "amount": amount, "dvr_depth": "1"})
    assert answer.status_code == 422
    assert 'id="id_amount_error"' in answer.content.decode()


def test_a_new_price_stands_in_the_history(cast: Cast) -> None:
    client = cast.client(cast.ada)
    plan = client.post("/plans/new", {"title": "Week", "amount": "4,90", "dvr_depth": "7"})["Location"]
    client.post(f"{plan}/prices", {"amount": "5.40", "from_day": "2040-01-01"})
    page = client.get(plan).content.decode()
    history = page[page.index("<h2>Prices</h2>") :]
    assert history.index("1 January 2040") < history.index("€5.40") < history.index("€4.90"), "the newest first"
    assert "coming" in history
    remove = re.findall(r'href="(/plans/\d+/prices/\d+/remove)"', page)
    assert len(remove) == 1, "only a price that has not begun can be taken back"
    client.post(remove[0])
    assert "€5.40" not in client.get(plan).content.decode()


def test_a_key_is_shown_once(cast: Cast) -> None:
    client = cast.client(cast.nora)
    page = client.post("/settings/keys/new", {"title": "Billing robot", "everything": "on"}).content.decode()
    key = re.findall(r'class="key-text">([^<]+)<', page)[0]
    assert cast.api(key).get("/vsaas/api/v2/cameras").status_code == 200
    assert key not in client.get("/settings/keys").content.decode()
    with domain_scope(cast.north):
        made = ApiKey.objects.get(title="Billing robot")
    assert client.post(f"/settings/keys/{made.pk}/delete").status_code == 302
    assert cast.api(key).get("/vsaas/api/v2/cameras").status_code == 403


def test_the_log_tells_who_changed_what(cast: Cast) -> None:
    cast.client(cast.alice).post("/cameras/switch/gate", {"enabled": "0", "back": "/cameras/"})
    client = cast.client(cast.nora)
    page = client.get("/audit/?kind=Camera&action=change").content.decode()
    assert cast.alice.login in page
    assert re.search(r"<del>True</del>\s*<ins>False</ins>", page)
    assert "Gate" not in client.get("/audit/?kind=User").content.decode()


def test_the_log_goes_back_page_by_page(cast: Cast) -> None:
    client = cast.client(cast.nora)
    with domain_scope(cast.north):
        total = AuditEntry.objects.count()
        first = AuditEntry.objects.order_by("-id")[0]
        AuditEntry.objects.bulk_create(
            AuditEntry(domain_id=cast.north.pk, action="change", object_type="Camera", object_id=str(number),
                       created_at=first.created_at) for number in range(120)
        )  # fmt: skip
    seen, address = 0, "/audit/"
    while address:
        page = client.get(address).content.decode()
        seen += page.count('class="log-entry"')
        older = re.findall(r'href="(\?[^"]*before=\d+)"', page)
        address = f"/audit/{older[0]}" if older else ""
    assert seen == total + 120


ADDRESSES = ["/cameras/", "/cameras/?view=list", "/cameras/new", "/cameras/watch/gate", "/cameras/edit/gate",
             "/cameras/delete/gate", "/organizations/", "/organizations/new", "/users/", "/users/new", "/presets/",
             "/presets/new", "/plans/", "/plans/new", "/usage/", "/invoices/", "/costs/", "/settings/", "/audit/",
             "/settings/branding", "/settings/languages/ru", "/settings/support", "/messages/", "/messages/new",
             "/profile/", "/login", "/nothing-here"]  # fmt: skip


@pytest.mark.parametrize("address", ADDRESSES)
def test_every_page_keeps_the_policy(cast: Cast, address: str) -> None:
    """No inline script, style or handler; nobody may frame it; nothing is loaded from elsewhere."""
    answer = cast.client(cast.nora).get(address)
    policy = answer.headers["Content-Security-Policy"].split("; ")
    assert {"default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'"} <= set(policy)
    assert not any("unsafe" in part for part in policy)
    assert answer.headers["X-Frame-Options"] == "DENY"
    page = answer.content.decode()
    assert not re.search(r"<[^>]+\s(style|on[a-z]+)\s*=", page)
    scripts = re.findall(r"<script([^>]*)>([^<]*)", page)
    assert all("src=" in attributes or "application/json" in attributes for attributes, _text in scripts)
    assert not re.findall(r'(?:src|href)="(?:https?:)?//', page)


def test_the_theme_is_the_one_chosen(cast: Cast) -> None:
    client = cast.client(cast.alice)
    assert 'data-theme="auto"' in client.get("/cameras/").content.decode()
    client.cookies["perch_theme"] = "dark"
    assert 'data-theme="dark" data-bs-theme="dark"' in client.get("/cameras/").content.decode()
    client.cookies["perch_theme"] = '"><script>'
    assert 'data-theme="auto"' in client.get("/cameras/").content.decode()


def test_an_unknown_host_gets_a_plain_not_found(cast: Cast) -> None:
    answer = Client(HTTP_HOST="elsewhere.test").get("/login")
    assert answer.status_code == 404
    assert not any(title in answer.content.decode() for title in Domain.objects.values_list("title", flat=True))
