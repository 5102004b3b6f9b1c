"""Folders of an organization, and who may look into them (items 88, 89, 193-196)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypedDict

from django.db.models import Count
from django.http import HttpResponse
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.response import Response

from devices.models import Camera
from portal.api import paging
from portal.api.pictures import floor_plan
from portal.api.schema import DONE as DONE_SCHEMA
from portal.api.schema import answers
from portal.api.v2.grants import FolderUserFields, FolderUserShape, GrantFields, folder_user_shape
from portal.api.v2.shapes import LastChange, last_changes
from portal.api.v2.views import DONE, Asked, Fields, Identifier, Number, Text, Truth, V2View
from tenants import access
from tenants.errors import Invalid, Missing
from tenants.models import Folder, FolderPermission, Organization, User
from tenants.services import floor_plans, folders, memberships


class MapFileShape(TypedDict):
    """Where the floor plan is; the address may be kept, a new picture has another one."""

    url: str | None


class FolderShape(TypedDict):
    """A folder; `level` is 0 at the top, `camera_count` does not count folders below. `map_*` are corners of the floor
    plan, as latitude and longitude with a space between."""

    id: int
    organization_id: int
    parent_id: int | None
    title: str
    level: int
    order_num: int
    camera_count: int
    coordinates: str | None
    map_topleft: str | None
    map_topright: str | None
    map_bottomleft: str | None
    map_file: MapFileShape
    last_change: LastChange | None


class MapFileFields(Fields):
    """A floor plan: PNG, JPEG, WebP or GIF of at most 2 MB in base64. `delete` takes away the one that was there."""

    b64_content = Text()
    mime_type = Text(max_length=100, help_text="not looked at: the picture says itself what it is")
    delete = Truth()


class FolderFields(Fields):
    """What may be set on a folder; the folder above is the organization's first one if it is not named."""

    title = serializers.CharField(max_length=200)
    parent_id = Identifier()
    order_num = Number(min_value=1, help_text="the next free number if absent or taken")
    coordinates = Text(max_length=64)
    map_topleft = Text(max_length=64)
    map_topright = Text(max_length=64)
    map_bottomleft = Text(max_length=64)
    map_file = MapFileFields(required=False, allow_null=True)


class ChangedFolderFields(FolderFields):
    """The same, and where to move the folder: after, before or into another one of the organization."""

    move_after = Identifier()
    move_before = Identifier()
    move_inside = Identifier()


BASE = "vsaas/api/v2/"
MOVES = ("move_after", "move_before", "move_inside")


class RemovedGrantShape(FolderUserShape):
    """The right that was taken away."""

    success: bool


def folder_shapes(user: User, organization: Organization, rows: Iterable[Folder]) -> list[FolderShape]:
    """Folders with their levels and counters, in a number of queries that does not grow with them."""
    found = list(rows)
    parents = dict(Folder.objects.filter(organization=organization).values_list("pk", "parent"))
    counted = Camera.objects.filter(organization=organization).order_by().values("folder").annotate(number=Count("pk"))
    counts = dict(counted.values_list("folder", "number"))
    ids = [row.pk for row in found]
    changes, plans = last_changes(user, "Folder", ids), floor_plans.digests(ids)
    return [
        _shape(row, _level(row.pk, parents), counts.get(row.pk, 0), changes.get(row.pk), plans.get(row.pk))
        for row in found
    ]


def plan_url(row: Folder, digest: str | None) -> str | None:
    """Where a folder's floor plan is, for whoever may see the folder."""
    return f"/{BASE}organizations/{row.organization_id}/folders/{row.pk}/map?v={digest[:12]}" if digest else None


def _level(folder_id: int, parents: dict[int, int | None]) -> int:
    level, above = 0, parents.get(folder_id)
    while above is not None and level <= len(parents):
        level, above = level + 1, parents.get(above)
    return level


def _shape(row: Folder, level: int, cameras: int, change: LastChange | None, plan: str | None) -> FolderShape:
    return {
        "id": row.pk,
        "organization_id": row.organization_id,
        "parent_id": row.parent_id,
        "title": row.title,
        "level": level,
        "order_num": row.order_num,
        "camera_count": cameras,
        "coordinates": row.coordinates or None,
        "map_topleft": row.map_topleft or None,
        "map_topright": row.map_topright or None,
        "map_bottomleft": row.map_bottomleft or None,
        "map_file": {"url": plan_url(row, plan)},
        "last_change": change,
    }


def _answer(user: User, organization: Organization, folder: Folder) -> Response:
    return Response(folder_shapes(user, organization, [folder])[0])


def _parent(user: User, organization: Organization, folder_id: Any) -> Folder:
    return access.folder_for(user, organization, folder_id) if folder_id else folders.root(organization)


class FoldersView(V2View):
    """`/organizations/{id}/folders`."""

    noun = "folders"

    @answers(list[FolderShape], says="An organization's folders that the caller may see", name="folders_list")
    def get(self, request: Asked, organization_id: str) -> Response:
        user = request.user
        organization = access.organization_for(user, organization_id)
        page = paging.page_of(request)
        rows = access.visible_folders(user, organization).order_by("order_num", "id")
        return paging.answer(
            request, page, rows[page.offset : page.end], lambda found: folder_shapes(user, organization, found)
        )

    @answers(FolderShape, fields=FolderFields, says="Add a folder", name="folders_add")
    def post(self, request: Asked, organization_id: str) -> Response:
        organization = access.organization_for(request.user, organization_id, "edit_cameras")
        values = FolderFields.read(request)
        parent, plan = _parent(request.user, organization, values.pop("parent_id", None)), values.pop("map_file", None)
        folder = folders.add_folder(organization, acting_user=request.user, parent=parent, **values)
        _set_plan(folder, plan, request.user)
        return _answer(request.user, organization, folder)


class FolderView(V2View):
    """`/organizations/{id}/folders/{folder_id}`."""

    noun = "folders"

    @answers(FolderShape, says="One folder", name="folders_one")
    def get(self, request: Asked, organization_id: str, folder_id: str) -> Response:
        organization = access.organization_for(request.user, organization_id)
        folder = access.visible_folders(request.user, organization).filter(pk=access.as_id(folder_id)).first()
        if folder is None:
            raise Missing(_("There is no such folder."))
        return _answer(request.user, organization, folder)

    @answers(FolderShape, fields=ChangedFolderFields, says="Change or move a folder", name="folders_change")
    def put(self, request: Asked, organization_id: str, folder_id: str) -> Response:
        user = request.user
        organization = access.organization_for(user, organization_id, "edit_cameras")
        folder = access.folder_for(user, organization, folder_id)
        values = ChangedFolderFields.read(request, partial=True)
        moves = {name: values.pop(name) for name in MOVES if name in values}
        if "parent_id" in values:
            parent_id = values.pop("parent_id")
            values["parent"] = access.folder_for(user, organization, parent_id) if parent_id else None
        plan = values.pop("map_file", None)
        folders.change_folder(folder, acting_user=user, **values)
        _set_plan(folder, plan, user)
        _move(user, organization, folder, {name: target for name, target in moves.items() if target})
        return _answer(user, organization, folder)

    @answers(DONE_SCHEMA, says="Delete an empty folder", name="folders_delete")
    def delete(self, request: Asked, organization_id: str, folder_id: str) -> Response:
        organization = access.organization_for(request.user, organization_id, "edit_cameras")
        folders.delete_folder(access.folder_for(request.user, organization, folder_id), acting_user=request.user)
        return Response(DONE)


def _set_plan(folder: Folder, sent: dict[str, Any] | None, acting_user: User) -> None:
    """Take the floor plan away, or draw the one that was sent; an object without either changes nothing."""
    if not sent:
        return
    if sent.get("delete"):
        floor_plans.remove_plan(folder, acting_user=acting_user)
    if sent.get("b64_content"):
        content = floor_plans.decoded(sent["b64_content"], "map_file.b64_content")
        floor_plans.set_plan(folder, acting_user=acting_user, content=content, field="map_file.b64_content")


class FolderMapView(V2View):
    """`/organizations/{id}/folders/{folder_id}/map`."""

    noun = "folders"

    @answers(bytes, says="A folder's floor plan", name="folders_map")
    def get(self, request: Asked, organization_id: str, folder_id: str) -> HttpResponse:
        return floor_plan(request.user, organization_id, folder_id)


def _move(user: User, organization: Organization, folder: Folder, moves: dict[str, Any]) -> None:
    if len(moves) > 1:
        raise Invalid(_("Move a folder to one place at a time."), field=sorted(moves)[0])
    for name, target_id in moves.items():
        target = access.folder_for(user, organization, target_id)
        folders.move_folder(folder, acting_user=user, target=target, place=name.removeprefix("move_"))


def _grant(folder: Folder, user_id: Any) -> FolderPermission:
    row: FolderPermission | None = FolderPermission.objects.filter(folder=folder, user=access.as_id(user_id)).first()
    if row is None:
        raise Missing(_("The user has no rights in this folder."))
    return row


def _member(asking: User, organization: Organization, user_id: Any) -> User:
    """A member of the organization whose rights in folders the asking user may change."""
    user: User | None = User.objects.filter(memberships__organization=organization, pk=access.as_id(user_id)).first()
    if user is None:
        raise Missing(_("The user is not in the organization."))
    access.require_may_grant(asking, organization, user, {})
    return user


class FolderUsersView(V2View):
    """`/organizations/{id}/folders/{folder_id}/users`."""

    noun = "folders"

    @answers(list[FolderUserShape], says="Who may look into a folder", name="folder_users_list")
    def get(self, request: Asked, organization_id: str, folder_id: str) -> Response:
        organization = access.organization_for(request.user, organization_id, "view_users")
        folder = access.folder_for(request.user, organization, folder_id)
        page = paging.page_of(request)
        rows = FolderPermission.objects.filter(folder=folder).order_by("id")[page.offset : page.end]
        return paging.answer(request, page, rows, lambda found: [*map(folder_user_shape, found)])

    @answers(FolderUserShape, fields=FolderUserFields, says="Grant or change rights", name="folder_users_grant")
    def post(self, request: Asked, organization_id: str, folder_id: str) -> Response:
        organization = access.organization_for(request.user, organization_id, "edit_users")
        folder = access.folder_for(request.user, organization, folder_id)
        rights = FolderUserFields.read(request)
        user = _member(request.user, organization, rights.pop("user_id"))
        row = memberships.grant_folder(folder, acting_user=request.user, user=user, **rights)
        return Response(folder_user_shape(row))


class FolderUserView(V2View):
    """`/organizations/{id}/folders/{folder_id}/users/{user_id}`."""

    noun = "folders"

    @answers(FolderUserShape, fields=GrantFields, says="Grant or change rights", name="folder_users_change")
    def put(self, request: Asked, organization_id: str, folder_id: str, user_id: str) -> Response:
        organization = access.organization_for(request.user, organization_id, "edit_users")
        folder = access.folder_for(request.user, organization, folder_id)
        user = _member(request.user, organization, user_id)
        rights = GrantFields.read(request, partial=True)
        row = memberships.grant_folder(folder, acting_user=request.user, user=user, **rights)
        return Response(folder_user_shape(row))

    @answers(RemovedGrantShape, says="Take rights in a folder away", name="folder_users_revoke")
    def delete(self, request: Asked, organization_id: str, folder_id: str, user_id: str) -> Response:
        organization = access.organization_for(request.user, organization_id, "edit_users")
        folder = access.folder_for(request.user, organization, folder_id)
        row = _grant(folder, user_id)
        access.require_may_grant(request.user, organization, row.user, {})
        shape = folder_user_shape(row)
        memberships.revoke_folder(row, acting_user=request.user)
        return Response({**shape, "success": True})
