"""Roles and invitations: who holds which role, and who was invited and has not come yet (items 26-29)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.contrib import messages
from django.db.models import Exists, OuterRef, Prefetch, Q
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from portal.pages.cameras import back
from portal.pages.common import Request, admins_only, cursor_page
from tenants import access, clock, words
from tenants.errors import Conflict
from tenants.models import Membership, Organization, Token, User, UserWord
from tenants.services import users

MOST_INVITATIONS = 100
ROLES = {
    "admin": gettext_lazy("Administrators"),
    "accountant": gettext_lazy("Accountants"),
    "editor": gettext_lazy("Editors of organizations"),
    "owner": gettext_lazy("Owners"),
    "organization-accountant": gettext_lazy("Accountants of organizations"),
}


def held(role: str) -> Q:
    """Who holds a role, as a condition on users."""
    return {
        "admin": Q(is_admin=True),
        "accountant": Q(is_accountant=True),
        "editor": Q(can_edit_organizations=True, is_admin=False),
        "owner": Q(Exists(Organization.objects.filter(owner=OuterRef("pk")))),
        "organization-accountant": Q(Exists(Membership.objects.filter(user=OuterRef("pk"), is_accountant=True))),
    }[role]


@dataclass(frozen=True)
class Pending:
    """Somebody who was invited, or whose account waits for its first password."""

    token: Token
    who: str
    user: User | None
    organization: Organization | None

    @property
    def until(self) -> datetime:
        """When the link ends."""
        return self.token.expires_at


@admins_only
@require_safe
def roles_page(request: Request) -> HttpResponse:
    """Everybody with a role, and the invitations that wait."""
    query, role = request.GET.get("q", "").strip(), request.GET.get("role", "")
    condition = Q()
    for each in [role] if role in ROLES else ROLES:
        condition |= held(each)
    rows = words.search(User.objects.filter(condition), UserWord, "user", query)
    accounts = Membership.objects.filter(is_accountant=True).select_related("organization")
    rows = rows.prefetch_related(
        Prefetch("memberships", queryset=accounts.order_by("organization__title"), to_attr="accounts_of"),
        Prefetch("owned_organizations", queryset=Organization.objects.order_by("title")),
    )
    context = {
        "page": cursor_page(request, rows, ["login", "id"]),
        "query": query,
        "role": role,
        "roles": ROLES,
        "pending": pending() if not (query or role) else [],
    }
    return render(request, "roles/list.html", context)


def pending() -> list[Pending]:
    """The links that nobody followed yet, the newest first."""
    purposes = [Token.Purpose.INVITATION, Token.Purpose.ACTIVATION]
    rows = Token.objects.filter(purpose__in=purposes, used_at=None, expires_at__gt=clock.now())
    found = list(rows.select_related("user").order_by("-id")[:MOST_INVITATIONS])
    places = Organization.objects.in_bulk(
        {row.payload["organization"] for row in found if "organization" in row.payload}
    )
    shown = []
    for row in found:
        place = places.get(row.payload.get("organization"))
        if row.purpose == Token.Purpose.INVITATION and place is None:
            continue  # the organization is gone, and the link with it
        who = row.user.login if row.user else row.payload.get("email", "")
        shown.append(Pending(row, who, row.user, place))
    return shown


@admins_only
@require_POST
def switch(request: Request, user_id: str) -> HttpResponse:
    """Block somebody by clearing Enabled, or let him in again (item 29)."""
    person = access.user_for(request.user, user_id)
    enabled = request.POST.get("enabled") == "1"
    try:
        users.change_user(person, acting_user=request.user, is_active=enabled)
    except Conflict as error:
        messages.error(request, error.message)
    else:
        text = _("%(login)s may sign in again.") if enabled else _("%(login)s is blocked and signed out everywhere.")
        messages.success(request, text % {"login": person.login})
    return back(request)
