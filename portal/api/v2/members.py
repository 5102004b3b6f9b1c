"""Users in an organization (items 66-72, 77, 191, 192)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any, TypedDict

from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.response import Response

from devices.services import grants as camera_grants
from portal.api import paging
from portal.api.schema import DONE as DONE_SCHEMA
from portal.api.schema import answers
from portal.api.v2.grants import GrantShape, grant_shape, wanted_grants
from portal.api.v2.views import DONE, Asked, Fields, Identifier, Truth, V2View
from tenants import access
from tenants.errors import Forbidden, Missing
from tenants.models import FolderPermission, Membership, Organization, User
from tenants.services import memberships


class MemberShape(TypedDict):
    """A user in an organization, with his rights there."""

    user_id: int
    login: str
    notification_email: str | None
    can_edit_organization_cameras: bool
    can_edit_organization_users: bool
    can_view_organization_stats: bool
    can_view_organization_plists: bool
    can_edit_organization_plists: bool
    folders_permissions: list[GrantShape]


class MemberFields(Fields):
    """A member's rights. `folders_permissions`: numbers of folders, or objects {folder_id, can_view_dvr, ...}."""

    can_edit_organization_cameras = Truth()
    can_edit_organization_users = Truth()
    can_view_organization_stats = Truth()
    can_view_organization_plists = Truth()
    can_edit_organization_plists = Truth()
    folders_permissions = serializers.ListField(child=serializers.JSONField(), required=False, allow_null=True)


class NewMemberFields(MemberFields):
    """An existing user, by number or login, and his rights."""

    user_id = Identifier()
    login = serializers.CharField(max_length=254, required=False, allow_null=True, allow_blank=True)


FLAGS = {
    "can_edit_organization_cameras": "can_edit_cameras",
    "can_edit_organization_users": "can_edit_users",
    "can_view_organization_stats": "can_view_stats",
    "can_view_organization_plists": "can_view_person_lists",
    "can_edit_organization_plists": "can_edit_person_lists",
}


def member_shapes(organization: Organization, rows: Iterable[Membership]) -> list[MemberShape]:
    """Members with their rights in the organization's folders, in one query more."""
    found = list(rows)
    grants: dict[int, list[GrantShape]] = defaultdict(list)
    users = [row.user_id for row in found]
    for grant in FolderPermission.objects.filter(folder__organization=organization, user__in=users):
        grants[grant.user_id].append(grant_shape(grant))
    return [_shape(row, grants[row.user_id]) for row in found]


def _shape(row: Membership, grants: list[GrantShape]) -> MemberShape:
    return {
        "user_id": row.user_id,
        "login": row.user.login,
        "notification_email": row.user.notification_email or None,
        "can_edit_organization_cameras": row.can_edit_cameras,
        "can_edit_organization_users": row.can_edit_users,
        "can_view_organization_stats": row.can_view_stats,
        "can_view_organization_plists": row.can_view_person_lists,
        "can_edit_organization_plists": row.can_edit_person_lists,
        "folders_permissions": grants,
    }


def _flags(fields: dict[str, Any]) -> dict[str, bool]:
    return {FLAGS[name]: value for name, value in fields.items() if name in FLAGS}


def _member(organization: Organization, user_id: Any) -> Membership:
    row: Membership | None = (
        Membership.objects.select_related("user").filter(organization=organization, user=access.as_id(user_id)).first()
    )
    if row is None:
        raise Missing(_("The user is not in the organization."))
    return row


def _grant(asking: User, organization: Organization, row: Membership, fields: dict[str, Any]) -> None:
    """Set the member's flags and, where folders are named, his rights there."""
    flags = _flags(fields)
    access.require_may_grant(asking, organization, row.user, flags)
    memberships.change_member(row, acting_user=asking, **flags)
    for folder, rights in wanted_grants(asking, organization, fields.get("folders_permissions")):
        memberships.grant_folder(folder, acting_user=asking, user=row.user, **rights)


def _answer(organization: Organization, row: Membership) -> Response:
    return Response(member_shapes(organization, [row])[0])


class MembersView(V2View):
    """`/organizations/{id}/users`."""

    noun = "organizations"

    @answers(list[MemberShape], says="Users in an organization", name="members_list")
    def get(self, request: Asked, organization_id: str) -> Response:
        organization = access.organization_for(request.user, organization_id, "view_users")
        rows = Membership.objects.select_related("user").filter(organization=organization)
        return paging.long_list(request, rows, ["id"], lambda found: member_shapes(organization, found))

    @answers(MemberShape, fields=NewMemberFields, says="Let a user into an organization", name="members_add")
    def post(self, request: Asked, organization_id: str) -> Response:
        asking = request.user
        organization = access.organization_for(asking, organization_id, "edit_users")
        fields = NewMemberFields.read(request)
        user = _found(asking, fields)
        access.require_may_grant(asking, organization, user, _flags(fields))
        row = memberships.add_member(organization, acting_user=asking, user=user)
        _grant(asking, organization, row, fields)
        return _answer(organization, row)


def _found(asking: User, fields: dict[str, Any]) -> User:
    """The user who is named, if the asking one may know of him."""
    if fields.get("user_id"):
        return access.user_for(asking, fields["user_id"])
    found = access.visible_users(asking).filter(login__iexact=fields.get("login") or "").first()
    if found is None:
        raise Missing(_("There is no such user."))
    return found


class MemberView(V2View):
    """`/organizations/{id}/users/{user_id}`."""

    noun = "organizations"

    @answers(MemberShape, says="One user in an organization", name="members_one")
    def get(self, request: Asked, organization_id: str, user_id: str) -> Response:
        organization = access.organization_for(request.user, organization_id)
        if access.as_id(user_id) != request.user.pk and not access.rights_in(request.user, organization).view_users:
            raise Forbidden(_("You may not see the organization's users."))
        return _answer(organization, _member(organization, user_id))

    @answers(MemberShape, fields=MemberFields, says="Change a member's rights", name="members_change")
    def put(self, request: Asked, organization_id: str, user_id: str) -> Response:
        organization = access.organization_for(request.user, organization_id, "edit_users")
        row = _member(organization, user_id)
        _grant(request.user, organization, row, MemberFields.read(request, partial=True))
        return _answer(organization, row)

    @answers(DONE_SCHEMA, says="Take a user out of an organization", name="members_remove")
    def delete(self, request: Asked, organization_id: str, user_id: str) -> Response:
        organization = access.organization_for(request.user, organization_id, "edit_users")
        camera_grants.remove_member(_member(organization, user_id), acting_user=request.user)
        return Response(DONE)
