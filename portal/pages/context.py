"""What every page knows: its ISP, its user, and the menu he may use."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from tenants.models import Organization, User


def portal(request: HttpRequest) -> dict[str, Any]:
    """The context of all templates."""
    domain = getattr(request, "domain", None)
    user = getattr(request, "user", None)
    if domain is None or not isinstance(user, User):
        return {"domain": domain, "person": None, "menu": set()}
    return {"domain": domain, "person": user, "menu": menu(user)}


def menu(user: User) -> set[str]:
    """The menu entries of a role (item 80)."""
    entries = {"cameras"}
    owns = Organization.objects.filter(owner=user).exists()
    if user.is_admin:
        entries |= {"organizations", "users", "presets", "plans", "usage", "invoices"}
    if user.is_accountant:
        entries |= {"organizations", "plans", "usage", "invoices"}
    if user.can_view_organizations:
        entries.add("organizations")
    if owns:
        entries |= {"organizations", "users", "costs"}
    if user.memberships.filter(is_accountant=True).exists():
        entries.add("costs")
    if user.memberships.filter(can_edit_users=True).exists():
        entries |= {"users", "organizations"}
    return entries
