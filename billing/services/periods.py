"""Months of an ISP: opened with their instants frozen, counted night by night.

Offers: `lock` (one night or one change of the law at a time), `ensure` (the month a day is in), `running` (the month of
today), `last_counted` (the last day whose night has run), `today` (by the ISP's calendar), `periods` (for lists).
All need the ISP's scope.
"""

from __future__ import annotations

from datetime import date, timedelta
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import F, QuerySet

from billing.models import BillingPeriod
from billing.rating import closing_midnights, days_of, next_month, start_of
from tenants import clock
from tenants.models import Domain
from tenants.scoping import current_domain_id

ONE_DAY = timedelta(days=1)


def lock(domain_id: int) -> None:
    """Wait for any other night of this ISP to end, and keep others out until this transaction does."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(billing_lock(%s))", [domain_id])


def the_domain() -> Domain:
    """The ISP in scope."""
    return Domain.objects.get(pk=current_domain_id())


def today() -> date:
    """Today by the ISP's calendar."""
    return clock.local_date(the_domain().timezone)


def ensure(day: date) -> BillingPeriod:
    """The month a day is in; made with the time zone of now, between its neighbours without hole or overlap."""
    month = day.replace(day=1)
    found: BillingPeriod | None = BillingPeriod.objects.filter(month=month).first()
    if found is not None:
        return found
    lock(current_domain_id())
    domain = the_domain()
    before = BillingPeriod.objects.filter(month=(month - ONE_DAY).replace(day=1)).first()
    after = BillingPeriod.objects.filter(month=next_month(month)).first()
    begins_at = before.ends_at if before else start_of(month, ZoneInfo(domain.timezone))
    midnights = closing_midnights(month, domain.timezone, not_before=begins_at)
    if after:
        midnights = [*(min(instant, after.begins_at) for instant in midnights[:-1]), after.begins_at]
    row, _fresh = BillingPeriod.objects.get_or_create(
        domain_id=domain.pk,
        month=month,
        defaults={
            "timezone": domain.timezone,
            "currency": domain.currency,
            "days": len(days_of(month)),
            "begins_at": begins_at,
            "ends_at": midnights[-1],
            "midnights": midnights,
        },
    )
    period: BillingPeriod = row
    return period


def running() -> BillingPeriod | None:
    """The month of today, if it is open already (it is since the first plan, or since the first night)."""
    found: BillingPeriod | None = BillingPeriod.objects.filter(month=today().replace(day=1)).first()
    return found


def last_counted() -> date | None:
    """The last day whose night has run, or None before the first night."""
    newest = BillingPeriod.objects.filter(closed_days__gt=0).order_by("-month").first()
    return newest.month + timedelta(days=newest.closed_days - 1) if newest else None


def first_open_day() -> date:
    """The first day on which a price, terms or a tax rate may still begin: today, or earlier while no night has run."""
    counted = last_counted()
    return counted + ONE_DAY if counted else date.min


def periods() -> QuerySet[BillingPeriod]:
    """The months of the ISP that have begun, newest first."""
    rows: QuerySet[BillingPeriod] = BillingPeriod.objects.filter(begins_at__lte=clock.now()).order_by("-month")
    return rows


def open_periods() -> QuerySet[BillingPeriod]:
    """Months not billed yet, oldest first."""
    rows: QuerySet[BillingPeriod] = BillingPeriod.objects.filter(closed_days__lt=F("days")).order_by("month")
    return rows
