"""Camera actions (item 107): setting them up, and running them from the list of cameras and the player."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from devices import access as camera_access
from devices.models import CameraAction
from devices.services import actions
from portal.pages.common import Request, signed_in, submit
from portal.pages.forms import PerchForm
from tenants.errors import TooManyAttempts

METHODS = ["GET", "HEAD", "POST"]


class ActionForm(PerchForm):
    """One call."""

    title = forms.CharField(
        label=gettext_lazy("Title"),
        max_length=100,
        widget=forms.TextInput(attrs={"placeholder": gettext_lazy("Open the gate")}),
    )
    method = forms.ChoiceField(label=gettext_lazy("Method"), choices=CameraAction.Method.choices)
    url = forms.CharField(
        label=gettext_lazy("Address"),
        max_length=2000,
        widget=forms.TextInput(attrs={"placeholder": "http://10.0.0.7/open?key=…", "spellcheck": "false"}),
    )
    headers = forms.CharField(
        label=gettext_lazy("Headers"),
        required=False,
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": "2", "spellcheck": "false", "placeholder": "Authorization: Bearer …"}),
    )
    body = forms.CharField(
        label=gettext_lazy("Body"),
        required=False,
        max_length=8000,
        widget=forms.Textarea(attrs={"rows": "3", "spellcheck": "false"}),
        help_text=gettext_lazy("Sent by POST only. Stored encrypted, and shown as *** afterwards."),
    )
    is_confirmed = forms.BooleanField(label=gettext_lazy("Ask before it runs"), required=False)


@signed_in
@require_http_methods(METHODS)
def actions_page(request: Request, name: str) -> HttpResponse:
    """A camera's actions, for its editors: `action` in the address names the one that the form is about."""
    camera = camera_access.camera_for(request.user, name, "edit")
    number = request.POST.get("action") or request.GET.get("action")
    row = actions.action_of(camera, number) if number else None
    if request.method == "POST" and "remove" in request.POST and row is not None:
        actions.remove_action(row, acting_user=request.user)
        messages.success(request, _("%(title)s is deleted.") % {"title": row.title})
        return redirect("camera-actions", name=name)
    form = ActionForm(request.POST or None, initial=initial(row) if row else {"method": "POST"})
    done = submit(request, form, lambda values: saved(request, camera, row, values))
    if done is not None:
        messages.success(request, _("%(title)s is saved.") % {"title": done.title})
        return redirect("camera-actions", name=name)
    context = {"camera": camera, "form": form, "row": row, "actions": list(camera.actions.all())}
    return render(request, "cameras/actions.html", context, status=422 if form.errors else 200)


def initial(row: CameraAction) -> dict[str, Any]:
    """An action as its form shows it: secrets as stars."""
    sealed = {name: actions.masked(row, name) for name in actions.SEALED}
    return {"title": row.title, "method": row.method, "is_confirmed": row.is_confirmed, **sealed}


def saved(request: Request, camera: Any, row: CameraAction | None, values: dict[str, Any]) -> CameraAction:
    """The service call behind the form."""
    if row is None:
        return actions.add_action(camera, acting_user=request.user, **values)
    return actions.change_action(row, acting_user=request.user, **values)


@signed_in
@require_http_methods(METHODS)
def act(request: Request, name: str) -> HttpResponse:
    """The buttons of a camera's actions for whoever may run them; a POST runs one."""
    camera = camera_access.camera_for(request.user, name, "actions")
    if request.method != "POST":
        return render(request, "cameras/act.html", {"camera": camera, "actions": list(camera.actions.all())})
    row = actions.action_of(camera, request.POST.get("action"))
    if row.is_confirmed and request.POST.get("confirmed") != "1":
        return render(request, "cameras/act.html", {"camera": camera, "actions": [row], "asked": row})
    try:
        told(request, actions.run_action(row, acting_user=request.user))
    except TooManyAttempts as error:
        messages.error(request, error.message)
    return redirect("camera-act", name=name)


def told(request: Request, row: CameraAction) -> None:
    """What came of a run."""
    if actions.is_done(row):
        messages.success(request, _("%(title)s: done.") % {"title": row.title})
    elif row.last_status:
        text = _("%(title)s was refused: the device answered %(status)s.")
        messages.error(request, text % {"title": row.title, "status": row.last_status})
    else:
        messages.error(request, _("%(title)s: the device did not answer.") % {"title": row.title})
