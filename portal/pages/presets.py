"""Presets: the groups of settings that are sold (items 41-46)."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from devices.models import Preset
from devices.services import presets
from portal.pages.common import Request, admins_only, submit
from portal.pages.forms_cameras import AttachForm, PresetForm
from tenants.access import as_id, organization_for
from tenants.errors import Conflict, Forbidden, Missing

METHODS = ["GET", "HEAD", "POST"]
FIELDS = ("title", "dvr_depth", "dvr_space", "dvr_lock_days", "precise_thumbnails_days", "vision_alg", "max_streams",
          "is_adjustable", "is_everywhere", "zone", "zone_mode", "labels")  # fmt: skip


def preset_for(preset_id: str) -> Preset:
    """A preset by number that is not retired, else Missing."""
    found: Preset | None = Preset.objects.filter(pk=as_id(preset_id), is_deleted=False).first()
    if found is None:
        raise Missing(_("There is no such preset."))
    return found


@admins_only
@require_safe
def presets_page(request: Request) -> HttpResponse:
    """All presets with what they bring and how many cameras have them."""
    rows = Preset.objects.filter(is_deleted=False).annotate(cameras_n=Count("cameras")).prefetch_related("plans")
    return render(request, "presets/list.html", {"presets": rows.order_by("dvr_depth", "title")})


@admins_only
@require_http_methods(METHODS)
def add(request: Request) -> HttpResponse:
    """A new preset."""
    form = PresetForm(request.POST or None, initial={"dvr_depth": 7})
    done = submit(request, form, lambda values: presets.add_preset(acting_user=request.user, **values))
    if done is not None:
        messages.success(request, _("%(title)s is added.") % {"title": done.title})
        return redirect("presets")
    return render(request, "presets/form.html", {"form": form}, status=422 if form.errors else 200)


@admins_only
@require_http_methods(METHODS)
def change(request: Request, preset_id: str) -> HttpResponse:
    """A preset's values; the cameras of a locked one follow."""
    preset = preset_for(preset_id)
    form = PresetForm(request.POST or None, initial={name: getattr(preset, name) for name in FIELDS})
    done = submit(request, form, lambda values: presets.change_preset(preset, acting_user=request.user, **values))
    if done is not None:
        messages.success(request, _("%(title)s is saved.") % {"title": done.title})
        return redirect("presets")
    context = {"form": form, **described(preset, AttachForm(preset=preset))}
    return render(request, "presets/form.html", context, status=422 if form.errors else 200)


def described(preset: Preset, attach_form: AttachForm) -> dict[str, Any]:
    """A preset's page besides its form: its cameras, and the organizations that may choose it."""
    attached = preset.attachments.select_related("organization").order_by("organization__title")
    return {
        "preset": preset,
        "cameras_n": preset.cameras.count(),
        "attached": [row.organization for row in attached],
        "attach_form": attach_form,
        "has_plan": preset.plans.exists(),
    }


@admins_only
@require_POST
def attach(request: Request, preset_id: str) -> HttpResponse:
    """Let an organization choose the preset (item 44)."""
    preset = preset_for(preset_id)
    form = AttachForm(request.POST, preset=preset)
    done = submit(
        request, form, lambda values: presets.attach_preset(preset, values["organization"], acting_user=request.user)
    )
    if done is None:
        initial = {name: getattr(preset, name) for name in FIELDS}
        context = {"form": PresetForm(initial=initial), **described(preset, form)}
        return render(request, "presets/form.html", context, status=422)
    messages.success(request, _("%(title)s may choose it now.") % {"title": done.organization.title})
    return redirect("preset", preset_id=preset.pk)


@admins_only
@require_POST
def detach(request: Request, preset_id: str, organization_id: str) -> HttpResponse:
    """Take the preset out of an organization's choice; its cameras keep it."""
    preset = preset_for(preset_id)
    organization = organization_for(request.user, organization_id)
    presets.detach_preset(preset, organization, acting_user=request.user)
    messages.success(request, _("%(title)s may no longer choose it.") % {"title": organization.title})
    return redirect("preset", preset_id=preset.pk)


@admins_only
@require_http_methods(METHODS)
def delete(request: Request, preset_id: str) -> HttpResponse:
    """Retire a preset, after asking."""
    preset = preset_for(preset_id)
    if request.method != "POST":
        return render(request, "presets/delete.html", {"preset": preset, "cameras_n": preset.cameras.count()})
    try:
        presets.delete_preset(preset, acting_user=request.user)
    except (Conflict, Forbidden) as error:
        messages.error(request, error.message)
        return redirect("preset", preset_id=preset_id)
    messages.success(request, _("%(title)s is deleted.") % {"title": preset.title})
    return redirect("presets")
