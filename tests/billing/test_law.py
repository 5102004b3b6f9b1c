"""What the database refuses, whoever asks: raw SQL by the role the product runs as, inside the right ISP's scope."""

from __future__ import annotations

from datetime import date

import pytest
from django.db import DatabaseError, connection, transaction

from billing.models import BillingPeriod, Invoice, InvoiceLine, PlanPrice
from tenants.scoping import domain_scope
from tests.billing.books import Isp, open_isp


@pytest.fixture
def isp(db: None) -> Isp:
    """February is issued, March runs; the last counted day is 2 March."""
    isp = open_isp(plans=2)
    isp.price(3100, "2026-01-01")
    isp.tax(200_000, "2026-01-01")
    isp.agree("2026-01-01", discount_ppm=1000)
    isp.span(isp.at("2026-02-26 12:00"))
    isp.run("2026-03-03 12:00")
    return isp


def _refused(isp: Isp, statement: str, *values: int) -> str:
    """The database's reason for refusing a statement; fails when it is accepted."""
    with domain_scope(isp.domain), pytest.raises(DatabaseError) as refused, transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute(statement, values)
        assert cursor.rowcount, f"nothing was there to refuse: {statement}"
    return str(refused.value)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE billing_invoice SET net = net + 1, total = total + 1 WHERE status = 'issued'",
        "UPDATE billing_invoice SET buyer_title = 'Somebody else' WHERE status = 'issued'",
        "UPDATE billing_invoice SET number = 99 WHERE status = 'issued'",
        "UPDATE billing_invoice SET status = 'draft', number = NULL, year = NULL, issued_on = NULL, issued_at = NULL"
        " WHERE status = 'issued'",
        "DELETE FROM billing_invoice WHERE status = 'issued'",
    ],
)
def test_an_issued_invoice_never_changes(isp: Isp, statement: str) -> None:
    assert "is issued and never changes" in _refused(isp, statement)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE billing_invoiceline l SET plan_title = 'x' FROM billing_invoice i"
        " WHERE i.id = l.invoice_id AND i.status = 'issued'",
        "DELETE FROM billing_invoiceline l USING billing_invoice i WHERE i.id = l.invoice_id AND i.status = 'issued'",
        "UPDATE billing_invoicetax t SET title = 'x' FROM billing_invoice i"
        " WHERE i.id = t.invoice_id AND i.status = 'issued'",
        "DELETE FROM billing_invoicetax t USING billing_invoice i WHERE i.id = t.invoice_id AND i.status = 'issued'",
        "INSERT INTO billing_invoicetax (domain_id, invoice_id, code, title, ppm, base, amount)"
        " SELECT domain_id, id, 'extra', 'Extra', 0, net, 0 FROM billing_invoice WHERE status = 'issued'",
        "UPDATE billing_invoiceline l SET invoice_id = i.id FROM billing_invoice d, billing_invoice i"
        " WHERE d.id = l.invoice_id AND d.status = 'draft' AND i.status = 'issued'",
    ],
)
def test_lines_and_taxes_of_an_issued_invoice_never_change(isp: Isp, statement: str) -> None:
    assert "never change" in (reason := _refused(isp, statement)) or "for ever" in reason


@pytest.mark.parametrize(
    ("statement", "constraint"),
    [
        ("UPDATE billing_invoiceline SET net = net + 1", "billing_invoiceline_net"),
        ("UPDATE billing_invoiceline SET camera_days = camera_days + 1", "billing_invoiceline_net"),
        ("UPDATE billing_invoicetax SET amount = amount + 1", "billing_invoicetax_amount"),
        ("UPDATE billing_invoice SET total = total + 1 WHERE status = 'draft'", "billing_invoice_total"),
        ("UPDATE billing_invoice SET number = 5 WHERE status = 'draft'", "billing_invoice_numbered"),
        ("UPDATE billing_invoiceline SET is_trial = true", "billing_invoiceline_sane"),
    ],
)
def test_the_database_redoes_the_arithmetic(isp: Isp, statement: str, constraint: str) -> None:
    assert constraint in _refused(isp, statement)


def test_an_invoice_is_not_issued_with_sums_that_do_not_add_up(isp: Isp) -> None:
    issue = (
        "UPDATE billing_invoice SET net = net + %s, total = total + %s, status = 'issued', year = 2026, number = 77,"
        " issued_on = '2026-04-01', issued_at = now() WHERE status = 'draft'"
    )
    assert "do not add up" in _refused(isp, issue, 1, 1)


@pytest.mark.parametrize("table", ["planprice", "organizationterms", "taxrate"])
def test_prices_terms_and_taxes_of_counted_days_stay(isp: Isp, table: str) -> None:
    assert "counted already" in _refused(isp, f"UPDATE billing_{table} SET from_day = '2026-03-10'")
    assert "counted already" in _refused(isp, f"UPDATE billing_{table} SET created_at = now()")
    assert "counted already" in _refused(isp, f"DELETE FROM billing_{table}")


def test_a_price_may_begin_on_the_first_day_not_counted_and_no_earlier(isp: Isp) -> None:
    with domain_scope(isp.domain):
        plan = isp.plans[0]
        PlanPrice.objects.create(plan=plan, from_day=date(2026, 3, 3), amount=1, currency="EUR")
        with pytest.raises(DatabaseError, match="counted already"), transaction.atomic():
            PlanPrice.objects.create(plan=plan, from_day=date(2026, 3, 2), amount=1, currency="EUR")
        with pytest.raises(DatabaseError, match="one currency"), transaction.atomic():
            PlanPrice.objects.create(plan=plan, from_day=date(2026, 3, 4), amount=1, currency="USD")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE devices_presetspan SET during = tstzrange('2026-02-27', NULL)",
        "UPDATE devices_presetspan SET during = tstzrange(lower(during), '2026-02-27')",
        "UPDATE devices_presetspan SET preset_id = preset_id + 1",
        "UPDATE devices_presetspan SET organization_id = organization_id + 1",
        "DELETE FROM devices_presetspan",
        "INSERT INTO devices_presetspan (domain_id, camera_id, camera_name, camera_title, organization_id, preset_id,"
        " during) SELECT domain_id, camera_id + 1, 'x', 'x', organization_id, preset_id,"
        " tstzrange('2026-02-27', '2026-02-28') FROM devices_presetspan",
    ],
)
def test_the_history_behind_a_billed_month_stays(isp: Isp, statement: str) -> None:
    assert "are billed" in _refused(isp, statement)


def test_the_history_goes_on_after_a_billed_month(isp: Isp) -> None:
    with domain_scope(isp.domain), connection.cursor() as cursor:
        cursor.execute("UPDATE devices_presetspan SET during = tstzrange(lower(during), '2026-03-03 12:00+00')")
        assert cursor.rowcount == 1


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE billing_billingperiod SET timezone = 'UTC' WHERE closed_at IS NULL",
        "UPDATE billing_billingperiod SET ends_at = ends_at + interval '1 hour'",
        "UPDATE billing_billingperiod SET closed_days = closed_days - 1 WHERE closed_days > 0",
        "UPDATE billing_billingperiod SET closed_at = now() WHERE closed_at IS NOT NULL",
        "DELETE FROM billing_billingperiod WHERE closed_days > 0",
        "UPDATE billing_nightrun SET camera_days = 0",
        "DELETE FROM billing_nightrun",
        "UPDATE billing_numberseries SET last_number = last_number - 1",
        "DELETE FROM billing_numberseries",
        "UPDATE billing_plan SET preset_id = preset_id + 1",
    ],
)
def test_months_nights_numbers_and_what_a_plan_sells_never_change_backwards(isp: Isp, statement: str) -> None:
    assert "never" in (reason := _refused(isp, statement)) or "keeps its preset" in reason


def test_one_isp_sees_and_touches_nothing_of_anothers_money(isp: Isp) -> None:
    other = open_isp()
    tables = (
        "plan", "planprice", "organizationplan", "organizationterms", "taxrate", "billingperiod", "nightrun",
        "numberseries", "invoice", "invoiceline", "invoicetax", "price_span", "terms_span", "course", "usage",
        "usage_day",
    )  # fmt: skip
    with connection.cursor() as cursor:
        for table in tables:
            with domain_scope(isp.domain):
                cursor.execute(
                    f"SELECT count(*), count(*) FILTER (WHERE domain_id <> %s) FROM billing_{table}", [isp.domain.pk]
                )
                ours, foreign = cursor.fetchone()
                assert (bool(ours), foreign) == (table != "organizationplan", 0), table
            with domain_scope(other.domain):
                cursor.execute(f"SELECT count(*) FROM billing_{table} WHERE domain_id = %s", [isp.domain.pk])
                assert cursor.fetchone() == (0,), table
        with domain_scope(other.domain):
            assert not Invoice.objects.exists()
            assert not InvoiceLine.objects.exists()
            assert not BillingPeriod.objects.exists()
            cursor.execute("UPDATE billing_invoice SET net = 0")
            assert cursor.rowcount == 0


def test_a_line_cannot_be_attached_to_another_isps_invoice(isp: Isp) -> None:
    other = open_isp()
    with domain_scope(isp.domain):
        foreign = Invoice.objects.get(status="draft").pk
    statement = (
        "INSERT INTO billing_invoicetax (domain_id, invoice_id, code, title, ppm, base, amount)"
        " VALUES (%s, %s, 'x', 'x', 0, 0, 0)"
    )
    assert "belongs to no invoice of its ISP" in _refused(other, statement, other.domain.pk, foreign)


def test_a_line_cannot_name_another_isps_plan_nor_be_left_behind_by_its_invoice_or_plan(isp: Isp) -> None:
    plan = open_isp().plans[0]
    assert plan is not None
    line = (
        "INSERT INTO billing_invoiceline (domain_id, invoice_id, plan_id, plan_title, price, discount_ppm, is_trial,"
        " camera_days, days, first_day, last_day, net, currency) SELECT domain_id, id, %s, 'x', 0, 0, false, 1, 31,"
        " '2026-03-01', '2026-03-01', 0, 'EUR' FROM billing_invoice WHERE status = 'draft'"
    )
    assert "names no plan of its ISP" in _refused(isp, line, plan.pk)
    assert "still has lines" in _refused(isp, "DELETE FROM billing_invoice WHERE status = 'draft'")
