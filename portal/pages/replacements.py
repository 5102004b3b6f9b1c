"""A new camera in a broken one's place (item 320): its address is tried, then it takes over; what was is kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from devices import access as camera_access
from devices.models import Camera, CameraReplacement
from devices.services import cameras, replacements
from portal.pages.common import Request, signed_in, submit
from portal.pages.forms import PerchForm
from portal.pages.status import reason
from tenants.access import as_id
from tenants.errors import Conflict, Forbidden, Invalid, Missing


class ReplacementForm(PerchForm):
    """The new camera."""

    stream_url = forms.CharField(
        label=gettext_lazy("Stream address"),
        max_length=2000,
        widget=forms.TextInput(attrs={"placeholder": "rtsp://login:password@10.0.0.5/stream1", "spellcheck": "false"}),
    )
    substream_url = forms.CharField(
        label=gettext_lazy("Second stream"),
        max_length=2000,
        required=False,
        widget=forms.TextInput(attrs={"placeholder": "rtsp://login:password@10.0.0.5/stream2", "spellcheck": "false"}),
    )
    onvif_url = forms.CharField(label=gettext_lazy("ONVIF address"), max_length=500, required=False)
    onvif_profile = forms.CharField(label=gettext_lazy("ONVIF profile"), max_length=100, required=False)
    agent_model = forms.CharField(label=gettext_lazy("Model"), max_length=128, required=False)
    agent_serial = forms.CharField(label=gettext_lazy("Serial number"), max_length=128, required=False)
    agent_id = forms.CharField(label=gettext_lazy("Agent"), max_length=128, required=False)


@dataclass(frozen=True)
class Past:
    """A swap as the history tells it: addresses without their passwords."""

    row: CameraReplacement
    old_url: str
    new_url: str
    may_undo: bool


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def replace_page(request: Request, name: str) -> HttpResponse:
    """The three steps, and the camera's history."""
    camera = camera_access.camera_for(request.user, name, "edit")
    step = request.POST.get("step", "")
    if request.method == "POST" and step != "check":
        return act(request, camera, step)
    form = ReplacementForm(request.POST or None)
    begun = submit(request, form, lambda values: replacements.begin(camera, acting_user=request.user, **values))
    if begun is not None:
        return redirect("camera-replace", name=name)
    context = {"form": form, "past": past(camera), **trial(camera)}
    return render(request, "cameras/replace.html", context, status=422 if form.errors else 200)


@signed_in
@never_cache
@require_safe
def state_page(request: Request, name: str) -> HttpResponse:
    """How the trial stands; the page asks every second until there is something to say."""
    camera = camera_access.camera_for(request.user, name, "edit")
    return render(request, "cameras/replace_state.html", trial(camera))


def trial(camera: Camera) -> dict[str, Any]:
    """The trial, if there is one, and what came of it."""
    row = replacements.pending(camera)
    tracks = row.media_info.get("tracks", []) if row and isinstance(row.media_info, dict) else []
    return {
        "camera": camera,
        "trial": row,
        "is_over": row is not None and replacements.is_over(row),
        "address": cameras.shown(row.stream_url) if row else "",
        "reason": reason(row.error_code) if row else "",
        "picture": next((track for track in tracks if track.get("content") == "video"), None),
    }


def past(camera: Camera) -> list[Past]:
    """The swaps so far; only the last one can be taken back."""
    rows = replacements.history(camera)
    last = next((row for row in rows if row.state == CameraReplacement.State.DONE), None)
    return [Past(row, cameras.shown(row.old_stream_url), cameras.shown(row.stream_url), row is last) for row in rows]


def act(request: Request, camera: Camera, step: str) -> HttpResponse:
    """Swap, end the trial, or take the last swap back."""
    try:
        if step == "swap":
            replacements.swap(camera, acting_user=request.user, unheard=request.POST.get("unheard") == "1")
            messages.success(request, _("The new camera has taken over %(title)s.") % {"title": camera.title})
            return redirect("camera-replace", name=camera.name)
        if step == "undo":
            replacements.undo(camera, as_id(request.POST.get("replacement")), acting_user=request.user)
            messages.success(request, _("The former camera is back at %(title)s.") % {"title": camera.title})
            return redirect("camera-replace", name=camera.name)
    except (Conflict, Forbidden, Invalid) as error:
        messages.error(request, error.message)
        return redirect("camera-replace", name=camera.name)
    if step != "drop":
        raise Missing(_("There is nothing at this address."))
    replacements.drop(camera, acting_user=request.user)
    return redirect("camera-replace", name=camera.name)
