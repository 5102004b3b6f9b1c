"""Users in an organization (items 66-72, 77), and the organizations of a user."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, TypedDict

from django.db.models import Exists, OuterRef, Q
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from rest_framework.response import Response

from devices.services import grants
from portal.api.v3.client.organizations import NAMES, sees_all
from portal.api.v3.collections import Collection
from portal.api.v3.columns import Column, Kind
from portal.api.v3.schema import EMPTY, answers, lists
from portal.api.v3.shapes import FLAGS, PermissionsShape, permissions_shape
from portal.api.v3.views import Asked, Fields, Truth, V3View, gone, one
from tenants import access
from tenants.errors import Forbidden, Missing
from tenants.models import Folder, FolderPermission, Membership, Organization, User
from tenants.services import memberships


class MemberShape(TypedDict):
    """A user in an organization, with his rights there; `id` and `user_id` are both his number."""

    id: int
    user_id: int
    name: str
    fullname: str | None
    email: str | None
    disabled: bool
    permissions: PermissionsShape


class PlaceShape(TypedDict):
    """An organization of a user, with his rights there."""

    id: int
    title: str
    permissions: PermissionsShape


class PermissionFields(Fields):
    """A member's rights; `can_view_streams` grants the video of all cameras, or takes that grant away."""

    DEFAULTS: ClassVar[Mapping[str, Any]] = {**dict.fromkeys(FLAGS, False), "can_view_streams": False}

    can_edit_streams = Truth()
    can_edit_users = Truth()
    can_view_stats = Truth()
    can_view_streams = Truth()
    can_view_persons_lists = Truth()
    can_edit_persons_lists = Truth()
    is_accountant = Truth()


class MemberFields(PermissionFields):
    """The same, also wrapped as the answer wraps it."""

    permissions = PermissionFields(required=False)


MEMBERS = Collection(
    "users",
    (
        Column("id", "user", Kind.WHOLE),
        Column("name", "user__login", searched=True),
        Column("fullname", "user__name", searched=True),
        Column("email", "user__email", searched=True),
        Column("permissions.can_edit_streams", "can_edit_cameras", Kind.TRUTH),
        Column("permissions.can_edit_users", "can_edit_users", Kind.TRUTH),
        Column("permissions.can_view_stats", "can_view_stats", Kind.TRUTH),
        Column("permissions.is_accountant", "is_accountant", Kind.TRUTH),
    ),
)
PLACES = Collection(
    "organizations",
    (Column("id", "id", Kind.WHOLE), Column("title", "title", searched=True)),
)


def member_shapes(organization: Organization, rows: Iterable[Membership]) -> list[MemberShape]:
    """Members with their rights; the rows bring their users."""
    found = list(rows)
    seen = sees_all([organization.pk], [row.user_id for row in found])
    return [_shape(organization, row, (organization.pk, row.user_id) in seen) for row in found]


def _shape(organization: Organization, row: Membership, seen: bool) -> MemberShape:
    return {
        "id": row.user_id,
        "user_id": row.user_id,
        "name": row.user.login,
        "fullname": row.user.name or None,
        "email": row.user.email or None,
        "disabled": not row.user.is_active,
        "permissions": _permissions(organization, row.user, row, seen),
    }


def _permissions(organization: Organization, user: User, row: Membership | None, seen: bool) -> PermissionsShape:
    """What was given, not what comes of it: an owner's flags are his own, and Read only shows on the user."""
    rights = access.organization_rights(user, organization, row)
    given = {name: bool(row and getattr(row, flag)) for name, flag in FLAGS.items()}
    shape = permissions_shape(rights, sees_all=seen or rights.is_owner, is_accountant=given["is_accountant"])
    return {**shape, **given}  # type: ignore[typeddict-item]  # FLAGS are keys of the shape


def _member(organization: Organization, user_id: Any) -> Membership:
    row: Membership | None = (
        Membership.objects.select_related("user").filter(organization=organization, user=access.as_id(user_id)).first()
    )
    if row is None:
        raise Missing(_("The user is not in the organization."))
    return row


def _admitted(asking: User, organization: Organization, user_id: Any, flags: Mapping[str, bool]) -> Membership:
    """The user's row in the organization: the one he has, or a new one, if the caller may let him in."""
    row = Membership.objects.filter(organization=organization, user=access.as_id(user_id)).first()
    user = row.user if row else access.user_for(asking, user_id)
    access.require_may_grant(asking, organization, user, flags)
    return row or memberships.add_member(organization, acting_user=asking, user=user)


def set_video(organization: Organization, *, acting_user: User, user: User, sees: bool) -> None:
    """Grant every folder at the top of the organization's tree, or take these grants away; others stay."""
    tops = Folder.objects.filter(organization=organization, parent=None)
    held = {row.folder_id: row for row in FolderPermission.objects.filter(folder__in=tops, user=user)}
    for top in tops:
        if sees and top.pk not in held:
            memberships.grant_folder(top, acting_user=acting_user, user=user)
        elif not sees and top.pk in held:
            memberships.revoke_folder(held[top.pk], acting_user=acting_user)


class MembersView(V3View):
    """`/organizations/{id}/users`."""

    noun = "organizations"

    @lists(MemberShape, MEMBERS, says="Users in an organization", name="organizations_users_list")
    def get(self, request: Asked, organization_id: str) -> Response:
        organization = access.organization_for(request.user, organization_id, "view_users")
        rows = Membership.objects.select_related("user").filter(organization=organization)
        return MEMBERS.answer(request, rows, lambda found: member_shapes(organization, found))


class MemberView(V3View):
    """`/organizations/{id}/users/{user_id}`; PUT lets a user in who is not there yet."""

    noun = "organizations"
    names = NAMES

    @answers(MemberShape, says="One user in an organization", name="organizations_users_one")
    def get(self, request: Asked, organization_id: str, user_id: str) -> Response:
        organization = access.organization_for(request.user, organization_id)
        if access.as_id(user_id) != request.user.pk and not access.rights_in(request.user, organization).view_users:
            raise Forbidden(_("You may not see the organization's users."))
        return one(request, member_shapes(organization, [_member(organization, user_id)])[0])

    @answers(
        MemberShape, fields=MemberFields, says="Let a user in, or change his rights", name="organizations_users_save"
    )
    def put(self, request: Asked, organization_id: str, user_id: str) -> Response:
        asking = request.user
        organization = access.organization_for(asking, organization_id, "edit_users")
        fields = MemberFields.read(request, partial=True)
        sent = {**fields, **fields.pop("permissions", {})}
        flags = {FLAGS[name]: value for name, value in sent.items() if name in FLAGS}
        row = _admitted(asking, organization, user_id, flags)
        memberships.change_member(row, acting_user=asking, **flags)
        if "can_view_streams" in sent:
            set_video(organization, acting_user=asking, user=row.user, sees=sent["can_view_streams"])
        return one(request, member_shapes(organization, [_member(organization, user_id)])[0])

    @answers(EMPTY, says="Take a user out of an organization", name="organizations_users_delete")
    def delete(self, request: Asked, organization_id: str, user_id: str) -> Response:
        organization = access.organization_for(request.user, organization_id, "edit_users")
        grants.remove_member(_member(organization, user_id), acting_user=request.user)
        return gone()


class UserOrganizationsView(V3View):
    """`/users/{id}/organization`: where a user belongs, among what the caller may see."""

    noun = "users"

    @lists(PlaceShape, PLACES, says="The organizations of a user", name="users_organizations_list")
    def get(self, request: Asked, user_id: str) -> Response:
        user = access.user_for(request.user, user_id)
        joined = Membership.objects.filter(organization=OuterRef("pk"), user=user)
        rows = access.visible_organizations(request.user).filter(Q(owner=user) | Exists(joined))
        return PLACES.answer(request, rows, lambda found: _places(user, found))


def _places(user: User, rows: list[Organization]) -> list[PlaceShape]:
    ids = [row.pk for row in rows]
    joined = {row.organization_id: row for row in Membership.objects.filter(user=user, organization__in=ids)}
    seen = sees_all(ids, [user.pk])
    return [
        {
            "id": row.pk,
            "title": row.title,
            "permissions": _permissions(row, user, joined.get(row.pk), (row.pk, user.pk) in seen),
        }
        for row in rows
    ]


urlpatterns: list[URLPattern] = [
    path("organizations/<str:organization_id>/users", MembersView.as_view()),
    path("organizations/<str:organization_id>/users/<str:user_id>", MemberView.as_view()),
    path("users/<str:user_id>/organization", UserOrganizationsView.as_view()),
]
