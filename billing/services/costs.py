"""What does it cost me: the answer for an organization's owner.

Offers: `costs_of(organization)`: the running month to date and to its end if nothing changes, and the whole next month
at the prices and terms known for it; by plan, with and without tax. Money to date is what the nights have counted; a
camera added today is in the forecast at once and in the count tomorrow (item 55).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from billing.models import BillingPeriod
from billing.money import Money
from billing.rating import net_of, next_month, tax_of
from billing.services import periods, terms
from billing.services.views import fetch_rows
from tenants.models import Organization


@dataclass(frozen=True)
class Amount:
    """A sum of nets, its taxes and both together."""

    net: Money
    tax: Money
    total: Money


@dataclass(frozen=True)
class PlanCost:
    """One plan of an organization: cameras under it now, its price today and next month, and what it costs (net)."""

    plan_id: int
    plan_title: str
    cameras: int
    price: Money | None
    next_price: Money | None
    to_date: Money
    forecast: Money
    next_month: Money


@dataclass(frozen=True)
class Costs:
    """What an organization pays. `cameras_without_plan` run now and cost nothing: no plan sells their preset."""

    organization: Organization
    period: BillingPeriod
    counted_until: date | None
    discount_ppm: int
    trial_until: date | None
    plans: list[PlanCost]
    cameras_without_plan: int
    to_date: Amount
    forecast: Amount
    next_month: Amount


# The same rows for the days counted so far, and for the whole month with open spans going on to its end.
COUNTED = """
SELECT plan_id, price, discount_ppm, sum(days)::bigint FROM billing_usage
WHERE domain_id = %(domain)s AND period_id = %(period)s AND organization_id = %(organization)s AND price IS NOT NULL
GROUP BY plan_id, price, discount_ppm, is_trial
"""
EXPECTED = """
SELECT plan_id, price, discount_ppm, sum(end_day - first_day)::bigint FROM billing_course
WHERE domain_id = %(domain)s AND period_id = %(period)s AND organization_id = %(organization)s AND price IS NOT NULL
GROUP BY plan_id, price, discount_ppm, is_trial
"""
# Cameras that run now, with their plan's price on a day.
RUNNING = """
SELECT plan.id, price.amount, count(*)
FROM devices_presetspan s
LEFT JOIN billing_plan plan ON plan.domain_id = s.domain_id AND plan.preset_id = s.preset_id
LEFT JOIN billing_price_span price ON price.domain_id = s.domain_id AND price.plan_id = plan.id
    AND price.first_day <= %(day)s AND price.end_day > %(day)s
WHERE s.domain_id = %(domain)s AND s.organization_id = %(organization)s AND upper_inf(s.during)
GROUP BY plan.id, price.amount
"""
# The whole of a coming month [first, end) for the cameras that run now, by the prices and terms known for it.
COMING = """
SELECT plan.id, price.amount, coalesce(terms.discount_ppm, 0),
       sum(least(%(end)s, price.end_day, terms.end_day) - greatest(%(first)s, price.first_day, terms.first_day))::bigint
FROM devices_presetspan s
JOIN billing_plan plan ON plan.domain_id = s.domain_id AND plan.preset_id = s.preset_id
JOIN billing_price_span price ON price.domain_id = s.domain_id AND price.plan_id = plan.id
    AND price.first_day < %(end)s AND price.end_day > %(first)s
LEFT JOIN billing_terms_span terms ON terms.domain_id = s.domain_id AND terms.organization_id = s.organization_id
    AND terms.first_day < least(%(end)s, price.end_day) AND terms.end_day > greatest(%(first)s, price.first_day)
WHERE s.domain_id = %(domain)s AND s.organization_id = %(organization)s AND upper_inf(s.during)
    AND price.amount IS NOT NULL
GROUP BY plan.id, price.amount, terms.discount_ppm, terms.is_trial
"""
TITLES = "SELECT id, title FROM billing_plan WHERE domain_id = %(domain)s ORDER BY title, id"

Nets = dict[int, int]  # plan -> minor units


@dataclass(frozen=True)
class _Now:
    """Cameras running and the price in force, by plan; None stands for no plan."""

    cameras: Mapping[int | None, int]
    prices: Mapping[int | None, int | None]


def costs_of(organization: Organization) -> Costs:
    """What an organization pays this month and next."""
    day = periods.today()
    period = periods.ensure(day)
    first, end = next_month(period.month), next_month(next_month(period.month))
    values: dict[str, int | date] = {
        "domain": period.domain_id, "period": period.pk, "organization": organization.pk, "first": first, "end": end
    }  # fmt: skip
    counted, expected = _nets(COUNTED, values, period.days), _nets(EXPECTED, values, period.days)
    coming = _nets(COMING, values, (end - first).days)
    now, later = _running(values, day), _running(values, first)
    agreed = terms.terms_of(organization, day)
    plans = [
        PlanCost(
            plan_id=plan_id,
            plan_title=title,
            cameras=now.cameras.get(plan_id, 0),
            price=_money(now.prices.get(plan_id), period.currency),
            next_price=_money(later.prices.get(plan_id), period.currency),
            to_date=Money(counted.get(plan_id, 0), period.currency),
            forecast=Money(expected.get(plan_id, 0), period.currency),
            next_month=Money(coming.get(plan_id, 0), period.currency),
        )
        for plan_id, title in fetch_rows(TITLES, values)
        if plan_id in now.cameras or plan_id in expected
    ]
    return Costs(
        organization=organization,
        period=period,
        counted_until=periods.last_counted(),
        discount_ppm=agreed.discount_ppm if agreed else 0,
        trial_until=_still_ahead(agreed.trial_until if agreed else None, day),
        plans=plans,
        cameras_without_plan=sum(count for plan, count in now.cameras.items() if now.prices[plan] is None),
        to_date=_amount(counted, period.last_day, period.currency),
        forecast=_amount(expected, period.last_day, period.currency),
        next_month=_amount(coming, end - periods.ONE_DAY, period.currency),
    )


def _nets(statement: str, values: Mapping[str, int | date], days: int) -> Nets:
    """Nets by plan, each line rounded as the invoice would round it."""
    nets: Nets = {}
    for plan_id, price, discount_ppm, camera_days in fetch_rows(statement, values):
        nets[plan_id] = nets.get(plan_id, 0) + net_of(price, camera_days, days, discount_ppm)
    return nets


def _running(values: Mapping[str, int | date], day: date) -> _Now:
    cameras: dict[int | None, int] = {}
    prices: dict[int | None, int | None] = {}
    for plan_id, price, count in fetch_rows(RUNNING, {**values, "day": day}):
        cameras[plan_id], prices[plan_id] = count, price
    return _Now(cameras, prices)


def _amount(nets: Nets, last_day: date, currency: str) -> Amount:
    net = sum(nets.values())
    tax = sum(tax_of(net, rate.ppm) for rate in terms.taxes_on(last_day))
    return Amount(Money(net, currency), Money(tax, currency), Money(net + tax, currency))


def _money(minor: int | None, currency: str) -> Money | None:
    return None if minor is None else Money(minor, currency)


def _still_ahead(trial_until: date | None, day: date) -> date | None:
    return trial_until if trial_until and trial_until > day else None
