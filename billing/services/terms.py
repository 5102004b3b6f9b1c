"""What was agreed with a subscriber, and the taxes of the ISP: both change points from a local day on.

Offers: `set_terms` (discount, trial), `terms_of` and `terms_by_organization` (in force on a day), `set_tax` and
`taxes_on`.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from django.db import transaction

from billing.models import OrganizationTerms, TaxRate
from billing.services import periods
from billing.services.plans import require_open
from tenants import audit
from tenants.models import Organization, User
from tenants.scoping import current_domain_id
from tenants.services.validation import check


@transaction.atomic
def set_terms(
    organization: Organization,
    *,
    acting_user: User | None,
    discount_ppm: int = 0,
    trial_until: date | None = None,
    from_day: date | None = None,
) -> OrganizationTerms:
    """Agree on a discount (parts per million) and a trial from a local day on (today unless said).

    Days before `trial_until` cost nothing, that day is paid for. Days already counted keep their terms (Invalid).
    """
    day = from_day or periods.today()
    require_open(day)
    row = OrganizationTerms.objects.filter(organization_id=organization.pk, from_day=day).first()
    fresh = row is None
    row = row or OrganizationTerms(domain_id=current_domain_id(), organization_id=organization.pk, from_day=day)
    before = audit.snapshot(row)
    row.discount_ppm, row.trial_until = discount_ppm, trial_until
    check(row)
    row.save()
    if fresh:
        audit.created(row, acting_user=acting_user)
    else:
        audit.changed(row, before, acting_user=acting_user)
    return row


def terms_of(organization: Organization, day: date | None = None) -> OrganizationTerms | None:
    """The terms in force on a local day (today unless said); None when nothing was agreed."""
    found: OrganizationTerms | None = (
        OrganizationTerms.objects.filter(organization_id=organization.pk, from_day__lte=day or periods.today())
        .order_by("-from_day")
        .first()
    )
    return found


def terms_by_organization(ids: Iterable[int], day: date | None = None) -> dict[int, OrganizationTerms]:
    """The terms in force of many organizations by number, in one query."""
    rows = (
        OrganizationTerms.objects.filter(organization_id__in=list(ids), from_day__lte=day or periods.today())
        .order_by("organization_id", "-from_day")
        .distinct("organization_id")
    )
    return {row.organization_id: row for row in rows}


@transaction.atomic
def set_tax(
    *, acting_user: User | None, ppm: int, title: str = "VAT", code: str = "vat", from_day: date | None = None
) -> TaxRate:
    """Set a tax's rate (parts per million) from a local day on. A month is taxed at the rates of its last day."""
    day = from_day or periods.today()
    require_open(day)
    row = TaxRate.objects.filter(code=code, from_day=day).first()
    fresh = row is None
    row = row or TaxRate(domain_id=current_domain_id(), code=code, from_day=day)
    before = audit.snapshot(row)
    row.ppm, row.title = ppm, title
    check(row)
    row.save()
    if fresh:
        audit.created(row, acting_user=acting_user)
    else:
        audit.changed(row, before, acting_user=acting_user)
    return row


def taxes_on(day: date) -> list[TaxRate]:
    """The taxes in force on a local day, by code."""
    return list(TaxRate.objects.filter(from_day__lte=day).order_by("code", "-from_day").distinct("code"))
