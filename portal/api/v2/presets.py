"""Presets (items 41-46, 190, 200)."""

from __future__ import annotations

from typing import Any, TypedDict

from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.response import Response

from devices.models import OrganizationPreset, Preset
from devices.services import presets
from portal.api import paging
from portal.api.schema import DONE as DONE_SCHEMA
from portal.api.schema import answers
from portal.api.v2.views import DONE, Asked, Days, Fields, Identifier, Number, Text, Truth, V2View, of_this_isp, wanted
from tenants import access
from tenants.errors import Forbidden, Missing
from tenants.models import Organization, User


class PresetShape(TypedDict):
    """A preset; `dvr_depth` and `dvr_lock_days` in days, `dvr_space` in GB; `max_streams` is how many cameras one
    person watches at once (null: no limit)."""

    id: int
    domain_id: int
    title: str
    is_default: bool
    is_adjustable: bool
    is_deleted: bool
    dvr_depth: float
    dvr_lock_days: int | None
    dvr_space: int | None
    max_streams: int | None
    precise_thumbnails_days: int
    vision_enabled: bool | None
    vision_alg: str | None
    vision_gpu: int | None
    vision_areas: str | None
    vision_params: dict[str, Any]


class AttachedPresetShape(TypedDict):
    """A preset an organization may choose; `organization_id` is null when every organization may."""

    id: int | None
    domain_id: int
    organization_id: int | None
    preset_id: int
    preset: PresetShape


class PresetFields(Fields):
    """What may be set on a preset. `organization_id` attaches a new one; `dvr_look_days` is an old misspelling."""

    title = serializers.CharField(max_length=200)
    organization_id = Identifier()
    is_adjustable = Truth()
    is_everywhere = Truth(help_text="available in all organizations (not in the reference)")
    dvr_depth = Days()
    dvr_lock_days = Number(allow_null=True, max_value=3650)
    dvr_look_days = Number(allow_null=True, max_value=3650)
    dvr_space = Number(allow_null=True, max_value=1_000_000)
    max_streams = serializers.IntegerField(
        required=False, allow_null=True, min_value=1, max_value=1000,
        help_text="cameras one person watches at once (not in the reference)",
    )  # fmt: skip
    precise_thumbnails_days = Number(max_value=3650)
    vision_enabled = serializers.BooleanField(required=False, allow_null=True)
    vision_alg = Text(max_length=20)
    vision_gpu = Number(allow_null=True)
    vision_areas = Text()
    vision_params = serializers.JSONField(required=False)


class AttachFields(Fields):
    """Which preset to attach."""

    preset_id = Identifier(required=True)


def preset_shape(preset: Preset) -> PresetShape:
    """One preset."""
    return {
        "id": preset.pk,
        "domain_id": preset.domain_id,
        "title": preset.title,
        "is_default": preset.is_default,
        "is_adjustable": preset.is_adjustable,
        "is_deleted": preset.is_deleted,
        "dvr_depth": preset.dvr_depth,
        "dvr_lock_days": preset.dvr_lock_days,
        "dvr_space": preset.dvr_space,
        "max_streams": preset.max_streams,
        "precise_thumbnails_days": preset.precise_thumbnails_days,
        "vision_enabled": preset.vision_enabled,
        "vision_alg": preset.vision_alg or None,
        "vision_gpu": preset.vision_gpu,
        "vision_areas": preset.vision_areas or None,
        "vision_params": preset.vision_params,
    }


def attached_shape(preset: Preset, row: OrganizationPreset | None) -> AttachedPresetShape:
    """A preset with the row that attaches it, if it needs one."""
    return {
        "id": row.pk if row else None,
        "domain_id": preset.domain_id,
        "organization_id": row.organization_id if row else None,
        "preset_id": preset.pk,
        "preset": preset_shape(preset),
    }


def _values(fields: dict[str, Any]) -> dict[str, Any]:
    if "dvr_look_days" in fields:
        fields.setdefault("dvr_lock_days", fields.pop("dvr_look_days"))
    if fields.get("vision_params", {}) is None:
        fields["vision_params"] = {}
    return fields


def _may_read(user: User) -> None:
    if not access.can_see_all_money(user):
        raise Forbidden(_("Only an administrator or accountant may do this; organizations list their own presets."))


def any_preset(preset_id: Any) -> Preset:
    """A preset of the ISP by number, also a deleted one; else Missing."""
    preset: Preset | None = Preset.objects.filter(pk=access.as_id(preset_id)).first()
    if preset is None:
        raise Missing(_("There is no such preset."))
    return preset


class PresetsView(V2View):
    """`/presets`, also as `/domains/{id}/presets`."""

    noun = "presets"

    @answers(list[PresetShape], query={"search": "part of the title"}, says="All presets", name="presets_list")
    def get(self, request: Asked, domain_id: str = "") -> Response:
        _may_read(request.user)
        of_this_isp(domain_id)
        page = paging.page_of(request)
        rows = Preset.objects.filter(is_deleted=False, title__icontains=wanted(request, "search"))
        return paging.answer(request, page, rows[page.offset : page.end], lambda found: [*map(preset_shape, found)])

    @answers(PresetShape, fields=PresetFields, says="Add a preset", name="presets_add")
    def post(self, request: Asked, domain_id: str = "") -> Response:
        access.require_admin(request.user)
        of_this_isp(domain_id)
        values = _values(PresetFields.read(request))
        organization_id = values.pop("organization_id", None)
        organization = access.organization_for(request.user, organization_id) if organization_id else None
        return Response(preset_shape(presets.add_preset(acting_user=request.user, organization=organization, **values)))


class PresetView(V2View):
    """`/presets/{id}`."""

    noun = "presets"

    @answers(PresetShape, says="One preset, also a deleted one", name="presets_one")
    def get(self, request: Asked, preset_id: str, domain_id: str = "") -> Response:
        _may_read(request.user)
        of_this_isp(domain_id)
        return Response(preset_shape(any_preset(preset_id)))

    @answers(PresetShape, fields=PresetFields, says="Change a preset", name="presets_change")
    def put(self, request: Asked, preset_id: str, domain_id: str = "") -> Response:
        access.require_admin(request.user)
        of_this_isp(domain_id)
        preset = any_preset(preset_id)
        values = _values(PresetFields.read(request, partial=True))
        values.pop("organization_id", None)
        return Response(preset_shape(presets.change_preset(preset, acting_user=request.user, **values)))

    @answers(DONE_SCHEMA, says="Retire a preset (softly)", name="presets_delete")
    def delete(self, request: Asked, preset_id: str, domain_id: str = "") -> Response:
        access.require_admin(request.user)
        of_this_isp(domain_id)
        presets.delete_preset(any_preset(preset_id), acting_user=request.user)
        return Response(DONE)


def _attached(organization: Organization) -> dict[int, OrganizationPreset]:
    return {row.preset_id: row for row in OrganizationPreset.objects.filter(organization=organization)}


class OrganizationPresetsView(V2View):
    """`/organizations/{id}/presets`: what the organization's camera editors may choose."""

    noun = "organizations"

    @answers(list[AttachedPresetShape], says="An organization's presets", name="organizations_presets_list")
    def get(self, request: Asked, organization_id: str) -> Response:
        organization = access.organization_for(request.user, organization_id)
        page, rows = paging.page_of(request), _attached(organization)
        found = presets.presets_of(organization)[page.offset : page.end]
        return paging.answer(
            request, page, found, lambda part: [attached_shape(preset, rows.get(preset.pk)) for preset in part]
        )

    @answers(AttachedPresetShape, fields=AttachFields, says="Attach a preset", name="organizations_presets_attach")
    def post(self, request: Asked, organization_id: str) -> Response:
        organization = access.organization_for(request.user, organization_id, "edit")
        preset = any_preset(AttachFields.read(request)["preset_id"])
        return Response(attached_shape(preset, presets.attach_preset(preset, organization, acting_user=request.user)))


class OrganizationPresetView(V2View):
    """`/organizations/{id}/presets/{preset_id}`."""

    noun = "organizations"

    @answers(AttachedPresetShape, says="One preset of an organization", name="organizations_presets_one")
    def get(self, request: Asked, organization_id: str, preset_id: str) -> Response:
        organization = access.organization_for(request.user, organization_id)
        preset = presets.preset_for(organization, access.as_id(preset_id))
        return Response(attached_shape(preset, _attached(organization).get(preset.pk)))

    @answers(DONE_SCHEMA, says="Detach a preset", name="organizations_presets_detach")
    def delete(self, request: Asked, organization_id: str, preset_id: str) -> Response:
        organization = access.organization_for(request.user, organization_id, "edit")
        preset = presets.preset_for(organization, access.as_id(preset_id))
        presets.detach_preset(preset, organization, acting_user=request.user)
        return Response(DONE)
