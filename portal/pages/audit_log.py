"""Who changed what (item 81)."""

from __future__ import annotations

from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from portal.pages.common import Request, admins_only
from tenants.access import as_id
from tenants.models import AuditEntry

PER_PAGE = 50
# How a reader calls the objects; the log itself keeps the names of the code.
KINDS = {
    "Camera": _("camera"),
    "Organization": _("organization"),
    "User": _("user"),
    "Membership": _("membership"),
    "Folder": _("folder"),
    "FolderPermission": _("right to a folder"),
    "Preset": _("preset"),
    "Plan": _("plan"),
    "PlanPrice": _("price of a plan"),
    "BillingPeriod": _("billed month"),
    "Domain": _("settings of the service"),
    "ApiKey": _("API key"),
}


@admins_only
@require_safe
def audit_page(request: Request) -> HttpResponse:
    """The newest changes first. Pages go by number of the entry, because nobody counts a log of millions."""
    query, kind, action = (request.GET.get(name, "").strip() for name in ("q", "kind", "action"))
    rows = AuditEntry.objects.order_by("-id")
    if query:
        rows = rows.filter(Q(object_title__icontains=query) | Q(user_login__icontains=query) | Q(object_id=query))
    if kind in KINDS:
        rows = rows.filter(object_type=kind)
    if action in AuditEntry.Action.values:
        rows = rows.filter(action=action)
    if request.GET.get("before"):
        rows = rows.filter(pk__lt=as_id(request.GET["before"]))
    found = list(rows[: PER_PAGE + 1])
    context = {
        "entries": found[:PER_PAGE],
        "older": found[PER_PAGE - 1].pk if len(found) > PER_PAGE else None,
        "query": query,
        "kind": kind,
        "kinds": KINDS,
        "action": action,
        "actions": AuditEntry.Action.choices,
    }
    return render(request, "audit/list.html", context)
