"""Usage: what cameras used in a month, counted by the nights so far (item 54).

Offers, all for a month (`billing.services.periods`):
- `usage_of(organization, period)`: the page of one organization: lines by plan and price, cameras, what has no plan
- `usage_by_organization(period)`: the table of the ISP's accountant (item 27)
- `usage_by_day(organization, period)`: cameras counted on each day
- `camera_usage(organization, period)`: each camera, its plan, how long

Nothing here is stored: it is read from the view `billing_usage`, hence it is always what the invoice says.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from billing.models import BillingPeriod
from billing.money import Money
from billing.rating import net_of
from billing.services.views import fetch, fetch_rows, in_bulk
from tenants.models import Organization


@dataclass(frozen=True)
class UsageLine:
    """Camera-days of one plan at one price and one discount, and what they cost; the invoice's line is the same."""

    plan_id: int
    plan_title: str
    price: Money
    discount_ppm: int
    is_trial: bool
    cameras: int
    camera_days: int
    first_day: date
    last_day: date
    net: Money


@dataclass(frozen=True)
class UnpricedUsage:
    """Camera-days under a preset that no plan sells (or whose plan had no price yet): shown, never charged."""

    preset_id: int
    preset_title: str
    cameras: int
    camera_days: int


@dataclass(frozen=True)
class CameraUsage:
    """One camera under one preset: how many days, from the first to the last of them. No plan: `plan_title` empty."""

    camera_id: int
    camera_name: str
    camera_title: str
    plan_title: str
    days: int
    first_day: date
    last_day: date


@dataclass(frozen=True)
class UsagePage:
    """What an organization used in a month so far; `counted_until` is the last counted day, None before the first."""

    organization: Organization
    period: BillingPeriod
    counted_until: date | None
    lines: list[UsageLine]
    without_plan: list[UnpricedUsage]
    cameras: list[CameraUsage]
    camera_days: int
    net: Money


@dataclass(frozen=True)
class OrganizationUsage:
    """One organization in the accountant's table."""

    organization_id: int
    title: str
    cameras: int
    camera_days: int
    days_without_plan: int
    net: Money


@dataclass(frozen=True)
class DayUsage:
    """How many cameras were counted on a day, with and without a plan."""

    day: date
    cameras: int
    without_plan: int


LINES = """
SELECT u.organization_id, u.plan_id, plan.title, u.price, u.discount_ppm, u.is_trial, count(DISTINCT u.camera_id),
       sum(u.days)::bigint, min(u.first_day), max(u.end_day) - 1
FROM billing_usage u JOIN billing_plan plan ON plan.id = u.plan_id
WHERE u.domain_id = %(domain)s AND u.period_id = %(period)s AND u.price IS NOT NULL
    AND (%(organization)s::bigint IS NULL OR u.organization_id = %(organization)s)
GROUP BY u.organization_id, u.plan_id, plan.title, u.price, u.discount_ppm, u.is_trial
ORDER BY plan.title, min(u.first_day), u.price
"""

UNPRICED = """
SELECT u.preset_id, coalesce(preset.title, ''), count(DISTINCT u.camera_id), sum(u.days)::bigint
FROM billing_usage u LEFT JOIN devices_preset preset ON preset.id = u.preset_id
WHERE u.domain_id = %(domain)s AND u.period_id = %(period)s AND u.price IS NULL AND u.organization_id = %(organization)s
GROUP BY 1, 2 ORDER BY 2, 1
"""

CAMERAS = """
SELECT u.camera_id, (array_agg(u.camera_name ORDER BY u.first_day DESC))[1],
       (array_agg(u.camera_title ORDER BY u.first_day DESC))[1] AS title,
       coalesce(plan.title, ''), sum(u.days)::bigint, min(u.first_day), max(u.end_day) - 1
FROM billing_usage u LEFT JOIN billing_plan plan ON plan.id = u.plan_id AND u.price IS NOT NULL
WHERE u.domain_id = %(domain)s AND u.period_id = %(period)s AND u.organization_id = %(organization)s
GROUP BY u.camera_id, plan.id, plan.title ORDER BY title, u.camera_id, min(u.first_day)
"""

BY_DAY = """
SELECT day, count(DISTINCT camera_id), count(DISTINCT camera_id) FILTER (WHERE price IS NULL)
FROM billing_usage_day
WHERE domain_id = %(domain)s AND period_id = %(period)s AND organization_id = %(organization)s
GROUP BY day ORDER BY day
"""

TOTALS = """
SELECT u.organization_id, coalesce(o.title, i.buyer_title, ''), count(DISTINCT u.camera_id), sum(u.days)::bigint,
       (coalesce(sum(u.days) FILTER (WHERE u.price IS NULL), 0))::bigint
FROM billing_usage u
LEFT JOIN tenants_organization o ON o.id = u.organization_id
LEFT JOIN billing_invoice i ON i.period_id = u.period_id AND i.organization_id = u.organization_id
WHERE u.domain_id = %(domain)s AND u.period_id = %(period)s GROUP BY 1, 2 ORDER BY 2, 1
"""


def usage_of(organization: Organization, period: BillingPeriod) -> UsagePage:
    """What an organization used in a month so far, and what it costs."""
    lines = usage_lines(period, organization.pk)
    values = _values(period, organization.pk)
    without_plan = fetch(UnpricedUsage, UNPRICED, values)
    return UsagePage(
        organization=organization,
        period=period,
        counted_until=counted_until(period),
        lines=lines,
        without_plan=without_plan,
        cameras=camera_usage(organization, period),
        camera_days=sum(line.camera_days for line in lines) + sum(row.camera_days for row in without_plan),
        net=sum((line.net for line in lines), Money(0, period.currency)),
    )


def usage_lines(period: BillingPeriod, organization_id: int) -> list[UsageLine]:
    """The lines of one organization's month so far, priced by the rules of the invoice."""
    return [_line(period, row) for row in fetch_rows(LINES, _values(period, organization_id))]


def _line(period: BillingPeriod, row: tuple[Any, ...]) -> UsageLine:
    price, discount_ppm, camera_days = row[3], row[4], row[7]
    return UsageLine(
        plan_id=row[1],
        plan_title=row[2],
        price=Money(price, period.currency),
        discount_ppm=discount_ppm,
        is_trial=row[5],
        cameras=row[6],
        camera_days=camera_days,
        first_day=row[8],
        last_day=row[9],
        net=Money(net_of(price, camera_days, period.days, discount_ppm), period.currency),
    )


def camera_usage(organization: Organization, period: BillingPeriod) -> list[CameraUsage]:
    """Each camera of an organization's month, by plan."""
    return fetch(CameraUsage, CAMERAS, _values(period, organization.pk))


def usage_by_day(organization: Organization, period: BillingPeriod) -> list[DayUsage]:
    """Cameras counted on each counted day that had any."""
    return fetch(DayUsage, BY_DAY, _values(period, organization.pk))


def usage_by_organization(period: BillingPeriod) -> list[OrganizationUsage]:
    """Every organization that used anything in the month; as many queries however many there are."""
    nets: dict[int, int] = {}
    with in_bulk():
        lines, totals = fetch_rows(LINES, _values(period, None)), fetch_rows(TOTALS, _values(period, None))
    for row in lines:
        nets[row[0]] = nets.get(row[0], 0) + net_of(row[3], row[7], period.days, row[4])
    return [
        OrganizationUsage(row[0], row[1], row[2], row[3], row[4], Money(nets.get(row[0], 0), period.currency))
        for row in totals
    ]


def counted_until(period: BillingPeriod) -> date | None:
    """The last counted day of a month, or None while none is."""
    return period.month + timedelta(days=period.closed_days - 1) if period.closed_days else None


def _values(period: BillingPeriod, organization_id: int | None) -> dict[str, int | None]:
    return {"domain": period.domain_id, "period": period.pk, "organization": organization_id}
