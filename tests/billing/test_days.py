"""Days of every length: what counts as a day where clocks jump, months are short and zones are odd.

A day is a calendar date of the ISP. Days of 23, 24 and 25 hours cost the same; over a month a camera that always ran
has as many days as the month, in every zone and whatever the clocks did. Each row is a month in which something
happens.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from billing.rating import days_of, next_month, start_of
from tests.billing.books import Isp, open_isp

# (zone, month, what happens there)
ALWAYS_ON = [
    ("UTC", "2026-02-01", "28 days"),
    ("UTC", "2024-02-01", "a leap day"),
    ("UTC", "2000-02-01", "a leap day of a century"),
    ("UTC", "2100-02-01", "no leap day in a century"),
    ("UTC", "2026-12-01", "the end of a year"),
    ("Europe/Berlin", "2026-03-01", "a day of 23 hours"),
    ("Europe/Berlin", "2026-10-01", "a day of 25 hours"),
    ("Europe/London", "2026-03-01", "a day of 23 hours at 01:00"),
    ("Europe/Dublin", "2026-10-01", "winter time as the exception"),
    ("Europe/Chisinau", "2026-10-01", "clocks that jump at 03:00"),
    ("Europe/Kaliningrad", "2026-03-01", "no jumps any more"),
    ("America/New_York", "2026-03-01", "a day of 23 hours"),
    ("America/New_York", "2026-11-01", "a day of 25 hours that begins a month"),
    ("America/St_Johns", "2010-11-01", "clocks that go back over midnight at 00:01"),
    ("America/St_Johns", "2010-03-01", "clocks that go forward at 00:01"),
    ("America/Sao_Paulo", "2018-11-01", "a midnight that does not exist"),
    ("America/Sao_Paulo", "2018-02-01", "a midnight that comes twice"),
    ("America/Asuncion", "2023-10-01", "a month whose first midnight does not exist"),
    ("America/Asuncion", "2024-03-01", "a midnight that comes twice"),
    ("America/Havana", "2026-03-01", "a jump at midnight"),
    ("America/Havana", "2026-11-01", "back at 01:00 on the first"),
    ("America/Santiago", "2026-04-01", "back at midnight"),
    ("America/Santiago", "2026-09-01", "forward at midnight"),
    ("America/Caracas", "2016-05-01", "half an hour for good"),
    ("Africa/Cairo", "2026-04-01", "forward at midnight on a Friday"),
    ("Africa/Cairo", "2026-10-01", "back at midnight: 23:00 twice, on the last day"),
    ("Africa/Casablanca", "2026-02-01", "other time during Ramadan"),
    ("Africa/Juba", "2021-02-01", "an hour back for good on the first"),
    ("Asia/Beirut", "2026-03-01", "a midnight that does not exist"),
    ("Asia/Amman", "2022-10-01", "summer time for good"),
    ("Asia/Gaza", "2026-03-01", "rules of its own"),
    ("Asia/Tehran", "2022-03-01", "forward at midnight, half-hour offset"),
    ("Asia/Kathmandu", "2026-05-01", "a quarter of an hour"),
    ("Asia/Pyongyang", "2018-05-01", "half an hour on 4 May, at 23:30"),
    ("Asia/Kolkata", "2026-08-01", "half an hour"),
    ("Australia/Lord_Howe", "2026-04-01", "half an hour back"),
    ("Australia/Lord_Howe", "2026-10-01", "half an hour forward"),
    ("Australia/Eucla", "2026-06-01", "8:45"),
    ("Pacific/Apia", "2011-12-01", "30 December never was"),
    ("Pacific/Apia", "2012-04-01", "back an hour"),
    ("Pacific/Fakaofo", "2011-12-01", "30 December never was"),
    ("Pacific/Kiritimati", "2026-07-01", "first in the world"),
    ("Pacific/Midway", "2026-07-01", "last in the world"),
    ("Pacific/Chatham", "2026-09-01", "12:45, forward"),
    ("Antarctica/Troll", "2026-03-01", "two hours forward"),
]


@pytest.mark.parametrize(("zone", "month", "event"), ALWAYS_ON, ids=lambda value: str(value).replace("/", "-"))
def test_a_camera_that_always_runs_has_the_days_of_the_month(db: None, zone: str, month: str, event: str) -> None:
    isp = open_isp(timezone=zone)
    first = date.fromisoformat(month)
    isp.price(3000, first)
    isp.span(start_of(first, ZoneInfo(zone)) - timedelta(seconds=1))
    isp.count(first)
    days = len(days_of(first))
    assert isp.lines(first) == [(0, 3000, days, 3000)], event


@pytest.mark.parametrize(("zone", "month", "event"), ALWAYS_ON, ids=lambda value: str(value).replace("/", "-"))
def test_changing_plans_every_few_hours_never_makes_or_loses_a_day(db: None, zone: str, month: str, event: str) -> None:
    """Two cameras change plan every 5 hours and 37 minutes, the second always to the other one."""
    isp, first = open_isp(timezone=zone, plans=2), date.fromisoformat(month)
    end = start_of(next_month(first), ZoneInfo(zone))
    for plan in (0, 1):
        isp.price(3000, first, plan=plan)
    _change_often(isp, start_of(first, ZoneInfo(zone)), end)
    isp.count(first)
    lines = isp.lines(first)
    assert sum(line[2] for line in lines) == 2 * len(days_of(first)), event
    assert lines[0][2] == lines[1][2], "what one camera has under a plan the other has under the other"
    assert {line[2] for line in lines} == {sum(isp.rated(first).camera_days.values()) // 2}


def _change_often(isp: Isp, since: datetime, end: datetime) -> None:
    plan = 0
    while since < end:
        until = since + timedelta(hours=5, minutes=37)
        for camera in (1, 2):
            isp.span(since, until, camera=camera, plan=(plan + camera) % 2)
        since, plan = until, plan + 1


@pytest.mark.parametrize(
    ("zone", "since", "until", "days"),
    [
        ("Europe/Berlin", "2026-03-28 23:59", "2026-03-29 23:59", 1),  # the day of 23 hours is not reached
        ("Europe/Berlin", "2026-03-28 23:59", "2026-03-30 00:00", 2),
        ("Europe/Berlin", "2026-10-25 00:00", "2026-10-25 23:59", 0),  # 24 h 59 min within one day
        ("Europe/Berlin", "2026-10-25 00:00", "2026-10-26 00:00", 1),
        ("America/New_York", "2026-03-08 00:00", "2026-03-09 00:00", 1),
        ("America/Sao_Paulo", "2018-11-03 23:59", "2018-11-04 01:00", 1),  # one minute, over the missing midnight
        ("Asia/Kathmandu", "2026-05-10 23:59", "2026-05-11 00:00", 1),
        ("Pacific/Apia", "2011-12-29 23:00", "2011-12-31 01:00", 2),  # two hours, over a day that never was
        ("Australia/Lord_Howe", "2026-04-05 00:00", "2026-04-06 00:00", 1),
        ("UTC", "2024-02-29 00:00", "2024-03-01 00:00", 1),
    ],
)
def test_what_counts_is_the_midnights_a_camera_runs_through(
    db: None, zone: str, since: str, until: str, days: int
) -> None:
    isp = open_isp(timezone=zone)
    month = date.fromisoformat(since[:10]).replace(day=1)
    isp.price(3000, month)
    isp.span(isp.at(since), isp.at(until))
    isp.count(month)
    assert sum(line[2] for line in isp.lines(month)) == days


@pytest.mark.parametrize("jump", [timedelta(hours=1), timedelta(days=1), timedelta(hours=-1), timedelta(days=-1)])
def test_a_clock_that_jumps_during_the_month_counts_no_day_twice(db: None, jump: timedelta) -> None:
    isp = open_isp()
    isp.price(3100, "2026-03-01")
    isp.span(isp.at("2026-03-01 00:00"))
    noon = datetime(2026, 3, 15, 12, tzinfo=UTC)
    isp.run(noon)
    isp.run(noon + jump)
    isp.run(noon + timedelta(days=1))
    counted = noon + timedelta(days=1) if jump != timedelta(days=1) else noon + jump
    assert isp.lines("2026-03-01") == [(0, 3100, counted.day - 1, (counted.day - 1) * 100)]
