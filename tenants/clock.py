"""The one clock. Everything that asks for the time asks here, so that a test or a drill can move it.

All instants are timezone-aware UTC datetimes; durations are float seconds. PERCH_CLOCK_SHIFT (seconds, may be negative)
runs a whole process ahead or behind: for drills, and for stories that cannot wait for the end of the month.
"""

import os
import time as _time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

_shift = timedelta(seconds=float(os.environ.get("PERCH_CLOCK_SHIFT") or 0))
_frozen: datetime | None = None


def now() -> datetime:
    """The current instant in UTC."""
    return _frozen if _frozen is not None else datetime.now(UTC) + _shift


def timestamp() -> float:
    """The current instant as seconds since the Unix epoch."""
    return now().timestamp()


def monotonic() -> float:
    """Seconds that never go back; for deadlines and back-off, never for facts."""
    return _time.monotonic()


def local_date(timezone: str) -> date:
    """Today's calendar date in an IANA time zone."""
    return now().astimezone(ZoneInfo(timezone)).date()


def midnight(day: date, timezone: str) -> datetime:
    """The first instant of a local calendar day, in UTC.

    Where a zone skips midnight (daylight saving begins at 00:00), the day begins at the first instant that exists.
    """
    zone = ZoneInfo(timezone)
    start = datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)
    return start if start.astimezone(zone).date() == day else start + timedelta(hours=1)


@contextmanager
def frozen(at: datetime) -> Iterator[None]:
    """Hold the clock at one instant (tests, and the demo's past months)."""
    global _frozen
    before, _frozen = _frozen, at.astimezone(UTC)
    try:
        yield
    finally:
        _frozen = before


@contextmanager
def shifted(by: timedelta) -> Iterator[None]:
    """Run the clock ahead of or behind the machine's."""
    global _shift
    before, _shift = _shift, _shift + by
    try:
        yield
    finally:
        _shift = before
