"""Usage, invoices and "what does it cost me" (items 27, 54, 56; each figure opens what is behind it)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Q, QuerySet, Sum
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from billing import access as billing_access
from billing.models import BillingPeriod, Invoice
from billing.money import Money
from billing.services import costs, invoices, periods, usage
from portal.pages.common import Request, one_page, signed_in
from portal.pages.organizations import head
from portal.pages.plans import money_people_only
from tenants import access
from tenants.errors import Missing
from tenants.models import Membership, Organization

MONTHS_SHOWN = 24
INVOICES_SHOWN = 36


@dataclass(frozen=True)
class Bar:
    """One day of a drawn month: x and height in a drawing of 100 units' height."""

    day: date
    cameras: int
    x: int
    height: float


def period_of(request: Request) -> BillingPeriod | None:
    """The month in the address, else the newest that has begun; None before the first."""
    if request.GET.get("month"):
        return billing_access.period_for(request.GET["month"])
    newest: BillingPeriod | None = periods.periods().first()
    return newest


@money_people_only
@require_safe
def usage_page(request: Request) -> HttpResponse:
    """The month by organization: the base of its invoices."""
    period = period_of(request)
    rows = usage.usage_by_organization(period) if period else []
    query = request.GET.get("q", "").strip().casefold()
    shown = [row for row in rows if query in row.title.casefold()]
    context = {
        "period": period,
        "months": periods.periods()[:MONTHS_SHOWN],
        "rows": shown,
        "query": request.GET.get("q", ""),
        "top": max((row.net.minor for row in rows), default=0),
        "net": sum((row.net for row in shown), Money(0, request.domain.currency)),
        "camera_days": sum(row.camera_days for row in shown),
        "counted_until": usage.counted_until(period) if period else None,
    }
    return render(request, "money/usage.html", context)


@signed_in
@require_safe
def organization_usage(request: Request, organization_id: str) -> HttpResponse:
    """One organization's month: lines by plan and price, cameras, days."""
    organization = access.organization_for(request.user, organization_id, "see_money")
    period = period_of(request)
    context: dict[str, Any] = {
        "organization": organization,
        "period": period,
        "months": periods.periods()[:MONTHS_SHOWN],
    }
    if period is not None:
        context["usage"] = usage.usage_of(organization, period)
        context["bars"] = bars(period, usage.usage_by_day(organization, period))
        context["width"] = period.days * 10
        context["invoice"] = invoices.invoices_of(organization).filter(period=period).first()
    return render(request, "money/organization_usage.html", context)


def bars(period: BillingPeriod, days: list[usage.DayUsage]) -> list[Bar]:
    """A month's days as bars, each as high as its cameras among the month's most."""
    top = max((day.cameras for day in days), default=0) or 1
    return [Bar(row.day, row.cameras, (row.day.day - 1) * 10, round(100 * row.cameras / top, 1)) for row in days]


@money_people_only
@require_safe
def invoices_page(request: Request) -> HttpResponse:
    """All invoices of the ISP, narrowed by month, state and buyer."""
    rows: QuerySet[Invoice] = Invoice.objects.select_related("period")
    period = period_of(request) if request.GET.get("month") else None
    if period is not None:
        rows = rows.filter(period=period)
    state, query = request.GET.get("status", ""), request.GET.get("q", "").strip()
    if state in Invoice.Status.values:
        rows = rows.filter(status=state)
    if query:
        rows = rows.filter(found_by(query))
    sums = rows.aggregate(net=Sum("net"), tax=Sum("tax"), total=Sum("total"))
    context = {
        "page": one_page(request, rows.order_by("-period__month", "buyer_title", "id")),
        "period": period,
        "months": periods.periods()[:MONTHS_SHOWN],
        "status": state,
        "query": query,
        "sums": {name: Money(value or 0, request.domain.currency) for name, value in sums.items()},
    }
    return render(request, "money/invoices.html", context)


def found_by(query: str) -> Q:
    """Invoices by buyer, or by number as it is printed: 2026-000042 or 42."""
    year, dash, number = query.rpartition("-")
    by_number = Q(number=int(number)) if number.isascii() and number.isdigit() and len(number) < 9 else Q(pk=None)
    if dash and year.isascii() and year.isdigit() and len(year) == 4:
        by_number &= Q(year=int(year))
    return Q(buyer_title__icontains=query) | by_number


def paid_by(request: Request) -> QuerySet[Organization]:
    """The organizations whose bill is this user's matter: those he owns, and those he keeps the accounts of."""
    accounts = Membership.objects.filter(user=request.user, is_accountant=True).values("organization")
    return Organization.objects.filter(Q(owner=request.user) | Q(pk__in=accounts)).order_by("title")


@signed_in
@require_safe
def invoice_page(request: Request, invoice_id: str) -> HttpResponse:
    """One invoice, as it is printed; each line opens the cameras behind it."""
    invoice = billing_access.invoice_for(request.user, invoice_id)
    return render(request, "money/invoice.html", {"invoice": invoice, "shown": invoices.invoice_page(invoice)})


@signed_in
@require_safe
def invoice_line(request: Request, invoice_id: str, line_id: str) -> HttpResponse:
    """The camera-days behind a line, with their exact parts of its amount."""
    line = billing_access.line_for(request.user, invoice_id, line_id)
    context = {"invoice": line.invoice, "line": line, "rows": invoices.camera_days(line)}
    return render(request, "money/line.html", context)


@signed_in
@require_safe
def costs_page(request: Request) -> HttpResponse:
    """What does it cost me: this month so far and to its end, and next month if nothing changes."""
    mine = paid_by(request)
    wanted = request.GET.get("organization")
    chosen = mine.filter(pk=access.as_id(wanted)).first() if wanted else mine.first()
    if wanted and chosen is None:
        raise Missing(_("There is no such organization."))
    context = {"organizations": mine, "chosen": chosen, **(paid(chosen) if chosen else {})}
    return render(request, "money/costs.html", context)


@signed_in
@require_safe
def organization_money(request: Request, organization_id: str) -> HttpResponse:
    """The money tab of an organization's page."""
    organization = access.organization_for(request.user, organization_id, "see_money")
    context = {"tab": "money", "chosen": organization, **paid(organization), **head(request, organization)}
    return render(request, "organizations/money.html", context)


def paid(organization: Organization) -> dict[str, Any]:
    """An organization's costs and its invoices, with the months drawn for comparison."""
    rows = list(invoices.invoices_of(organization)[:INVOICES_SHOWN])
    top = max((row.total for row in rows), default=0) or 1
    drawn = [(index * 10, round(100 * row.total / top, 1), row) for index, row in enumerate(reversed(rows[:12]))]
    return {"costs": costs.costs_of(organization), "invoices": rows, "drawn": drawn}
