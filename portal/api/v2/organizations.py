"""Organizations (items 31-36, 187-190)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypedDict

from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.response import Response

from billing.services import organizations as opening
from devices.models import Camera
from devices.services import organizations as closing
from portal.api import paging
from portal.api.schema import DONE as DONE_SCHEMA
from portal.api.schema import answers
from portal.api.v2.shapes import LastChange, last_changes
from portal.api.v2.views import DONE, Asked, Fields, Identifier, Number, Text, V2View, of_this_isp, wanted
from tenants import access, words
from tenants.errors import Conflict, Forbidden
from tenants.models import Membership, Organization, OrganizationWord, User
from tenants.services import organizations


class DomainShape(TypedDict):
    """The ISP."""

    id: int
    title: str


class OwnerShape(TypedDict):
    """The organization's owner."""

    id: int
    login: str


class OrganizationShape(TypedDict):
    """An organization, with what the caller may do in it; `dvr_limit` in GB."""

    id: int
    title: str
    domain: DomainShape
    owner: OwnerShape | None
    external_id: str | None
    is_default: bool
    is_member: bool
    camera_count: int
    camera_limit: int
    user_count: int
    user_limit: int
    mosaic_count: int
    dvr_limit: int
    can_edit_cameras: bool
    can_edit_users: bool
    can_view_stats: bool
    last_change: LastChange | None


class OrganizationFields(Fields):
    """What may be set on an organization; a limit of 0 means the default (decision l)."""

    title = serializers.CharField(max_length=200)
    owner_id = Identifier(help_text="null: nobody; its cameras and users then cannot be edited")
    camera_limit = Number(help_text="1000 if absent or 0")
    user_limit = Number(help_text="1000 if absent or 0")
    dvr_limit = Number(help_text="GB; 100 if absent or 0")
    external_id = Text(max_length=128)


def _with_counts(rows: QuerySet[Organization]) -> QuerySet[Organization]:
    """The counters as subqueries: two joins would multiply each other."""
    return rows.select_related("owner", "domain").annotate(
        camera_count=_count(Camera.objects), user_count=_count(Membership.objects)
    )


def _count(rows: Any) -> Coalesce:
    counted = rows.filter(organization=OuterRef("pk")).order_by().values("organization").annotate(number=Count("pk"))
    return Coalesce(Subquery(counted.values("number")), 0)


def organization_shapes(user: User, rows: Iterable[Any]) -> list[OrganizationShape]:
    """Organizations with their counters, as one user may see them."""
    found = list(rows)
    memberships = access.memberships_of(user)
    changes = last_changes(user, "Organization", [row.pk for row in found])
    return [_shape(user, row, memberships.get(row.pk), changes.get(row.pk)) for row in found]


def _shape(user: User, row: Any, membership: Membership | None, change: LastChange | None) -> OrganizationShape:
    rights = access.organization_rights(user, row, membership)
    return {
        "id": row.pk,
        "title": row.title,
        "domain": {"id": row.domain_id, "title": row.domain.title},
        "owner": {"id": row.owner.pk, "login": row.owner.login} if row.owner else None,
        "external_id": row.external_id or None,
        "is_default": row.is_default,
        "is_member": rights.is_member,
        "camera_count": row.camera_count,
        "camera_limit": row.camera_limit,
        "user_count": row.user_count,
        "user_limit": row.user_limit,
        "mosaic_count": 0,
        "dvr_limit": row.dvr_limit,
        "can_edit_cameras": rights.edit_cameras,
        "can_edit_users": rights.edit_users,
        "can_view_stats": rights.view_stats,
        "last_change": change,
    }


def _answer(user: User, organization: Organization) -> Response:
    row = _with_counts(access.visible_organizations(user)).get(pk=organization.pk)
    return Response(organization_shapes(user, [row])[0])


def _values(user: User, fields: dict[str, Any]) -> dict[str, Any]:
    """Fields for the service. Only an administrator says who owns: the owner pays, and holds every right."""
    if "owner_id" not in fields:
        return fields
    if not user.is_admin:
        raise Forbidden(_("Only an administrator may set the owner."), field="owner_id")
    owner_id = fields.pop("owner_id")
    return {**fields, "owner": access.user_for(user, owner_id) if owner_id else None}


class OrganizationsView(V2View):
    """`/organizations`, also as `/domains/{id}/organizations`."""

    noun = "organizations"

    @answers(
        list[OrganizationShape],
        query={"search": "words of the title or external id; beginnings will do"},
        says="Organizations the caller may see",
        name="organizations_list",
    )
    def get(self, request: Asked, domain_id: str = "") -> Response:
        of_this_isp(domain_id)
        user = request.user
        found = words.search(
            access.visible_organizations(user), OrganizationWord, "organization", wanted(request, "search")
        )
        return paging.long_list(
            request, found, ["title", "id"], lambda part: organization_shapes(user, part), full=_with_counts
        )

    @answers(OrganizationShape, fields=OrganizationFields, says="Open an organization", name="organizations_add")
    def post(self, request: Asked, domain_id: str = "") -> Response:
        of_this_isp(domain_id)
        user = request.user
        if not access.can_add_organizations(user):
            raise Forbidden(_("You may not open organizations."))
        values = _values(user, OrganizationFields.read(request))
        return _answer(user, opening.add_organization(acting_user=user, **values))


class OrganizationView(V2View):
    """`/organizations/{id}`, also below `/domains/{id}`."""

    noun = "organizations"

    @answers(OrganizationShape, says="One organization", name="organizations_one")
    def get(self, request: Asked, organization_id: str, domain_id: str = "") -> Response:
        of_this_isp(domain_id)
        return _answer(request.user, access.organization_for(request.user, organization_id))

    @answers(OrganizationShape, fields=OrganizationFields, says="Change what is sent", name="organizations_change")
    def put(self, request: Asked, organization_id: str, domain_id: str = "") -> Response:
        of_this_isp(domain_id)
        organization = access.organization_for(request.user, organization_id, "edit")
        values = _values(request.user, OrganizationFields.read(request, partial=True))
        organizations.change_organization(organization, acting_user=request.user, **values)
        return _answer(request.user, organization)

    @answers(DONE_SCHEMA, says="Close an organization; the header `force: 1` is needed", name="organizations_delete")
    def delete(self, request: Asked, organization_id: str, domain_id: str = "") -> Response:
        of_this_isp(domain_id)
        organization = access.organization_for(request.user, organization_id, "edit")
        access.require_may_close(request.user, organization)
        if request.headers.get("force", "") not in {"1", "true", "True"}:
            raise Conflict(
                _("An organization has at least one folder: send the header `force: 1` to delete all of it.")
            )
        closing.delete_organization(organization, acting_user=request.user, force=True)
        return Response(DONE)
