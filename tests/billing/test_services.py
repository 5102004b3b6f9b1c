"""Plans, terms, usage, annexes and forecasts through the services that pages and APIs call."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from billing import access, tasks
from billing.models import InvoiceLine, OrganizationPlan, Plan
from billing.money import Money
from billing.services import costs, invoices, organizations, periods, plans, terms, usage
from devices.models import OrganizationPreset, PresetSpan
from devices.services import cameras, presets
from tenants import clock
from tenants.errors import Conflict, Forbidden, Invalid, Missing
from tenants.models import AuditEntry, Membership, Organization
from tenants.scoping import domain_scope
from tests.billing.books import Isp, open_isp
from tests.cast import Cast

MARCH_10 = datetime(2026, 3, 10, 12, tzinfo=UTC)


@pytest.fixture
def isp(db: None) -> Isp:
    return open_isp(plans=2, unsold=1, organizations=2)


def _sum(amounts: list[Money]) -> Money:
    return sum(amounts, Money(0, "EUR"))


def test_cameras_added_changed_and_removed_through_their_services_are_billed_by_the_day(cast: Cast) -> None:
    with clock.frozen(MARCH_10), domain_scope(cast.north):
        plan = plans.add_plan(
            acting_user=cast.nora, title="Archive", amount=3100, settings={"dvr_depth": 30, "is_everywhere": True}
        )
        terms.set_tax(acting_user=cast.ada, ppm=190_000)
        for camera in (cast.gate, cast.office):
            cameras.change_camera(camera, acting_user=cast.alice, preset=plan.preset)
    with clock.frozen(datetime(2026, 3, 20, 12, tzinfo=UTC)), domain_scope(cast.north):
        cameras.set_enabled(cast.office, False, acting_user=cast.alice)
    with clock.frozen(datetime(2026, 4, 1, 0, 30, tzinfo=UTC)):
        tasks.run_night.fn(cast.north.pk)
        tasks.run_night.fn(cast.north.pk)
    with domain_scope(cast.north):
        (invoice,) = invoices.invoices_of(cast.harbour)
        page = invoices.invoice_page(invoice)
        assert [(view.line.camera_days, view.net) for view in page.lines] == [(22 + 10, Money(3200, "EUR"))]
        assert (page.tax, page.total, invoice.label) == (Money(608, "EUR"), Money(3808, "EUR"), "2026-000001")
        behind = invoices.camera_days(page.lines[0].line)
        assert [(row.camera_name, row.days, row.amount.minor) for row in behind] == [
            ("gate", 22, 2200),
            ("office", 10, 1000),
        ]
        assert behind[1].ranges == [(date(2026, 3, 10), date(2026, 3, 19))]


def test_a_plan_brings_its_preset_to_an_organization_and_takes_it_away(cast: Cast) -> None:
    with domain_scope(cast.north):
        plan = plans.add_plan(acting_user=cast.nora, title="Archive", amount=1000, settings={"dvr_depth": 30})
        plans.attach_plan(plan, cast.harbour, acting_user=cast.nora)
        plans.attach_plan(plan, cast.harbour, acting_user=cast.nora)
        assert presets.preset_for(cast.harbour, plan.preset_id) == plan.preset
        assert not OrganizationPreset.objects.filter(organization=cast.mill, preset=plan.preset).exists()
        plans.set_plans(cast.harbour, [], acting_user=cast.nora)
        with pytest.raises(Missing):
            presets.preset_for(cast.harbour, plan.preset_id)
        assert not OrganizationPlan.objects.exists()


def test_a_change_of_the_plans_settings_reaches_its_cameras_at_once(cast: Cast) -> None:
    with domain_scope(cast.north):
        plan = plans.add_plan(
            acting_user=cast.nora, title="Archive", amount=1000, settings={"dvr_depth": 30, "is_everywhere": True}
        )
        cameras.change_camera(cast.gate, acting_user=cast.alice, preset=plan.preset)
        plans.change_plan(plan, acting_user=cast.nora, title="Long archive", settings={"dvr_depth": 60})
        cast.gate.refresh_from_db()
        assert (plan.title, cast.gate.dvr_depth) == ("Long archive", 60)


def test_a_new_organization_gets_the_default_plan_those_for_new_ones_and_its_trial(cast: Cast) -> None:
    with clock.frozen(MARCH_10), domain_scope(cast.north):
        plans.add_plan(acting_user=cast.nora, title="Usual", amount=1, is_default=True)
        plans.add_plan(acting_user=cast.nora, title="New", amount=1, applies_to_new=True)
        plans.add_plan(acting_user=cast.nora, title="Rare", amount=1)
        subscriber = organizations.add_organization(
            acting_user=cast.nora, title="Pier", owner=cast.charlie, trial_until=date(2026, 4, 10)
        )
        assert [plan.title for plan in plans.plans_of(subscriber)] == ["New", "Usual"]
        agreed = terms.terms_of(subscriber)
        assert agreed is not None
        assert agreed.trial_until == date(2026, 4, 10)


def test_another_default_plan_demotes_the_former(isp: Isp) -> None:
    with domain_scope(isp.domain):
        first = plans.add_plan(acting_user=None, title="First", amount=1, is_default=True)
        second = plans.add_plan(acting_user=None, title="Second", amount=1)
        plans.change_plan(second, acting_user=None, is_default=True)
        assert [plan.title for plan in Plan.objects.filter(is_default=True)] == ["Second"]
        changes = AuditEntry.objects.filter(object_type="Plan", object_id=str(first.pk), action="change")
        assert changes.get().changed == {"is_default": [True, False]}


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"title": " ", "amount": 1}, "title"),
        ({"title": "Plan", "amount": -1}, "amount"),
        ({"title": "Plan", "amount": 10**13}, "amount"),
        ({"title": "Plan", "amount": 1, "preset_id": 5}, "preset_id"),
        ({"title": "Plan", "amount": 1, "settings": {"dvr_depth": -1}}, "dvr_depth"),
    ],
)
def test_a_plan_that_cannot_be_is_refused_by_its_field(isp: Isp, values: dict[str, object], field: str) -> None:
    with domain_scope(isp.domain), pytest.raises(Invalid) as refused:
        plans.add_plan(acting_user=None, **values)  # type: ignore[arg-type] # what a stranger might send
    assert refused.value.field == field


def test_a_preset_belongs_to_one_plan(isp: Isp) -> None:
    with domain_scope(isp.domain), pytest.raises(Conflict):
        plans.add_plan(acting_user=None, title="Twin", amount=1, preset=isp.presets[0])


def test_a_price_begins_on_a_day_not_counted_and_may_be_taken_back_until_then(isp: Isp) -> None:
    isp.price(1000, "2026-01-01")
    isp.span(isp.at("2026-03-08 00:00"))
    isp.run("2026-03-10 12:00")
    plan = isp.plans[0]
    assert plan is not None
    with clock.frozen(isp.at("2026-03-10 12:00")), domain_scope(isp.domain):
        with pytest.raises(Invalid) as refused:
            plans.add_price(plan, acting_user=None, amount=1, from_day=date(2026, 3, 9))
        assert refused.value.field == "from_day"
        with pytest.raises(Invalid):
            terms.set_terms(isp.organizations[0], acting_user=None, from_day=date(2026, 3, 1))
        with pytest.raises(Invalid):
            terms.set_tax(acting_user=None, ppm=1, from_day=date(2026, 3, 1))
        plans.add_price(plan, acting_user=None, amount=2000)
        later = plans.add_price(plan, acting_user=None, amount=3000, from_day=date(2026, 4, 1))
        (row,) = [row for row in plans.price_list() if row.plan == plan]
        assert (row.price, row.since) == (Money(2000, "EUR"), date(2026, 3, 10))
        assert (row.next_price, row.next_from) == (Money(3000, "EUR"), date(2026, 4, 1))
        plans.remove_price(later, acting_user=None)
        plans.add_price(plan, acting_user=None, amount=2500)
        today = plans.price_on(plan, date(2026, 3, 10))
        assert today is not None
        assert today.amount == 2500


def test_usage_says_what_each_camera_used_and_what_no_plan_sells(isp: Isp) -> None:
    isp.price(3100, "2026-01-01")
    isp.span(isp.at("2026-03-01 00:00"), isp.at("2026-03-06 12:00"), camera=1)
    isp.span(isp.at("2026-03-06 12:00"), camera=1, plan=2)
    isp.span(isp.at("2026-03-04 12:00"), camera=2)
    isp.span(isp.at("2026-03-04 12:00"), camera=3, organization=1)
    isp.run("2026-03-11 12:00")
    with domain_scope(isp.domain):
        period = periods.periods()[0]
        page = usage.usage_of(isp.organizations[0], period)
        assert page.counted_until == date(2026, 3, 10)
        assert [(line.cameras, line.camera_days, line.net.minor) for line in page.lines] == [(2, 5 + 7, 1200)]
        assert [(row.preset_title, row.cameras, row.camera_days) for row in page.without_plan] == [("Preset 2", 1, 5)]
        assert [(row.camera_title, row.plan_title, row.days) for row in page.cameras] == [
            ("Camera 1", "Plan 0", 5), ("Camera 1", "", 5), ("Camera 2", "Plan 0", 7),
        ]  # fmt: skip
        days = usage.usage_by_day(isp.organizations[0], period)
        assert [(row.cameras, row.without_plan) for row in days] == [(1, 0)] * 3 + [(2, 0)] * 2 + [(2, 1)] * 5
        assert [
            (row.title, row.cameras, row.camera_days, row.days_without_plan, row.net.minor)
            for row in usage.usage_by_organization(period)
        ] == [("Subscriber 0", 2, 17, 5, 1200), ("Subscriber 1", 1, 7, 0, 700)]


def test_the_annex_adds_up_to_its_line_whatever_the_rounding(isp: Isp) -> None:
    isp.price(1000, "2026-01-01")
    isp.price(999, "2026-03-07")
    isp.agree("2026-01-01", discount_ppm=333_333)
    for camera in range(1, 8):
        isp.span(isp.at(f"2026-03-0{camera} 12:00"), isp.at(f"2026-03-{camera + 15} 12:00"), camera=camera)
        isp.span(isp.at(f"2026-03-{camera + 17} 12:00"), isp.at(f"2026-03-{camera + 19} 12:00"), camera=camera)
    isp.run("2026-04-01 12:00")
    with domain_scope(isp.domain):
        for line in InvoiceLine.objects.select_related("invoice").filter(invoice__status="issued"):
            rows = invoices.camera_days(line)
            assert _sum([row.amount for row in rows]) == line.net_money
            assert sum(row.days for row in rows) == line.camera_days
            assert all(row.days == sum((b - a).days + 1 for a, b in row.ranges) for row in rows)
            view = next(v for v in invoices.invoice_page(line.invoice).lines if v.line == line)
            assert view.gross - view.discount == view.net
            assert view.discount_percent == "33.3333"


def test_what_it_costs_me_to_date_to_the_end_of_the_month_and_next_month(isp: Isp) -> None:
    isp.price(3100, "2026-01-01")
    isp.price(6000, "2026-04-01")
    isp.tax(100_000, "2026-01-01")
    isp.agree("2026-01-01", discount_ppm=500_000, trial_until="2026-03-06")
    isp.span(isp.at("2026-03-01 00:00"), camera=1)
    isp.span(isp.at("2026-03-10 09:00"), camera=2)
    isp.span(isp.at("2026-03-10 09:00"), camera=3, plan=2)
    isp.run("2026-03-10 12:00")
    with clock.frozen(isp.at("2026-03-10 12:00")), domain_scope(isp.domain):
        found = costs.costs_of(isp.organizations[0])
        (plan,) = found.plans
        assert (plan.cameras, found.cameras_without_plan, found.discount_ppm, found.trial_until) == (
            2,
            1,
            500_000,
            None,
        )
        assert (plan.price, plan.next_price) == (Money(3100, "EUR"), Money(6000, "EUR"))
        assert found.to_date.net == plan.to_date == Money(200, "EUR")  # 6 to 9 March, half price
        assert found.forecast.net == Money(1300 + 1100, "EUR")
        assert found.next_month.net == Money(6000, "EUR")
        assert (found.next_month.tax, found.next_month.total) == (Money(600, "EUR"), Money(6600, "EUR"))
    isp.run("2026-04-01 00:00")
    invoice = isp.invoice("2026-03-01")
    assert invoice is not None
    assert invoice.net == found.forecast.net.minor, "what was forecast is what was billed, as nothing changed"


def test_who_may_read_an_invoice_and_who_is_told_that_there_is_none(cast: Cast) -> None:
    with clock.frozen(MARCH_10), domain_scope(cast.north):
        plans.add_plan(acting_user=None, title="Week", amount=1000, preset=cast.basic)
        Membership.objects.filter(user=cast.bob).update(is_accountant=True)
        PresetSpan.objects.filter(camera_id=cast.gate.pk).delete()
        Organization.objects.filter(pk=cast.mill.pk).update(title="Mill")
    with clock.frozen(MARCH_10), domain_scope(cast.north):
        cameras.set_enabled(cast.gate, False, acting_user=None)
        cameras.set_enabled(cast.gate, True, acting_user=None)
    with clock.frozen(datetime(2026, 3, 11, 12, tzinfo=UTC)):
        tasks.run_night.fn(cast.north.pk)
    with domain_scope(cast.north):
        (invoice,) = invoices.invoices_of(cast.harbour)
        line = InvoiceLine.objects.get(invoice=invoice)
        for reader in (cast.nora, cast.ada, cast.alice, cast.bob):
            assert access.invoice_for(reader, invoice.pk) == invoice
            assert access.line_for(reader, str(invoice.pk), line.pk) == line
        for stranger in (cast.ian, cast.charlie, cast.mallory):
            with pytest.raises(Missing):
                access.invoice_for(stranger, invoice.pk)
            with pytest.raises((Missing, Forbidden)):
                access.require_plan_editor(stranger)
        assert access.period_for("2026-03") == invoice.period
        for text in ("2026-3", "2026-13", "03-2026", "x", "2026-03-01"):
            with pytest.raises(Missing):
                access.period_for(text)
    with domain_scope(cast.south), pytest.raises(Missing):
        access.invoice_for(cast.sam, invoice.pk)
