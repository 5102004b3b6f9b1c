"""Folders of an organization, and who may look into them (items 88, 89, 193-196)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypedDict

from django.db.models import Count
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.response import Response

from devices.models import Camera
from portal.api import paging
from portal.api.schema import DONE as DONE_SCHEMA
from portal.api.schema import answers
from portal.api.v2.grants import FolderUserFields, FolderUserShape, GrantFields, folder_user_shape
from portal.api.v2.shapes import LastChange, last_changes
from portal.api.v2.views import DONE, Asked, Fields, Identifier, Number, Text, V2View
from tenants import access
from tenants.errors import Invalid, Missing
from tenants.models import Folder, FolderPermission, Organization, User
from tenants.services import folders, memberships


class MapFileShape(TypedDict):
    """Where the floor plan is."""

    url: None


class FolderShape(TypedDict):
    """A folder; `level` is 0 at the top, `camera_count` does not count folders below. Floor plans are not kept yet."""

    id: int
    organization_id: int
    parent_id: int | None
    title: str
    level: int
    order_num: int
    camera_count: int
    coordinates: str | None
    map_topleft: None
    map_topright: None
    map_bottomleft: None
    map_file: MapFileShape
    last_change: LastChange | None


class FolderFields(Fields):
    """What may be set on a folder; the folder above is the organization's first one if it is not named."""

    title = serializers.CharField(max_length=200)
    parent_id = Identifier()
    order_num = Number(min_value=1)
    coordinates = Text(max_length=64)


class ChangedFolderFields(FolderFields):
    """The same, and where to move the folder: after, before or into another one of the organization."""

    move_after = Identifier()
    move_before = Identifier()
    move_inside = Identifier()


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
    changes = last_changes(user, "Folder", [row.pk for row in found])
    return [_shape(row, _level(row.pk, parents), counts.get(row.pk, 0), changes.get(row.pk)) for row in found]


def _level(folder_id: int, parents: dict[int, int | None]) -> int:
    level, above = 0, parents.get(folder_id)
    while above is not None and level <= len(parents):
        level, above = level + 1, parents.get(above)
    return level


def _shape(row: Folder, level: int, cameras: int, change: LastChange | None) -> FolderShape:
    return {
        "id": row.pk,
        "organization_id": row.organization_id,
        "parent_id": row.parent_id,
        "title": row.title,
        "level": level,
        "order_num": row.order_num,
        "camera_count": cameras,
        "coordinates": row.coordinates or None,
        "map_topleft": None,
        "map_topright": None,
        "map_bottomleft": None,
        "map_file": {"url": None},
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
        parent = _parent(request.user, organization, values.pop("parent_id", None))
        folder = folders.add_folder(organization, acting_user=request.user, parent=parent, **values)
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
        folders.change_folder(folder, acting_user=user, **values)
        _move(user, organization, folder, {name: target for name, target in moves.items() if target})
        return _answer(user, organization, folder)

    @answers(DONE_SCHEMA, says="Delete an empty folder", name="folders_delete")
    def delete(self, request: Asked, organization_id: str, folder_id: str) -> Response:
        organization = access.organization_for(request.user, organization_id, "edit_cameras")
        folders.delete_folder(access.folder_for(request.user, organization, folder_id), acting_user=request.user)
        return Response(DONE)


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
