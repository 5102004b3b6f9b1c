"""Who may look into a folder (items 69, 70, 196): grants that hold for the folder and all folders below it."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from rest_framework.response import Response

from portal.api.v3.client.folders import FOLDERS, FolderShape, folder_shapes
from portal.api.v3.collections import Collection
from portal.api.v3.columns import Column, Kind
from portal.api.v3.grants import NO_GRANT, GrantFields, GrantShape, grant_shape, grant_values
from portal.api.v3.schema import EMPTY, answers, lists
from portal.api.v3.views import Asked, V3View, gone, one
from tenants import access
from tenants.errors import Forbidden, Missing
from tenants.models import Folder, FolderPermission, Membership, Organization, User
from tenants.services import memberships


class FolderUserShape(GrantShape):
    """A grant, seen from its folder; `id` and `user_id` are both the user's number."""

    id: int
    user_id: int
    name: str
    fullname: str | None


class UserFolderShape(FolderShape):
    """A folder, with what one user was granted right there."""

    permissions: GrantShape


FOLDER_USERS = Collection(
    "users",
    (
        Column("id", "user", Kind.WHOLE),
        Column("name", "user__login", searched=True),
        Column("fullname", "user__name", searched=True),
        Column("can_view_dvr", "can_view_dvr", Kind.TRUTH),
        Column("can_use_ptz", "can_use_ptz", Kind.TRUTH),
        Column("can_use_actions", "can_use_actions", Kind.TRUTH),
    ),
)
EXAMPLE = {
    "id": 17, "user_id": 17, "name": "ivanov", "fullname": "Ivan Ivanov", "can_view": True, "can_view_dvr": True,
    "dvr_depth_limit": 604800, "can_export": True, "can_use_ptz": False, "can_talk": False, "can_use_actions": False,
    "valid_from": None, "valid_until": None, "days": 127, "minute_from": None, "minute_until": None,
}  # fmt: skip
SENT = {"can_view": True, "can_view_dvr": True, "dvr_depth_limit": 604800}


def _shape(row: FolderPermission) -> FolderUserShape:
    person = row.user
    return {
        "id": person.pk,
        "user_id": person.pk,
        "name": person.login,
        "fullname": person.name or None,
        **grant_shape(row),
    }


def _row(folder: Folder, user_id: Any) -> FolderPermission:
    row: FolderPermission | None = (
        FolderPermission.objects.select_related("user").filter(folder=folder, user=access.as_id(user_id)).first()
    )
    if row is None:
        raise Missing(_("The user has no rights in this folder."))
    return row


def _place(request: Asked, organization_id: str, folder_id: str, right: str) -> tuple[Organization, Folder]:
    organization = access.organization_for(request.user, organization_id, right)
    return organization, access.folder_for(request.user, organization, folder_id)


def _member(asking: User, organization: Organization, user_id: Any) -> User:
    """A member of the organization whose rights in folders the caller may change."""
    user: User | None = User.objects.filter(memberships__organization=organization, pk=access.as_id(user_id)).first()
    if user is None:
        raise Missing(_("The user is not in the organization."))
    access.require_may_grant(asking, organization, user, {})
    return user


class FolderUsersView(V3View):
    """`/organizations/{id}/folders/{folder_id}/users`."""

    noun = "folders"

    @lists(FolderUserShape, FOLDER_USERS, says="Who may look into a folder", name="folders_users_list")
    def get(self, request: Asked, organization_id: str, folder_id: str) -> Response:
        _organization, folder = _place(request, organization_id, folder_id, "view_users")
        rows = FolderPermission.objects.select_related("user").filter(folder=folder)
        return FOLDER_USERS.answer(request, rows, lambda found: [_shape(row) for row in found])


class FolderUserView(V3View):
    """`/organizations/{id}/folders/{folder_id}/users/{user_id}`."""

    noun = "folders"

    @answers(FolderUserShape, says="What a user may do in a folder", name="folders_users_one", example=EXAMPLE)
    def get(self, request: Asked, organization_id: str, folder_id: str, user_id: str) -> Response:
        _organization, folder = _place(request, organization_id, folder_id, "view_users")
        return one(request, _shape(_row(folder, user_id)))

    @answers(
        FolderUserShape, fields=GrantFields, says="Grant or change rights in a folder", name="folders_users_save",
        example=EXAMPLE, sent=SENT,
    )  # fmt: skip
    def put(self, request: Asked, organization_id: str, folder_id: str, user_id: str) -> Response:
        organization, folder = _place(request, organization_id, folder_id, "edit_users")
        user = _member(request.user, organization, user_id)
        fields = GrantFields.read(request, partial=True)
        if fields.get("can_view") is False:
            return one(request, _revoked(request.user, folder, user))
        row = memberships.grant_folder(folder, acting_user=request.user, user=user, **grant_values(fields))
        return one(request, _shape(row))

    @answers(EMPTY, says="Take rights in a folder away", name="folders_users_delete")
    def delete(self, request: Asked, organization_id: str, folder_id: str, user_id: str) -> Response:
        organization, folder = _place(request, organization_id, folder_id, "edit_users")
        row = _row(folder, user_id)
        access.require_may_grant(request.user, organization, row.user, {})
        memberships.revoke_folder(row, acting_user=request.user)
        return gone()


def _revoked(asking: User, folder: Folder, user: User) -> FolderUserShape:
    """`can_view: false` takes the whole grant away: without live video there is nothing else."""
    row = FolderPermission.objects.filter(folder=folder, user=user).first()
    if row is not None:
        memberships.revoke_folder(row, acting_user=asking)
    return {"id": user.pk, "user_id": user.pk, "name": user.login, "fullname": user.name or None, **NO_GRANT}


class UserFoldersView(V3View):
    """`/users/{id}/organization/{organization_id}/folders`: the tree as one user was granted it."""

    noun = "users"

    @lists(UserFolderShape, FOLDERS, says="An organization's folders and a user's rights in them", name="users_folders")
    def get(self, request: Asked, user_id: str, organization_id: str) -> Response:
        asking = request.user
        user = access.user_for(asking, user_id)
        organization = access.organization_for(asking, organization_id)
        if user.pk != asking.pk and not access.rights_in(asking, organization).view_users:
            raise Forbidden(_("You may not see the organization's users."))
        if organization.owner_id != user.pk:
            _belonging(organization, user)
        rows = access.visible_folders(asking, organization)
        return FOLDERS.answer(request, rows, lambda found: _granted(asking, user, organization, found))


def _belonging(organization: Organization, user: User) -> None:
    if not Membership.objects.filter(organization=organization, user=user).exists():
        raise Missing(_("The user is not in the organization."))


def _granted(asking: User, user: User, organization: Organization, rows: list[Folder]) -> list[UserFolderShape]:
    held: dict[int, GrantShape] = defaultdict(lambda: NO_GRANT)
    for row in FolderPermission.objects.filter(user=user, folder__in=[folder.pk for folder in rows]):
        held[row.folder_id] = grant_shape(row)
    return [{**shape, "permissions": held[shape["id"]]} for shape in folder_shapes(asking, organization, rows)]


BASE = "organizations/<str:organization_id>/folders/<str:folder_id>/users"
urlpatterns: list[URLPattern] = [
    path(BASE, FolderUsersView.as_view()),
    path(f"{BASE}/<str:user_id>", FolderUserView.as_view()),
    path("users/<str:user_id>/organization/<str:organization_id>/folders", UserFoldersView.as_view()),
]
