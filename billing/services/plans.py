"""Plans: what is sold, at which price from when, and to whom (items 47-53, 58).

Offers: `add_plan` (with its preset and first price), `change_plan`, `add_price`, `remove_price`, `price_on`,
`price_list` (every plan with its price today and the next one, for pages), `attach_plan` and `detach_plan`, `set_plans`
(of an organization at once), `attach_defaults` (to a new organization), `plans_of`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import transaction
from django.db.models import Count, QuerySet
from django.utils.translation import gettext as _

from billing.models import OrganizationPlan, Plan, PlanPrice
from billing.money import Money
from billing.services import periods
from devices.models import Preset
from devices.services import presets
from tenants import audit
from tenants.errors import Conflict, Invalid
from tenants.models import Organization, User
from tenants.scoping import current_domain_id
from tenants.services.validation import assign, check

FIELDS = frozenset({"title", "note", "is_default", "applies_to_new", "is_archived"})


@dataclass(frozen=True)
class PlanRow:
    """A plan as lists show it: its price today, the next one that is known, and who has it."""

    plan: Plan
    price: Money | None
    since: date | None
    next_price: Money | None
    next_from: date | None
    organizations: int


@transaction.atomic
def add_plan(
    *,
    acting_user: User | None,
    title: str,
    amount: int,
    from_day: date | None = None,
    preset: Preset | None = None,
    settings: dict[str, Any] | None = None,
    **more: Any,
) -> Plan:
    """Add a plan with its first price, `amount` minor units a camera and month from `from_day` (today) on.

    Without a preset one is made of `settings` (dvr_depth, dvr_space, vision_enabled ...): it carries the plan's title
    and locks its cameras' values, so that they change only by changing the plan (item 48). Raises Invalid by field, and
    Conflict when the preset is another plan's.
    """
    if preset is not None and Plan.objects.filter(preset=preset).exists():
        raise Conflict(_("The preset belongs to another plan."), field="preset")
    plan = Plan(domain_id=current_domain_id())
    assign(plan, {"title": title.strip(), **more}, FIELDS)
    if not plan.title:
        raise Invalid(_("A name is needed."), field="title")
    plan.preset = preset or presets.add_preset(acting_user=acting_user, title=plan.title, **(settings or {}))
    _demote_other_default(plan, acting_user=acting_user)
    check(plan)
    plan.save()
    audit.created(plan, acting_user=acting_user)
    add_price(plan, acting_user=acting_user, amount=amount, from_day=from_day)
    periods.ensure(periods.today())
    return plan


@transaction.atomic
def ensure_default(*, acting_user: User | None) -> Plan:
    """The ISP's default plan; where there is none, one that costs nothing and gives live video only (items 39, 49)."""
    found: Plan | None = Plan.objects.select_related("preset").filter(is_default=True, is_archived=False).first()
    if found is not None:
        return found
    preset = presets.default_preset()
    free = None if Plan.objects.filter(preset=preset).exists() else preset
    return add_plan(acting_user=acting_user, title="Default", amount=0, preset=free, is_default=True)


@transaction.atomic
def change_plan(plan: Plan, *, acting_user: User | None, settings: dict[str, Any] | None = None, **values: Any) -> Plan:
    """Change a plan's words and flags, and with `settings` its preset's; its cameras follow at once (item 48)."""
    before = audit.snapshot(plan)
    assign(plan, values, FIELDS)
    if not plan.title.strip():
        raise Invalid(_("A name is needed."), field="title")
    _demote_other_default(plan, acting_user=acting_user)
    check(plan)
    plan.save()
    audit.changed(plan, before, acting_user=acting_user)
    if settings:
        presets.change_preset(plan.preset, acting_user=acting_user, **settings)
    return plan


def _demote_other_default(plan: Plan, *, acting_user: User | None) -> None:
    """Only one plan is the default; naming another one makes the former a plan like any (item 52)."""
    if not plan.is_default:
        return
    for other in Plan.objects.select_for_update().filter(is_default=True).exclude(pk=plan.pk):
        before = audit.snapshot(other)
        other.is_default = False
        other.save(update_fields=["is_default"])
        audit.changed(other, before, acting_user=acting_user)


@transaction.atomic
def add_price(plan: Plan, *, acting_user: User | None, amount: int, from_day: date | None = None) -> PlanPrice:
    """Set the price from a local day on (today unless said): minor units a camera and month.

    A price of the same day is replaced while that day is not counted; days that were counted keep theirs (Invalid).
    """
    day = from_day or periods.today()
    require_open(day)
    row = PlanPrice.objects.filter(plan=plan, from_day=day).first()
    fresh = row is None
    row = row or PlanPrice(domain_id=current_domain_id(), plan=plan, from_day=day)
    before = audit.snapshot(row)
    row.amount, row.currency = amount, periods.the_domain().currency
    check(row)
    row.save()
    if fresh:
        audit.created(row, acting_user=acting_user)
    else:
        audit.changed(row, before, acting_user=acting_user)
    return row


def require_open(day: date) -> None:
    """Refuse a change that would begin on a day already counted."""
    first = periods.first_open_day()
    if day < first:
        raise Invalid(
            _("This day has been counted already; the change can begin on %(day)s.") % {"day": first}, field="from_day"
        )


@transaction.atomic
def remove_price(price: PlanPrice, *, acting_user: User | None) -> None:
    """Take back a price that has not begun to count."""
    require_open(price.from_day)
    audit.deleted(price, acting_user=acting_user)
    price.delete()


def price_on(plan: Plan, day: date) -> PlanPrice | None:
    """The price in force on a local day."""
    found: PlanPrice | None = PlanPrice.objects.filter(plan=plan, from_day__lte=day).order_by("-from_day").first()
    return found


def price_list(*, archived: bool = False) -> list[PlanRow]:
    """Every plan with its price today, the next known one and its number of organizations; two queries."""
    today = periods.today()
    rows = Plan.objects.select_related("preset").prefetch_related("prices")
    if not archived:
        rows = rows.filter(is_archived=False)
    return [_plan_row(plan, today) for plan in rows.annotate(organizations=Count("attachments"))]


def _plan_row(plan: Plan, today: date) -> PlanRow:
    prices = sorted(plan.prices.all(), key=lambda price: price.from_day)
    now = next((price for price in reversed(prices) if price.from_day <= today), None)
    coming = next((price for price in prices if price.from_day > today), None)
    return PlanRow(
        plan=plan,
        price=now.money if now else None,
        since=now.from_day if now else None,
        next_price=coming.money if coming else None,
        next_from=coming.from_day if coming else None,
        organizations=getattr(plan, "organizations", 0),
    )


def plans_of(organization: Organization) -> QuerySet[Plan]:
    """The plans attached to an organization."""
    rows: QuerySet[Plan] = Plan.objects.filter(attachments__organization=organization)
    return rows


@transaction.atomic
def attach_plan(plan: Plan, organization: Organization, *, acting_user: User | None) -> OrganizationPlan:
    """Let an organization use a plan: its cameras may choose the plan's preset. Twice changes nothing."""
    row, fresh = OrganizationPlan.objects.get_or_create(
        domain_id=current_domain_id(), plan=plan, organization=organization
    )
    if fresh:
        audit.created(row, acting_user=acting_user)
    presets.attach_preset(plan.preset, organization, acting_user=acting_user)
    attachment: OrganizationPlan = row
    return attachment


@transaction.atomic
def detach_plan(plan: Plan, organization: Organization, *, acting_user: User | None) -> None:
    """Stop offering a plan to an organization; cameras that run under it keep it and are still paid for."""
    row = OrganizationPlan.objects.filter(plan=plan, organization=organization).first()
    if row is not None:
        audit.deleted(row, acting_user=acting_user)
        row.delete()
    presets.detach_preset(plan.preset, organization, acting_user=acting_user)


@transaction.atomic
def set_plans(organization: Organization, plans: Iterable[Plan], *, acting_user: User | None) -> None:
    """Make an organization's plans exactly these; none at all is allowed (item 58)."""
    wanted = {plan.pk: plan for plan in plans}
    held = {plan.pk: plan for plan in plans_of(organization)}
    for pk in held.keys() - wanted.keys():
        detach_plan(held[pk], organization, acting_user=acting_user)
    for pk in wanted.keys() - held.keys():
        attach_plan(wanted[pk], organization, acting_user=acting_user)


@transaction.atomic
def attach_defaults(organization: Organization, *, acting_user: User | None) -> None:
    """Give a new organization the default plan and those that apply to new ones (items 39, 47)."""
    for plan in Plan.objects.filter(is_archived=False).exclude(is_default=False, applies_to_new=False):
        attach_plan(plan, organization, acting_user=acting_user)
