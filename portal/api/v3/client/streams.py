"""Streams: cameras by their names (items 90-94, 204, 222)."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any

from django.db.models import Case, ExpressionWrapper, F, FloatField, Q, QuerySet, Value, When
from django.db.models.fields import BooleanField
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.response import Response

from devices import access as camera_access
from devices.models import Camera, CameraAttribute, CameraWord, Preset
from devices.services import cameras, presets
from devices.services.camera_rows import FRESH
from portal.api.v3.client.presets import any_preset
from portal.api.v3.client.stream_fields import NAMES, StreamFields, marks_of, values_of
from portal.api.v3.client.stream_shape import StreamShape, stream_shapes
from portal.api.v3.collections import Collection
from portal.api.v3.columns import Column, Kind
from portal.api.v3.schema import EMPTY, answers, lists
from portal.api.v3.views import DAY, Asked, Fields, V3View, gone, one, wanted_truth
from tenants import access, clock
from tenants.errors import Forbidden, Invalid, Missing, PerchError
from tenants.models import Folder, Organization, User
from tenants.services import organizations
from tenants.words import finding

MOST_EDITED = 500


def _alive() -> Case:
    """Whether the streamer said lately that video comes."""
    lately = clock.now() - timedelta(seconds=FRESH)
    now = Q(status__alive=True, status__reported_at__gt=lately, enabled=True)
    return Case(When(now, then=Value(True)), default=Value(False), output_field=BooleanField())


STREAMS = Collection(
    "streams",
    (
        Column("name", "name"),
        Column("title", "title"),
        Column("comment", "comment"),
        Column("static", "static", Kind.TRUTH),
        Column("disabled", ExpressionWrapper(Q(enabled=False), output_field=BooleanField()), Kind.TRUTH),
        Column("organization_id", "organization", Kind.WHOLE),
        Column("organization.id", "organization", Kind.WHOLE),
        Column("organization.title", "organization__title"),
        Column("folder_id", "folder", Kind.WHOLE),
        Column("preset_id", "preset", Kind.WHOLE),
        Column("preset.title", "preset__title"),
        Column("dvr.expiration", ExpressionWrapper(F("dvr_depth") * DAY, output_field=FloatField()), Kind.REAL),
        Column("onvif.ptz", "onvif_ptz", Kind.TRUTH),
        Column("agent.id", "agent_id"),
        Column("agent.serial", "agent_serial"),
        Column("postal_address", "postal_address"),
        Column("external_id", "external_id"),
        Column("streamer", "streamer__hostname", nullable=True),
        Column("created_at", "created_at", Kind.MOMENT),
        Column("stats.alive", _alive, Kind.TRUTH),
        Column("stats.bitrate", "status__bitrate", Kind.WHOLE, nullable=True),
        Column("stats.online_clients", "status__online_clients", Kind.WHOLE, nullable=True),
    ),
    sort="name",
    unique="name",
    more=(
        ("can_edit", "true: only those the caller edits"),
        ("is_favourite", "true: only those the caller marked"),
    ),
    finds=partial(finding, CameraWord, "camera"),
)
EXAMPLE = {
    "name": "cam-e7fee73458", "title": "Primary camera title", "comment": "", "static": True, "disabled": False,
    "inputs": [
        {"url": "rtsp://127.0.0.1/stream/main", "priority": 0}, {"url": "rtsp://127.0.0.1/stream/sub", "priority": 1},
    ],
    "dvr": {"expiration": 86400, "episodes_expiration": 259200, "storage_limit": 33000000000},
    "preset_id": 391, "preset": {"id": 391, "title": "Default", "is_adjustable": True}, "organization_id": 1,
    "organization": {"id": 1, "title": "Harbour"}, "folder_id": 1155, "path": [{"id": 1155, "title": "Cameras"}],
    "coordinates": {"latitude": 55.71182944518981, "longitude": 37.7775426954031}, "is_favourite": False,
    "stats": {"alive": True, "status": "running", "bitrate": 196, "lifetime": 385264839},
}  # fmt: skip
SENT = {
    "name": "cam-e7fee73458", "title": "Primary camera title", "static": True, "disabled": False,
    "inputs": [{"url": "rtsp://127.0.0.1/stream/main"}, {"url": "rtsp://127.0.0.1/stream/sub"}],
    "dvr": {"expiration": 86400, "episodes_expiration": 259200, "storage_limit": 32212254720}, "organization_id": 1,
    "coordinates": {"latitude": 55.71182944518981, "longitude": 37.7775426954031}, "onvif": {"ptz": False},
}  # fmt: skip


class EditedFields(StreamFields):
    """One stream of many: its name, and what is to change."""

    name = serializers.CharField(max_length=64)


class MultieditFields(Fields):
    """Streams to change, all or none of them."""

    streams = serializers.ListField(child=serializers.JSONField(), allow_empty=True, max_length=MOST_EDITED)


def _one(request: Asked, camera: Camera, *, status: int = 200) -> Response:
    found = stream_shapes(request, [camera])
    if not found:
        raise Missing(_("There is no such camera."))
    return one(request, found[0], key="name", status=status)


def _known(user: User) -> QuerySet[Camera]:
    """The cameras a list is made of: their numbers and no more, the shape fetches the rest for a page at once."""
    return camera_access.visible_cameras(user).only("id", "domain_id", "created_at")


def home(user: User, organization_id: Any) -> Organization:
    """The organization a camera is to be in: the one named, else the default one; its cameras must be his to edit."""
    if not organization_id:
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
    """A preset by number: any of the ISP's for its administrators, else one the organization may choose."""
    if not user.is_admin:
        return presets.preset_for(organization, access.as_id(preset_id))
    preset = any_preset(preset_id)
    if preset.is_deleted:
        raise Invalid(_("The preset has been deleted."), field="preset_id")
    return preset


def add(user: User, fields: dict[str, Any]) -> Camera:
    """A new camera of what was sent."""
    folder_id, preset_id = fields.get("folder_id"), fields.get("preset_id")
    folder = _folder(user, folder_id) if folder_id else None
    organization = home(user, fields.get("organization_id") or (folder and folder.organization_id))
    preset = _preset(user, organization, preset_id) if preset_id else None
    values = {"stream_url": "", "title": fields.get("name", ""), **values_of(fields)}
    return cameras.add_camera(organization, acting_user=user, folder=folder, preset=preset, **values)


def change(user: User, camera: Camera, fields: dict[str, Any]) -> Camera:
    """Set what was sent on a camera the user may edit."""
    private = fields.pop("is_private", camera.is_private)
    values = values_of(fields, camera)
    _place(user, camera, fields, values)
    camera = cameras.set_privacy(camera, private, acting_user=user)
    return cameras.change_camera(camera, acting_user=user, **values) if values else camera


def _place(user: User, camera: Camera, fields: dict[str, Any], values: dict[str, Any]) -> None:
    """Numbers of organization, folder and preset become rows, each only if the user may put the camera there."""
    organization_id, folder_id, preset_id = (fields.get(f"{name}_id") for name in ("organization", "folder", "preset"))
    organization = camera.organization
    if organization_id and organization_id != organization.pk:
        organization = values["organization"] = access.organization_for(user, organization_id, "edit_cameras")
    if folder_id and folder_id != camera.folder_id:
        values["folder"] = _folder(user, folder_id)
    if preset_id and preset_id != camera.preset_id:
        values["preset"] = _preset(user, organization, preset_id)


def _mark(user: User, camera: Camera, marks: dict[str, bool]) -> None:
    if not marks:
        return
    if user.is_system:
        raise Forbidden(_("A system key has no favorites; name a user with x-vsaas-user."))
    cameras.mark_camera(camera, user, **marks)


class StreamsView(V3View):
    """`/streams`."""

    noun = "streams"
    names = NAMES

    @lists(StreamShape, STREAMS, says="Cameras the caller may watch or edit", name="streams_list")
    def get(self, request: Asked) -> Response:
        user = request.user
        rows = _known(user)
        if wanted_truth(request, "can_edit") and not user.is_system:
            rows = rows.filter(organization__in=access.organizations_where(user, "edit_cameras").values("pk"))
        if wanted_truth(request, "is_favourite"):
            marked = CameraAttribute.objects.filter(user=user.pk, favorite=True)
            rows = rows.filter(pk__in=marked.values("camera"))
        return STREAMS.answer(request, rows, lambda found: stream_shapes(request, found))

    @answers(
        StreamShape, fields=StreamFields, status=201, says="Add a stream; 402: the organization has all it may have",
        name="streams_add", example=EXAMPLE, sent=SENT,
    )  # fmt: skip
    def post(self, request: Asked) -> Response:
        fields = StreamFields.read(request)
        marks = marks_of(fields)
        camera = add(request.user, fields)
        _mark(request.user, camera, marks)
        return _one(request, camera, status=201)


class StreamView(V3View):
    """`/streams/{name}`; names may contain slashes. PUT makes a stream of a name that nobody has."""

    noun = "streams"
    names = NAMES

    @answers(StreamShape, says="One stream", name="streams_one", example=EXAMPLE)
    def get(self, request: Asked, name: str) -> Response:
        return _one(request, camera_access.camera_for(request.user, name, "know"))

    @answers(
        StreamShape, fields=StreamFields, says="Change what is sent of a stream, or make it", name="streams_save",
        example=EXAMPLE, sent=SENT,
    )  # fmt: skip
    def put(self, request: Asked, name: str) -> Response:
        user, fields = request.user, StreamFields.read(request, partial=True)
        marks = marks_of(fields)
        fresh = "inputs" in fields and not Camera.objects.filter(name=name).exists()
        if fresh:
            camera = add(user, {**fields, "name": name})
        else:
            # Marks are one's own: whoever may watch a camera may set them.
            camera = camera_access.camera_for(user, name, "edit" if fields or not marks else "view")
            if fields.get("name") == name:
                fields.pop("name")
            camera = change(user, camera, fields) if fields else camera
        _mark(user, camera, marks)
        return _one(request, camera, status=201 if fresh else 200)

    @answers(EMPTY, says="Delete a stream; its archive stays until its own time is over", name="streams_delete")
    def delete(self, request: Asked, name: str) -> Response:
        camera = camera_access.camera_for(request.user, name, "edit")
        cameras.delete_camera(camera, acting_user=request.user)
        return gone()


class MultieditView(V3View):
    """`/streams/multiedit`."""

    noun = "streams"

    @answers(
        EMPTY, fields=MultieditFields, says="Change many streams, all or none", name="streams_multiedit",
        sent={"streams": [{"name": "cam-e7fee73458", "preset_id": 391, "dvr": {"expiration": 86400}}]},
    )  # fmt: skip
    def post(self, request: Asked) -> Response:
        for number, item in enumerate(MultieditFields.read(request)["streams"]):
            try:
                self._edit(request.user, item)
            except PerchError as error:
                raise placed_error(error, f"streams.{number}") from error
            except serializers.ValidationError as error:
                raise serializers.ValidationError({f"streams.{number}": error.detail}) from error
        return gone()

    def _edit(self, user: User, item: Any) -> None:
        fields = EditedFields.checked(item, partial=True)
        camera = camera_access.camera_for(user, fields.pop("name", ""), "edit")
        marks = marks_of(fields)
        change(user, camera, fields)
        _mark(user, camera, marks)


def placed_error(error: PerchError, where: str) -> PerchError:
    """The error with the place in the body that it speaks of."""
    if isinstance(error, Invalid):
        named = {f"{where}.{NAMES.get(name, name)}": texts for name, texts in error.fields.items()}
        return Invalid(error.message, field=next(iter(named), where), fields=named)
    error.field = f"{where}.{NAMES.get(error.field, error.field)}" if error.field else where
    return error


urlpatterns: list[URLPattern] = [
    path("streams", StreamsView.as_view()),
    path("streams/multiedit", MultieditView.as_view()),
]
# The last of all: a name may contain slashes, so that it would take every other address below `streams/`.
named: list[URLPattern] = [path("streams/<path:name>", StreamView.as_view())]
