"""Cameras that ran otherwise than wanted, for the ISP's administrators (item 315)."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from devices.services import drifts
from portal.pages.common import Request, admins_only


@admins_only
@require_safe
def drift_page(request: Request) -> HttpResponse:
    """What was found lately, and whether it is as wanted again."""
    return render(request, "storage/drift.html", {"rows": drifts.recent()})
