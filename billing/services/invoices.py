"""Reading invoices: the page of one, the camera-days behind a line, lists.

Offers: `invoice_page(invoice)`, `camera_days(line)` (the annex: every camera with its days and its exact part of the
amount), `invoices_of(organization)`, `invoices_in(period)`. Issuing is the night's (`billing/services/issuing.py`);
who may read is in `billing/access.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import QuerySet

from billing.models import BillingPeriod, Invoice, InvoiceLine, InvoiceTax
from billing.money import Money, percent
from billing.rating import net_of, parts
from billing.services.views import fetch_rows
from devices.services import modes
from tenants.models import Organization


@dataclass(frozen=True)
class LineView:
    """A line as it is shown: `gross` less `discount` is `net`; `discount_percent` as text, empty when there is none."""

    line: InvoiceLine
    price: Money
    gross: Money
    discount: Money
    discount_percent: str
    net: Money


@dataclass(frozen=True)
class TaxView:
    """A tax as it is shown."""

    title: str
    percent: str
    base: Money
    amount: Money


@dataclass(frozen=True)
class InvoicePage:
    """An invoice with all that is printed on it."""

    invoice: Invoice
    period: BillingPeriod
    lines: list[LineView]
    taxes: list[TaxView]
    net: Money
    tax: Money
    total: Money


@dataclass(frozen=True)
class CameraDays:
    """One camera behind a line: its days as [(first, last)], and its part of the line's amount."""

    camera_id: int
    camera_name: str
    camera_title: str
    days: int
    ranges: list[tuple[date, date]]
    amount: Money
    private: timedelta  # how long of it in privacy mode, which changes no amount


ANNEX = """
SELECT camera_id, (array_agg(camera_name ORDER BY first_day DESC))[1],
       (array_agg(camera_title ORDER BY first_day DESC))[1] AS title, sum(days)::bigint,
       array_agg(first_day ORDER BY first_day), array_agg(end_day ORDER BY first_day)
FROM billing_usage
WHERE domain_id = %(domain)s AND period_id = %(period)s AND organization_id = %(organization)s AND plan_id = %(plan)s
    AND price = %(price)s AND discount_ppm = %(discount)s AND is_trial = %(trial)s
GROUP BY camera_id ORDER BY title, camera_id
"""


def invoice_page(invoice: Invoice) -> InvoicePage:
    """An invoice with its lines and taxes."""
    return InvoicePage(
        invoice=invoice,
        period=invoice.period,
        lines=[_line_view(line) for line in InvoiceLine.objects.filter(invoice=invoice)],
        taxes=[_tax_view(invoice, tax) for tax in InvoiceTax.objects.filter(invoice=invoice)],
        net=invoice.net_money,
        tax=invoice.tax_money,
        total=invoice.total_money,
    )


def _line_view(line: InvoiceLine) -> LineView:
    gross = Money(net_of(line.price, line.camera_days, line.days), line.currency)
    discounted = percent(line.discount_ppm) if line.discount_ppm else ""
    return LineView(line, line.price_money, gross, gross - line.net_money, discounted, line.net_money)


def _tax_view(invoice: Invoice, tax: InvoiceTax) -> TaxView:
    base, amount = Money(tax.base, invoice.currency), Money(tax.amount, invoice.currency)
    return TaxView(tax.title, percent(tax.ppm), base, amount)


def camera_days(line: InvoiceLine) -> list[CameraDays]:
    """The cameras behind a line. Their amounts add up to the line's exactly, whatever the rounding."""
    rows = fetch_rows(ANNEX, _annex_values(line))
    amounts = parts([row[3] for row in rows], line.price, line.days, line.discount_ppm)
    period = line.invoice.period
    private = modes.private_time(
        line.invoice.organization_id, [row[0] for row in rows], period.begins_at, period.ends_at
    )
    return [
        CameraDays(
            row[0], row[1], row[2], row[3], _joined(row[4], row[5]), Money(amount, line.currency),
            private.get(row[0], timedelta()),
        )
        for row, amount in zip(rows, amounts, strict=True)
    ]  # fmt: skip


def _annex_values(line: InvoiceLine) -> dict[str, int | None]:
    return {
        "domain": line.domain_id,
        "period": line.invoice.period_id,
        "organization": line.invoice.organization_id,
        "plan": line.plan_id,
        "price": line.price,
        "discount": line.discount_ppm,
        "trial": line.is_trial,
    }


def _joined(firsts: list[date], ends: list[date]) -> list[tuple[date, date]]:
    """Neighbouring stretches of days as one; ends are exclusive on the way in, inclusive on the way out."""
    ranges: list[tuple[date, date]] = []
    for first, end in zip(firsts, ends, strict=True):
        last = end - timedelta(days=1)
        if ranges and ranges[-1][1] + timedelta(days=1) == first:
            ranges[-1] = (ranges[-1][0], last)
        else:
            ranges.append((first, last))
    return ranges


def invoices_of(organization: Organization) -> QuerySet[Invoice]:
    """An organization's invoices, newest month first, the running month's draft among them."""
    rows: QuerySet[Invoice] = Invoice.objects.filter(organization_id=organization.pk).select_related("period")
    return rows


def invoices_in(period: BillingPeriod) -> QuerySet[Invoice]:
    """All invoices of a month by buyer."""
    rows: QuerySet[Invoice] = Invoice.objects.filter(period=period).select_related("period")
    return rows.order_by("buyer_title", "id")
