"""Streamers of the installation (item 176): which there are, how they fare, adding one, its addresses, its key."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_safe

from devices.models import Streamer
from devices.services import streamers
from portal.first_run import HOSTNAME
from portal.installation.common import Request, administrators_only
from portal.installation.forms import NewStreamerForm, StreamerForm
from portal.installation.isps import address_of
from portal.pages.common import submit
from tenants import access
from tenants.errors import Conflict, Missing
from tenants.models import Domain
from tenants.services import installation_log

METHODS = ["GET", "HEAD", "POST"]
Action = installation_log.Action
ADDRESSES = ("port", "rtsp_port", "public_url", "is_default")


@administrators_only
@require_safe
def streamers_page(request: Request) -> HttpResponse:
    """All streamers with what they carry."""
    rows = [(row, streamers.is_answering(row)) for row in Streamer.objects.all()]
    return render(request, "installation/streamers.html", {"rows": rows})


@sensitive_variables("key")
@administrators_only
@require_http_methods(METHODS)
def add(request: Request) -> HttpResponse:
    """Add a streamer; its key is shown this once."""
    form = NewStreamerForm(request.POST or None, initial={"port": 8001, "rtsp_port": 8554})
    made = submit(request, form, _added)
    if made is None:
        return render(request, "installation/streamer_add.html", {"form": form}, status=422 if form.errors else 200)
    streamer, key = made
    _note(request, Action.STREAMER_ADDED, streamer, {name: [None, getattr(streamer, name)] for name in ADDRESSES})
    return _with_key(request, streamer, key)


def _added(values: dict[str, Any]) -> tuple[Streamer, str]:
    """The first of all is the default, whatever was ticked."""
    return streamers.add_streamer(**{**values, "is_default": values["is_default"] or None})


def _with_key(request: Request, streamer: Streamer, key: str) -> HttpResponse:
    """How to start it; the key is in the page and nowhere else."""
    isp = Domain.objects.filter(is_active=True).first()
    # An ISP's host name: the installation's own is often reached from within only.
    context = {"streamer": streamer, "key": key, "perch": address_of(isp, "") if isp else ""}
    return render(request, "installation/streamer_key.html", context)


@administrators_only
@require_http_methods(METHODS)
def streamer_page(request: Request, streamer_id: str) -> HttpResponse:
    """One streamer: what it carries, and how browsers reach it."""
    streamer = _streamer(streamer_id)
    before = {name: getattr(streamer, name) for name in ADDRESSES}
    form = StreamerForm(request.POST or None, initial=before)
    done = submit(request, form, lambda values: streamers.change_streamer(streamer, **values))
    if done is not None:
        changed = {name: [old, getattr(done, name)] for name, old in before.items() if getattr(done, name) != old}
        if changed:
            _note(request, Action.STREAMER_CHANGED, streamer, changed)
        messages.success(request, _("The streamer is saved."))
        return redirect("streamer", streamer_id=streamer.pk)
    context = {
        "streamer": streamer,
        "form": form,
        "is_answering": streamers.is_answering(streamer),
        "is_own": _is_own(streamer),
    }
    return render(request, "installation/streamer.html", context, status=422 if form.errors else 200)


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
    """Take a streamer away, after asking."""
    streamer = _others(streamer_id)
    if request.method != "POST":
        return render(request, "installation/streamer_remove.html", {"streamer": streamer})
    try:
        streamers.remove_streamer(streamer)
    except Conflict as error:
        messages.error(request, error.message)
        return redirect("streamer", streamer_id=streamer.pk)
    _note(request, Action.STREAMER_REMOVED, streamer, {})
    messages.success(request, _("The streamer is removed."))
    return redirect("streamers")


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
