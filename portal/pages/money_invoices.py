"""Invoices: all of the ISP with their sums, one as it is printed, and the camera-days behind each line (item 310)."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet, Sum
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from billing import access as billing_access
from billing.models import Invoice
from billing.money import Money
from billing.services import invoices, periods, statements
from portal.pages.common import Request, one_page, signed_in
from portal.pages.money_usage import MONTHS_SHOWN, period_of
from portal.pages.plans import money_people_only
from tenants import access
from tenants.models import Organization


@dataclass(frozen=True)
class Sums:
    """Invoices of one state in one currency, added up: an ISP that changed its currency has two kinds."""

    status: str
    count: int
    net: Money
    tax: Money
    total: Money


@money_people_only
@require_safe
def invoices_page(request: Request) -> HttpResponse:
    """All invoices of the ISP, narrowed by month, state and buyer; the sums are of what is found."""
    rows: QuerySet[Invoice] = Invoice.objects.select_related("period")
    period = period_of(request) if request.GET.get("month") else None
    state, query, buyer = request.GET.get("status", ""), request.GET.get("q", "").strip(), buyer_of(request)
    if period is not None:
        rows = rows.filter(period=period)
    if state in Invoice.Status.values:
        rows = rows.filter(status=state)
    if query:
        rows = rows.filter(found_by(query))
    if buyer is not None:
        rows = rows.filter(organization_id=buyer.pk)
    context = {
        "page": one_page(request, rows.order_by("-period__month", "buyer_title", "id")),
        "period": period,
        "months": periods.periods()[:MONTHS_SHOWN],
        "status": state,
        "query": query,
        "buyer": buyer,
        "sums": sums(rows),
        "night": statements.last_night(),
    }
    return render(request, "money/invoices.html", context)


def buyer_of(request: Request) -> Organization | None:
    """The organization in the address, if there is one; Missing when it is none of the user's."""
    wanted = request.GET.get("organization")
    return access.organization_for(request.user, wanted, "see_money") if wanted else None


def sums(rows: QuerySet[Invoice]) -> list[Sums]:
    """What invoices come to, issued ones first; one query."""
    groups = rows.order_by().values("status", "currency")
    summed = groups.annotate(n=Count("pk"), nets=Sum("net"), tax_sum=Sum("tax"), totals=Sum("total"))
    return [
        Sums(row["status"], row["n"], *(Money(row[name], row["currency"]) for name in ("nets", "tax_sum", "totals")))
        for row in summed.order_by("-status", "currency")
    ]


def found_by(query: str) -> Q:
    """Invoices by buyer, or by number as it is printed: 2026-000042 or 42."""
    year, dash, number = query.rpartition("-")
    by_number = Q(number=int(number)) if number.isascii() and number.isdigit() and len(number) < 9 else Q(pk=None)
    if dash and year.isascii() and year.isdigit() and len(year) == 4:
        by_number &= Q(year=int(year))
    return Q(buyer_title__icontains=query) | by_number


@signed_in
@require_safe
def invoice_page(request: Request, invoice_id: str) -> HttpResponse:
    """One invoice, as it is printed; each line opens the cameras behind it."""
    invoice = billing_access.invoice_for(request.user, invoice_id)
    context = {"invoice": invoice, "shown": invoices.invoice_page(invoice), "night": statements.last_night()}
    return render(request, "money/invoice.html", context)


@signed_in
@require_safe
def invoice_line(request: Request, invoice_id: str, line_id: str) -> HttpResponse:
    """The camera-days behind a line, with their exact parts of its amount."""
    line = billing_access.line_for(request.user, invoice_id, line_id)
    context = {"invoice": line.invoice, "line": line, "rows": invoices.camera_days(line)}
    return render(request, "money/line.html", context)
