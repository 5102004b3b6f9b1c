"""Who signed in, or tried to: where, from where, and what became of it (items 21, 317)."""

from __future__ import annotations

import csv
import io
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from portal.browsers import device
from portal.pages.common import Request, admins_only
from tenants import tables
from tenants.access import as_id
from tenants.models import SignInEntry
from tenants.services import sign_in

PER_PAGE = 50
LARGEST_EXPORT = 50_000
BOM = "\ufeff"  # tells spreadsheets that this is UTF-8


def _filters(request: Request) -> dict[str, str]:
    return {name: request.GET.get(name, "").strip().replace("\x00", "") for name in ("query", "door", "result")}


def _entries(filters: dict[str, str]) -> QuerySet[SignInEntry, SignInEntry]:
    return sign_in.entries(query=filters["query"], door=filters["door"], result=filters["result"])


@admins_only
@require_safe
def access_log_page(request: Request) -> HttpResponse:
    """The newest first. Pages go by number of the entry, because nobody counts a log of millions."""
    filters = _filters(request)
    rows = _entries(filters)
    if request.GET.get("before"):
        rows = rows.filter(pk__lt=as_id(request.GET["before"]))
    found = list(rows[: PER_PAGE + 1])
    context: dict[str, Any] = {
        "entries": [(entry, device(entry.user_agent) if entry.user_agent else "") for entry in found[:PER_PAGE]],
        "older": found[PER_PAGE - 1].pk if len(found) > PER_PAGE else None,
        "doors": SignInEntry.Door.choices,
        "results": SignInEntry.Result.choices,
        "is_filtered": any(filters.values()),
        **filters,
    }
    return render(request, "access_log/list.html", context)


@admins_only
@require_safe
def access_log_export(request: Request) -> HttpResponse:
    """The same as a table for spreadsheets, in the ISP's time; what people typed never becomes a formula."""
    header = [_("When"), _("Login"), _("Door"), _("Result"), _("Address"), _("Device"), _("Request")]
    file = io.StringIO(BOM, newline="")
    file.seek(0, io.SEEK_END)
    writer = csv.writer(file)
    writer.writerow(header)
    for entry in _entries(_filters(request))[:LARGEST_EXPORT]:
        writer.writerow([tables.guarded(cell) for cell in _cells(entry)])
    answer = HttpResponse(file.getvalue(), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = 'attachment; filename="access-log.csv"'
    return answer


def _cells(entry: SignInEntry) -> list[str]:
    when = timezone.localtime(entry.created_at).strftime("%Y-%m-%d %H:%M:%S")
    door, result = entry.get_door_display(), entry.get_result_display()
    return [when, entry.login, door, result, entry.ip or "", entry.user_agent, entry.request_id]
