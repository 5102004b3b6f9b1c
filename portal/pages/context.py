"""What every page knows: its ISP, its user, and the menu he may use."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _

from portal import analytics
from portal.pages.status import live_texts
from tenants.models import Message, Organization, User
from tenants.services import messages

THEMES = ("light", "dark", "auto")
ICON_SIZES = (16, 32, 64, 128)
ADMINISTRATORS = {
    "organizations", "users", "roles", "plans", "usage", "invoices", "presets", "storage", "watching", "audit",
    "access-log", "settings",
}  # fmt: skip


def portal(request: HttpRequest) -> dict[str, Any]:
    """The context of all templates."""
    domain = getattr(request, "domain", None)
    user = getattr(request, "user", None)
    chosen = request.COOKIES.get("perch_theme", "")
    looks = {
        "theme": chosen if chosen in THEMES else "auto",
        "icon_sizes": ICON_SIZES,
        "brand_pictures": domain.brand_pictures if domain else {},
    }
    if domain is None or not isinstance(user, User):
        return {"domain": domain, "person": None, "menu": set(), **looks}
    return {
        "domain": domain,
        "person": user,
        "analytics_key": analytics.key_for(request),
        "person_note": role(user),
        "menu": menu(user),
        "mailbox": Mailbox(user),
        **looks,
        "live_texts": live_texts,
    }


class Mailbox:
    """What a page shows of one's unread messages; asked for by whole pages only, and once."""

    def __init__(self, user: User) -> None:
        self._user = user

    @cached_property
    def _news(self) -> list[Message]:
        return messages.news_for(self._user)

    @property
    def unread(self) -> int:
        """How many there are."""
        return len(self._news)

    @property
    def banners(self) -> list[Message]:
        """Those that stand above every page, newest first."""
        return [message for message in self._news if message.is_dashboard][: messages.BANNERS_AT_MOST]


def role(user: User) -> str:
    """What a user is, in one word under his name."""
    if user.is_admin:
        return _("Administrator")
    if user.is_accountant:
        return _("Accountant")
    return _("Read only") if user.is_readonly else user.login


def menu(user: User) -> set[str]:
    """The menu entries of a role (item 80): what is there opens, and what has no page for this role is not there."""
    entries = {"cameras", "messages"}
    if user.is_admin:
        return entries | ADMINISTRATORS
    if user.can_edit_settings:
        entries.add("settings")
    if user.is_accountant:
        entries |= {"organizations", "plans", "usage", "invoices"}
    if user.can_view_organizations:
        entries.add("organizations")
    return entries | _of_organizations(user)


def _of_organizations(user: User) -> set[str]:
    """What owning an organization, or a right in one, brings."""
    entries: set[str] = set()
    if Organization.objects.filter(owner=user).exists():
        entries |= {"organizations", "users", "costs"}
    held = user.memberships.values_list("can_edit_users", "is_accountant", "can_edit_cameras", "can_view_stats")
    for edits_users, accounts, edits_cameras, sees_statistics in held:
        entries |= {"users", "organizations"} if edits_users else set()
        entries |= {"costs"} if accounts else set()
        entries |= {"organizations"} if edits_cameras or sees_statistics else set()
    return entries
