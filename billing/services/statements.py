"""A month at a glance for the ISP's accountant: who used what under which plan, and what the last night changed.

Offers, all for a month (`billing.services.periods`):
- `month_of(period)`: every organization with its plans, its days and its amount; the same by plan (items 27, 54)
- `cameras_without_plan(period)`: the cameras that ran and that nobody pays for, by name
- `changes_of_last_night(period)`: cameras that the last counted day has otherwise than the day before it (item 310)
- `last_night()`: when a night counted last

A fixed number of queries however many organizations there are. All is read from the view `billing_usage`, and amounts
are rounded by the rules of the invoice, line by line: an organization's sum here is its draft's net.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import accumulate
from typing import Any

from billing.models import BillingPeriod, NightRun
from billing.money import Money
from billing.rating import net_of
from billing.services.usage import TOTALS
from billing.services.views import fetch_rows

ONE_DAY = timedelta(days=1)
SHOWN = 50  # cameras named in a list beside the table


@dataclass
class PlanShare:
    """Cameras under one plan in a month, their camera-days and their net."""

    title: str
    cameras: int
    camera_days: int
    net: Money


@dataclass
class Night:
    """What one counted day was: cameras that had a plan, and what the day added to the nets."""

    day: date
    cameras: int = 0
    added: int = 0


@dataclass(frozen=True)
class OrganizationMonth:
    """One organization's month; `by_day` are its cameras on each counted day, with and without a plan."""

    organization_id: int
    title: str
    cameras: int
    camera_days: int
    days_without_plan: int
    net: Money
    plans: list[PlanShare]
    by_day: list[int]

    @property
    def cameras_more(self) -> int:
        """How many cameras the last counted day has more (or fewer: negative) than the day before it."""
        return self.by_day[-1] - self.by_day[-2] if len(self.by_day) > 1 else 0


@dataclass(frozen=True)
class Month:
    """All organizations of a month. `last_night` and `night_before`: None while so many days are not counted."""

    period: BillingPeriod
    organizations: list[OrganizationMonth]
    plans: list[PlanShare]
    by_day: list[int]
    net: Money
    last_night: Night | None
    night_before: Night | None

    @property
    def camera_days(self) -> int:
        """Camera-days with and without a plan."""
        return sum(row.camera_days for row in self.organizations)

    @property
    def days_without_plan(self) -> int:
        """Camera-days that nobody pays for."""
        return sum(row.days_without_plan for row in self.organizations)

    @property
    def added(self) -> Money | None:
        """What the last night added to the nets."""
        return Money(self.last_night.added, self.period.currency) if self.last_night else None

    @property
    def added_before(self) -> Money | None:
        """What the night before it added."""
        return Money(self.night_before.added, self.period.currency) if self.night_before else None


@dataclass(frozen=True)
class UnsoldCamera:
    """A camera whose preset no plan sells (or whose plan had no price yet), and for how long in the month."""

    camera_name: str
    camera_title: str
    organization_title: str
    preset_title: str
    days: int
    first_day: date
    last_day: date


@dataclass(frozen=True)
class CameraChange:
    """A camera that the last counted day has otherwise. Plan titles are empty for no plan; a price of None: absent."""

    camera_name: str
    camera_title: str
    organization_title: str
    was_there: bool
    is_there: bool
    plan_before: str
    plan_now: str
    price_before: Money | None
    price_now: Money | None


@dataclass
class _Sums:
    """An organization's lines as they add up."""

    net: int = 0
    plans: dict[int, PlanShare] = field(default_factory=dict)


# Lines as the invoice has them and, in the same pass, cameras by plan (a camera counts once under both of its prices).
# A row of the view that reaches the end of the counted days is one camera on the last of them.
LINES = """
SELECT grouping(u.price) = 1, u.organization_id, plan.id, plan.title, u.price, u.discount_ppm,
       count(DISTINCT u.camera_id), sum(u.days)::bigint, count(*) FILTER (WHERE u.end_day > %(last)s),
       count(*) FILTER (WHERE u.first_day < %(last)s AND u.end_day >= %(last)s)
FROM billing_usage u JOIN billing_plan plan ON plan.id = u.plan_id
WHERE u.domain_id = %(domain)s AND u.period_id = %(period)s AND u.price IS NOT NULL
GROUP BY GROUPING SETS ((u.organization_id, plan.id, plan.title, u.price, u.discount_ppm, u.is_trial),
                        (u.organization_id, plan.id, plan.title))
ORDER BY grouping(u.price) DESC, plan.title, plan.id
"""

# How many cameras begin and end on each day, in place of a row for every camera and day.
STEPS = """
WITH runs AS MATERIALIZED (
    SELECT organization_id, first_day, end_day FROM billing_usage
    WHERE domain_id = %(domain)s AND period_id = %(period)s)
SELECT organization_id, day, sum(step)::int FROM (
    SELECT organization_id, first_day AS day, 1 AS step FROM runs
  UNION ALL
    SELECT organization_id, end_day, -1 FROM runs) steps
GROUP BY organization_id, day
"""

UNSOLD = """
SELECT (array_agg(u.camera_name ORDER BY u.first_day DESC))[1],
       (array_agg(u.camera_title ORDER BY u.first_day DESC))[1] AS title, coalesce(o.title, '') AS organization,
       coalesce(preset.title, ''), sum(u.days)::bigint, min(u.first_day), max(u.end_day) - 1
FROM billing_usage u
LEFT JOIN devices_preset preset ON preset.id = u.preset_id
LEFT JOIN tenants_organization o ON o.id = u.organization_id
WHERE u.domain_id = %(domain)s AND u.period_id = %(period)s AND u.price IS NULL
GROUP BY u.camera_id, o.title, preset.title ORDER BY organization, title, u.camera_id LIMIT %(limit)s
"""

CHANGES = """
WITH now AS (
    SELECT * FROM billing_usage WHERE domain_id = %(domain)s AND month = %(month)s
        AND first_day <= %(day)s AND end_day > %(day)s),
before AS (
    SELECT * FROM billing_usage WHERE domain_id = %(domain)s AND month = %(month_before)s
        AND first_day <= %(day_before)s AND end_day > %(day_before)s)
SELECT coalesce(n.camera_name, b.camera_name), coalesce(n.camera_title, b.camera_title) AS camera_title,
       coalesce(o.title, '') AS organization, b.camera_id IS NOT NULL, n.camera_id IS NOT NULL,
       CASE WHEN b.price IS NULL THEN '' ELSE old.title END, CASE WHEN n.price IS NULL THEN '' ELSE new.title END,
       b.price, b.discount_ppm, n.price, n.discount_ppm, count(*) OVER ()
FROM now n FULL JOIN before b ON b.camera_id = n.camera_id AND b.organization_id = n.organization_id
LEFT JOIN tenants_organization o ON o.id = coalesce(n.organization_id, b.organization_id)
LEFT JOIN billing_plan old ON old.id = b.plan_id
LEFT JOIN billing_plan new ON new.id = n.plan_id
WHERE n.camera_id IS NULL OR b.camera_id IS NULL
    OR (n.plan_id, n.price, n.discount_ppm) IS DISTINCT FROM (b.plan_id, b.price, b.discount_ppm)
ORDER BY organization, camera_title, 1 LIMIT %(limit)s
"""


def month_of(period: BillingPeriod) -> Month:
    """Every organization's month so far, with what the last two nights added."""
    last = period.month + (period.closed_days - 1) * ONE_DAY
    values = {"domain": period.domain_id, "period": period.pk, "organization": None, "last": last}
    sums: dict[int, _Sums] = defaultdict(_Sums)
    nights = Night(last), Night(last - ONE_DAY)
    for row in fetch_rows(LINES, values):
        _add_line(sums[row[1]], row, period, nights)
    days = _days(period)
    organizations = [
        OrganizationMonth(
            organization_id=organization_id,
            title=title,
            cameras=cameras,
            camera_days=camera_days,
            days_without_plan=without_plan,
            net=Money(sums[organization_id].net, period.currency),
            plans=list(sums[organization_id].plans.values()),
            by_day=days[organization_id],
        )
        for organization_id, title, cameras, camera_days, without_plan in fetch_rows(TOTALS, values)
    ]
    return Month(
        period=period,
        organizations=organizations,
        plans=_together(organizations),
        by_day=[sum(column) for column in zip(*days.values(), strict=True)],
        net=sum((row.net for row in organizations), Money(0, period.currency)),
        last_night=nights[0] if period.closed_days else None,
        night_before=nights[1] if period.closed_days > 1 else None,
    )


def _add_line(sums: _Sums, row: tuple[Any, ...], period: BillingPeriod, nights: tuple[Night, Night]) -> None:
    """Add a row of LINES: the cameras of a plan (they come first), or one line's amount."""
    is_plan, _organization, plan_id, title, price, discount_ppm, cameras, days, on_last, on_before = row
    if is_plan:
        sums.plans[plan_id] = PlanShare(title, cameras, days, Money(0, period.currency))
        return
    totals = [net_of(price, n, period.days, discount_ppm) for n in (days, days - on_last, days - on_last - on_before)]
    for night, seen, later, earlier in zip(nights, (on_last, on_before), totals, totals[1:], strict=False):
        night.cameras += seen
        night.added += later - earlier
    sums.net += totals[0]
    sums.plans[plan_id].net += Money(totals[0], period.currency)


def _days(period: BillingPeriod) -> dict[int, list[int]]:
    """Cameras on each counted day, by organization."""
    steps: dict[int, list[int]] = defaultdict(lambda: [0] * period.closed_days)
    for organization_id, day, step in fetch_rows(STEPS, {"domain": period.domain_id, "period": period.pk}):
        index = (day - period.month).days
        own = steps[organization_id]
        if index < period.closed_days:
            own[index] += step
    return {organization_id: list(accumulate(own)) for organization_id, own in steps.items()}


def _together(organizations: Iterable[OrganizationMonth]) -> list[PlanShare]:
    """The plans of all organizations, by title."""
    plans: dict[str, PlanShare] = {}
    for row in organizations:
        for share in row.plans:
            whole = plans.setdefault(share.title, PlanShare(share.title, 0, 0, Money(0, share.net.currency)))
            whole.cameras += share.cameras
            whole.camera_days += share.camera_days
            whole.net += share.net
    return sorted(plans.values(), key=lambda share: share.title)


def cameras_without_plan(period: BillingPeriod, limit: int = SHOWN) -> list[UnsoldCamera]:
    """The cameras that ran in a month and cost nobody anything."""
    values = {"domain": period.domain_id, "period": period.pk, "limit": limit}
    return [UnsoldCamera(*row) for row in fetch_rows(UNSOLD, values)]


def changes_of_last_night(period: BillingPeriod, limit: int = SHOWN) -> tuple[list[CameraChange], int]:
    """The first cameras that the last counted day of a month has otherwise than the day before, and how many in all.

    Nothing before the month's first night; the day before a month's first is the last of the month before it.
    """
    if not period.closed_days:
        return [], 0
    day = period.month + (period.closed_days - 1) * ONE_DAY
    before = day - ONE_DAY
    rows = fetch_rows(
        CHANGES,
        {"domain": period.domain_id, "month": period.month, "day": day, "month_before": before.replace(day=1),
         "day_before": before, "limit": limit},
    )  # fmt: skip
    return [_change(row, period.currency) for row in rows], rows[0][-1] if rows else 0


def _change(row: tuple[Any, ...], currency: str) -> CameraChange:
    name, title, organization, was_there, is_there, plan_before, plan_now, old, old_discount, new, new_discount = row[
        :11
    ]
    return CameraChange(
        camera_name=name,
        camera_title=title,
        organization_title=organization,
        was_there=was_there,
        is_there=is_there,
        plan_before=plan_before,
        plan_now=plan_now,
        price_before=_monthly(old, old_discount, currency),
        price_now=_monthly(new, new_discount, currency),
    )


def _monthly(price: int | None, discount_ppm: int | None, currency: str) -> Money | None:
    """A camera's month less the discount."""
    return None if price is None else Money(net_of(price, 1, 1, discount_ppm or 0), currency)


def last_night() -> NightRun | None:
    """The last night that ran at the ISP."""
    found: NightRun | None = NightRun.objects.order_by("-day").first()
    return found
