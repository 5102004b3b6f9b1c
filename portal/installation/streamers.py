"""Streamers of the installation (item 176): which there are, how they fare, adding one, its addresses, its key."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.forms import BaseForm
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from devices.drivers.streamer import STREAMER_DRIVERS
from devices.drivers.streamer.http import Trouble
from devices.forecast import Forecast
from devices.models import CameraDrift, Streamer
from devices.services import streamer_reach, streamers
from portal import forecasts
from portal.first_run import HOSTNAME
from portal.installation import previews
from portal.installation.common import Request, administrators_only
from portal.installation.forms_streamers import STREAMER_FORMS
from portal.installation.isps import address_of
from portal.pages.common import submit
from tenants import access
from tenants.errors import Conflict, Missing
from tenants.models import Domain
from tenants.services import installation_log

METHODS = ["GET", "HEAD", "POST"]
Action = installation_log.Action
EMPTIED: dict[str, Any] = {"channel_limit": 0}
NOTED = (*sorted(streamers.FIELDS), *streamer_reach.FIELDS)


@administrators_only
@require_safe
def streamers_page(request: Request) -> HttpResponse:
    """All streamers with what they carry."""
    rows = [(row, streamers.is_answering(row)) for row in Streamer.objects.prefetch_related("zones")]
    return render(request, "installation/streamers.html", {"rows": rows})


@sensitive_variables("key")
@administrators_only
@require_http_methods(METHODS)
def add(request: Request) -> HttpResponse:
    """Add a streamer; its key is shown this once."""
    kind = request.GET.get("kind", "")
    kind = kind if kind in STREAMER_FORMS else Streamer.Kind.EMBEDDED
    form = STREAMER_FORMS[kind][0](
        request.POST or None, initial={"port": 8001, "rtsp_port": 8554, "perch_url": _perch()}
    )
    made = submit(request, form, lambda values: streamers.add_streamer(kind=kind, **values))
    if made is None:
        context = {"form": form, "kind": kind, "kinds": Streamer.Kind.choices}
        return render(request, "installation/streamer_add.html", context, status=422 if form.errors else 200)
    streamer, key = made
    _note(request, Action.STREAMER_ADDED, streamer, {name: [None, value] for name, value in _shown(streamer).items()})
    return _with_key(request, streamer, key)


def _perch() -> str:
    """An ISP's address: the installation's own is often reached from within only."""
    isp = Domain.objects.filter(is_active=True).first()
    return address_of(isp, "") if isp else ""


def _with_key(request: Request, streamer: Streamer, key: str) -> HttpResponse:
    """How to start it; the key is in the page and nowhere else."""
    perch = streamer.perch_url.rstrip("/") or _perch()
    scheme, _separator, host = perch.partition("://")
    context = {"streamer": streamer, "key": key, "perch": perch, "scheme": scheme, "host": host}
    return render(request, "installation/streamer_key.html", context)


@administrators_only
@require_http_methods(METHODS)
def streamer_page(request: Request, streamer_id: str) -> HttpResponse:
    """One streamer: what it carries, and how browsers reach it."""
    streamer = _streamer(streamer_id)
    before = _shown(streamer)
    initial = {**before, "zones": list(streamer.zones.all())}
    form = STREAMER_FORMS[streamer.kind][1](request.POST or None, initial=initial)
    if (told := _would_move(request, streamer, form)) is not None:
        return previews.preview(request, form, told, streamer.hostname)
    done = None
    if not previews.is_back(request):
        done = submit(request, form, lambda values: streamers.change_streamer(streamer, **values))
    if done is not None:
        after = _shown(done)
        changed = {name: [old, after[name]] for name, old in before.items() if after[name] != old}
        if form.cleaned_data.get("api_secret"):
            changed["api_secret"] = ["***", "***"]
        if changed:
            _note(request, Action.STREAMER_CHANGED, streamer, changed)
        messages.success(request, _("The streamer is saved."))
        return redirect("streamer", streamer_id=streamer.pk)
    context = {
        "streamer": streamer,
        "form": form,
        "is_answering": streamers.is_answering(streamer),
        "is_own": _is_own(streamer),
        "is_asked": STREAMER_DRIVERS[streamer.kind].asked,
        "trouble": streamer_reach.words(streamer.trouble) if streamer.trouble else "",
        "drift": _drift(streamer),
    }
    return render(request, "installation/streamer.html", context, status=422 if form.errors else 200)


def _would_move(request: Request, streamer: Streamer, form: BaseForm) -> Forecast | None:
    """What the form would move, if it was not seen yet and is worth seeing."""
    if request.method != "POST" or previews.is_sure(request) or previews.is_back(request) or not form.is_valid():
        return None
    if not forecasts.is_placing(streamer, form.cleaned_data):
        return None
    told = forecasts.of_streamer(streamer, form.cleaned_data)
    return None if told.is_quiet else told


def _drift(streamer: Streamer) -> list[tuple[str, str, str]]:
    """The streams that ran otherwise than wanted at the last look: name, how, and in what."""
    kinds = dict(CameraDrift.Kind.choices)
    return [(name, str(kinds.get(kind, kind)), detail) for name, kind, detail in streamer.drift.get("shown", [])]


@administrators_only
@require_POST
def check(request: Request, streamer_id: str) -> HttpResponse:
    """Ask the streamer's API now, and say in words what is wrong with it; it is also looked at and repaired at once."""
    streamer = _streamer(streamer_id)
    driver = streamers.api_of(streamer)
    if driver is None:
        raise Conflict(_("This make has no API of its own: it asks Perch by itself."))
    try:
        version = streamer_reach.check_connection(driver)
    except Trouble as trouble:
        messages.error(request, streamer_reach.words(trouble))
    else:
        streamers.look_again(streamer)
        messages.success(request, _("It answers: version %(version)s.") % {"version": version or "?"})
    return redirect("streamer", streamer_id=streamer.pk)


@sensitive_variables("key")
@administrators_only
@require_http_methods(METHODS)
def renew_key(request: Request, streamer_id: str) -> HttpResponse:
    """A new key, after asking: the streamer is a stranger until it has it."""
    streamer = _others(streamer_id)
    if request.method != "POST":
        return render(request, "installation/streamer_renew.html", {"streamer": streamer})
    key = streamers.renew_key(streamer)
    _note(request, Action.STREAMER_KEY, streamer, {})
    return _with_key(request, streamer, key)


@administrators_only
@require_http_methods(METHODS)
def remove(request: Request, streamer_id: str) -> HttpResponse:
    """Take a streamer away, after asking; one that cameras are on may be emptied first."""
    streamer = _others(streamer_id)
    if request.method != "POST":
        told = forecasts.of_streamer(streamer, EMPTIED)
        here = next((load for load in told.loads if load.machine == streamer.pk), None)
        context = {"streamer": streamer, "here": here, **previews.described(told)}
        return render(request, "installation/streamer_remove.html", context)
    if "empty" in request.POST:
        return _emptied(request, streamer)
    try:
        streamers.remove_streamer(streamer)
    except Conflict as error:
        messages.error(request, error.message)
        return redirect("streamer", streamer_id=streamer.pk)
    _note(request, Action.STREAMER_REMOVED, streamer, {})
    messages.success(request, _("The streamer is removed."))
    return redirect("streamers")


def _emptied(request: Request, streamer: Streamer) -> HttpResponse:
    """Let all cameras move away, as before a removal."""
    before = streamer.channel_limit
    streamers.change_streamer(streamer, **EMPTIED)
    if before != EMPTIED["channel_limit"]:
        _note(request, Action.STREAMER_CHANGED, streamer, {"channel_limit": [before, EMPTIED["channel_limit"]]})
    messages.success(request, _("Its cameras move away now. Once none is left, it can be removed."))
    return redirect("streamer", streamer_id=streamer.pk)


def _shown(streamer: Streamer) -> dict[str, Any]:
    """What the form is about, as the log keeps it."""
    zones = sorted(zone.name for zone in streamer.zones.all())
    return {**{name: getattr(streamer, name) for name in NOTED}, "zones": zones}


def _streamer(streamer_id: str) -> Streamer:
    found = Streamer.objects.filter(pk=access.as_id(streamer_id)).first()
    if found is None:
        raise Missing(_("There is no such streamer."))
    return found


def _is_own(streamer: Streamer) -> bool:
    """Whether it is the one that `make run` starts, whose key the supervisor keeps."""
    return streamer.hostname == HOSTNAME


def _others(streamer_id: str) -> Streamer:
    streamer = _streamer(streamer_id)
    if _is_own(streamer):
        raise Conflict(_("This streamer is part of the installation itself: its key is kept for it."))
    return streamer


def _note(request: Request, action: str, streamer: Streamer, changed: dict[str, list[Any]]) -> None:
    installation_log.record(action, administrator=request.administrator, title=streamer.hostname, changed=changed)
