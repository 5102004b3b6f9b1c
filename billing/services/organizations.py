"""Opening a subscriber with what he pays for (items 38, 39)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from django.db import transaction

from billing.models import Plan
from billing.services import plans as plan_services
from billing.services import terms
from tenants.models import Organization, User
from tenants.services import organizations


@transaction.atomic
def add_organization(
    *,
    acting_user: User | None,
    title: str,
    owner: User | None = None,
    plans: Iterable[Plan] = (),
    discount_ppm: int = 0,
    trial_until: date | None = None,
    **more: Any,
) -> Organization:
    """Open a subscriber with the default plans, the named ones besides, and his terms if any were agreed."""
    organization = organizations.add_organization(acting_user=acting_user, title=title, owner=owner, **more)
    plan_services.attach_defaults(organization, acting_user=acting_user)
    for plan in plans:
        plan_services.attach_plan(plan, organization, acting_user=acting_user)
    if discount_ppm or trial_until:
        terms.set_terms(organization, acting_user=acting_user, discount_ppm=discount_ppm, trial_until=trial_until)
    return organization
