"""The menu by role (item 80): every entry opens, and who has no business with a page has no entry for it."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.urls import reverse

from portal.pages.context import ADMINISTRATORS
from tenants.models import Membership, User
from tenants.scoping import domain_scope
from tenants.services import memberships
from tests.cast import Cast

EVERYBODY = {"cameras", "messages"}
ALL = EVERYBODY | ADMINISTRATORS | {"costs"}
ROLES: dict[str, set[str]] = {
    "administrator": EVERYBODY | ADMINISTRATORS,
    "accountant": EVERYBODY | {"organizations", "plans", "usage", "invoices"},
    "owner": EVERYBODY | {"organizations", "users", "costs"},
    "installer": EVERYBODY | {"organizations"},
    "editor of users": EVERYBODY | {"organizations", "users"},
    "organization's accountant": EVERYBODY | {"costs"},
    "viewer": EVERYBODY,
    "nobody's member": EVERYBODY,
    "sees all organizations": EVERYBODY | {"organizations"},
    "edits settings": EVERYBODY | {"settings"},
    "read only": EVERYBODY,
}
# Pages that refuse who has no entry for them. The rest show him an empty list, or what little he may see.
CLOSED = {"plans", "usage", "invoices", "presets", "audit", "access-log", "settings"}


def _person(cast: Cast, role: str) -> User:
    known = {"administrator": cast.nora, "accountant": cast.ada, "owner": cast.alice, "installer": cast.ian,
             "viewer": cast.bob, "nobody's member": cast.charlie}  # fmt: skip
    if role in known:
        return known[role]
    flags: dict[str, dict[str, Any]] = {
        "sees all organizations": {"can_view_organizations": True},
        "edits settings": {"can_edit_settings": True},
        "read only": {"is_readonly": True},
    }
    with domain_scope(cast.north):
        if role in flags:
            User.objects.filter(pk=cast.charlie.pk).update(**flags[role])
            return cast.charlie
        member = memberships.add_member(cast.harbour, acting_user=None, user=cast.charlie)
        right = "can_edit_users" if role == "editor of users" else "is_accountant"
        Membership.objects.filter(pk=member.pk).update(**{right: True})
    return cast.charlie


@pytest.mark.parametrize("role", ROLES)
def test_every_role_has_its_menu_and_all_of_it_opens(cast: Cast, role: str) -> None:
    client = cast.client(_person(cast, role))
    page = client.get("/profile/").content.decode()
    found = set(re.findall(r'class="nav-entry[^"]*" href="([^"]+)"', page))
    paths = {name: reverse(name) for name in ALL}
    assert {name for name, path in paths.items() if path in found} == ROLES[role]
    assert found <= set(paths.values()), "no entry is unknown to this test"
    opened = {name: client.get(paths[name], follow=True).status_code for name in ROLES[role]}
    assert set(opened.values()) == {200}, opened
    refused = {name: client.get(paths[name]).status_code for name in CLOSED - ROLES[role]}
    assert set(refused.values()) <= {403}, refused
