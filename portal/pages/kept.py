"""Moments that a camera's people keep longer than its archive's days (items 109, 113)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from devices import access as camera_access
from devices.access import CameraRights
from devices.models import Camera, ProtectedSpan
from devices.services import protection
from portal.pages.cameras import back
from portal.pages.common import Request, signed_in
from portal.pages.errors import status_of
from tenants.access import as_id
from tenants.errors import Conflict, Invalid

SHOWN = 20


@signed_in
@require_POST
def keep(request: Request, name: str) -> HttpResponse:
    """Keep what was recorded between two moments in UTC seconds; asked by the player, which says so itself."""
    camera = camera_access.camera_for(request.user, name, "edit")
    began, ended = (_moment(request.POST.get(key, ""), key) for key in ("from", "to"))
    try:
        span = protection.keep_moment(camera, began, ended, acting_user=request.user)
    except (Conflict, Invalid) as error:  # the player shows the words, not a page
        return JsonResponse({"message": error.message}, status=status_of(error))
    return JsonResponse(span_shape(span) | {"message": _("This moment is kept longer than the archive's days.")})


@signed_in
@require_POST
def release(request: Request, name: str) -> HttpResponse:
    """Let a kept moment go."""
    camera = camera_access.camera_for(request.user, name, "edit")
    span = protection.moment_of(camera, as_id(request.POST.get("moment", "")))
    protection.release_moment(span, acting_user=request.user)
    messages.success(request, _("The moment goes with the rest of the archive."))
    return back(request)


def kept_by_hand(camera: Camera, rights: CameraRights) -> dict[str, Any]:
    """What the player's page shows of them: whether more may be kept, and the latest for who may watch the archive."""
    may_keep = rights.edit and rights.dvr and protection.keeps_longer(camera)
    rows = ProtectedSpan.objects.filter(camera=camera, kind=ProtectedSpan.Kind.MANUAL).order_by("-began_at")
    return {"may_keep": may_keep, "kept": list(rows[:SHOWN]) if rights.edit and rights.dvr else []}


def span_shape(span: ProtectedSpan) -> dict[str, Any]:
    """A protected span for the timeline, in UTC seconds."""
    return {"from": span.began_at.timestamp(), "to": span.ended_at.timestamp(), "kind": span.kind}


def _moment(text: str, field: str) -> datetime:
    try:
        return datetime.fromtimestamp(float(text), UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise Invalid(_("This is no moment in UTC seconds."), field=field) from error
