"""The player's page: live video, the timeline, the archive (items 120-124)."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from devices import access as camera_access
from devices.models import Camera, CameraAttribute
from portal.pages import video
from portal.pages.common import Request, signed_in
from portal.pages.status import REASONS, Condition, describe
from tenants import clock
from tenants.errors import Forbidden


@signed_in
@require_safe
def watch(request: Request, name: str) -> HttpResponse:
    """One camera, live, or at the moment that `at` names in Unix seconds."""
    camera = camera_access.camera_for(request.user, name, "know")
    rights = camera_access.rights(request.user, camera)
    if not rights.view:
        raise Forbidden(_("You may change this camera's settings, but not watch it."))
    condition = describe(camera)
    context = {
        "camera": camera,
        "rights": rights,
        "condition": condition,
        "favorite": CameraAttribute.objects.filter(user=request.user, camera=camera, favorite=True).exists(),
        "player": settings_of(request, camera, rights, condition),
        "live": True,
    }
    return video.allow(render(request, "cameras/watch.html", context), request, [camera])


def settings_of(
    request: Request, camera: Camera, rights: camera_access.CameraRights, condition: Condition
) -> dict[str, Any]:
    """What the player's scripts are told, as JSON in the page."""
    return {
        "name": camera.name,
        "title": camera.title,
        "enabled": camera.enabled,
        "onDemand": not camera.static,
        "state": condition.state,
        "reason": condition.reason,
        "playback": video.playback(request, camera),
        "tokens": reverse("camera-tokens"),
        "archive": {"allowed": rights.dvr, "from": archive_from(camera, rights)},
        "zone": request.domain.timezone,
        "language": request.headers.get("Content-Language", ""),
        "now": clock.timestamp(),
        "words": words(),
        "reasons": {code: str(text) for code, text in REASONS.items()},
    }


def archive_from(camera: Camera, rights: camera_access.CameraRights) -> float | None:
    """The earliest moment the user may ask for, in Unix seconds: his depth or the camera's; None is no limit."""
    depths = [depth for depth in (rights.dvr_depth_limit, camera.dvr_depth or None) if depth is not None]
    return clock.timestamp() - min(depths) * 86400 if depths else None


def words() -> dict[str, str]:
    """The sentences of the player, translated here because scripts have no catalogue of their own."""
    return {
        "live": _("Live"),
        "connecting": _("Connecting"),
        "stalled": _("The picture has stopped. Trying again"),
        "offline": _("The camera is off line"),
        "forbidden": _("You may no longer watch this camera"),
        "forbiddenMore": _("Your right has ended or the page was open too long. Reload it, or ask for access."),
        "unsupported": _("This browser cannot play the camera's video"),
        "unsupportedMore": _("The camera sends H.265. Switch it to H.264, or open it in a browser that plays H.265."),
        "disabled": _("The camera is switched off"),
        "noStreamer": _("There is no streaming server yet"),
        "noArchive": _("Nothing was recorded at this moment"),
        "noArchiveMore": _("Choose a coloured part of the timeline, or go back to live."),
        "archiveEnd": _("The recording ends here"),
        "archiveForbidden": _("You may watch this camera live only"),
        "recorded": _("Recorded"),
        "missing": _("Nothing recorded"),
        "preparing": _("Preparing the file"),
        "ready": _("Ready: %(duration)s, %(size)s"),
        "gaps": _("%(missing)s of the chosen time were not recorded and are not in the file."),
        "failed": _("The file cannot be made"),
        "nothingChosen": _("Nothing was recorded in the chosen time."),
        "snapshotFailed": _("There is no picture to save yet."),
        "playAnyway": _("Press play to start"),
        "timelineFailed": _("The timeline cannot be loaded. Trying again"),
        "today": _("Today"),
        "yesterday": _("Yesterday"),
    }
