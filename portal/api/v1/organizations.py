"""Subscribers (items 38, 39, 56, 58, 208-211)."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.response import Response

from billing.models import Plan
from billing.services import organizations as opening
from billing.services import plans, terms
from devices.services import organizations as closing
from portal.api import paging
from portal.api.v1 import owners
from portal.api.v1.schema import answers
from portal.api.v1.shapes import (
    OrganizationsShape,
    WrappedOrganizationShape,
    organization_shapes,
    parse_day,
    parse_discount,
)
from portal.api.v1.views import Asked, V1View, unwrapped
from portal.api.v2.views import Fields, Text
from tenants import access
from tenants.errors import Invalid
from tenants.models import Organization, User
from tenants.services import organizations

LONGEST = 10_000  # rows a page: the reference has no pages, and its callers expect all of them


class OrganizationFields(Fields):
    """A subscriber, inside `organization`. An unknown owner becomes a user and is invited by mail."""

    title = serializers.CharField(max_length=200)
    owner = serializers.CharField(max_length=254, help_text="an e-mail address")
    tariff_plans = serializers.ListField(
        child=serializers.JSONField(), required=False, max_length=1000, help_text="numbers of plans"
    )
    discount = Text(max_length=20, help_text="12.5%")
    trial_expired_at = Text(max_length=10, help_text="27/04/2024; nothing is owed for the days before")


class WrappedOrganizationFields(Fields):
    """The wrapped body."""

    organization = OrganizationFields()


def wanted_plans(sent: list[Any]) -> list[Plan]:
    """The plans of the given numbers, as numbers or texts; Invalid for one that cannot be given."""
    numbers = [int(item) if str(item).isascii() and str(item).isdigit() else -1 for item in sent]
    known = {plan.pk: plan for plan in Plan.objects.select_related("preset").filter(is_archived=False)}
    if any(isinstance(item, bool) for item in sent) or not known.keys() >= set(numbers):
        raise Invalid(_("There is no such plan, or it is not sold any more."), field="tariff_plans")
    return [known[number] for number in dict.fromkeys(numbers)]


def _answer(request: Any, organization: Organization) -> Response:
    row = Organization.objects.select_related("owner").get(pk=organization.pk)
    return Response({"organization": organization_shapes(request._request.domain, [row])[0]})


def _agree(organization: Organization, values: dict[str, Any], acting_user: User) -> None:
    """Discount and trial, from today on; what is not sent stays as it is."""
    if not {"discount", "trial_expired_at"} & values.keys():
        return
    now = terms.terms_of(organization)
    discount = parse_discount(values["discount"]) if values.get("discount") else (now.discount_ppm if now else 0)
    trial = now.trial_until if now else None
    if "trial_expired_at" in values:
        trial = parse_day(values["trial_expired_at"], "trial_expired_at")
    if (discount, trial) != ((now.discount_ppm, now.trial_until) if now else (0, None)):
        terms.set_terms(organization, acting_user=acting_user, discount_ppm=discount, trial_until=trial)


class OrganizationsView(V1View):
    """`/organizations`."""

    noun = "organizations"

    @answers(OrganizationsShape, says="All organizations", name="organizations_list", paged=True)
    def get(self, request: Asked) -> Response:
        domain = request._request.domain  # type: ignore[attr-defined]  # portal.middleware puts it there
        page = paging.page_of(request, longest=LONGEST)
        rows = access.visible_organizations(request.user).select_related("owner").order_by("id")
        return paging.answer(
            request,
            page,
            rows[page.offset : page.end],
            lambda found: {"organizations": organization_shapes(domain, found)},
        )

    @answers(
        WrappedOrganizationShape,
        fields=WrappedOrganizationFields,
        says="Open an organization; the default plan is attached always",
        name="organizations_add",
    )
    def post(self, request: Asked) -> Response:
        values, user = OrganizationFields.checked(unwrapped(request, "organization")), request.user
        chosen = wanted_plans(values.get("tariff_plans", []))
        plans.ensure_default(acting_user=user)
        owner = owners.find(values["owner"])
        organization = opening.add_organization(
            acting_user=user, title=values["title"].strip(), owner=owner, plans=chosen
        )
        _agree(organization, values, user)
        if owner is None:
            owners.invite(organization, values["owner"], acting_user=user)
        return _answer(request, organization)


class OrganizationView(V1View):
    """`/organizations/{id}`."""

    noun = "organizations"

    @answers(WrappedOrganizationShape, says="One organization", name="organizations_one")
    def get(self, request: Asked, organization_id: str) -> Response:
        return _answer(request, access.organization_for(request.user, organization_id))

    @answers(
        WrappedOrganizationShape,
        fields=WrappedOrganizationFields,
        says="Change what is sent; `tariff_plans` replaces all plans, an empty list leaves none",
        name="organizations_change",
    )
    def put(self, request: Asked, organization_id: str) -> Response:
        user = request.user
        organization = access.organization_for(user, organization_id, "edit")
        values = OrganizationFields.checked(unwrapped(request, "organization"), partial=True)
        _set_plans(organization, values, user)
        if "title" in values:
            organizations.change_organization(organization, acting_user=user, title=values["title"].strip())
        if "owner" in values:
            owners.give(organization, values["owner"], acting_user=user)
        _agree(organization, values, user)
        return _answer(request, organization)

    @answers(None, says="Close an organization with everything in it", name="organizations_delete")
    def delete(self, request: Asked, organization_id: str) -> Response:
        organization = access.organization_for(request.user, organization_id, "edit")
        closing.delete_organization(organization, acting_user=request.user, force=True)
        return Response(status=204)


def _set_plans(organization: Organization, values: dict[str, Any], acting_user: User) -> None:
    """The default plan stays with any list but an empty one."""
    if "tariff_plans" not in values:
        return
    chosen = wanted_plans(values["tariff_plans"])
    default = [plans.ensure_default(acting_user=acting_user)] if chosen else []
    plans.set_plans(organization, [*default, *chosen], acting_user=acting_user)
