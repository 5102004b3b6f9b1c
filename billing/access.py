"""Who may see money: rows are fetched through these, so a stranger's invoice and a missing one answer alike (404).

The rights themselves are `tenants.access`: the ISP's administrators and accountants see everything; an organization's
owner and its accountants see their own.
"""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from billing.models import BillingPeriod, Invoice, InvoiceLine, Plan
from tenants.access import as_id, can_see_all_money
from tenants.errors import Forbidden, Missing
from tenants.models import Membership, Organization, User


def visible_invoices(user: User) -> QuerySet[Invoice]:
    """The invoices a user may read."""
    rows: QuerySet[Invoice] = Invoice.objects.select_related("period")
    if can_see_all_money(user):
        return rows
    owned = Organization.objects.filter(owner=user).values("pk")
    kept = Membership.objects.filter(user=user, is_accountant=True).values("organization_id")
    return rows.filter(Q(organization_id__in=owned) | Q(organization_id__in=kept))


def invoice_for(user: User, invoice_id: Any) -> Invoice:
    """One invoice by id, if the user may read it; else Missing."""
    found = visible_invoices(user).filter(pk=as_id(invoice_id)).first()
    if found is None:
        raise Missing(_("There is no such invoice."))
    return found


def line_for(user: User, invoice_id: Any, line_id: Any) -> InvoiceLine:
    """One line of an invoice, if the user may read the invoice; else Missing."""
    invoice = invoice_for(user, invoice_id)
    found: InvoiceLine | None = InvoiceLine.objects.filter(invoice=invoice, pk=as_id(line_id)).first()
    if found is None:
        raise Missing(_("There is no such line."))
    found.invoice = invoice
    return found


def plan_for(user: User, plan_id: Any) -> Plan:
    """One plan by id, for those who see all money; else Missing."""
    found: Plan | None = Plan.objects.select_related("preset").filter(pk=as_id(plan_id)).first()
    if found is None or not can_see_all_money(user):
        raise Missing(_("There is no such plan."))
    return found


def period_for(month: str) -> BillingPeriod:
    """A month by its text 2026-11; Missing for what is none, or has not begun at this ISP."""
    year, _dash, number = month.partition("-")
    found: BillingPeriod | None = None
    if len(number) == 2 and 1 <= as_id(number) <= 12 and 1 <= as_id(year) <= 9999:
        found = BillingPeriod.objects.filter(month=f"{year}-{number}-01").first()
    if found is None:
        raise Missing(_("There is no such month."))
    return found


def require_plan_editor(user: User) -> None:
    """Let only those pass who may change plans, prices and terms: the ISP's administrators and accountants."""
    if not can_see_all_money(user) or user.is_readonly:
        raise Forbidden(_("You may not change plans and prices."))
