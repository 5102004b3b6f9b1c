"""The rules of the bill as pure functions: no database, no clock, no rounding but one.

Two kinds of things live here. What the product itself calls: `closing_midnights` (the instants that end a month's days;
frozen in BillingPeriod), `net_of` and `tax_of` (the arithmetic of a line and of a tax, which the database's CHECKs
repeat), `parts` (a line's amount shared among cameras so that it adds up). And the oracle: `rate`, which walks every
camera and every local day as slowly and plainly as the rules are written in docs/billing.md. The night's SQL is held
equal to it by property tests, so nothing in `rate` may be clever.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TypeVar
from zoneinfo import ZoneInfo

from billing.money import PPM, half_up

ONE_DAY = timedelta(days=1)
Value = TypeVar("Value")


def next_month(month: date) -> date:
    """The first day of the month after the one a day is in."""
    return (month.replace(day=1) + timedelta(days=32)).replace(day=1)


def days_of(month: date) -> list[date]:
    """Every calendar day of a month."""
    return [month.replace(day=1) + n * ONE_DAY for n in range((next_month(month) - month.replace(day=1)).days)]


def start_of(day: date, zone: ZoneInfo) -> datetime:
    """The first instant at which a zone's calendar shows this day or a later one, in UTC.

    Midnight exists twice where clocks go back over it (the first counts) and not at all where they jump over it; a
    whole day may be missing (Samoa, 30 December 2011): it then begins and ends at the same instant.
    """
    wall = datetime.combine(day, time.min, zone)
    late = max(wall.astimezone(UTC), wall.replace(fold=1).astimezone(UTC))
    early = min(wall.astimezone(UTC), wall.replace(fold=1).astimezone(UTC))
    if early.astimezone(zone).date() >= day:
        return early
    while late - early > timedelta(seconds=1):
        middle = early + (late - early) // 2
        early, late = (early, middle) if middle.astimezone(zone).date() >= day else (middle, late)
    return late.replace(microsecond=0)


def closing_midnights(month: date, timezone: str, *, not_before: datetime | None = None) -> list[datetime]:
    """The instants that close the days of a month, in order; the last one ends the month.

    `not_before` is where the month before ended: after a change of time zone a day may lie before it by the new zone's
    calendar; it then closes at that very instant.
    """
    zone = ZoneInfo(timezone)
    instants = [start_of(day + ONE_DAY, zone) for day in days_of(month)]
    return instants if not_before is None else [max(instant, not_before) for instant in instants]


def net_of(price: int, camera_days: int, days: int, discount_ppm: int = 0) -> int:
    """A line's amount: price x camera-days / days of the month, less the discount, rounded once, halves up."""
    return half_up(price * camera_days * (PPM - discount_ppm), days * PPM)


def tax_of(base: int, ppm: int) -> int:
    """The tax on a sum of nets, rounded once, halves up."""
    return half_up(base * ppm, PPM)


def parts(camera_days: Sequence[int], price: int, days: int, discount_ppm: int = 0) -> list[int]:
    """A line's amount shared among cameras in order: each gets what the running total grows by, so the sum is exact."""
    amounts, counted, charged = [], 0, 0
    for own in camera_days:
        counted += own
        total = net_of(price, counted, days, discount_ppm)
        amounts.append(total - charged)
        charged = total
    return amounts


@dataclass(frozen=True)
class Span:
    """A camera ran under a preset in an organization from-until; `until` None: it still does."""

    camera: int
    organization: int
    preset: int
    since: datetime
    until: datetime | None = None


@dataclass(frozen=True)
class Terms:
    """What was agreed with an organization; days before `trial_until` cost nothing."""

    discount_ppm: int = 0
    trial_until: date | None = None


@dataclass(frozen=True)
class Book:
    """All that a month is rated by. Change points are {first day: value}; `plans` is {preset: plan}."""

    month: date
    timezone: str
    spans: Sequence[Span]
    plans: Mapping[int, int]
    prices: Mapping[int, Mapping[date, int]]
    terms: Mapping[int, Mapping[date, Terms]]
    taxes: Mapping[str, Mapping[date, int]]
    last_day: date | None = None


@dataclass(frozen=True, order=True)
class LineKey:
    """What one line is about: organization x plan x price (x terms)."""

    organization: int
    plan: int
    price: int
    discount_ppm: int
    is_trial: bool


@dataclass(frozen=True)
class Rated:
    """A month as the rules have it: camera-days and amount of every line, tax by organization and code."""

    camera_days: Mapping[LineKey, int]
    nets: Mapping[LineKey, int]
    taxes: Mapping[tuple[int, str], int]
    without_plan: Mapping[int, int]


def in_force(points: Mapping[date, Value], day: date) -> Value | None:
    """The newest change point on or before a day."""
    past = [since for since in points if since <= day]
    return points[max(past)] if past else None


def holder_of(spans: Iterable[Span], midnight: datetime) -> Span | None:
    """The span a camera is under at the local midnight that closes a day: begun before it, ended at or after it."""
    for span in spans:
        if span.since < midnight and (span.until is None or midnight <= span.until):
            return span
    return None


def rate(book: Book) -> Rated:
    """Walk every camera and every day of a month, up to the last closed one."""
    zone, days = ZoneInfo(book.timezone), days_of(book.month)
    camera_days: Counter[LineKey] = Counter()
    without_plan: Counter[int] = Counter()
    for day in days:
        if book.last_day is not None and day > book.last_day:
            continue
        midnight = start_of(day + ONE_DAY, zone)
        for camera in sorted({span.camera for span in book.spans}):
            span = holder_of((one for one in book.spans if one.camera == camera), midnight)
            if span is None:
                continue
            key = _line_of(book, span, day)
            if key is None:
                without_plan[span.organization] += 1
            else:
                camera_days[key] += 1
    nets = {key: net_of(key.price, count, len(days), key.discount_ppm) for key, count in camera_days.items()}
    return Rated(dict(camera_days), nets, _taxes(book, nets, days[-1]), dict(without_plan))


def _line_of(book: Book, span: Span, day: date) -> LineKey | None:
    plan = book.plans.get(span.preset)
    price = in_force(book.prices.get(plan, {}), day) if plan is not None else None
    if plan is None or price is None:
        return None
    terms = in_force(book.terms.get(span.organization, {}), day) or Terms()
    if terms.trial_until is not None and day < terms.trial_until:
        return LineKey(span.organization, plan, price, PPM, True)
    return LineKey(span.organization, plan, price, terms.discount_ppm, False)


def _taxes(book: Book, nets: Mapping[LineKey, int], last_day: date) -> dict[tuple[int, str], int]:
    sums: Counter[int] = Counter()
    for key, net in nets.items():
        sums[key.organization] += net
    rates = {code: in_force(points, last_day) for code, points in book.taxes.items()}
    return {
        (organization, code): tax_of(net, ppm)
        for organization, net in sums.items()
        for code, ppm in rates.items()
        if ppm is not None
    }
