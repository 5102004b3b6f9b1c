""" "What does it cost me": for an organization's owner and for those who keep its accounts (item 56)."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from billing.services import camera_costs, costs, invoices
from portal.pages.common import Request, one_page, signed_in
from portal.pages.organizations import head
from tenants import access
from tenants.errors import Forbidden, Missing
from tenants.models import Membership, Organization

INVOICES_SHOWN = 36
MONTHS_DRAWN = 12


def paid_by(request: Request) -> QuerySet[Organization]:
    """The organizations whose bill is this user's matter: those he owns, and those he keeps the accounts of."""
    accounts = Membership.objects.filter(user=request.user, is_accountant=True).values("organization")
    rows: QuerySet[Organization] = Organization.objects.filter(Q(owner=request.user) | Q(pk__in=accounts))
    return rows.order_by("title", "id")


@signed_in
@require_safe
def costs_page(request: Request) -> HttpResponse:
    """What does it cost me: this month so far and to its end, and next month if nothing changes."""
    mine = list(paid_by(request))
    wanted = request.GET.get("organization")
    if not mine and not wanted:
        raise Forbidden(_("Owners of an organization, and those who keep its accounts, see here what it costs."))
    chosen = next((row for row in mine if not wanted or row.pk == access.as_id(wanted)), None)
    if chosen is None:
        raise Missing(_("There is no such organization."))
    return render(request, "money/costs.html", {"organizations": mine, "chosen": chosen, **paid(request, chosen)})


@signed_in
@require_safe
def organization_money(request: Request, organization_id: str) -> HttpResponse:
    """The money tab of an organization's page."""
    organization = access.organization_for(request.user, organization_id, "see_money")
    context = {"tab": "money", "chosen": organization, **paid(request, organization), **head(request, organization)}
    return render(request, "organizations/money.html", context)


def paid(request: Request, organization: Organization) -> dict[str, Any]:
    """An organization's costs by plan and camera, and its invoices, with the months drawn for comparison."""
    owed = costs.costs_of(organization)
    rows = list(invoices.invoices_of(organization)[:INVOICES_SHOWN])
    newest = rows[:MONTHS_DRAWN]
    top = max((row.total for row in newest), default=0) or 1
    drawn = [(index * 10, round(100 * row.total / top, 1), row) for index, row in enumerate(reversed(newest))]
    cameras = one_page(request, camera_costs.camera_costs(owed))
    return {"costs": owed, "invoices": rows, "drawn": drawn, "page": cameras}
