"""Plans and organizations as the v1 dialect shows them, and how it writes days, money and rates."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime
from typing import TypedDict

from django.utils.translation import gettext as _

from billing.models import OrganizationPlan, OrganizationTerms
from billing.money import Money, parse_percent, percent
from billing.services import plans, terms
from billing.services.periods import the_domain
from billing.services.plans import PlanRow
from tenants.errors import Invalid
from tenants.models import Domain, Organization

DAY = "%d/%m/%Y"


class TariffPlanShape(TypedDict):
    """A billing plan. `external_id` is its preset in the video service; `full_price` is a camera and month today."""

    id: int
    name: str
    date_from: str
    full_price: str
    status: str
    external_id: int


class DomainShape(TypedDict):
    """The ISP."""

    id: int
    title: str


class OwnerShape(TypedDict):
    """The owner of an organization, who pays."""

    id: int
    email: str


class OrganizationShape(TypedDict):
    """A subscriber; `external_id` is his number in the video service. Both are one number here: it is one system."""

    id: int
    title: str
    domain: DomainShape
    owner: OwnerShape | None
    discount: str
    trial_expired_at: str
    external_id: int
    tariff_plans: list[TariffPlanShape]


class TariffPlansShape(TypedDict):
    """All plans that can be given to subscribers."""

    tariff_plans: list[TariffPlanShape]


class OrganizationsShape(TypedDict):
    """Subscribers."""

    organizations: list[OrganizationShape]


class WrappedOrganizationShape(TypedDict):
    """One subscriber."""

    organization: OrganizationShape


def day_text(day: date | None) -> str:
    """27/04/2024, and nothing for no day."""
    return day.strftime(DAY) if day else ""


def parse_day(text: str, field: str) -> date | None:
    """The day of a text like 27/04/2024; an empty one is none."""
    if not text:
        return None
    try:
        return datetime.strptime(text, DAY).date()
    except ValueError as error:
        raise Invalid(_("Write the day as 27/04/2024."), field=field) from error


def price_text(money: Money) -> str:
    """100.0 USD: at least one decimal, and no more than needed."""
    whole, _point, decimals = money.plain.partition(".")
    return f"{whole}.{decimals.rstrip('0') or '0'} {money.currency}"


def discount_text(ppm: int) -> str:
    """0%."""
    return f"{percent(ppm)}%"


def parse_discount(text: str) -> int:
    """Parts per million of a text like 12.5%."""
    try:
        ppm = parse_percent(text)
    except ValueError as error:
        raise Invalid(_("Write the discount as 12.5%."), field="discount") from error
    if ppm > 1_000_000:
        raise Invalid(_("A discount is at most 100%."), field="discount")
    return ppm


def plan_shape(row: PlanRow, currency: str) -> TariffPlanShape:
    """A plan with its price today, or its first one if that is still to come."""
    price, since = (row.price, row.since) if row.price is not None else (row.next_price, row.next_from)
    return {
        "id": row.plan.pk,
        "name": row.plan.title,
        "date_from": day_text(since),
        "full_price": price_text(price or Money(0, currency)),
        "status": "Archived" if row.plan.is_archived else "Active",
        "external_id": row.plan.preset_id,
    }


def plan_shapes(*, archived: bool = False) -> dict[int, TariffPlanShape]:
    """All plans by number, newest first, as the reference lists them; the same few queries however many there are."""
    currency = the_domain().currency
    rows = sorted(plans.price_list(archived=archived), key=lambda row: -row.plan.pk)
    return {row.plan.pk: plan_shape(row, currency) for row in rows}


def organization_shapes(domain: Domain, rows: Iterable[Organization]) -> list[OrganizationShape]:
    """Subscribers with their plans and terms; the same few queries however many there are."""
    found = list(rows)
    ids = [row.pk for row in found]
    known, agreed = plan_shapes(archived=True), terms.terms_by_organization(ids)
    held: dict[int, list[int]] = defaultdict(list)
    attached = OrganizationPlan.objects.filter(organization__in=ids).order_by("plan_id")
    for organization_id, plan_id in attached.values_list("organization_id", "plan_id"):
        held[organization_id].append(plan_id)
    return [_shape(domain, row, agreed.get(row.pk), [known[plan] for plan in held[row.pk]]) for row in found]


def _shape(
    domain: Domain, row: Organization, agreed: OrganizationTerms | None, held: list[TariffPlanShape]
) -> OrganizationShape:
    owner = row.owner
    return {
        "id": row.pk,
        "title": row.title,
        "domain": {"id": domain.pk, "title": domain.title},
        "owner": {"id": owner.pk, "email": owner.email or owner.login} if owner else None,
        "discount": discount_text(agreed.discount_ppm if agreed else 0),
        "trial_expired_at": day_text(agreed.trial_until if agreed else None),
        "external_id": row.pk,
        "tariff_plans": held,
    }
