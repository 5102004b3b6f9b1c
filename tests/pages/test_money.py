"""The pages of money: what they add up to, and who may open them.

The story: the cast begins on 25 March 2026, and Harbour's two cameras run under the plan "Pro" at €31.00 a month, its
gate until 3 April only; Mill's wheel runs under a preset that no plan sells. It is now the morning of 8 April: March is
billed, April counted until the 7th.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from billing.models import Invoice, InvoiceLine, Plan
from billing.money import Money
from billing.services import night, plans, terms
from devices.models import Camera
from devices.services import cameras
from tenants import clock
from tenants.scoping import domain_scope
from tenants.services import memberships, organizations
from tests.cast import NORTH, SOUTH, Cast, build

BEGIN = datetime(2026, 3, 25, 9, tzinfo=UTC)
NOW = datetime(2026, 4, 8, 9, tzinfo=UTC)
MARCH, APRIL = date(2026, 3, 1), date(2026, 4, 1)


@dataclass
class Books:
    """The cast with its plan, and addresses of what was billed."""

    cast: Cast
    plan: Plan

    def invoice(self, month: date) -> Invoice:
        """Harbour's invoice of a month."""
        with domain_scope(self.cast.north):
            found: Invoice = Invoice.objects.get(organization_id=self.cast.harbour.pk, period__month=month)
            return found

    def line(self, month: date) -> InvoiceLine:
        """The only line of Harbour's invoice of a month."""
        invoice = self.invoice(month)
        with domain_scope(self.cast.north):
            found: InvoiceLine = InvoiceLine.objects.get(invoice=invoice)
            return found

    def addresses(self) -> list[str]:
        """Every page about Harbour's money."""
        line, harbour = self.line(MARCH), self.cast.harbour.pk
        return [
            reverse("organization-usage", kwargs={"organization_id": harbour}),
            reverse("organization-money", kwargs={"organization_id": harbour}),
            reverse("invoice", kwargs={"invoice_id": line.invoice_id}),
            reverse("invoice-line", kwargs={"invoice_id": line.invoice_id, "line_id": line.pk}),
        ]


@pytest.fixture
def cast(db: None) -> Iterator[Cast]:
    """The cast, on the morning of 8 April 2026, with two weeks of camera-days behind it."""
    with clock.frozen(BEGIN):
        made = build()
        with domain_scope(made.north):
            pro = plans.add_plan(acting_user=None, title="Pro", amount=3100)
            terms.set_tax(acting_user=None, code="vat", title="VAT", ppm=190_000)
            plans.attach_plan(pro, made.harbour, acting_user=None)
            for camera in (made.gate, made.office):
                cameras.change_camera(camera, acting_user=None, preset=pro.preset)
    with clock.frozen(datetime(2026, 4, 3, 9, tzinfo=UTC)), domain_scope(made.north):
        cameras.delete_camera(made.gate, acting_user=None)
    with clock.frozen(NOW):
        night.run_nights(made.north.pk)
        yield made


@pytest.fixture
def books(cast: Cast) -> Books:
    with domain_scope(cast.north):
        return Books(cast, Plan.objects.select_related("preset").get())


def text_of(client: Client, address: str, **query: str) -> str:
    """What a page says, without its markup and with single spaces."""
    response = client.get(address, query)
    assert response.status_code == 200, address
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", response.content.decode()))


def test_the_accountant_reads_the_month_by_organization_and_plan(books: Books) -> None:
    seen = text_of(books.cast.client(books.cast.ada), reverse("usage"), month="2026-03")
    assert "Pro 2" in seen  # Harbour's cameras under the plan
    assert "€14.00" in seen  # 2 cameras x 7 of 31 days at 31.00
    assert "7 days without a plan" in seen  # Mill's wheel


def test_cameras_that_nobody_pays_for_are_named(books: Books) -> None:
    seen = text_of(books.cast.client(books.cast.ada), reverse("usage"))
    unsold = seen.split("Cameras that nobody pays for")[1]
    assert "Wheel" in unsold
    assert "Mill" in unsold
    assert "Office" not in unsold


def test_the_last_night_is_held_against_the_one_before(books: Books) -> None:
    ada = books.cast.client(books.cast.ada)
    quiet = text_of(ada, reverse("usage"))
    assert "The night after 7 April + €1.03" in quiet  # 31.00 / 30 for the office
    assert "The same cameras under the same plans at the same prices." in quiet
    with domain_scope(books.cast.north):
        cameras.add_camera(
            books.cast.harbour, acting_user=None, title="Crane", preset=books.plan.preset, stream_url="fake://clock"
        )
    with clock.frozen(datetime(2026, 4, 9, 9, tzinfo=UTC)):
        night.run_nights(books.cast.north.pk)
        seen = text_of(ada, reverse("usage"))
    changes = seen.split("8 April against the day before")[1].split("Cameras that nobody pays for")[0]
    assert "Crane Harbour new Pro €31.00" in changes
    assert "Office" not in changes


def test_a_camera_taken_away_is_gone_the_night_after(books: Books) -> None:
    """The gate went on 3 April: the second is its last day, because a day belongs to who is there at its end."""
    seen = text_of(
        books.cast.client(books.cast.ada), reverse("organization-usage", args=[books.cast.harbour.pk]), month="2026-04"
    )
    assert re.search(r"Gate gate Pro 1 Apr – 2 Apr 2 ", seen)
    assert re.search(r"Office office Pro 1 Apr – 7 Apr 7 ", seen)


def test_one_organizations_month_says_what_its_invoice_says(books: Books) -> None:
    ada, invoice = books.cast.client(books.cast.ada), books.invoice(MARCH)
    seen = text_of(ada, reverse("organization-usage", args=[books.cast.harbour.pk]), month="2026-03")
    assert str(invoice.net_money) == "€14.00"
    assert "Together 14 €14.00" in seen
    assert invoice.label in seen


def test_an_invoice_is_printed_with_lines_taxes_and_total(books: Books) -> None:
    seen = text_of(books.cast.client(books.cast.alice), reverse("invoice", args=[books.invoice(MARCH).pk]))
    for part in ("North Net", "Harbour", "1 – 31 March 2026", "€31.00", "14 / 31", "VAT 19 % of €14.00 €2.66"):
        assert part in seen
    assert "To pay €16.66" in seen
    assert "Draft" not in seen


def test_a_draft_says_that_it_is_one(books: Books) -> None:
    seen = text_of(books.cast.client(books.cast.alice), reverse("invoice", args=[books.invoice(APRIL).pk]))
    assert "Draft invoice" in seen
    assert "7 of 30 days are counted" in seen


@pytest.mark.parametrize("month", [MARCH, APRIL])
def test_the_cameras_behind_a_line_add_up_to_it(books: Books, month: date) -> None:
    line = books.line(month)
    client = books.cast.client(books.cast.alice)
    response = client.get(reverse("invoice-line", args=[line.invoice_id, line.pk]))
    rows = response.context["rows"]
    assert len(rows) == 2
    assert sum(row.days for row in rows) == line.camera_days
    assert sum((row.amount for row in rows), Money(0, "EUR")) == line.net_money
    shown = response.content.decode()
    assert all(str(row.amount) in shown for row in rows)


def test_privacy_is_seen_on_the_bill_and_changes_no_amount(books: Books) -> None:
    line, cast = books.line(MARCH), books.cast
    client = cast.client(cast.alice)
    address = reverse("invoice-line", args=[line.invoice_id, line.pk])
    before = client.get(address).context["rows"]
    with domain_scope(cast.north):
        camera = Camera.objects.select_related("organization").get(pk__in=[row.camera_id for row in before])
        for hour, is_private in ((9, True), (12, False)):
            with clock.frozen(datetime(2026, 3, 30, hour, tzinfo=UTC)):
                cameras.set_privacy(camera, is_private, acting_user=cast.alice)
    response = client.get(address)
    assert "3 h of the month in privacy mode" in response.content.decode()
    assert [row.amount for row in response.context["rows"]] == [row.amount for row in before]


def test_parts_add_up_where_no_share_is_even(books: Books) -> None:
    """Three cameras at €1.00 in a month of 30 days, of which one is counted: 3.33 cents each."""
    cast = books.cast
    with clock.frozen(datetime(2026, 4, 7, 8, tzinfo=UTC)), domain_scope(cast.north):
        odd = organizations.add_organization(acting_user=None, title="Odd", owner=cast.charlie)
    with clock.frozen(datetime(2026, 4, 8, 8, tzinfo=UTC)), domain_scope(cast.north):
        cent = plans.add_plan(acting_user=None, title="Cent", amount=100)
        plans.attach_plan(cent, odd, acting_user=None)
        for title in ("One", "Two", "Three"):
            cameras.add_camera(odd, acting_user=None, title=title, preset=cent.preset, stream_url="fake://clock")
    with clock.frozen(datetime(2026, 4, 9, 9, tzinfo=UTC)):
        night.run_nights(cast.north.pk)
        response = cast.client(cast.charlie).get(reverse("costs"))
    owed, rows = response.context["costs"], list(response.context["page"])
    assert [row.to_date.minor for row in rows] == [3, 4, 3]
    assert sum((row.to_date for row in rows), Money(0, "EUR")) == owed.to_date.net == Money(10, "EUR")
    assert sum((row.forecast for row in rows), Money(0, "EUR")) == owed.forecast.net


def test_the_list_of_invoices_is_narrowed_and_summed_by_state(books: Books) -> None:
    ada = books.cast.client(books.cast.ada)
    everything = text_of(ada, reverse("invoices"))
    assert "Issued €16.66 1 invoice" in everything
    assert "Drafts €11.07 1 invoice" in everything  # 9 camera-days of 30 at 31.00, and 19 %
    assert "Counted until 7 April 2026, by the night of 8 April, 11:00." in everything  # 09:00 UTC in Berlin
    only_drafts = ada.get(reverse("invoices"), {"status": "draft", "month": "2026-04"}).context["page"]
    assert [row.pk for row in only_drafts] == [books.invoice(APRIL).pk]
    by_number = ada.get(reverse("invoices"), {"q": books.invoice(MARCH).label}).context["page"]
    assert [row.pk for row in by_number] == [books.invoice(MARCH).pk]
    of_mill = ada.get(reverse("invoices"), {"organization": str(books.cast.mill.pk)}).context["page"]
    assert list(of_mill) == []


def test_the_owner_sees_what_it_costs_now_to_the_end_and_next_month(books: Books) -> None:
    with domain_scope(books.cast.north):
        plans.add_price(books.plan, acting_user=None, amount=6200, from_day=date(2026, 5, 1))
    response = books.cast.client(books.cast.alice).get(reverse("costs"))
    owed = response.context["costs"]
    assert owed.to_date.net == Money(930, "EUR")  # 2 + 7 days of 30
    assert owed.forecast.net == Money(3307, "EUR")  # 2 + 30 days of 30
    assert owed.next_month.net == Money(6200, "EUR")
    rows = {row.camera_name: row for row in response.context["page"]}
    assert (rows["gate"].is_running, rows["gate"].days) == (False, 2)
    assert (rows["office"].plan.price, rows["office"].plan.next_price) == (Money(3100, "EUR"), Money(6200, "EUR"))
    assert sum((row.to_date for row in rows.values()), Money(0, "EUR")) == owed.to_date.net
    assert sum((row.forecast for row in rows.values()), Money(0, "EUR")) == owed.forecast.net
    assert books.invoice(MARCH).pk in [row.pk for row in response.context["invoices"]]


def test_the_isps_accountant_and_administrator_open_everything(books: Books) -> None:
    for user in (books.cast.ada, books.cast.nora):
        client = books.cast.client(user)
        for address in [*books.addresses(), reverse("usage"), reverse("invoices")]:
            assert client.get(address).status_code == 200, address


def test_an_owner_opens_his_own_and_nothing_of_the_isp(books: Books) -> None:
    alice = books.cast.client(books.cast.alice)
    assert {alice.get(address).status_code for address in [*books.addresses(), reverse("costs")]} == {200}
    assert {alice.get(reverse(name)).status_code for name in ("usage", "invoices")} == {403}
    mill = books.cast.mill.pk
    foreign = [reverse("organization-usage", args=[mill]), reverse("organization-money", args=[mill])]
    assert {alice.get(address).status_code for address in foreign} == {404}
    assert alice.get(reverse("costs"), {"organization": str(mill)}).status_code == 404


def test_an_accountant_of_the_organization_sees_its_money(books: Books) -> None:
    cast = books.cast
    with domain_scope(cast.north):
        memberships.change_member(
            memberships.membership_of(cast.harbour, cast.bob), acting_user=None, is_accountant=True
        )
    bob = cast.client(cast.bob)
    assert {bob.get(address).status_code for address in [*books.addresses(), reverse("costs")]} == {200}


@pytest.mark.parametrize("who", ["bob", "charlie", "mallory"])
def test_money_is_nothing_for_those_who_do_not_pay(books: Books, who: str) -> None:
    client = books.cast.client(getattr(books.cast, who))
    answers = {client.get(address).status_code for address in [*books.addresses(), reverse("usage")]}
    assert answers <= {403, 404}
    invoice = client.get(reverse("invoice", args=[books.invoice(MARCH).pk]))
    assert invoice.status_code == 404
    assert client.get(reverse("costs")).status_code == (200 if who == "mallory" else 403)
    assert b"Harbour" not in client.get(reverse("costs")).content


def test_another_isps_administrator_finds_nothing(books: Books) -> None:
    sam = books.cast.client(books.cast.sam, host=SOUTH)
    assert {sam.get(address).status_code for address in books.addresses()} == {404}
    for name in ("usage", "invoices"):
        assert b"Harbour" not in sam.get(reverse(name)).content
    assert sam.get(reverse("invoices"), {"organization": str(books.cast.harbour.pk)}).status_code == 404


def test_a_stranger_is_sent_to_sign_in(books: Books) -> None:
    client = books.cast.client(host=NORTH)
    for address in [*books.addresses(), reverse("usage"), reverse("invoices"), reverse("costs")]:
        response = client.get(address)
        assert response.status_code == 302, address
        assert response.headers["Location"].startswith("/login?next="), address


def test_what_never_was_is_not_found(books: Books) -> None:
    ada = books.cast.client(books.cast.ada)
    line = books.line(MARCH)
    of_another = reverse("invoice-line", args=[books.invoice(APRIL).pk, line.pk])
    for address in (of_another, "/invoices/999999999", "/invoices/nonsense", "/usage/nonsense"):
        assert ada.get(address).status_code == 404, address
    for month in ("2026-13", "nonsense", "2019-01"):
        assert ada.get(reverse("usage"), {"month": month}).status_code == 404, month


def test_pages_carry_no_inline_style_or_script(books: Books) -> None:
    ada = books.cast.client(books.cast.ada)
    for address in [*books.addresses(), reverse("usage"), reverse("invoices")]:
        page = ada.get(address).content.decode()
        assert " style=" not in page, address
        assert not re.search(r"<script(?![^>]*(src=|application/json))", page), address


def test_a_longer_list_takes_no_more_queries(books: Books) -> None:
    ada, alice = books.cast.client(books.cast.ada), books.cast.client(books.cast.alice)
    pages: list[tuple[Client, str]] = [
        (ada, reverse("usage")),
        (ada, reverse("invoices")),
        (alice, reverse("costs")),
        *((ada, address) for address in books.addresses()),
    ]
    before = [queries(client, address) for client, address in pages]
    grow(books)
    with clock.frozen(datetime(2026, 4, 10, 9, tzinfo=UTC)):
        night.run_nights(books.cast.north.pk)
        assert [queries(client, address) for client, address in pages] == before


def grow(books: Books) -> None:
    """Five more subscribers with cameras, and five more cameras at Harbour."""
    with domain_scope(books.cast.north):
        for number in range(5):
            organization = organizations.add_organization(
                acting_user=None, title=f"Pier {number}", owner=books.cast.charlie
            )
            plans.attach_plan(books.plan, organization, acting_user=None)
            for buyer in (organization, books.cast.harbour):
                cameras.add_camera(
                    buyer, acting_user=None, title=f"{buyer.title} {number}", preset=books.plan.preset,
                    stream_url="fake://clock",
                )  # fmt: skip


def queries(client: Client, address: str) -> int:
    """How many queries a page takes."""
    client.get(address)
    with CaptureQueriesContext(connection) as captured:
        assert client.get(address).status_code == 200, address
    return len(captured)
