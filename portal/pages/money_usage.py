"""Usage: what cameras used in a month, for the ISP's accountant and for those who pay (items 27, 54, 310)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from billing import access as billing_access
from billing.models import BillingPeriod, Invoice
from billing.money import Money
from billing.services import invoices, periods, statements, usage
from portal.pages.common import Request, one_page, signed_in
from portal.pages.plans import money_people_only
from tenants import access

MONTHS_SHOWN = 24


@dataclass(frozen=True)
class Bar:
    """One day of a drawn month: its place from the left in steps of 10, its height in hundredths of the highest."""

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


def bars(period: BillingPeriod, counts: Iterable[int]) -> list[Bar]:
    """The counted days of a month as bars."""
    cameras = list(counts)
    top = max(cameras, default=0) or 1
    return [
        Bar(period.month + timedelta(days=index), count, index * 10, round(100 * count / top, 1))
        for index, count in enumerate(cameras)
    ]


@money_people_only
@require_safe
def usage_page(request: Request) -> HttpResponse:
    """The month by organization: the base of its invoices."""
    period = period_of(request)
    context: dict[str, Any] = {"period": period, "months": periods.periods()[:MONTHS_SHOWN]}
    if period is not None:
        context |= month(request, period)
    return render(request, "money/usage.html", context)


def month(request: Request, period: BillingPeriod) -> dict[str, Any]:
    """A month's figures, its organizations as the search narrows them, and what the last night changed."""
    whole = statements.month_of(period)
    query = request.GET.get("q", "").strip()
    found = [row for row in whole.organizations if query.casefold() in row.title.casefold()]
    page = one_page(request, found)
    billed = Invoice.objects.filter(period=period, organization_id__in=[row.organization_id for row in page])
    changes, changes_n = statements.changes_of_last_night(period)
    return {
        "whole": whole,
        "query": query,
        "page": page,
        "rows": [(row, bars(period, row.by_day)) for row in page],
        "found_net": sum((row.net for row in found), Money(0, period.currency)),
        "found_days": sum(row.camera_days for row in found),
        "invoices": {invoice.organization_id: invoice for invoice in billed},
        "bars": bars(period, whole.by_day),
        "width": period.days * 10,
        "counted_until": usage.counted_until(period),
        "changes": changes,
        "changes_n": changes_n,
        "unsold": statements.cameras_without_plan(period) if whole.days_without_plan else [],
    }


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
        counted = {row.day.day: row.cameras for row in usage.usage_by_day(organization, period)}
        context["usage"] = usage.usage_of(organization, period)
        context["bars"] = bars(period, (counted.get(day, 0) for day in range(1, period.closed_days + 1)))
        context["width"] = period.days * 10
        context["invoice"] = invoices.invoices_of(organization).filter(period=period).first()
    return render(request, "money/organization_usage.html", context)
