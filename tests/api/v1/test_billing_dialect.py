"""The billing dialect (manual 4.8.6; items 25, 38, 39, 53, 56, 58, 207-211), example by example."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from django.core import mail

from billing.models import Plan
from billing.services import night, plans
from devices.models import Camera
from devices.services import cameras
from tenants import clock
from tenants.models import AuditEntry, Membership, Organization, User
from tenants.scoping import domain_scope
from tests.api.v1.calls import billing
from tests.cast import Cast, build

APRIL = datetime(2024, 4, 27, 9, tzinfo=UTC)


@pytest.fixture
def april(db: None) -> Cast:
    """The cast on the day of the manual's examples."""
    with clock.frozen(APRIL):
        made = build()
        with domain_scope(made.north):
            made.north.currency = "USD"
            made.north.save(update_fields=["currency"])
            plans.add_plan(acting_user=None, title="Default", amount=0, is_default=True)
            plans.add_plan(acting_user=None, title="Test plan", amount=10_000)
    return made


def test_plans_are_listed_with_both_numbers_price_and_day(april: Cast) -> None:
    listed = billing(april).get("tariff_plans").ok()["tariff_plans"]
    with domain_scope(april.north):
        rows = {row.title: row for row in Plan.objects.all()}
    assert listed == [
        {
            "id": rows["Test plan"].pk, "name": "Test plan", "date_from": "27/04/2024", "full_price": "100.0 USD",
            "status": "Active", "external_id": rows["Test plan"].preset_id,
        },
        {
            "id": rows["Default"].pk, "name": "Default", "date_from": "27/04/2024", "full_price": "0.0 USD",
            "status": "Active", "external_id": rows["Default"].preset_id,
        },
    ]  # fmt: skip


def test_a_price_is_todays_and_written_with_as_many_decimals_as_it_has(april: Cast) -> None:
    with domain_scope(april.north), clock.frozen(APRIL):
        plan = Plan.objects.get(title="Test plan")
        plans.add_price(plan, acting_user=None, amount=9_999, from_day=date(2024, 5, 2))
    with clock.frozen(datetime(2024, 5, 1, 12, tzinfo=UTC)):
        assert billing(april).get("tariff_plans").ok()["tariff_plans"][0]["full_price"] == "100.0 USD"
    with clock.frozen(datetime(2024, 5, 2, 12, tzinfo=UTC)):
        first = billing(april).get("tariff_plans").ok()["tariff_plans"][0]
    assert (first["full_price"], first["date_from"]) == ("99.99 USD", "02/05/2024")


def test_a_plan_that_is_not_sold_any_more_is_listed_only_where_somebody_has_it(april: Cast) -> None:
    crm = billing(april)
    with domain_scope(april.north):
        plan = Plan.objects.get(title="Test plan")
        plans.attach_plan(plan, april.harbour, acting_user=None)
        plans.change_plan(plan, acting_user=None, is_archived=True)
    assert [row["name"] for row in crm.get("tariff_plans").ok()["tariff_plans"]] == ["Default"]
    held = crm.get(f"organizations/{april.harbour.pk}").ok()["organization"]["tariff_plans"]
    assert [(row["name"], row["status"]) for row in held] == [("Test plan", "Archived")]
    crm.put(april.mill.pk, tariff_plans=[plan.pk]).refused(422, "validation_error", "/organization/tariff_plans")


def test_an_organization_is_opened_with_the_default_plan_and_the_listed_ones(april: Cast) -> None:
    crm = billing(april)
    default, test = sorted(crm.get("tariff_plans").ok()["tariff_plans"], key=lambda row: int(row["id"]))
    made = crm.post("Demo org", "alice@example.org", tariff_plans=[test["id"]]).ok()
    number = made["organization"]["id"]
    assert made == {
        "organization": {
            "id": number, "title": "Demo org", "domain": {"id": april.north.pk, "title": "North Net"},
            "owner": {"id": april.alice.pk, "email": "alice@example.org"}, "discount": "0%", "trial_expired_at": "",
            "external_id": number, "tariff_plans": [default, test],
        }
    }  # fmt: skip
    assert crm.get(f"organizations/{number}").ok() == made
    assert made["organization"] in crm.get("organizations").ok()["organizations"]
    with domain_scope(april.north):
        attached = Organization.objects.get(pk=number).attached_presets.values_list("preset", flat=True)
        assert set(attached) == {default["external_id"], test["external_id"]}, "and in the video service"


def test_an_unknown_owner_becomes_a_user_and_is_sent_a_link(april: Cast) -> None:
    with clock.frozen(APRIL):
        made = billing(april).post("Demo org", "demo@example.net").ok()["organization"]
    with domain_scope(april.north):
        user = User.objects.get(login="demo@example.net")
        assert made["owner"] == {"id": user.pk, "email": "demo@example.net"}
        assert not user.has_usable_password()
        assert Membership.objects.filter(user=user, organization=made["id"]).exists()
        assert user.tokens.filter(used_at=None).count() == 1, "the link that sets his password"
    assert not mail.outbox, "a mail is sent after the commit, not before"


def test_an_owner_is_found_by_login_or_address_in_any_case(april: Cast) -> None:
    crm = billing(april)
    assert crm.post("One", "ALICE@example.org").ok()["organization"]["owner"]["id"] == april.alice.pk
    with domain_scope(april.north):
        User.objects.filter(pk=april.bob.pk).update(login="bob", email="robert@example.net")
        User.objects.filter(pk=april.ian.pk).update(email="shared@example.net")
        User.objects.filter(pk=april.charlie.pk).update(email="shared@example.net")
    assert crm.post("Two", "robert@example.net").ok()["organization"]["owner"]["id"] == april.bob.pk
    crm.post("Three", "shared@example.net").refused(422, "validation_error", "/organization/owner")
    crm.post("Four", "nobody at all").refused(422, "validation_error", "/organization/owner")
    with domain_scope(april.north):
        assert set(Organization.objects.values_list("title", flat=True)) >= {"One", "Two"}
        assert not Organization.objects.filter(title__in=["Three", "Four"]).exists(), "a refusal leaves nothing behind"


def test_plans_are_replaced_the_default_one_stays_and_an_empty_list_leaves_none(april: Cast) -> None:
    crm = billing(april)
    with domain_scope(april.north):
        plans.add_plan(acting_user=None, title="My demo plan", amount=150_000)
        numbers = {row.title: row.pk for row in Plan.objects.all()}
    made = crm.post("Unedited org", "alice@example.org", tariff_plans=[numbers["Test plan"]]).ok()["organization"]
    changed = crm.put(made["id"], tariff_plans=[numbers["My demo plan"]]).ok()["organization"]
    assert [row["name"] for row in changed["tariff_plans"]] == ["Default", "My demo plan"]
    assert changed["tariff_plans"][1]["full_price"] == "1500.0 USD"
    assert crm.put(made["id"], title="Renamed").ok()["organization"]["tariff_plans"] == changed["tariff_plans"]
    assert crm.put(made["id"], tariff_plans=[]).ok()["organization"]["tariff_plans"] == []
    assert crm.get(f"organizations/{made['id']}").ok()["organization"]["tariff_plans"] == []


def test_numbers_of_plans_may_be_texts(april: Cast) -> None:
    crm = billing(april)
    number = crm.get("tariff_plans").ok()["tariff_plans"][0]["id"]
    held = crm.put(april.mill.pk, tariff_plans=[str(number), number]).ok()["organization"]["tariff_plans"]
    assert [row["name"] for row in held] == ["Default", "Test plan"]


@pytest.mark.parametrize("wrong", [0, -1, 2**63, "x", "1 or 1=1", 1.5, True, None, [1], {"id": 1}, "\u0661", 987654321])
def test_what_is_no_plan_is_refused_and_changes_nothing(april: Cast, wrong: object) -> None:
    crm = billing(april)
    before = crm.get(f"organizations/{april.mill.pk}").ok()
    answer = crm.put(april.mill.pk, tariff_plans=[wrong])
    answer.refused(422, "validation_error")
    assert crm.get(f"organizations/{april.mill.pk}").ok() == before


def test_discount_and_trial_are_told_and_taken_as_they_are_written(april: Cast) -> None:
    crm = billing(april)
    with clock.frozen(APRIL):
        made = crm.post("Demo", "alice@example.org", discount="12.5%", trial_expired_at="27/05/2024").ok()
        number = made["organization"]["id"]
        assert (made["organization"]["discount"], made["organization"]["trial_expired_at"]) == ("12.5%", "27/05/2024")
        crm.put(number, discount="0").ok()
        shown = crm.get(f"organizations/{number}").ok()["organization"]
        assert (shown["discount"], shown["trial_expired_at"]) == ("0%", "27/05/2024")
        assert crm.put(number, **{"trial_expired_at": ""}).ok()["organization"]["trial_expired_at"] == ""
        for field, wrong in (("discount", "much"), ("discount", "101%"), ("trial_expired_at", "2024-05-27")):
            crm.put(number, **{field: wrong}).refused(422, "validation_error", f"/organization/{field}")


def test_an_organization_goes_without_a_word_and_all_its_cameras_with_it(april: Cast) -> None:
    crm = billing(april)
    answer = crm.delete(april.harbour.pk)
    assert (answer.status, answer.body) == (204, None)
    crm.get(f"organizations/{april.harbour.pk}").refused(404, "not_found")
    crm.delete(april.harbour.pk).refused(404, "not_found")
    with domain_scope(april.north):
        assert not Camera.objects.filter(organization=april.harbour).exists()
        default = Organization.objects.get(is_default=True)
    crm.delete(default.pk).refused(403, "forbidden")


def test_an_isp_without_plans_gets_the_default_one_with_its_first_subscriber(cast: Cast) -> None:
    crm = billing(cast)
    assert crm.get("tariff_plans").ok() == {"tariff_plans": []}
    made = crm.post("First", "alice@example.org").ok()["organization"]
    assert [(row["name"], row["full_price"]) for row in made["tariff_plans"]] == [("Default", "0.0 EUR")]
    assert crm.post("Second", "alice@example.org").ok()["organization"]["tariff_plans"] == made["tariff_plans"]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/organization"),
        ({"organization": []}, "/organization"),
        ({"organization": {}}, "/organization/title"),
        ({"organization": {"title": "", "owner": "a@example.org"}}, "/organization/title"),
        ({"organization": {"title": "x"}}, "/organization/owner"),
        ({"organization": {"title": "x", "owner": "a@b.example", "tariff_plans": 5}}, "/organization/tariff_plans"),
        ([1], "/organization"),
    ],
)
def test_bad_bodies_name_the_part_that_is_wrong(cast: Cast, body: object, pointer: str) -> None:
    billing(cast).call("POST", "organizations", body).refused(422, "validation_error", pointer)


def test_what_is_not_there_is_said_in_the_dialects_words(cast: Cast) -> None:
    crm = billing(cast)
    for path in ("nothing", "organizations/987654321", "organizations/x", f"organizations/{cast.orchard.pk}"):
        crm.get(path).refused(404, "not_found")
    crm.call("PATCH", "organizations", {}).refused(405, "method_not_allowed")
    broken = crm.client.generic(
        "POST", "/api/v1/organizations", b"{", "application/json", headers=crm.headers, HTTP_HOST=crm.host
    )
    assert broken.status_code == 400


def test_who_did_it_stands_in_the_audit_log(cast: Cast) -> None:
    made = billing(cast).post("Demo org", "alice@example.org").ok()["organization"]
    with domain_scope(cast.north):
        entry = AuditEntry.objects.filter(object_type="Organization", object_id=str(made["id"])).last()
    assert entry is not None
    assert (entry.user_login, entry.action) == ("nora@example.org", "create")


def test_a_bill_names_the_subscriber_who_is_gone(april: Cast) -> None:
    """Deleting loses nothing that billing needs: the month is billed to his name, and the accountant reads it."""
    with domain_scope(april.north), clock.frozen(APRIL):
        test = Plan.objects.get(title="Test plan")
        plans.attach_plan(test, april.harbour, acting_user=None)
        for camera in Camera.objects.filter(organization=april.harbour):
            cameras.change_camera(camera, acting_user=None, preset=test.preset)
    with clock.frozen(datetime(2024, 5, 20, 9, tzinfo=UTC)):
        night.run_nights(april.north.pk)
        assert billing(april).delete(april.harbour.pk).status == 204
    with clock.frozen(datetime(2024, 6, 2, 9, tzinfo=UTC)):
        night.run_nights(april.north.pk)
        accountant = april.client(april.ada)
        page = accountant.get("/invoices/?month=2024-05").content.decode()
        assert "Harbour" in page
        usage = accountant.get("/usage/?month=2024-05").content.decode()
        assert "Harbour" in usage
