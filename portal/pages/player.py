"""The player's page: live video, the timeline, the archive (items 120-124)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from devices import access as camera_access
from devices.models import Camera, CameraAttribute
from devices.services import cameras, protection, reasons, sessions
from portal.pages import kept, video
from portal.pages.cameras import back
from portal.pages.common import Request, signed_in
from portal.pages.status import Condition, describe, live_texts
from tenants import access, clock
from tenants.errors import Forbidden, Invalid

SPEEDS = ("0.5", "1", "2", "4", "8", "16")
CODECS = {"h264": "H.264", "h265": "H.265", "hevc": "H.265"}
MOST_KEPT = 2000  # marks on one timeline
FPS = 15  # frames a second, of cameras that do not say


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
        "overseen": access.rights_in(request.user, camera.organization).view_users,
        "oversees": sessions.may_oversee(request.user, camera),
        "condition": condition,
        "favorite": CameraAttribute.objects.filter(user=request.user, camera=camera, favorite=True).exists(),
        "player": settings_of(request, camera, rights, condition),
        "facts": facts(camera),
        "speeds": SPEEDS,
        "live": True,
        "may_act": rights.actions and not request.user.is_readonly and camera.actions.exists(),
        "may_pause": camera_access.may_pause(request.user, camera),
        **kept.kept_by_hand(camera, rights),
    }
    return video.allow(render(request, "cameras/watch.html", context), request, [camera], archive=[camera])


@signed_in
@never_cache
@require_safe
def reasons_page(request: Request, name: str) -> JsonResponse:
    """Why there is footage or none between two moments in UTC seconds, for the timeline."""
    since, until = (_moment(request.GET.get(key, "")) for key in ("from", "to"))
    found = reasons.reasons_of(request.user, name, since=since, until=until)
    spans = [_span(because) for because in found]
    return JsonResponse({"reasons": spans, "kept": _kept(request, name, since, until)})


def _kept(request: Request, name: str, since: datetime, until: datetime) -> list[dict[str, Any]]:
    """What is kept longer in a window, for the marks on the timeline."""
    camera = Camera.objects.select_related("preset").filter(name=name).first()
    if camera is None:  # deleted: its reasons are told, and nothing of it is protected
        return []
    limit = camera_access.rights(request.user, camera).dvr_depth_limit
    seen = max(since, clock.now() - timedelta(days=limit)) if limit is not None else since
    return [kept.span_shape(span) for span in protection.protected_of(camera, seen, until)[:MOST_KEPT]]


def _moment(text: str) -> datetime:
    try:
        return datetime.fromtimestamp(float(text), UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise Invalid(_("This is no moment in UTC seconds."), field="from") from error


def _span(because: reasons.Because) -> dict[str, Any]:
    return {
        "from": because.began_at.timestamp(),
        "to": because.ended_at.timestamp(),
        "reason": str(because.reason),
        "message": reasons.words(because),
    }


@signed_in
@require_POST
def privacy(request: Request, name: str) -> HttpResponse:
    """Let the camera's people be alone, or end it (item 318)."""
    camera = camera_access.camera_for(request.user, name, "know")
    cameras.set_privacy(camera, request.POST.get("is_private") == "1", acting_user=request.user)
    text = _("Privacy mode is on: nothing is recorded.") if camera.is_private else _("Privacy mode is over.")
    messages.success(request, text)
    return back(request)


def settings_of(
    request: Request, camera: Camera, rights: camera_access.CameraRights, condition: Condition
) -> dict[str, Any]:
    """What the player's scripts are told, as JSON in the page."""
    return {
        "name": camera.name,
        "title": camera.title,
        "enabled": camera.runs,
        "onDemand": not camera.static,
        "state": condition.state,
        "reason": condition.reason,
        "playback": video.playback(request, camera),
        "tokens": reverse("camera-tokens"),
        "archive": reach(camera, rights),
        "zone": request.domain.timezone,
        "now": clock.timestamp(),
        "fps": facts(camera).get("fps") or FPS,
        "words": words(rights),
        "reasons": live_texts()["reasons"],
        "reasonsAt": reverse("camera-reasons", args=[camera.name]),
        "keepAt": reverse("camera-keep", args=[camera.name]),
    }


def facts(camera: Camera) -> dict[str, Any]:
    """What is known of the camera's picture: codec, size, frames a second, kbit/s."""
    status = getattr(camera, "status", None)
    if status is None:
        return {}
    tracks = status.media_info.get("tracks", []) if isinstance(status.media_info, dict) else []
    by_content = {track.get("content"): track for track in tracks if isinstance(track, dict)}
    picture, sound = by_content.get("video", {}), by_content.get("audio", {})
    return {
        "codec": CODECS.get(str(picture.get("codec")), picture.get("codec")),
        "width": picture.get("width"),
        "height": picture.get("height"),
        "fps": picture.get("fps"),
        "sound": str(sound.get("codec", "")).upper(),
        "bitrate": status.bitrate if status.alive else 0,
        "archive": status.dvr_duration,
        "archive_bytes": status.dvr_bytes,
    }


def reach(camera: Camera, rights: camera_access.CameraRights) -> dict[str, Any]:
    """How far back the user may look: `since` in Unix seconds, `kept` and `limit` in days, None is without end."""
    return {
        "allowed": rights.dvr,
        "export": rights.export,
        "since": camera.created_at.timestamp(),
        "kept": camera.dvr_depth or None,
        "limit": rights.dvr_depth_limit,
    }


def words(rights: camera_access.CameraRights) -> dict[str, str]:
    """The sentences of the player, translated here because scripts have no catalogue of their own."""
    return {
        "play": _("Play"),
        "pause": _("Pause"),
        "space": _("Space"),
        "auto": _("Auto"),
        "connecting": _("Connecting"),
        "stalled": _("The picture has stopped. Trying again"),
        "offline": _("The camera is off line"),
        "forbidden": _("You may no longer watch this camera"),
        "forbiddenMore": _("Your right to it has ended. Ask whoever gave it to you."),
        "ended": _("An administrator has ended this playback"),
        "endedMore": _("It can be started again in a few minutes."),
        "tooMany": _("You are watching as many streams at once as the plan allows"),
        "tooManyMore": _("Close another one, then start this one again."),
        "signedOut": _("You have been signed out"),
        "signedOutMore": _("Reload the page and sign in again to go on watching."),
        "unsupported": _("This browser cannot play the camera's video"),
        "unsupportedMore": _("The camera sends H.265. Switch it to H.264, or open it in a browser that plays H.265."),
        "disabled": _("The camera is switched off"),
        "private": _("Privacy mode is on"),
        "noStreamer": _("There is no streaming server yet"),
        "noArchive": _("Nothing was recorded at this moment"),
        "noArchiveMore": _("Choose a coloured part of the timeline, or go back to live."),
        "archiveForbidden": _("You may watch this camera live only"),
        "limit": _limit(rights.dvr_depth_limit or 0),
        "recorded": _("Recorded"),
        "missing": _("Nothing recorded"),
        "kept": _("Kept longer than the archive's days."),
        "keepFailed": _("The moment could not be kept. Try again."),
        "tooOld": _("Older than the archive you may watch"),
        "tooLong": _("A file holds at most 6 hours. Choose a shorter time."),
        "preparing": _("Preparing the file"),
        "ready": _("Ready: %(duration)s, %(size)s"),
        "gaps": _("%(missing)s of the chosen time were not recorded and are not in the file."),
        "failed": _("The file cannot be made"),
        "nothingChosen": _("Nothing was recorded in the chosen time."),
        "snapshotFailed": _("There is no picture to save yet."),
        "playAnyway": _("Press play to start"),
        "today": _("Today"),
        "yesterday": _("Yesterday"),
    }


def _limit(days: int) -> str:
    """What is said of the archive before the days that the user's right covers."""
    return ngettext(
        "Your right to the archive reaches %(days)s day back",
        "Your right to the archive reaches %(days)s days back",
        days,
    ) % {"days": days}
