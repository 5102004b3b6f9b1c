"""Zones of the installation (item 106): which there are, adding, changing and removing one."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from devices.forecast import Forecast
from devices.models import Zone
from devices.services import zones
from portal import forecasts
from portal.installation import previews
from portal.installation.common import Request, administrators_only
from portal.installation.forms_streamers import NewZoneForm, ZoneForm
from portal.pages.common import submit
from tenants.errors import Conflict
from tenants.services import installation_log

METHODS = ["GET", "HEAD", "POST"]
Action = installation_log.Action
FIELDS = ("title", "note", "returns")


@administrators_only
@require_safe
def zones_page(request: Request) -> HttpResponse:
    """All zones with the number of their streamers."""
    return render(request, "installation/zones.html", {"rows": list(zones.zones())})


@administrators_only
@require_http_methods(METHODS)
def add(request: Request) -> HttpResponse:
    """Add a zone."""
    form = NewZoneForm(request.POST or None)
    zone = submit(request, form, lambda values: zones.add_zone(**values))
    if zone is None:
        return _form(request, form, None)
    _note(request, Action.ZONE_ADDED, zone, {name: [None, getattr(zone, name)] for name in FIELDS})
    messages.success(request, _("The zone is added. Now choose the streamers that stand in it."))
    return redirect("streamer-zone", name=zone.name)


@administrators_only
@require_http_methods(METHODS)
def zone_page(request: Request, name: str) -> HttpResponse:
    """One zone: what it is called, and the streamers in it."""
    zone = zones.zone_named(name)
    before = {field: getattr(zone, field) for field in FIELDS}
    form = ZoneForm(request.POST or None, initial=before)
    if (told := _would_move(request, zone, form)) is not None:
        return previews.preview(request, form, told, zone.title)
    done = None
    if not previews.is_back(request):
        done = submit(request, form, lambda values: zones.change_zone(zone, **values))
    if done is None:
        return _form(request, form, zone)
    changed = {field: [old, getattr(done, field)] for field, old in before.items() if getattr(done, field) != old}
    if changed:
        _note(request, Action.ZONE_CHANGED, zone, changed)
    messages.success(request, _("The zone is saved."))
    return redirect("streamer-zone", name=zone.name)


def _would_move(request: Request, zone: Zone, form: ZoneForm) -> Forecast | None:
    """What the switch of the zone would move, if it was not seen yet."""
    if request.method != "POST" or previews.is_sure(request) or previews.is_back(request) or not form.is_valid():
        return None
    if form.cleaned_data["returns"] == zone.returns:
        return None
    told = forecasts.of_zone(zone, form.cleaned_data["returns"])
    return None if told.is_quiet else told


@administrators_only
@require_http_methods(METHODS)
def remove(request: Request, name: str) -> HttpResponse:
    """Take a zone away, after asking."""
    zone = zones.zone_named(name)
    if request.method != "POST":
        context = {"zone": zone, "asking": forecasts.asking_for(zone)}
        return render(request, "installation/zone_remove.html", context)
    title = zone.name
    try:
        zones.remove_zone(zone)
    except Conflict as error:
        messages.error(request, error.message)
        return redirect("streamer-zone", name=title)
    installation_log.record(Action.ZONE_REMOVED, administrator=request.administrator, title=title)
    messages.success(request, _("The zone is removed."))
    return redirect("streamer-zones")


def _form(request: Request, form: ZoneForm, zone: Zone | None) -> HttpResponse:
    streamers = list(zone.streamers.all()) if zone else []
    context = {"form": form, "zone": zone, "streamers": streamers}
    return render(request, "installation/zone.html", context, status=422 if form.errors else 200)


def _note(request: Request, action: str, zone: Zone, changed: dict[str, list[Any]]) -> None:
    installation_log.record(action, administrator=request.administrator, title=zone.name, changed=changed)
