"""The night's SQL against the oracle: random months, held equal to a plain walk over every camera and day."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing.models import Invoice
from billing.money import PPM
from billing.rating import closing_midnights, days_of, net_of, parts, start_of
from tenants.scoping import domain_scope
from tests.billing.books import Isp, billed, open_isp

# Clocks that jump by an hour, by half an hour, at midnight, over midnight, over a whole day, and not at all.
ZONES = [
    "UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Pacific/Apia", "Australia/Lord_Howe", "Africa/Cairo",
    "America/Sao_Paulo", "America/St_Johns", "Pacific/Kiritimati", "Asia/Beirut", "America/Havana",
]  # fmt: skip
MONTHS = [
    date(2026, 3, 1), date(2026, 10, 1), date(2026, 2, 1), date(2024, 2, 1), date(2026, 11, 1), date(2011, 12, 1),
    date(2018, 11, 1), date(2018, 2, 1), date(2010, 11, 1), date(2026, 4, 1),
]  # fmt: skip
CURRENCIES = ["EUR", "JPY", "KWD", "USD"]


Holder = tuple[int, int, bool]  # plan, organization, whether the camera runs at all


@dataclass
class Case:
    """A month of an ISP: who ran when under which preset, at which prices, on which terms."""

    month: date
    zone: str
    currency: str
    cameras: list[tuple[list[datetime], list[Holder], bool]]
    prices: list[dict[date, int]]
    terms: list[dict[date, tuple[int, date | None]]]
    taxes: dict[str, dict[date, int]]
    last_day: date


@st.composite
def months(draw: st.DrawFn) -> Case:
    """Cases around the days on which clocks jump."""
    month = draw(st.sampled_from(MONTHS))
    zone = draw(st.sampled_from(ZONES))
    days = st.integers(-5, monthrange(month.year, month.month)[1] + 3).map(lambda n: month + timedelta(days=n))
    inside = st.sampled_from(days_of(month))
    begin = datetime(month.year, month.month, 1, tzinfo=UTC) - timedelta(days=4)
    # Whole hours often hit midnights, odd minutes never do.
    instants = st.integers(0, 40 * 24 * 2).map(lambda half: begin + timedelta(minutes=30 * half))
    near = st.builds(lambda instant, s: instant + timedelta(seconds=s), instants, st.sampled_from([0, 0, 0, -1, 1, 61]))
    often = st.sampled_from([True, True, True, False])
    plans = st.sampled_from([0, 0, 1, 1, 2, 3])
    cameras = st.lists(
        st.tuples(
            st.lists(near, min_size=2, max_size=7, unique=True).map(sorted),
            st.lists(st.tuples(plans, st.integers(0, 1), often), min_size=8, max_size=8),
            often,
        ),
        min_size=1,
        max_size=6,
    )
    prices = st.dictionaries(days, st.integers(0, 100_000), min_size=1, max_size=4)
    agreed = st.tuples(st.sampled_from([0, 1, 333_333, 100_000, PPM]), st.none() | days)
    rates = st.dictionaries(days, st.sampled_from([0, 190_000, 99_750, 255_000]), max_size=2)
    return Case(
        month=month,
        zone=zone,
        currency=draw(st.sampled_from(CURRENCIES)),
        cameras=draw(cameras),
        prices=[{date(2000, 1, 1): 777, **draw(prices)}, draw(prices), draw(prices | st.just({}))],
        terms=[draw(st.dictionaries(days, agreed, min_size=organization, max_size=3)) for organization in range(2)],
        taxes={code: draw(rates) for code in ("vat", "gst")},
        last_day=draw(inside | st.just(days_of(month)[-1])),
    )


def _fill(case: Case) -> Isp:
    isp = open_isp(timezone=case.zone, currency=case.currency, plans=3, unsold=1, organizations=2)
    for plan, points in enumerate(case.prices):
        for day, amount in points.items():
            isp.price(amount, day, plan=plan)
    for organization, changes in enumerate(case.terms):
        for day, (discount_ppm, trial_until) in changes.items():
            isp.agree(day, discount_ppm=discount_ppm, trial_until=trial_until, organization=organization)
    for code, rates in case.taxes.items():
        for day, ppm in rates.items():
            isp.tax(ppm, day, code=code)
    for camera, (cuts, holders, goes_on) in enumerate(case.cameras, start=1):
        ends = [*cuts[1:], None if goes_on else cuts[-1] + timedelta(days=3)]
        for since, until, (plan, organization, runs) in zip(cuts, ends, holders, strict=False):
            if runs:
                isp.span(since, until, camera=camera, plan=plan, organization=organization)
    return isp


@pytest.mark.django_db
@given(case=months())
@settings(max_examples=100, deadline=None, report_multiple_bugs=False, suppress_health_check=list(HealthCheck))
def test_the_night_agrees_with_a_walk_over_every_camera_and_day(case: Case) -> None:
    with transaction.atomic():
        isp = _fill(case)
        isp.count(case.month, case.last_day)
        assert billed(isp.domain, case.month) == isp.rated(case.month, last_day=case.last_day)
        _check_sums(isp, case.month)
        transaction.set_rollback(True)


def _check_sums(isp: Isp, month: date) -> None:
    with domain_scope(isp.domain):
        for invoice in Invoice.objects.filter(period__month=month).prefetch_related("lines", "taxes"):
            assert invoice.net == sum(line.net for line in invoice.lines.all())
            assert invoice.tax == sum(tax.amount for tax in invoice.taxes.all())
            assert invoice.total == invoice.net + invoice.tax
            assert all(tax.base == invoice.net for tax in invoice.taxes.all())


@given(
    price=st.integers(0, 10**9),
    days=st.sampled_from([28, 29, 30, 31]),
    cuts=st.lists(st.integers(0, 31), max_size=8),
    discount=st.integers(0, PPM),
)
def test_any_cut_of_a_line_adds_up_to_it_and_no_part_is_off_by_more_than_one(
    price: int, days: int, cuts: list[int], discount: int
) -> None:
    shares = parts(cuts, price, days, discount)
    assert sum(shares) == net_of(price, sum(cuts), days, discount)
    for own, share in zip(cuts, shares, strict=True):
        assert share >= 0
        assert abs(share * days * PPM - price * own * (PPM - discount)) <= days * PPM


@given(price=st.integers(0, 10**12), days=st.sampled_from([28, 29, 30, 31]))
def test_a_whole_month_costs_exactly_the_price(price: int, days: int) -> None:
    assert net_of(price, days, days) == price


@pytest.mark.parametrize("zone", ZONES)
def test_midnights_are_where_the_calendar_turns(zone: str) -> None:
    tz = ZoneInfo(zone)
    for month in MONTHS:
        midnights = closing_midnights(month, zone)
        assert midnights == sorted(midnights)
        assert midnights[-1] == start_of(date(month.year + month.month // 12, month.month % 12 + 1, 1), tz)
        for day, instant in enumerate(midnights, start=1):
            closed = month.replace(day=day)
            assert (instant - timedelta(seconds=1)).astimezone(tz).date() <= closed
            assert instant.astimezone(tz).date() > closed
