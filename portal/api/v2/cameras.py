"""Cameras (items 197, 199)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from devices import access as camera_access
from devices.models import Camera, Preset
from devices.services import camera_rows, cameras, presets
from devices.services.camera_rows import CameraFilter
from portal.api import paging
from portal.api.schema import DONE as DONE_SCHEMA
from portal.api.schema import answers
from portal.api.v2.camera_shape import CameraShape, UserAttributes, camera_shapes
from portal.api.v2.presets import any_preset
from portal.api.v2.views import DONE, Asked, Days, Fields, Identifier, Number, Text, Truth, V2View, wanted, wanted_id
from tenants import access
from tenants.errors import Forbidden, Invalid, Missing
from tenants.models import Folder, Organization, User
from tenants.services import organizations

FILTERS = {
    "organization_id": "only this organization's",
    "folder_id": "only this folder's, without those of folders below it",
    "search": "words of the title, name, address, serial number or external id; beginnings will do",
    "favorite": "1: only those the caller marked; 0: all",
    "agent": "1: only those with an agent; 0: all",
}
ORDER = ("title", "pk")
# Addresses that are shown with stars for the password, beside those the service itself knows.
STARRED = ("thumbnails_url", "onvif_url")


class CameraFields(Fields):
    """What may be set on a camera; other names spelled as in the reference: `can_ptz`, `ptz`, `extrenal_id`."""

    title = serializers.CharField(max_length=200)
    name = serializers.CharField(max_length=64, required=False)
    stream_url = Text(max_length=2000)
    substream_url = Text(max_length=2000)
    organization_id = Identifier(help_text="the default organization if absent")
    folder_id = Identifier(help_text="the organization's first folder if absent")
    preset_id = Identifier(help_text="the default preset if absent")
    comment = Text()
    enabled = Truth()
    is_private = Truth()
    static = Truth()
    video_only = Truth()
    transcode_audio = Truth()
    thumbnails = serializers.JSONField(required=False, help_text="0, 1, or the address of a picture")
    thumbnails_url = Text(max_length=500)
    coordinates = Text(max_length=64)
    postal_address = Text(max_length=300)
    dvr_depth = Days()
    dvr_lock_days = Number(allow_null=True, max_value=3650)
    dvr_space = Number(allow_null=True, max_value=1_000_000)
    precise_thumbnails_days = Number(max_value=3650)
    motion_detector_enabled = Truth()
    vision_alg = Text(max_length=20, help_text="plates, faces or nothing")
    vision_areas = Text(max_length=2000, help_text="zones: x y, x y, x y; each a fraction of the frame")
    onvif_url = Text(max_length=500)
    onvif_profile = Text(max_length=100)
    onvif_ptz = Truth()
    can_ptz = Truth()
    ptz = Truth()
    agent_id = Text(max_length=128)
    agent_model = Text(max_length=128)
    agent_serial = Text(max_length=128)
    agent_key = serializers.CharField(max_length=500, required=False, allow_null=True, write_only=True)
    external_id = Text(max_length=128)
    extrenal_id = Text(max_length=128)


class AttributeFields(Fields):
    """A user's marks on a camera."""

    favorite = Truth()
    motion_alarm = Truth()


def _values(fields: dict[str, Any]) -> dict[str, Any]:
    """The service's names for what the dialect spells in several ways."""
    for old, new in (("can_ptz", "onvif_ptz"), ("ptz", "onvif_ptz"), ("extrenal_id", "external_id")):
        if old in fields:
            fields.setdefault(new, fields.pop(old))
    fields.pop("ptz", None)
    if fields.get("agent_key", "") is None:
        fields.pop("agent_key")
    if "thumbnails" in fields:
        _thumbnails(fields)
    return fields


def _thumbnails(fields: dict[str, Any]) -> None:
    """A switch that may also be an address (item 198)."""
    value = fields["thumbnails"]
    if isinstance(value, str) and "://" in value:
        fields["thumbnails_url"], fields["thumbnails"] = value, True
    else:
        fields["thumbnails"] = Truth().run_validation(value)


def _list(request: Asked, wanted_rows: CameraFilter) -> Response:
    """A page of cameras by title."""
    page, cursor = paging.page_of(request), paging.cursor_of(request, len(ORDER))
    if cursor is not None:
        page, wanted_rows = paging.Page(page.limit, 0), replace(wanted_rows, after=(cursor[0], cursor[1]))
    rows = camera_rows.camera_rows(request.user, wanted_rows, limit=page.limit + 1, offset=page.offset)
    return paging.answer(request, page, rows, lambda part: camera_shapes(request, part), order=ORDER)


def _one(request: Asked, name: str) -> Response:
    """One camera as its list shows it."""
    rows = camera_rows.camera_rows(request.user, CameraFilter(name=name), limit=1)
    if not rows:
        raise Missing(_("There is no such camera."))
    return Response(camera_shapes(request, rows)[0])


def _filter_of(request: Request) -> CameraFilter:
    return CameraFilter(
        organization_id=wanted_id(request, "organization_id"),
        folder_id=wanted_id(request, "folder_id"),
        search=wanted(request, "search"),
        favorite=wanted(request, "favorite") in {"1", "true"},
        with_agent=wanted(request, "agent") in {"1", "true"},
    )


def _home(user: User, organization_id: Any) -> Organization:
    """The organization a camera is to be in: the one named, else the default one; its cameras must be his to edit."""
    if organization_id in (None, ""):
        organization_id = organizations.ensure_default().pk
    return access.organization_for(user, organization_id, "edit_cameras")


def _folder(user: User, folder_id: Any) -> Folder:
    """A folder by number, in an organization whose cameras the user edits; else Missing."""
    folder: Folder | None = Folder.objects.select_related("organization").filter(pk=access.as_id(folder_id)).first()
    if folder is None:
        raise Missing(_("There is no such folder."))
    access.organization_for(user, folder.organization_id, "edit_cameras")
    return folder


def _preset(user: User, organization: Organization, preset_id: Any) -> Preset:
    """A preset by number: any of the ISP's for its billing (administrators, the system key), else one of the choice."""
    if not user.is_admin:
        return presets.preset_for(organization, access.as_id(preset_id))
    preset = any_preset(preset_id)
    if preset.is_deleted:
        raise Invalid(_("The preset has been deleted."), field="preset_id")
    return preset


class CamerasView(V2View):
    """`/cameras`."""

    noun = "cameras"

    @answers(list[CameraShape], query=FILTERS, says="Cameras the caller may watch or edit", name="cameras_list")
    def get(self, request: Asked) -> Response:
        return _list(request, _filter_of(request))

    @answers(CameraShape, fields=CameraFields, says="Add a camera", name="cameras_add")
    def post(self, request: Asked) -> Response:
        values = _values(CameraFields.read(request))
        folder_id, preset_id = values.pop("folder_id", None), values.pop("preset_id", None)
        folder = _folder(request.user, folder_id) if folder_id else None
        wanted_organization = values.pop("organization_id", None) or (folder and folder.organization_id)
        organization = _home(request.user, wanted_organization)
        preset = _preset(request.user, organization, preset_id) if preset_id else None
        values.setdefault("stream_url", "")
        values.pop("is_private", None)  # a camera that is new hides nothing yet
        camera = cameras.add_camera(organization, acting_user=request.user, folder=folder, preset=preset, **values)
        return _one(request, camera.name)


class CameraView(V2View):
    """`/cameras/{name}`; names may contain slashes."""

    noun = "cameras"

    @answers(CameraShape, says="One camera", name="cameras_one")
    def get(self, request: Asked, name: str) -> Response:
        return _one(request, name)

    @answers(CameraShape, fields=CameraFields, says="Change what is sent of a camera", name="cameras_change")
    def put(self, request: Asked, name: str) -> Response:
        camera = camera_access.camera_for(request.user, name, "edit")
        values = _values(CameraFields.read(request, partial=True))
        _place(request.user, camera, values)
        _keep_starred(camera, values)
        cameras.set_privacy(camera, values.pop("is_private", camera.is_private), acting_user=request.user)
        return _one(request, cameras.change_camera(camera, acting_user=request.user, **values).name)

    @answers(DONE_SCHEMA, says="Delete a camera", name="cameras_delete")
    def delete(self, request: Asked, name: str) -> Response:
        camera = camera_access.camera_for(request.user, name, "edit")
        cameras.delete_camera(camera, acting_user=request.user)
        return Response(DONE)


def _place(user: User, camera: Camera, values: dict[str, Any]) -> None:
    """Numbers of organization, folder and preset become rows, each only if the user may put the camera there."""
    organization_id, folder_id = values.pop("organization_id", None), values.pop("folder_id", None)
    preset_id = values.pop("preset_id", None)
    organization = camera.organization
    if organization_id and access.as_id(organization_id) != organization.pk:
        organization = values["organization"] = access.organization_for(user, organization_id, "edit_cameras")
    if folder_id and access.as_id(folder_id) != camera.folder_id:
        values["folder"] = _folder(user, folder_id)
    if preset_id and access.as_id(preset_id) != camera.preset_id:
        values["preset"] = _preset(user, organization, preset_id)


def _keep_starred(camera: Camera, values: dict[str, Any]) -> None:
    """An address sent back as it was shown, with stars for the password, is unchanged."""
    for field in STARRED:
        if cameras.MASK in values.get(field, "") and values[field] == cameras.shown(getattr(camera, field)):
            del values[field]


class UserAttributesView(V2View):
    """`/cameras/{name}/user_attributes`."""

    noun = "cameras"

    @answers(UserAttributes, fields=AttributeFields, says="Mark a camera as favorite", name="cameras_mark")
    def post(self, request: Asked, name: str) -> Response:
        if request.user.is_system:
            raise Forbidden(_("A system key has no favorites; name a user with x-vsaas-user."))
        camera = camera_access.camera_for(request.user, name)
        marks = cameras.mark_camera(camera, request.user, **AttributeFields.read(request, partial=True))
        return Response({"favorite": marks.favorite, "motion_alarm": marks.motion_alarm})


class UserCamerasView(V2View):
    """`/users/{id}/cameras`."""

    noun = "users"

    @answers(
        list[CameraShape], says="Cameras that a user may watch or edit, of those the caller knows", name="users_cameras"
    )
    def get(self, request: Asked, user_id: str) -> Response:
        person = access.user_for(request.user, user_id)
        return _list(request, CameraFilter(ids=tuple(camera_access.known_ids(person))))
