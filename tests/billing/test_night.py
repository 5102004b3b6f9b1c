"""What a night makes of what cameras did: who pays for a day, what a line says, what comes of doing it twice."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from django.db import connection

from billing import tasks
from billing.models import BillingPeriod, Invoice, NightRun
from billing.money import PPM
from billing.services import night
from tenants import clock
from tenants.errors import Invalid
from tenants.scoping import domain_scope
from tests.billing.books import Isp, billed, open_isp

MARCH = date(2026, 3, 1)


@pytest.fixture
def isp(db: None) -> Isp:
    return open_isp(plans=2, unsold=1, organizations=2)


def test_a_camera_that_ran_the_whole_month_costs_the_price(isp: Isp) -> None:
    isp.price(1000, "2026-01-01")
    isp.span(isp.at("2026-02-20 10:00"))
    isp.run("2026-04-01 08:00")
    assert isp.lines("2026-03-01") == [(0, 1000, 31, 1000)]
    assert isp.lines("2026-02-01") == [(0, 1000, 9, 321)]  # 9 of 28 days: 321.43


def test_a_day_belongs_to_the_plan_in_force_at_the_midnight_that_closes_it(isp: Isp) -> None:
    isp.price(3100, "2026-01-01")
    isp.price(6200, "2026-01-01", plan=1)
    isp.span(isp.at("2026-03-01 00:00"), isp.at("2026-03-10 12:00"))
    isp.span(isp.at("2026-03-10 12:00"), plan=1)
    isp.run("2026-04-01 08:00")
    assert isp.lines(MARCH) == [(0, 3100, 9, 900), (1, 6200, 22, 4400)]


def test_a_change_at_the_very_midnight_leaves_the_day_before_to_the_old_plan(isp: Isp) -> None:
    isp.price(3100, "2026-01-01")
    isp.price(3100, "2026-01-01", plan=1)
    isp.span(isp.at("2026-03-01 00:00"), isp.at("2026-03-11 00:00"))
    isp.span(isp.at("2026-03-11 00:00"), plan=1)
    isp.run("2026-04-01 08:00")
    assert [line[2] for line in isp.lines(MARCH)] == [10, 21]


def test_there_and_back_within_a_day_counts_that_day_once_for_the_last_plan(isp: Isp) -> None:
    for plan in (0, 1):
        isp.price(3100, "2026-01-01", plan=plan)
    isp.span(isp.at("2026-03-01 00:00"), isp.at("2026-03-10 09:00"))
    isp.span(isp.at("2026-03-10 09:00"), isp.at("2026-03-10 15:00"), plan=1)
    isp.span(isp.at("2026-03-10 15:00"))
    isp.run("2026-04-01 08:00")
    assert isp.lines(MARCH) == [(0, 3100, 31, 3100)]


def test_ten_changes_in_a_day_count_it_once(isp: Isp) -> None:
    for plan in (0, 1):
        isp.price(3100, "2026-01-01", plan=plan)
    start = isp.at("2026-03-10 08:00")
    for hour in range(10):
        isp.span(start + timedelta(hours=hour), start + timedelta(hours=hour + 1), plan=hour % 2)
    isp.span(start + timedelta(hours=10), isp.at("2026-03-11 07:00"), plan=0)
    isp.run("2026-04-01 08:00")
    assert isp.lines(MARCH) == [(0, 3100, 1, 100)]


def test_a_camera_added_and_removed_within_a_day_is_free(isp: Isp) -> None:
    isp.price(1000, "2026-01-01")
    isp.span(isp.at("2026-03-10 00:00"), isp.at("2026-03-10 23:59"))
    isp.run("2026-04-01 08:00")
    assert isp.invoice(MARCH) is None


def test_a_camera_moved_at_noon_is_paid_by_its_new_organization_only(isp: Isp) -> None:
    isp.price(3100, "2026-01-01")
    isp.span(isp.at("2026-03-01 00:00"), isp.at("2026-03-10 12:00"), organization=0)
    isp.span(isp.at("2026-03-10 12:00"), isp.at("2026-03-11 12:00"), organization=1)
    isp.run("2026-04-01 08:00")
    assert isp.lines(MARCH, organization=0) == [(0, 3100, 9, 900)]
    assert isp.lines(MARCH, organization=1) == [(0, 3100, 1, 100)]


def test_a_price_that_changes_within_the_month_makes_two_lines_whose_days_add_up(isp: Isp) -> None:
    isp.price(3100, "2026-01-01")
    isp.price(6200, "2026-03-11")
    isp.span(isp.at("2026-02-01 00:00"))
    isp.run("2026-04-01 08:00")
    assert isp.lines(MARCH) == [(0, 3100, 10, 1000), (0, 6200, 21, 4200)]


def test_days_before_the_first_price_and_presets_no_plan_sells_cost_nothing_and_are_reported(isp: Isp) -> None:
    isp.price(3100, "2026-03-11")
    isp.span(isp.at("2026-03-01 00:00"))
    isp.span(isp.at("2026-03-01 00:00"), camera=2, plan=2)
    isp.run("2026-04-01 08:00")
    assert isp.lines(MARCH) == [(0, 3100, 21, 2100)]
    assert billed(isp.domain, MARCH).without_plan == {isp.organizations[0].pk: 10 + 31}


def test_days_of_a_trial_cost_nothing_and_the_day_it_ends_is_paid(isp: Isp) -> None:
    isp.price(3100, "2026-01-01")
    isp.agree("2026-01-01", discount_ppm=100_000, trial_until="2026-03-11")
    isp.span(isp.at("2026-03-01 00:00"))
    isp.run("2026-04-01 08:00")
    assert isp.lines(MARCH) == [(0, 3100, 10, 0), (0, 3100, 21, 1890)]


def test_a_discount_of_a_hundred_per_cent_leaves_exactly_nothing(isp: Isp) -> None:
    isp.price(999, "2026-01-01")
    isp.tax(190_000, "2026-01-01")
    isp.agree("2026-01-01", discount_ppm=PPM)
    isp.span(isp.at("2026-03-05 00:00"))
    isp.run("2026-04-01 08:00")
    invoice = isp.invoice(MARCH)
    assert invoice is not None
    assert (invoice.net, invoice.tax, invoice.total, invoice.status) == (0, 0, 0, "issued")


def test_tax_is_counted_once_on_the_sum_at_the_rate_of_the_last_day(isp: Isp) -> None:
    isp.price(333, "2026-01-01")
    isp.price(333, "2026-01-01", plan=1)
    isp.tax(190_000, "2026-01-01")
    isp.tax(210_000, "2026-03-20")
    isp.tax(99_750, "2026-01-01", code="qst")
    isp.span(isp.at("2026-02-01 00:00"))
    isp.span(isp.at("2026-02-01 00:00"), camera=2, plan=1)
    isp.run("2026-04-01 08:00")
    assert billed(isp.domain, MARCH).taxes == {
        (isp.organizations[0].pk, "vat"): 140,  # 666 x 0.21 = 139.86
        (isp.organizations[0].pk, "qst"): 66,  # 666 x 0.09975 = 66.43
    }
    invoice = isp.invoice(MARCH)
    assert invoice is not None
    assert (invoice.net, invoice.total) == (666, 872)


@pytest.mark.parametrize(("currency", "price", "net"), [("JPY", 1000, 323), ("KWD", 12_345, 3982), ("EUR", 999, 322)])
def test_amounts_are_whole_minor_units_of_any_currency(db: None, currency: str, price: int, net: int) -> None:
    isp = open_isp(currency=currency)
    isp.price(price, "2026-01-01")
    isp.span(isp.at("2026-03-22 00:00"))
    isp.run("2026-04-01 08:00")
    invoice = isp.invoice(MARCH)
    assert invoice is not None
    assert (invoice.net, invoice.currency) == (net, currency)


def test_a_half_is_rounded_up_once(isp: Isp) -> None:
    isp.price(1, "2026-01-01")
    isp.span(isp.at("2026-04-01 00:00"), isp.at("2026-04-16 00:00"))  # 15 of 30 days: half a cent
    isp.run("2026-05-01 08:00")
    assert isp.lines("2026-04-01") == [(0, 1, 15, 1)]


def test_the_running_month_is_a_draft_that_grows_and_is_issued_on_the_first_of_the_next(isp: Isp) -> None:
    isp.price(3100, "2026-01-01")
    isp.span(isp.at("2026-03-01 06:00"))
    for now, days, status in (("2026-03-11 00:00", 10, "draft"), ("2026-03-31 23:59", 30, "draft")):
        isp.run(now)
        invoice = isp.invoice(MARCH)
        assert invoice is not None
        assert (invoice.status, invoice.net, invoice.number) == (status, days * 100, None)
    isp.run("2026-04-01 00:00")
    invoice = isp.invoice(MARCH)
    assert invoice is not None
    assert (invoice.status, invoice.net, invoice.label) == ("issued", 3100, "2026-000001")
    assert invoice.issued_on == date(2026, 4, 1)
    assert (invoice.seller_title, invoice.buyer_title) == ("Isp Ltd", "Subscriber 0")


def _written(isp: Isp) -> list[tuple[object, ...]]:
    """The physical row versions of everything a night writes: equal only if not one row was written."""
    with domain_scope(isp.domain), connection.cursor() as cursor:
        rows: list[tuple[object, ...]] = []
        for table in ("period", "invoice", "invoiceline", "invoicetax", "numberseries", "nightrun", "billingperiod"):
            if table != "period":
                cursor.execute(f"SELECT '{table}', ctid::text, xmin::text, xmax::text FROM billing_{table} ORDER BY id")
                rows += cursor.fetchall()
        return rows


@pytest.mark.parametrize("now", ["2026-03-11 08:00", "2026-04-01 08:00"])
def test_a_second_run_of_a_night_writes_nothing(isp: Isp, now: str) -> None:
    isp.price(3100, "2026-01-01")
    isp.tax(200_000, "2026-01-01")
    isp.span(isp.at("2026-03-01 06:00"))
    isp.run(now)
    before = _written(isp)
    assert isp.run(now) == []
    with clock.frozen(isp.at(now)):
        last = isp.at(now).date() - timedelta(days=1)
        (again,) = night.run_nights(isp.domain.pk, until=last)
    assert again.written == 0
    assert _written(isp) == before


def test_looking_over_a_night_again_mends_its_drafts(isp: Isp) -> None:
    isp.price(3100, "2026-01-01")
    isp.span(isp.at("2026-03-01 06:00"))
    isp.run("2026-03-11 08:00")
    with domain_scope(isp.domain):
        Invoice.objects.all().get().lines.all().delete()
    with clock.frozen(isp.at("2026-03-11 08:00")):
        (again,) = night.run_nights(isp.domain.pk, until=date(2026, 3, 10))
    assert again.written == 1
    assert isp.lines(MARCH) == [(0, 3100, 10, 1000)]


def test_missed_nights_are_caught_up_each_once_and_in_order(isp: Isp) -> None:
    isp.price(3100, "2026-01-01")
    isp.price(6200, "2026-03-04")
    isp.span(isp.at("2026-02-27 12:00"))
    isp.run("2026-02-28 09:00")
    reports = isp.run("2026-03-06 09:00")
    assert [report.day for report in reports] == [date(2026, 2, 28) + timedelta(days=n) for n in range(6)]
    assert [report.issued for report in reports] == [1, 0, 0, 0, 0, 0]
    with domain_scope(isp.domain):
        days = list(NightRun.objects.order_by("id").values_list("day", flat=True))
    assert days == [date(2026, 2, 27) + timedelta(days=n) for n in range(7)]
    assert isp.lines(MARCH) == [(0, 3100, 3, 300), (0, 6200, 2, 400)]


def test_months_behind_are_caught_up_one_by_one_and_a_new_year_begins_its_own_numbers(isp: Isp) -> None:
    isp.price(1200, "2025-01-01")
    isp.span(isp.at("2025-09-01 00:00"))
    isp.run("2026-03-01 00:00")
    with domain_scope(isp.domain):
        issued = Invoice.objects.order_by("period__month")
        assert [invoice.net for invoice in issued] == [1200] * 6
        labels = [invoice.label for invoice in issued]
    assert labels == ["2025-000001", "2025-000002", "2025-000003", "2026-000001", "2026-000002", "2026-000003"]


def test_a_day_that_has_not_ended_is_refused(isp: Isp) -> None:
    isp.span(isp.at("2026-03-01 00:00"))
    isp.write()
    with clock.frozen(isp.at("2026-03-10 23:59")), pytest.raises(Invalid) as refused:
        night.run_nights(isp.domain.pk, until=date(2026, 3, 10))
    assert refused.value.field == "date"


def test_a_night_is_due_once_the_isps_own_midnight_has_passed(db: None) -> None:
    west, east = open_isp(timezone="America/New_York"), open_isp(timezone="Asia/Tokyo")
    for isp in (west, east):
        isp.span(isp.at("2026-03-09 12:00"))
        isp.run("2026-03-10 00:30")
    with clock.frozen(datetime(2026, 3, 10, 15, 5, tzinfo=UTC)):  # 00:05 in Tokyo, 11:05 in New York
        assert night.due_domains() == [east.domain.pk]
        night.run_nights(east.domain.pk)
        assert night.due_domains() == []
    with clock.frozen(datetime(2026, 3, 11, 4, 5, tzinfo=UTC)):  # 00:05 in New York
        assert night.due_domains() == [west.domain.pk]


def test_an_isp_without_cameras_has_quiet_nights(isp: Isp) -> None:
    (report,) = isp.run("2026-03-10 08:00")
    assert (report.day, report.camera_days, report.drafts) == (date(2026, 3, 9), 0, 0)


def test_a_closed_subscriber_still_gets_his_last_invoice_with_his_name_and_terms(isp: Isp) -> None:
    isp.price(3100, "2026-01-01")
    isp.agree("2026-01-01", discount_ppm=PPM // 2)
    isp.span(isp.at("2026-03-01 00:00"), isp.at("2026-03-11 09:00"))
    isp.run("2026-03-11 08:00")
    with domain_scope(isp.domain):
        isp.organizations[0].delete()
    isp.organizations[0].pk = isp.spans[0].organization
    isp.run("2026-04-01 08:00")
    invoice = isp.invoice(MARCH)
    assert invoice is not None
    assert (invoice.buyer_title, invoice.net, invoice.status) == ("Subscriber 0", 500, "issued")


def test_a_change_of_time_zone_within_a_month_counts_from_the_next_month_without_hole_or_overlap(isp: Isp) -> None:
    isp.price(3100, "2026-01-01")
    isp.span(isp.at("2026-02-01 00:00"))
    isp.run("2026-03-10 08:00")
    for zone in ("Pacific/Kiritimati", "Pacific/Midway"):
        isp.domain.timezone = zone
        isp.domain.save()
        isp.run("2026-06-02 12:00" if zone == "Pacific/Midway" else "2026-04-12 12:00")
    with domain_scope(isp.domain):
        months = list(BillingPeriod.objects.order_by("month"))
        nets = list(Invoice.objects.filter(status="issued").order_by("period__month").values_list("net", flat=True))
    assert [month.timezone for month in months] == [
        "Europe/Berlin", "Europe/Berlin", "Pacific/Kiritimati", "Pacific/Midway", "Pacific/Midway",
    ]  # fmt: skip
    assert all(one.ends_at == two.begins_at for one, two in pairwise(months))
    assert nets == [3100] * 4


def test_every_minute_a_night_is_sent_for_the_isps_that_are_due_and_for_no_other(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    due, counted = open_isp(), open_isp()
    for isp in (due, counted):
        isp.span(isp.at("2026-03-01 00:00"))
        isp.write()
    counted.run("2026-03-03 08:00")
    sent: list[int] = []
    monkeypatch.setattr(tasks.run_night, "send", sent.append)
    with clock.frozen(due.at("2026-03-03 08:00")):
        tasks.nights_due.fn()
    assert sent == [due.domain.pk]
