"""Folders of an organization (items 88, 89, 193-195)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, TypedDict

from django.db.models import Count
from django.http import HttpResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.response import Response

from devices.models import Camera
from portal.api.pictures import floor_plan
from portal.api.v3.collections import Collection
from portal.api.v3.columns import Column, Kind
from portal.api.v3.schema import EMPTY, answers, lists
from portal.api.v3.shapes import ChangeShape, CoordinatesShape, changes_of, coordinates_shape, coordinates_text
from portal.api.v3.views import Asked, Fields, Identifier, Number, Part, Text, Truth, V3View, gone, one
from tenants import access
from tenants.errors import Missing
from tenants.models import Folder, Organization, User
from tenants.services import demo, floor_plans, folders


class HierarchyShape(TypedDict):
    """Where a folder stands: `level` is 0 at the top, `order_num` counts among its siblings."""

    level: int
    order_num: int


class FloorPlanShape(TypedDict):
    """A picture under the cameras: its address (null if there is none), and the places of three of its corners."""

    file: str | None
    topleft: str | None
    topright: str | None
    bottomleft: str | None


class FolderShape(TypedDict):
    """A folder; `streams_count` does not count folders below. `is_public`: demo access shows its cameras to anybody."""

    id: int
    title: str
    parent_id: int | None
    organization_id: int
    hierarchy: HierarchyShape
    coordinates: CoordinatesShape | None
    floor_plan: FloorPlanShape
    is_public: bool
    streams_count: int
    last_change: ChangeShape | None


class Degrees(serializers.FloatField):
    """A number that is one: "nan" passes every comparison."""

    def to_internal_value(self, data: Any) -> float:
        number = float(super().to_internal_value(data))
        if number != number:
            self.fail("invalid")
        return number


class CoordinatesFields(Part):
    """A place, in degrees."""

    latitude = Degrees(min_value=-90, max_value=90)
    longitude = Degrees(min_value=-180, max_value=180)


class FloorPlanFields(Fields):
    """A picture in base64 (PNG, JPEG, WebP or GIF, at most 2 MB; null takes it away), and the places of its corners."""

    file = serializers.CharField(required=False, allow_null=True, allow_blank=True)
    topleft = Text(max_length=64)
    topright = Text(max_length=64)
    bottomleft = Text(max_length=64)


class HierarchyFields(Fields):
    """`order_num` is the place among the siblings; `shift` moves by so many places, up if negative."""

    order_num = Number(min_value=1)
    shift = serializers.IntegerField(required=False, min_value=-100_000, max_value=100_000)


class FolderFields(Fields):
    """What may be set on a folder; the one above is the organization's first one if it is not named."""

    DEFAULTS: ClassVar[Mapping[str, Any]] = {"coordinates": None}

    title = serializers.CharField(max_length=200)
    parent_id = Identifier(help_text="null: at the top")
    hierarchy = HierarchyFields(required=False)
    coordinates = CoordinatesFields(required=False, allow_null=True)
    floor_plan = FloorPlanFields(required=False)
    is_public = Truth(help_text="for administrators: show the cameras to strangers by demo access")


FOLDERS = Collection(
    "folders",
    (
        Column("id", "id", Kind.WHOLE),
        Column("title", "title", searched=True),
        Column("parent_id", "parent", Kind.WHOLE, nullable=True),
        Column("hierarchy.order_num", "order_num", Kind.WHOLE),
    ),
    sort="hierarchy.order_num",
)
CORNERS = ("topleft", "topright", "bottomleft")
NAMES = {"order_num": "hierarchy.order_num", "shift": "hierarchy.shift"}
EXAMPLE = {
    "id": 1156, "title": "Yard", "parent_id": 1155, "organization_id": 752, "hierarchy": {"level": 1, "order_num": 1},
    "coordinates": {"latitude": 55.71182944518981, "longitude": 37.7775426954031},
    "floor_plan": {"file": None, "topleft": None, "topright": None, "bottomleft": None}, "is_public": False,
    "streams_count": 4,
    "last_change": None,
}  # fmt: skip
SENT = {"title": "Yard", "parent_id": 1155, "coordinates": {"latitude": 55.7118, "longitude": 37.7775}}


def folder_shapes(asking: User, organization: Organization, rows: Iterable[Folder]) -> list[FolderShape]:
    """Folders with their levels and counters, in a number of queries that does not grow with them."""
    found = list(rows)
    ids = [row.pk for row in found]
    parents = dict(Folder.objects.filter(organization=organization).values_list("pk", "parent"))
    counted = Camera.objects.filter(folder__in=ids).order_by().values("folder").annotate(number=Count("pk"))
    counts = dict(counted.values_list("folder", "number"))
    changes, plans = changes_of(asking, "Folder", ids), floor_plans.digests(ids)
    public = set(demo.public_folders().filter(pk__in=ids).values_list("pk", flat=True))
    return [
        {
            "id": row.pk,
            "title": row.title,
            "parent_id": row.parent_id,
            "organization_id": row.organization_id,
            "hierarchy": {"level": _level(row.pk, parents), "order_num": row.order_num},
            "coordinates": coordinates_shape(row.coordinates),
            "floor_plan": _plan_shape(row, plans.get(row.pk)),
            "is_public": row.pk in public,
            "streams_count": counts.get(row.pk, 0),
            "last_change": changes.get(str(row.pk)),
        }
        for row in found
    ]


def _plan_shape(row: Folder, digest: str | None) -> FloorPlanShape:
    place = f"/watcher/client-api/v3/organizations/{row.organization_id}/folders/{row.pk}/floor_plan"
    return {
        "file": f"{place}?v={digest[:12]}" if digest else None,
        "topleft": row.map_topleft or None,
        "topright": row.map_topright or None,
        "bottomleft": row.map_bottomleft or None,
    }


def _level(folder_id: int, parents: dict[int, int | None]) -> int:
    level, above = 0, parents.get(folder_id)
    while above is not None and level <= len(parents):
        level, above = level + 1, parents.get(above)
    return level


def _one(request: Asked, organization: Organization, folder: Folder, *, status: int = 200) -> Response:
    return one(request, folder_shapes(request.user, organization, [folder])[0], status=status)


def _values(asking: User, organization: Organization, fields: dict[str, Any]) -> dict[str, Any]:
    """What was sent, for the service; `shift` goes its own way."""
    values = {"title": fields["title"]} if "title" in fields else {}
    if "coordinates" in fields:
        values["coordinates"] = coordinates_text(fields["coordinates"])
    if "parent_id" in fields:
        parent_id = fields["parent_id"]
        values["parent"] = access.folder_for(asking, organization, parent_id) if parent_id else None
    if "order_num" in fields.get("hierarchy", {}):
        values["order_num"] = fields["hierarchy"]["order_num"]
    plan = fields.get("floor_plan", {})
    return values | {f"map_{corner}": plan[corner] for corner in CORNERS if corner in plan}


def _show(asking: User, folder: Folder, fields: dict[str, Any]) -> None:
    """Draw, or take away, the picture that was sent; show the folder to strangers, or hide it."""
    plan = fields.get("floor_plan", {})
    if plan.get("file"):
        content = floor_plans.decoded(plan["file"], "floor_plan.file")
        floor_plans.set_plan(folder, acting_user=asking, content=content, field="floor_plan.file")
    elif "file" in plan:
        floor_plans.remove_plan(folder, acting_user=asking)
    if "is_public" in fields and fields["is_public"] != demo.is_public(folder):
        access.require_admin(asking)
        demo.set_public(folder, acting_user=asking, on=fields["is_public"])


class FoldersView(V3View):
    """`/organizations/{id}/folders`."""

    noun = "folders"
    names = NAMES

    @lists(FolderShape, FOLDERS, says="An organization's folders that the caller may see", name="folders_list")
    def get(self, request: Asked, organization_id: str) -> Response:
        asking = request.user
        organization = access.organization_for(asking, organization_id)
        rows = access.visible_folders(asking, organization)
        return FOLDERS.answer(request, rows, lambda found: folder_shapes(asking, organization, found))

    @answers(
        FolderShape,
        fields=FolderFields,
        status=201,
        says="Add a folder",
        name="folders_add",
        example=EXAMPLE,
        sent=SENT,
    )
    def post(self, request: Asked, organization_id: str) -> Response:
        organization = access.organization_for(request.user, organization_id, "edit_cameras")
        fields = FolderFields.read(request)
        values = _values(request.user, organization, fields)
        if "parent_id" not in fields:
            values["parent"] = folders.root(organization)
        folder = folders.add_folder(organization, acting_user=request.user, **values)
        _show(request.user, folder, fields)
        return _one(request, organization, folder, status=201)


class FolderView(V3View):
    """`/organizations/{id}/folders/{folder_id}`."""

    noun = "folders"
    names = NAMES

    @answers(FolderShape, says="One folder", name="folders_one", example=EXAMPLE)
    def get(self, request: Asked, organization_id: str, folder_id: str) -> Response:
        organization = access.organization_for(request.user, organization_id)
        folder = access.visible_folders(request.user, organization).filter(pk=access.as_id(folder_id)).first()
        if folder is None:
            raise Missing(_("There is no such folder."))
        return _one(request, organization, folder)

    @answers(FolderShape, fields=FolderFields, says="Change, move or reorder a folder", name="folders_save")
    def put(self, request: Asked, organization_id: str, folder_id: str) -> Response:
        asking = request.user
        organization = access.organization_for(asking, organization_id, "edit_cameras")
        folder = access.folder_for(asking, organization, folder_id)
        fields = FolderFields.read(request, partial=True)
        folders.change_folder(folder, acting_user=asking, **_values(asking, organization, fields))
        _shift(asking, folder, fields.get("hierarchy", {}).get("shift", 0))
        _show(asking, folder, fields)
        folder.refresh_from_db()
        return _one(request, organization, folder)

    @answers(EMPTY, says="Delete an empty folder", name="folders_delete")
    def delete(self, request: Asked, organization_id: str, folder_id: str) -> Response:
        organization = access.organization_for(request.user, organization_id, "edit_cameras")
        folders.delete_folder(access.folder_for(request.user, organization, folder_id), acting_user=request.user)
        return gone()


class FloorPlanView(V3View):
    """`/organizations/{id}/folders/{folder_id}/floor_plan`."""

    noun = "folders"

    @answers(bytes, says="The picture of a folder's floor plan", name="folders_floor_plan")
    def get(self, request: Asked, organization_id: str, folder_id: str) -> HttpResponse:
        return floor_plan(request.user, organization_id, folder_id)


def _shift(asking: User, folder: Folder, shift: int) -> None:
    """Move a folder among its siblings by so many places; beyond the first or last one it stays there."""
    if not shift:
        return
    siblings = Folder.objects.filter(organization_id=folder.organization_id, parent_id=folder.parent_id)
    order = list(siblings.order_by("order_num", "id"))
    at = order.index(folder)
    to = min(max(at + shift, 0), len(order) - 1)
    if to != at:
        place = "after" if to > at else "before"
        folders.move_folder(folder, acting_user=asking, target=order[to], place=place)


urlpatterns: list[URLPattern] = [
    path("organizations/<str:organization_id>/folders", FoldersView.as_view()),
    path("organizations/<str:organization_id>/folders/<str:folder_id>", FolderView.as_view()),
    path("organizations/<str:organization_id>/folders/<str:folder_id>/floor_plan", FloorPlanView.as_view()),
]
