"""The night killed at every point, run by several at once, and both."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta

import pytest

from billing.models import Invoice
from billing.services import drafts, night, periods
from portal.embedded import paths
from tenants import clock
from tenants.scoping import domain_scope
from tests.billing.books import Isp, open_isp
from tests.billing.crashes import KILLED, broken, digest, forget, nightly, start, wait

pytestmark = pytest.mark.django_db(transaction=True)
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


def _isps(since: str = "2026-02-27", *, two: bool = True) -> list[Isp]:
    """ISPs a few nights behind, over the end of a month and the first use of their numbers."""
    isps = [open_isp(plans=2, organizations=3)]
    if two:
        isps.append(open_isp(timezone="America/New_York", currency="JPY", organizations=2))
    for isp in isps:
        for plan in range(len(isp.plans)):
            isp.price(999, "2026-01-01", plan=plan)
        isp.tax(190_000, "2026-01-01")
        isp.agree("2026-01-01", discount_ppm=125_000, organization=1)
        for camera in range(6):
            at, plan = isp.at(f"{since} 0{camera}:30"), camera % len(isp.plans)
            isp.span(at, camera=camera, plan=plan, organization=camera % 2)
        isp.write()
    return isps


def _undisturbed() -> tuple[str, int]:
    assert wait([start(nightly(NOW))]) == [0]
    return digest()


def test_a_night_killed_anywhere_and_run_again_is_the_night_that_was_not_killed() -> None:
    _isps("2026-02-28", two=False)
    expected = _undisturbed()
    assert expected[1] > 12, "there is something to compare"
    point, ended = 0, [KILLED]
    while ended == [KILLED]:
        point += 1
        forget()
        ended = wait([start(nightly(NOW), f"*@{point}=kill")])
        assert broken() == 0, f"after the crash at point {point}"
        assert wait([start(nightly(NOW))]) == [0]
        assert digest() == expected, f"killed at point {point}"
    assert ended == [0], point
    assert point > 60, "every statement and every failpoint was a place to die"


def _in_two_transactions(domain_id: int) -> None:
    """The night as one must not write it: the day is marked in one transaction and worked on in the next."""
    with domain_scope(domain_id):
        day = night.next_day()
        if not night._ended(day, clock.now()):
            return
        period = periods.ensure(day)
        period.closed_days = day.day
        period.save()
    with domain_scope(domain_id):
        drafts.draft(period)


def test_the_enumeration_sees_the_difference_when_a_night_is_written_wrongly() -> None:
    isp = _isps()[0]

    def wrongly() -> None:
        with clock.frozen(isp.at("2026-02-28 12:00")):
            _in_two_transactions(isp.domain.pk)

    assert wait([start(wrongly)]) == [0]
    expected, divergent, ended, point = digest(), 0, [KILLED], 0
    while ended == [KILLED]:
        point += 1
        forget()
        ended = wait([start(wrongly, f"*@{point}=kill")])
        wait([start(wrongly)])
        divergent += digest() != expected
    assert divergent > 0


def test_four_nights_at_once_act_once() -> None:
    _isps()
    expected = _undisturbed()
    for _round in range(3):
        forget()
        assert wait([start(nightly(NOW)) for _runner in range(4)]) == [0] * 4
        assert digest() == expected


def test_three_nights_at_once_each_killed_somewhere_leave_nothing_wrong() -> None:
    _isps()
    expected = _undisturbed()
    chance = random.Random(2026)
    for seed in range(8):
        forget()
        points = [f"*@{chance.randint(1, 140)}=kill" for _runner in range(3)]
        wait([start(nightly(NOW), point) for point in points])
        assert broken() == 0
        assert wait([start(nightly(NOW))]) == [0]
        assert digest() == expected, f"round {seed}: {points}"


def test_numbers_have_no_gap_after_crashes_at_issuing() -> None:
    """Killed again and again while two months are issued, the series still counts 1, 2, 3 ..."""
    isp = _isps("2025-12-30")[0]
    for point in ("night.series", "night.issued", "night.closed", "night.audited", "night.noted"):
        for passed in (1, 2):
            wait([start(nightly(NOW), f"{point}@{passed}=kill")])
    assert wait([start(nightly(NOW))]) == [0]
    with domain_scope(isp.domain):
        issued = Invoice.objects.filter(status="issued").order_by("issued_on", "organization_id")
        numbers = [(invoice.year, invoice.number) for invoice in issued]
    assert numbers == [(2026, n) for n in range(1, len(numbers) + 1)]
    assert len(numbers) == 4


def _command(*options: str, points: str = "") -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PERCH_FAILPOINTS": points} if points else dict(os.environ)
    return subprocess.run(
        [sys.executable, "manage.py", "nightly", *options],
        cwd=paths.REPOSITORY,
        env={**environment, "DJANGO_SETTINGS_MODULE": "tests.settings"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_command_shows_what_it_did_survives_a_kill_and_goes_on_when_one_isp_fails() -> None:
    broken_isp, isp = open_isp(), open_isp(timezone="UTC")
    yesterday = clock.now().date() - timedelta(days=1)
    isp.price(3000, yesterday)
    isp.span(clock.now() - timedelta(days=2))
    isp.write()
    assert _command("--domain", isp.domain.slug, points="night.drafted=kill").returncode == KILLED
    broken_isp.domain.timezone = "No/Where"
    broken_isp.domain.save()
    done = _command()
    assert done.returncode == 1
    assert f"failed: {broken_isp.domain.slug}" in done.stderr
    rows = [line.split() for line in done.stdout.splitlines()[1:]]
    assert [row[:2] for row in rows] == [
        [isp.domain.slug, (yesterday - timedelta(days=1)).isoformat()],
        [isp.domain.slug, yesterday.isoformat()],
    ]
    again = _command("--domain", isp.domain.slug, "--date", yesterday.isoformat())
    assert again.returncode == 0, again.stderr
    assert _command("--domain", "nowhere").returncode == 1
    assert _command("--date", date.max.isoformat()).returncode == 1
