"""What each camera of an organization costs this month: its exact parts of the lines, so far and to the month's end.

Offers: `camera_costs(costs)`: one row a camera. The parts add up to the costs they are parts of, to the smallest unit.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from billing.money import Money
from billing.rating import parts
from billing.services.costs import Costs, PlanCost
from billing.services.views import fetch_rows


@dataclass
class CameraCost:
    """One camera: counted days of the month, and its parts of the net so far and at the month's end.

    `plan` is the one it runs under now (it may have no price yet); None when no plan sells its preset, or when it does
    not run any more.
    """

    camera_id: int
    camera_name: str
    camera_title: str
    to_date: Money
    forecast: Money
    plan: PlanCost | None = None
    is_running: bool = False
    days: int = 0


# In the order of the annex of an invoice (billing/services/invoices.py), so that the parts are the same.
COURSE = """
SELECT camera_id, (array_agg(camera_name ORDER BY first_day DESC))[1],
       (array_agg(camera_title ORDER BY first_day DESC))[1] AS title, plan_id, price, discount_ppm, is_trial,
       coalesce(sum(least(end_day, month + closed_days) - first_day) FILTER (WHERE first_day < month + closed_days),
                0)::bigint,
       sum(end_day - first_day)::bigint, bool_or(is_open)
FROM billing_course
WHERE domain_id = %(domain)s AND period_id = %(period)s AND organization_id = %(organization)s
GROUP BY camera_id, plan_id, price, discount_ppm, is_trial ORDER BY title, camera_id
"""


Line = tuple[int, int, int, bool]  # plan, price, discount, trial: what a line of an invoice is about


def camera_costs(costs: Costs) -> list[CameraCost]:
    """The cameras of an organization that ran in the costs' month, by title; one query."""
    period = costs.period
    values = {"domain": period.domain_id, "period": period.pk, "organization": costs.organization.pk}
    plans = {row.plan_id: row for row in costs.plans}
    cameras: dict[int, CameraCost] = {}
    lines: dict[Line, list[tuple[CameraCost, int, int]]] = defaultdict(list)
    for row in fetch_rows(COURSE, values):
        camera = _camera(cameras, row, plans, Money(0, period.currency))
        if row[4] is not None:
            lines[row[3], row[4], row[5], row[6]].append((camera, row[7], row[8]))
    for (_plan, price, discount_ppm, _trial), rows in lines.items():
        counted = parts([days for _c, days, _e in rows], price, period.days, discount_ppm)
        expected = parts([days for _c, _d, days in rows], price, period.days, discount_ppm)
        for (camera, _days, _expected), so_far, whole in zip(rows, counted, expected, strict=True):
            camera.to_date += Money(so_far, period.currency)
            camera.forecast += Money(whole, period.currency)
    return list(cameras.values())


def _camera(
    cameras: dict[int, CameraCost], row: tuple[Any, ...], plans: Mapping[int, PlanCost], nothing: Money
) -> CameraCost:
    """The camera of a row, met before or not, with the row's days."""
    camera_id, name, title, plan_id, *_line, days, _expected, is_open = row
    camera = cameras.setdefault(camera_id, CameraCost(camera_id, name, title, nothing, nothing))
    camera.days += days
    if is_open:
        camera.is_running, camera.plan = True, plans.get(plan_id)
    return camera
