"""Organizations (items 31-36), and the presets they may choose."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any, ClassVar, TypedDict

from django.db.models import Count, IntegerField, OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.response import Response

from billing.services import organizations as opening
from devices.models import Camera
from devices.services import organizations as closing
from portal.api.v3.collections import Collection
from portal.api.v3.columns import Column, Kind
from portal.api.v3.schema import EMPTY, answers, lists
from portal.api.v3.shapes import ChangeShape, PermissionsShape, PersonShape, changes_of, permissions_shape
from portal.api.v3.views import (
    GIGABYTE,
    Asked,
    Fields,
    Identifier,
    Number,
    Part,
    Text,
    V3View,
    gone,
    one,
    utc_ms,
    wanted_truth,
)
from tenants import access
from tenants.errors import Conflict, Forbidden
from tenants.models import Folder, FolderPermission, Membership, Organization, OrganizationWord, User
from tenants.services import organizations
from tenants.words import finding


class LimitsShape(TypedDict):
    """At most this many cameras and users, and this many bytes of archive."""

    streams: int
    users: int
    dvr: int


class CountsShape(TypedDict):
    """How many there are."""

    streams: int
    users: int
    mosaics: int


class OrganizationShape(TypedDict):
    """An organization; `user_permissions` are the caller's own. `created_at` in ms."""

    id: int
    title: str
    is_default: bool
    external_id: str | None
    owner: PersonShape | None
    limits: LimitsShape
    stats: CountsShape
    user_permissions: PermissionsShape
    created_at: int | None
    last_change: ChangeShape | None


class LimitFields(Fields):
    """0 or nothing means the default: 1000 cameras, 1000 users, 100 GB."""

    streams = Number(allow_null=True)
    users = Number(allow_null=True)
    dvr = serializers.IntegerField(
        required=False, allow_null=True, min_value=0, max_value=2**60, help_text="bytes; kept in whole GB"
    )


class OwnerFields(Part):
    """The owner by number."""

    id = Identifier(required=True)


class OrganizationFields(Fields):
    """What may be set on an organization; only administrators say who owns it."""

    DEFAULTS: ClassVar[Mapping[str, Any]] = {"limits": {"streams": 0, "users": 0, "dvr": 0}, "external_id": ""}

    title = serializers.CharField(max_length=200)
    limits = LimitFields(required=False)
    owner = OwnerFields(required=False, allow_null=True, help_text="null: nobody; it then cannot be edited")
    owner_id = Identifier()
    external_id = Text(max_length=128)


NAMES = {
    "camera_limit": "limits.streams",
    "user_limit": "limits.users",
    "dvr_limit": "limits.dvr",
    "owner_id": "owner.id",
    "user_id": "id",
}
LIMITS = {"streams": "camera_limit", "users": "user_limit", "dvr": "dvr_limit"}


def _count(rows: Any) -> Coalesce:
    """A counter as a subquery: two joins would multiply each other."""
    counted = rows.filter(organization=OuterRef("pk")).order_by().values("organization").annotate(number=Count("pk"))
    return Coalesce(Subquery(counted.values("number")), 0, output_field=IntegerField())


class _Counts:
    """Counters are made when they are needed: they look at the ISP in scope."""

    @staticmethod
    def streams() -> Coalesce:
        return _count(Camera.objects)

    @staticmethod
    def users() -> Coalesce:
        return _count(Membership.objects)


ORGANIZATIONS = Collection(
    "organizations",
    (
        Column("id", "id", Kind.WHOLE),
        Column("title", "title"),
        Column("is_default", "is_default", Kind.TRUTH),
        Column("external_id", "external_id"),
        Column("owner.id", "owner", Kind.WHOLE, nullable=True),
        Column("owner.name", "owner__login", nullable=True),
        Column("limits.streams", "camera_limit", Kind.WHOLE),
        Column("limits.users", "user_limit", Kind.WHOLE),
        Column("stats.streams", _Counts.streams, Kind.WHOLE),
        Column("stats.users", _Counts.users, Kind.WHOLE),
        Column("created_at", "created_at", Kind.MOMENT),
    ),
    more=(("can_edit", "true: only those whose cameras the caller edits"),),
    finds=partial(finding, OrganizationWord, "organization"),
)
EXAMPLE = {
    "id": 752, "title": "Harbour", "is_default": False, "external_id": "CRM-17", "owner": {"id": 17, "name": "ivanov"},
    "limits": {"streams": 1000, "users": 1000, "dvr": 100000000000}, "stats": {"streams": 4, "users": 2, "mosaics": 0},
    "user_permissions": {
        "can_edit_streams": True, "can_edit_users": True, "can_view_stats": True, "can_view_streams": True,
        "can_view_persons_lists": True, "can_edit_persons_lists": True, "is_accountant": False, "is_member": True,
        "is_owner": True,
    },
    "created_at": 1715105180000, "last_change": None,
}  # fmt: skip
SENT = {"title": "Harbour", "limits": {"streams": 50, "users": 10}, "owner": {"id": 17}, "external_id": "CRM-17"}


def organization_shapes(asking: User, rows: Iterable[Organization]) -> list[OrganizationShape]:
    """Organizations with their counters, as one user may see them."""
    ids = [row.pk for row in rows]
    found = Organization.objects.select_related("owner").filter(pk__in=ids)
    counted = {row.pk: row for row in found.annotate(streams=_Counts.streams(), people=_Counts.users())}
    memberships = access.memberships_of(asking)
    seen = sees_all(ids, [asking.pk])
    changes = changes_of(asking, "Organization", ids)
    return [
        _shape(asking, counted[pk], memberships.get(pk), (pk, asking.pk) in seen, changes.get(str(pk))) for pk in ids
    ]


def sees_all(organizations: list[int], people: list[int]) -> set[tuple[int, int]]:
    """Who was granted every folder at the top of which organization's tree, and so all of its cameras."""
    tops: dict[int, set[int]] = defaultdict(set)
    for pk, organization in Folder.objects.filter(organization__in=organizations, parent=None).values_list(
        "pk", "organization"
    ):
        tops[organization].add(pk)
    granted: dict[tuple[int, int], set[int]] = defaultdict(set)
    rows = FolderPermission.objects.filter(user__in=people, folder__organization__in=organizations, folder__parent=None)
    for folder, organization, user in rows.values_list("folder", "folder__organization", "user"):
        granted[organization, user].add(folder)
    return {pair for pair, folders in granted.items() if folders >= tops[pair[0]]}


def _shape(
    asking: User, row: Any, membership: Membership | None, seen: bool, change: ChangeShape | None
) -> OrganizationShape:
    rights = access.organization_rights(asking, row, membership)
    holds = rights.is_owner or asking.is_admin
    return {
        "id": row.pk,
        "title": row.title,
        "is_default": row.is_default,
        "external_id": row.external_id or None,
        "owner": {"id": row.owner.pk, "name": row.owner.login} if row.owner else None,
        "limits": {"streams": row.camera_limit, "users": row.user_limit, "dvr": row.dvr_limit * GIGABYTE},
        "stats": {"streams": row.streams, "users": row.people, "mosaics": 0},
        "user_permissions": permissions_shape(
            rights, sees_all=holds or seen, is_accountant=bool(membership and membership.is_accountant)
        ),
        "created_at": utc_ms(row.created_at),
        "last_change": change,
    }


def _one(request: Asked, organization: Organization, *, status: int = 200) -> Response:
    return one(request, organization_shapes(request.user, [organization])[0], status=status)


def _values(asking: User, fields: dict[str, Any]) -> dict[str, Any]:
    """Fields for the service. Only an administrator says who owns: the owner pays, and holds every right."""
    values: dict[str, Any] = {name: fields[name] for name in ("title", "external_id") if name in fields}
    for name, limit in (fields.get("limits") or {}).items():
        values[LIMITS[name]] = -(-(limit or 0) // GIGABYTE) if name == "dvr" else limit or 0
    if "owner" in fields or "owner_id" in fields:
        if not asking.is_admin:
            raise Forbidden(_("Only an administrator may set the owner."), field="owner_id")
        owner_id = (fields["owner"] or {}).get("id") if "owner" in fields else fields["owner_id"]
        values["owner"] = access.user_for(asking, owner_id) if owner_id else None
    return values


class OrganizationsView(V3View):
    """`/organizations`."""

    noun = "organizations"
    names = NAMES

    @lists(OrganizationShape, ORGANIZATIONS, says="Organizations the caller may see", name="organizations_list")
    def get(self, request: Asked) -> Response:
        asking = request.user
        rows = access.visible_organizations(asking)
        if wanted_truth(request, "can_edit"):
            rows = rows.filter(pk__in=access.organizations_where(asking, "edit_cameras").values("pk"))
        return ORGANIZATIONS.answer(request, rows, lambda found: organization_shapes(asking, found))

    @answers(
        OrganizationShape, fields=OrganizationFields, status=201, says="Open an organization",
        name="organizations_add", example=EXAMPLE, sent=SENT,
    )  # fmt: skip
    def post(self, request: Asked) -> Response:
        asking = request.user
        if not access.can_add_organizations(asking):
            raise Forbidden(_("You may not open organizations."))
        values = _values(asking, OrganizationFields.read(request))
        return _one(request, opening.add_organization(acting_user=asking, **values), status=201)


class OrganizationView(V3View):
    """`/organizations/{id}`."""

    noun = "organizations"
    names = NAMES

    @answers(OrganizationShape, says="One organization", name="organizations_one", example=EXAMPLE)
    def get(self, request: Asked, organization_id: str) -> Response:
        return _one(request, access.organization_for(request.user, organization_id))

    @answers(OrganizationShape, fields=OrganizationFields, says="Change what is sent", name="organizations_save")
    def put(self, request: Asked, organization_id: str) -> Response:
        organization = access.organization_for(request.user, organization_id, "edit")
        values = _values(request.user, OrganizationFields.read(request, partial=True))
        organizations.change_organization(organization, acting_user=request.user, **values)
        return _one(request, organization)

    @answers(
        EMPTY,
        query={"force": "true: delete its cameras and take its users out, too"},
        says="Close an organization",
        name="organizations_delete",
    )
    def delete(self, request: Asked, organization_id: str) -> Response:
        organization = access.organization_for(request.user, organization_id, "edit")
        access.require_may_close(request.user, organization)
        force = bool(wanted_truth(request, "force")) or request.headers.get("force", "") in {"1", "true"}
        if not force and Membership.objects.filter(organization=organization).exists():
            raise Conflict(_("The organization has users; delete it with force to remove it all the same."))
        closing.delete_organization(organization, acting_user=request.user, force=force)
        return gone()


urlpatterns: list[URLPattern] = [
    path("organizations", OrganizationsView.as_view()),
    path("organizations/<str:organization_id>", OrganizationView.as_view()),
]
