"""The night: every local day that has ended is counted once, in order, whatever happens in between.

Offers: `run_nights` (all days that are due at an ISP, or up to a day), `close_day` (one of them), `due_domains` (whose
midnight has passed; for the scheduler), `next_day`. One day is one transaction under the ISP's advisory lock: kill it
anywhere and nothing has happened; run two at once and one of them finds nothing to do; run it again and it writes
nothing. docs/billing.md tells the rules.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Min
from django.db.models.functions import Lower
from django.utils.translation import gettext as _

from billing.models import BillingPeriod, NightRun
from billing.services import drafts, issuing, periods
from devices.models import PresetSpan
from tenants import audit, clock
from tenants.errors import Invalid
from tenants.failpoints import failpoint
from tenants.models import AuditEntry, Domain
from tenants.scoping import domain_scope

ONE_DAY = timedelta(days=1)
# Clocks of several nodes differ a little, and a change stamped before midnight may still be committing after it.
GRACE = timedelta(minutes=2)


@dataclass(frozen=True)
class NightReport:
    """What one night did: organizations and camera-days counted in the month so far, rows written, invoices issued."""

    day: date
    organizations: int
    camera_days: int
    drafts: int
    issued: int
    written: int
    seconds: float


def due_domains() -> list[int]:
    """The active ISPs (ids) that have a day to count. Opens each one's scope for a moment; call it outside of any."""
    domains = Domain.objects.filter(is_active=True).values_list("pk", flat=True)
    return [domain_id for domain_id in domains if _is_due(domain_id)]


def _is_due(domain_id: int) -> bool:
    with domain_scope(domain_id):
        return _ended(next_day(), clock.now() - GRACE)


def next_day() -> date:
    """The first day not counted yet: after the last counted one, else the day of the first camera, else yesterday."""
    counted = periods.last_counted()
    if counted:
        return counted + ONE_DAY
    first: datetime | None = PresetSpan.objects.aggregate(first=Min(Lower("during")))["first"]
    zone = ZoneInfo(periods.the_domain().timezone)
    return first.astimezone(zone).date() if first else periods.today() - ONE_DAY


def _ended(day: date, now: datetime) -> bool:
    """Whether a day's closing midnight has passed, by the month's frozen midnights where there are some."""
    period: BillingPeriod | None = BillingPeriod.objects.filter(month=day.replace(day=1)).first()
    if period is None:
        return day < now.astimezone(ZoneInfo(periods.the_domain().timezone)).date()
    return bool(period.midnights[day.day - 1] <= now)


def run_nights(domain_id: int, *, until: date | None = None) -> list[NightReport]:
    """Count every ended day of an ISP that no night has counted, oldest first; `until` stops after a day.

    With `until` a day that is counted already, the last night is looked over again, which mends drafts and changes
    nothing that is right. Raises Invalid for a day that has not ended.
    """
    if until is not None:
        with domain_scope(domain_id):
            if not _ended(until, clock.now()):
                raise Invalid(_("This day has not ended yet."), field="date")
    reports = list(_nights(domain_id, until))
    if not reports and until is not None:
        reports = [report for report in [_again(domain_id, until)] if report]
    return reports


def _nights(domain_id: int, until: date | None) -> Iterator[NightReport]:
    """One transaction a day; each looks anew for the next day, because another runner may have been faster."""
    while report := close_day(domain_id, until=until):
        failpoint("night.committed")
        yield report


def close_day(domain_id: int, *, until: date | None = None) -> NightReport | None:
    """Count the next day of an ISP, if it has ended; None when there is nothing (more) to do."""
    failpoint("night.begin")
    with domain_scope(domain_id):
        periods.lock(domain_id)
        failpoint("night.locked")
        day = next_day()
        if not _ended(day, clock.now()) or (until is not None and day > until):
            return None
        return _close(day)


def _close(day: date) -> NightReport:
    began = clock.monotonic()
    period = periods.ensure(day)
    period.closed_days = day.day
    period.save(update_fields=["closed_days"])
    failpoint("night.counted")
    drafted = drafts.draft(period)
    failpoint("night.drafted")
    issued = _complete(period) if period.closed_days == period.days else 0
    periods.ensure(day + ONE_DAY)
    failpoint("night.opened")
    run = NightRun.objects.create(
        domain_id=period.domain_id,
        period=period,
        day=day,
        organizations=drafted.organizations,
        camera_days=drafted.camera_days,
        drafts=drafted.organizations - issued,
        issued=issued,
        ran_at=clock.now(),
    )
    failpoint("night.noted")
    return _report(run, drafted.written + issued, clock.monotonic() - began)


def _complete(period: BillingPeriod) -> int:
    """Issue a month whose last day was counted, and close it."""
    issued = issuing.issue(period)
    failpoint("night.issued")
    period.closed_at = clock.now()
    period.save(update_fields=["closed_at"])
    failpoint("night.closed")
    changed = {"issued": [0, issued]}
    audit.record(AuditEntry.Action.CHANGE, period, acting_user=None, changed=changed, object_id=str(period))
    failpoint("night.audited")
    return issued


def _again(domain_id: int, day: date) -> NightReport | None:
    """Look over the last counted night once more; an earlier day has nothing of its own that could differ."""
    began = clock.monotonic()
    with domain_scope(domain_id):
        periods.lock(domain_id)
        run = NightRun.objects.select_related("period").filter(day=day).first()
        if run is None:
            return None
        latest = day == periods.last_counted() and not run.period.is_closed
        written = drafts.draft(run.period).written if latest else 0
        return _report(run, written, clock.monotonic() - began)


def _report(run: NightRun, written: int, seconds: float) -> NightReport:
    return NightReport(run.day, run.organizations, run.camera_days, run.drafts, run.issued, written, seconds)
