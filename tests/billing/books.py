"""Making months for the tests of billing: spans, prices and terms as rows, and the same as the oracle's book.

Rows are made directly, at any instant in the past, because what is tested is what the night makes of them; the services
that write them in life have tests of their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from itertools import count
from zoneinfo import ZoneInfo

from django.db import connection

from billing import rating
from billing.models import BillingPeriod, Invoice, InvoiceLine, InvoiceTax, OrganizationTerms, Plan, PlanPrice, TaxRate
from billing.rating import Book, LineKey, Rated, Span, Terms
from billing.services import drafts, night, periods
from devices.models import Preset, PresetSpan
from tenants import clock
from tenants.models import Domain, Organization
from tenants.scoping import domain_scope

_serial = count(1)


@dataclass
class Isp:
    """An ISP with plans and organizations, and the book of what was put into it."""

    domain: Domain
    presets: list[Preset]
    plans: list[Plan | None]
    organizations: list[Organization]
    spans: list[Span] = field(default_factory=list)
    unwritten: list[Span] = field(default_factory=list)
    prices: dict[int, dict[date, int]] = field(default_factory=dict)
    terms: dict[int, dict[date, Terms]] = field(default_factory=dict)
    taxes: dict[str, dict[date, int]] = field(default_factory=dict)

    def at(self, text: str) -> datetime:
        """An instant by the ISP's wall clock: "2026-03-10 12:00"."""
        return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(self.domain.timezone)).astimezone(UTC)

    def span(
        self, since: datetime, until: datetime | None = None, *, camera: int = 1, plan: int = 0, organization: int = 0
    ) -> None:
        """A camera runs under a plan's preset from-until."""
        row = Span(camera, self.organizations[organization].pk, self.presets[plan].pk, since, until)
        self.spans.append(row)
        self.unwritten.append(row)

    def write(self) -> None:
        """Put the new spans into the database, all at once."""
        rows = [
            PresetSpan(
                domain=self.domain,
                camera_id=self.domain.pk * 1000 + span.camera,
                camera_name=f"camera-{span.camera}",
                camera_title=f"Camera {span.camera}",
                organization_id=span.organization,
                preset_id=span.preset,
                during=(span.since, span.until),
            )
            for span in self.unwritten
        ]
        with domain_scope(self.domain):
            PresetSpan.objects.bulk_create(rows)
        self.unwritten.clear()

    def price(self, amount: int, from_day: str | date, *, plan: int = 0) -> None:
        """A plan costs so much from a day on."""
        day = _day(from_day)
        with domain_scope(self.domain):
            row = self.plans[plan]
            assert row is not None
            PlanPrice.objects.create(plan=row, from_day=day, amount=amount, currency=self.domain.currency)
            self.prices.setdefault(row.pk, {})[day] = amount

    def agree(
        self,
        from_day: str | date,
        *,
        discount_ppm: int = 0,
        trial_until: str | date | None = None,
        organization: int = 0,
    ) -> None:
        """An organization has terms from a day on."""
        day, end = _day(from_day), _day(trial_until) if trial_until else None
        pk = self.organizations[organization].pk
        with domain_scope(self.domain):
            OrganizationTerms.objects.create(
                organization_id=pk, from_day=day, discount_ppm=discount_ppm, trial_until=end
            )
        self.terms.setdefault(pk, {})[day] = Terms(discount_ppm, end)

    def tax(self, ppm: int, from_day: str | date, *, code: str = "vat") -> None:
        """A tax has a rate from a day on."""
        with domain_scope(self.domain):
            TaxRate.objects.create(code=code, title=code.upper(), ppm=ppm, from_day=_day(from_day))
        self.taxes.setdefault(code, {})[_day(from_day)] = ppm

    def run(self, now: str | datetime) -> list[night.NightReport]:
        """Let the night run when the ISP's wall clock (or the world's) shows this."""
        self.write()
        instant = self.at(now) if isinstance(now, str) else now
        with clock.frozen(instant):
            return night.run_nights(self.domain.pk)

    def count(self, month: date, last_day: date | None = None) -> None:
        """Draft a month as the night after a day (its last one) would, without the nights before it."""
        self.write()
        with domain_scope(self.domain):
            period = periods.ensure(month)
            period.closed_days = last_day.day if last_day else period.days
            period.save()
            drafts.draft(period)

    def book(self, month: str | date, last_day: date | None = None, timezone: str = "") -> Book:
        """What the oracle needs to rate a month."""
        return Book(
            month=_day(month),
            timezone=timezone or self.domain.timezone,
            spans=self.spans,
            plans={preset.pk: plan.pk for preset, plan in zip(self.presets, self.plans, strict=True) if plan},
            prices=self.prices,
            terms=self.terms,
            taxes=self.taxes,
            last_day=last_day,
        )

    def rated(self, month: str | date, last_day: date | None = None) -> Rated:
        """What the oracle says of a month."""
        return rating.rate(self.book(month, last_day))

    def invoice(self, month: str | date, organization: int = 0) -> Invoice | None:
        """An organization's invoice of a month."""
        with domain_scope(self.domain):
            found: Invoice | None = (
                Invoice.objects.select_related("period")
                .filter(period__month=_day(month), organization_id=self.organizations[organization].pk)
                .first()
            )
            return found

    def lines(self, month: str | date, organization: int = 0) -> list[tuple[int, int, int, int]]:
        """The lines of an invoice as (plan number, price, camera-days, net), in the order they are printed."""
        invoice = self.invoice(month, organization)
        if invoice is None:
            return []
        with domain_scope(self.domain):
            numbers = {plan.pk: number for number, plan in enumerate(self.plans) if plan}
            rows = InvoiceLine.objects.filter(invoice=invoice)
            return [(numbers[row.plan_id], row.price, row.camera_days, row.net) for row in rows]


def _day(day: str | date) -> date:
    return date.fromisoformat(day) if isinstance(day, str) else day


def open_isp(
    *, timezone: str = "Europe/Berlin", currency: str = "EUR", plans: int = 1, unsold: int = 0, organizations: int = 1
) -> Isp:
    """An ISP with numbered plans (and presets that no plan sells after them) and organizations, nothing counted yet."""
    number = next(_serial)
    domain = Domain.objects.create(
        title=f"Isp {number}", slug=f"isp-{number}", timezone=timezone, currency=currency, legal_name="Isp Ltd"
    )
    with domain_scope(domain):
        presets = [Preset.objects.create(title=f"Preset {n}") for n in range(plans + unsold)]
        rows: list[Plan | None] = [Plan.objects.create(title=f"Plan {n}", preset=presets[n]) for n in range(plans)]
        subscribers = [Organization.objects.create(title=f"Subscriber {n}") for n in range(organizations)]
    return Isp(domain, presets, rows + [None] * unsold, subscribers)


def billed(domain: Domain, month: date) -> Rated:
    """What the database has as invoices of a month, in the oracle's shape."""
    with domain_scope(domain):
        period = BillingPeriod.objects.get(month=month)
        lines = list(InvoiceLine.objects.filter(invoice__period=period).select_related("invoice"))
        keys = {_key(line): line for line in lines}
        assert len(keys) == len(lines), "no line twice"
        taxes = InvoiceTax.objects.filter(invoice__period=period).select_related("invoice")
        return Rated(
            {key: line.camera_days for key, line in keys.items()},
            {key: line.net for key, line in keys.items()},
            {(tax.invoice.organization_id, tax.code): tax.amount for tax in taxes},
            _without_plan(period),
        )


def _key(line: InvoiceLine) -> LineKey:
    return LineKey(line.invoice.organization_id, line.plan_id, line.price, line.discount_ppm, line.is_trial)


def _without_plan(period: BillingPeriod) -> Mapping[int, int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT organization_id, sum(days)::bigint FROM billing_usage"
            " WHERE period_id = %s AND price IS NULL GROUP BY 1",
            [period.pk],
        )
        return dict(cursor.fetchall())
