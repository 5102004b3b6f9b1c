"""Detection zones of a camera, drawn over its picture (item 138)."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from devices import access as camera_access
from devices import detection_zones as zones
from devices.services import cameras
from portal.pages import video
from portal.pages.common import Request, signed_in, submit
from portal.pages.forms import PerchForm


class ZonesForm(PerchForm):
    """The zones as one text, which the editor writes."""

    vision_areas = forms.CharField(
        label=gettext_lazy("Corners"),
        required=False,
        max_length=zones.MOST_LENGTH,
        widget=forms.Textarea(attrs={"rows": "3", "spellcheck": "false"}),
        help_text=gettext_lazy(
            "x y, x y, x y: each from 0 to 1, from the left and from the top. A semicolon begins the next zone."
        ),
    )


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def zones_page(request: Request, name: str) -> HttpResponse:
    """The editor. Zones are a camera's own, also under a locked preset."""
    camera = camera_access.camera_for(request.user, name, "edit")
    form = ZonesForm(request.POST or None, initial={"vision_areas": camera.vision_areas})
    done = submit(
        request,
        form,
        lambda values: cameras.change_camera(camera, acting_user=request.user, vision_areas=values["vision_areas"]),
    )
    if done is not None:
        messages.success(request, _("The zones of %(title)s are saved.") % {"title": done.title})
        return redirect("camera-edit", name=name)
    may_watch = camera_access.rights(request.user, camera).view and camera.runs
    context = {
        "camera": camera, "form": form, "preview": video.preview(request, camera) if may_watch else "",
        "texts": texts(),
    }  # fmt: skip
    response = render(request, "cameras/detection_zones.html", context, status=422 if form.errors else 200)
    return video.allow(response, request, [camera])


def texts() -> dict[str, str]:
    """What the editor says: the sentences the server would refuse the zones with, and names of things."""
    return {
        "few": _(zones.FEW), "crossing": _(zones.CROSSING), "convex": _(zones.NOT_CONVEX), "small": _(zones.SMALL),
        "overlap": _(zones.OVERLAP), "zone": _("Zone %(n)s"), "corner": _("Zone %(n)s, corner %(corner)s"),
        "whole": _("No zone: the whole frame is watched."), "good": _("The zones can be used."),
    }  # fmt: skip
