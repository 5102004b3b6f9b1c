"""Settings > External sign-in: who knows the subscribers' passwords, and whether strangers may look (158, 177-179)."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from portal.pages.common import Request, admins_only, submit
from portal.pages.forms_mail import OuterDoorForm
from tenants import access
from tenants.models import OuterDoor
from tenants.services import demo, outer_doors

FIELDS = ("kind", "url", "method", "radius_host", "radius_port", "require_authenticator", "lock_on_reject",
          "cache_days")  # fmt: skip


@sensitive_post_parameters("radius_secret")
@admins_only
@require_http_methods(["GET", "HEAD", "POST"])
def outer_door_page(request: Request) -> HttpResponse:
    """The ISP's own authority on passwords."""
    row = outer_doors.settings_row() or OuterDoor()
    form = OuterDoorForm(request.POST or None, initial={name: getattr(row, name) for name in FIELDS})
    done = submit(request, form, lambda values: outer_doors.change_door(acting_user=request.user, **values))
    if done is not None:
        messages.success(request, _("The settings are saved."))
        return redirect("outer-door")
    context: dict[str, Any] = {"form": form, "has_secret": bool(row.radius_secret_sealed), "demo": demo.access()}
    context["public"] = demo.public_folders()[:200]
    return render(request, "settings/outer_door.html", context, status=422 if form.errors else 200)


@admins_only
@require_POST
def switch_demo(request: Request) -> HttpResponse:
    """Let strangers look at the public cameras, or keep them out."""
    row = demo.switch(acting_user=request.user, on=request.POST.get("on") == "1")
    messages.success(request, _("Demo access is on.") if row.is_on else _("Demo access is off."))
    return redirect("outer-door")


@admins_only
@require_POST
def switch_public(request: Request, organization_id: str, folder_id: str) -> HttpResponse:
    """Show a folder's cameras to strangers, or hide them again."""
    organization = access.organization_for(request.user, organization_id)
    folder = access.folder_for(request.user, organization, folder_id)
    on = request.POST.get("on") == "1"
    demo.set_public(folder, acting_user=request.user, on=on)
    text = _("%(title)s is public now.") if on else _("%(title)s is not public any more.")
    messages.success(request, text % {"title": folder.title})
    return redirect("folder", organization_id=organization.pk, folder_id=folder.pk)
