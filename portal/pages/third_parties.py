"""Third parties at a camera: who was let in by RTSP, letting somebody in, taking it away (item 155)."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods

from devices.models import PlaybackGrant
from devices.services import playback_grants
from portal.hosts import normalize
from portal.pages.common import Request, signed_in, submit
from portal.pages.forms import PerchForm
from portal.pages.forms_grants import Moment
from tenants import clock
from tenants.access import require_admin


class ThirdPartyForm(PerchForm):
    """Who gets it, and how far it goes."""

    title = forms.CharField(
        label=gettext_lazy("Who gets it"), max_length=100, help_text=gettext_lazy("As in: emergency services.")
    )
    can_view_dvr = forms.BooleanField(label=gettext_lazy("Archive"), required=False)
    dvr_depth_limit = forms.IntegerField(
        label=gettext_lazy("Days back"), required=False, min_value=1, max_value=3650,
        help_text=gettext_lazy("Empty: the whole archive."),
    )  # fmt: skip
    expires_at = forms.DateTimeField(
        label=gettext_lazy("Until"), required=False, widget=Moment(),
        help_text=gettext_lazy("Empty: until it is taken away."),
    )  # fmt: skip


class Line(NamedTuple):
    """One grant in the list."""

    grant: PlaybackGrant
    address: str
    last_used: datetime | None
    is_over: bool


@sensitive_variables("lines", "context")
@signed_in
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def camera_page(request: Request, name: str) -> HttpResponse:
    """The third parties of a camera with their addresses; administrators let another one in."""
    camera = playback_grants.overseen_camera(request.user, name)
    if request.method == "POST":
        require_admin(request.user)
    form = ThirdPartyForm(request.POST or None)
    done = submit(request, form, lambda values: playback_grants.add_grant(camera, acting_user=request.user, **values))
    if done is not None:
        messages.success(request, _("%(title)s may watch now.") % {"title": done.title})
        return redirect("third-parties", name=camera.name)
    context = {"camera": camera, "form": form, "lines": _lines(request, list(playback_grants.grants_of(camera)))}
    return render(request, "cameras/third_parties.html", context, status=422 if form.errors else 200)


def _lines(request: Request, grants: list[PlaybackGrant]) -> list[Line]:
    host: Any = request.META.get("HTTP_HOST", "")
    used, now = playback_grants.last_used(grants), clock.now()
    return [
        Line(
            grant,
            playback_grants.address_of(grant, normalize(host)),
            used.get(grant.pk),
            grant.expires_at is not None and grant.expires_at <= now,
        )
        for grant in grants
    ]


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def revoke(request: Request, grant_id: str, name: str) -> HttpResponse:
    """Take it away, after asking."""
    camera = playback_grants.overseen_camera(request.user, name)
    grant = playback_grants.grant_of(camera, grant_id)
    if request.method != "POST":
        return render(request, "cameras/third_party_revoke.html", {"camera": camera, "grant": grant})
    playback_grants.revoke_grant(grant, acting_user=request.user)
    messages.success(request, _("%(title)s may not watch any more.") % {"title": grant.title})
    return redirect("third-parties", name=camera.name)
