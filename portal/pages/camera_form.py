"""Adding, changing and deleting a camera (items 82, 90, 91, 93, 94)."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from billing.services.plans import plans_of
from devices import access as camera_access
from devices.models import Camera, Preset
from devices.services import cameras
from devices.services.presets import RULED, presets_of
from portal.pages.common import Request, signed_in, submit
from portal.pages.forms_cameras import CameraForm, camera_initial
from portal.pages.status import describe
from tenants import access
from tenants.errors import Forbidden
from tenants.models import Organization

METHODS = ["GET", "HEAD", "POST"]


@signed_in
@require_http_methods(METHODS)
def add(request: Request) -> HttpResponse:
    """A new camera. Choosing another organization brings its folders and presets."""
    organizations = access.organizations_where(request.user, "edit_cameras")
    organization = chosen(request, organizations)
    if organization is None:
        raise Forbidden(_("You may not add cameras."))
    initial = {
        "enabled": True,
        "folder": request.GET.get("folder"),
        "title": request.GET.get("title", ""),
        "preset": usual_preset(organization),
    }
    form = CameraForm(
        request.POST or None, initial=initial, organizations=organizations, organization=organization,
        places=request.user.is_admin,
    )  # fmt: skip
    camera = submit(request, form, lambda values: add_from(request, values))
    if camera is not None:
        messages.success(request, _("%(title)s is added. Its first picture takes up to a minute.") % titled(camera))
        return redirect("watch", name=camera.name)
    return shown(request, form, None)


@signed_in
@require_http_methods(METHODS)
def change(request: Request, name: str) -> HttpResponse:
    """A camera's settings."""
    camera = camera_access.camera_for(request.user, name, "edit")
    organizations = access.organizations_where(request.user, "edit_cameras")
    organization = chosen(request, organizations) or camera.organization
    form = CameraForm(
        request.POST or None, initial=camera_initial(camera), organizations=organizations, organization=organization,
        places=request.user.is_admin,
    )  # fmt: skip
    if organization.pk != camera.organization_id:
        form.initial["organization"], form.initial["folder"] = organization.pk, None
    if not camera.preset.is_adjustable:
        form.lock(*(field for field in RULED if field in form.fields))
    done = submit(
        request, form, lambda values: cameras.change_camera(camera, acting_user=request.user, **changed(values, camera))
    )
    if done is not None:
        messages.success(request, _("%(title)s is saved.") % titled(done))
        return redirect(after_saving(request, done))
    return shown(request, form, camera)


def usual_preset(organization: Organization) -> Preset | None:
    """What a new camera begins with: the preset of the usual plan if the organization has it, else the default one."""
    usual = plans_of(organization).filter(is_default=True, is_archived=False).select_related("preset").first()
    return usual.preset if usual else presets_of(organization).filter(is_default=True).first()


def chosen(request: Request, organizations: Any) -> Organization | None:
    """The organization the form is about: as chosen, else the only or first one."""
    wanted = request.POST.get("organization") or request.GET.get("organization")
    if wanted:
        found: Organization | None = organizations.filter(pk=access.as_id(wanted)).first()
        return found
    first: Organization | None = organizations.order_by("is_default", "title").first() if adding(request) else None
    return first


def adding(request: Request) -> bool:
    """Whether this is the form of a new camera."""
    return request.path == reverse("camera-add")


def add_from(request: Request, values: dict[str, Any]) -> Camera:
    """The service call behind the form of a new camera."""
    return cameras.add_camera(values.pop("organization"), acting_user=request.user, **values)


def changed(values: dict[str, Any], camera: Camera) -> dict[str, Any]:
    """The form's values for the service. Under another preset than before its values are copied, not sent."""
    if values["preset"].pk == camera.preset_id:
        return values
    return {name: value for name, value in values.items() if name not in RULED}


def titled(camera: Camera) -> dict[str, str]:
    return {"title": camera.title}


def after_saving(request: Request, camera: Camera) -> str:
    """To the video for those who may watch, else back to the form."""
    if camera_access.rights(request.user, camera).view:
        return reverse("watch", kwargs={"name": camera.name})
    return reverse("camera-edit", kwargs={"name": camera.name})


def shown(request: Request, form: CameraForm, camera: Camera | None) -> HttpResponse:
    """The form, with what the camera's presets bring written beside the choice."""
    presets = list(form.fields["preset"].queryset)  # type: ignore[attr-defined]
    context = {
        "form": form,
        "camera": camera,
        "condition": describe(camera) if camera else None,
        "presets": presets,
        "preset_values": {
            str(preset.pk): {
                "locked": not preset.is_adjustable,
                **{field: getattr(preset, field) for field in RULED},
            }
            for preset in presets
        },
    }
    return render(request, "cameras/form.html", context, status=422 if form.errors else 200)


@signed_in
@require_http_methods(METHODS)
def delete(request: Request, name: str) -> HttpResponse:
    """Delete a camera, after asking."""
    camera = camera_access.camera_for(request.user, name, "edit")
    if request.method == "POST":
        cameras.delete_camera(camera, acting_user=request.user)
        messages.success(request, _("%(title)s is deleted.") % titled(camera))
        return redirect("cameras")
    return render(request, "cameras/delete.html", {"camera": camera})
