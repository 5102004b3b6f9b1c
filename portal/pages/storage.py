"""The storage promise, for the ISP's administrators (item 316)."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from devices.services import storage
from portal.pages.common import Request, admins_only, one_page

PAGE = 50


@admins_only
@require_safe
def storage_page(request: Request) -> HttpResponse:
    """What is kept, what will be, and who keeps less than was sold."""
    found = storage.promise()
    rows = [row for row in found.holdings if row.short] if "short" in request.GET else found.holdings
    context = {"promise": found, "page": one_page(request, rows, PAGE), "only_short": "short" in request.GET}
    return render(request, "storage/storage.html", context)
