"""Who changed what: when, from what to what, from where (item 81). Every state of the view is in the address."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from contextlib import suppress
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import QuerySet
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from portal import streaming
from portal.api.feed import changed_fields
from portal.pages.common import Request, admins_only
from tenants import clock, tables
from tenants.access import as_id
from tenants.errors import Invalid
from tenants.models import AuditEntry, Domain
from tenants.scoping import domain_scope
from tenants.services import audit_log
from tenants.services.audit_log import Filter

PER_PAGE = 50
CHUNK = 500  # rows of an export that are read at once, each in a transaction of its own
LONGEST = 200  # characters of a filter
BOM = "\ufeff"  # tells spreadsheets that this is UTF-8
# How a reader calls the objects; the log itself keeps the names of the code.
KINDS = {
    "Camera": gettext_lazy("camera"),
    "CameraPermission": gettext_lazy("right to a camera"),
    "Organization": gettext_lazy("organization"),
    "User": gettext_lazy("user"),
    "Membership": gettext_lazy("membership"),
    "Folder": gettext_lazy("folder"),
    "FolderPermission": gettext_lazy("right to a folder"),
    "Preset": gettext_lazy("preset"),
    "OrganizationPreset": gettext_lazy("preset of an organization"),
    "Plan": gettext_lazy("plan"),
    "PlanPrice": gettext_lazy("price of a plan"),
    "OrganizationPlan": gettext_lazy("plan of an organization"),
    "OrganizationTerms": gettext_lazy("terms of an organization"),
    "BillingPeriod": gettext_lazy("billed month"),
    "Domain": gettext_lazy("settings of the service"),
    "ApiKey": gettext_lazy("API key"),
    "Webhook": gettext_lazy("webhook"),
    "Token": gettext_lazy("link that was handed out"),
    "UserSession": gettext_lazy("session"),
    "OneTimeGenerator": gettext_lazy("one-time codes"),
    "RecoveryCode": gettext_lazy("recovery codes"),
    "Passkey": gettext_lazy("passkey"),
    "IdentityProvider": gettext_lazy("identity provider"),
    "ExternalIdentity": gettext_lazy("identity elsewhere"),
    "OuterDoor": gettext_lazy("external authentication"),
    "MailRelay": gettext_lazy("mail server"),
    "MailTemplate": gettext_lazy("text of a mail"),
    "DemoAccess": gettext_lazy("demo access"),
    "SupportAccess": gettext_lazy("support access"),
    "Message": gettext_lazy("message"),
}


def filter_of(request: Request) -> tuple[Filter, dict[str, str]]:
    """The filter in the address, and how it stands there; what cannot be understood is left out."""
    names = ("q", "person", "kind", "object", "action", "ip", "request", "from", "to")
    said = {name: request.GET.get(name, "").replace("\x00", "").strip()[:LONGEST] for name in names}
    zone = request.domain.timezone
    until = _day(said["to"])
    wanted = Filter(
        text=said["q"],
        person=said["person"],
        kind=said["kind"],
        object_id=said["object"],
        action=said["action"],
        address=said["ip"],
        request_id=said["request"],
        since=_midnight(_day(said["from"]), zone),
        until=_midnight(until + timedelta(days=1) if until else None, zone),
    )
    return wanted, said


def _day(text: str) -> date | None:
    with suppress(ValueError):
        day = date.fromisoformat(text)
        return day if 1970 < day.year < 9999 else None
    return None


def _midnight(day: date | None, timezone: str) -> datetime | None:
    return clock.midnight(day, timezone) if day else None


def rows_of(wanted: Filter) -> tuple[QuerySet[AuditEntry], str]:
    """The entries of a filter, and what is wrong with it."""
    try:
        return audit_log.entries(wanted), ""
    except Invalid as error:
        return AuditEntry.objects.none(), error.message


@admins_only
@require_safe
def audit_page(request: Request) -> HttpResponse:
    """The newest changes first. Pages go by number of the entry, because nobody counts a log of millions."""
    wanted, said = filter_of(request)
    rows, fault = rows_of(wanted)
    if request.GET.get("before"):
        rows = rows.filter(pk__lt=as_id(request.GET["before"]))
    found = list(rows[: PER_PAGE + 1])
    context: dict[str, Any] = {
        "entries": [(entry, changed_fields(entry.changed)) for entry in found[:PER_PAGE]],
        "older": found[PER_PAGE - 1].pk if len(found) > PER_PAGE else None,
        "said": said,
        "is_filtered": any(said.values()),
        "fault": fault,
        "kinds": KINDS,
        "actions": AuditEntry.Action.choices,
    }
    return render(request, "audit/list.html", context)


@admins_only
@require_safe
def export(request: Request) -> StreamingHttpResponse:
    """All entries of the filter as a table for spreadsheets, in the ISP's time; nothing of it becomes a formula."""
    wanted, _said = filter_of(request)
    lines = _lines(request.domain, wanted, translation.get_language() or "en")
    return streaming.table(request, lines, name="audit-log.csv")


def _lines(domain: Domain, wanted: Filter, language: str) -> Iterator[str]:
    """The table in pieces. It is sent after the request's own transaction, so each piece opens the ISP's scope anew."""
    with translation.override(language):
        piece = BOM + _csv([_header()])
    yield piece
    before: int | None = None
    while True:
        with domain_scope(domain), translation.override(language):
            rows, _fault = rows_of(wanted)
            found = list((rows.filter(pk__lt=before) if before else rows)[:CHUNK])
            piece = _csv(_cells(entry, domain.zone) for entry in found)
        if not found:
            return
        yield piece
        before = found[-1].pk


def _csv(rows: Any) -> str:
    file = io.StringIO(newline="")
    csv.writer(file).writerows([tables.guarded(cell) for cell in row] for row in rows)
    return file.getvalue()


def _header() -> list[str]:
    return [_("When"), _("Who"), _("By"), _("Action"), _("Object"), _("Id"), _("External id"), _("Title"),
            _("Changes"), _("Address"), _("Browser"), _("Request")]  # fmt: skip


def _cells(entry: AuditEntry, zone: ZoneInfo) -> list[str]:
    when = entry.created_at.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")
    action = str(dict(AuditEntry.Action.choices).get(entry.action, entry.action))
    changed = json.dumps(changed_fields(entry.changed), ensure_ascii=False) if entry.changed else ""
    return [when, entry.user_login, entry.via, action, str(KINDS.get(entry.object_type, entry.object_type)),
            entry.object_id, entry.external_id, entry.object_title, changed, entry.ip or "", entry.user_agent,
            entry.request_id]  # fmt: skip
