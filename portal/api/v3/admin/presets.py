"""Presets, written by the ISP's administrators (items 41-45). There is no DELETE: deleting is `deleted_at`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

from django.db.models import QuerySet
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.response import Response

from devices.models import Preset, ZoneMode
from devices.services import presets, zones
from portal.api.v3.client.presets import EXAMPLE, PRESETS, PresetShape, any_preset, preset_shapes
from portal.api.v3.client.stream_fields import LONGEST_DEPTH, MOST_BYTES
from portal.api.v3.schema import answers, lists
from portal.api.v3.views import DAY, GIGABYTE, AdminView, Asked, Fields, Number, Text, Truth, one, wanted_truth
from tenants import access
from tenants.errors import Conflict
from tenants.models import User


class PresetDvrFields(Fields):
    """The archive."""

    expiration = Number(max_value=LONGEST_DEPTH, help_text="seconds; 0: no archive")
    episodes_expiration = Number(allow_null=True, max_value=LONGEST_DEPTH, help_text="seconds; kept in whole days")
    storage_limit = serializers.IntegerField(
        required=False, allow_null=True, min_value=0, max_value=MOST_BYTES, help_text="bytes; kept in whole GB"
    )


class PresetVisionFields(Fields):
    """Analytics."""

    alg = Text(max_length=20)


class LayoutFields(Fields):
    """Where the preset's cameras are placed; a camera's own zone wins, labels hold for all of them."""

    zone = serializers.CharField(max_length=64, required=False, allow_null=True)
    mode = serializers.ChoiceField(choices=ZoneMode.values, required=False)
    labels = serializers.DictField(child=serializers.CharField(max_length=63), required=False)


class PresetFields(Fields):
    """What may be set on a preset; `deleted_at` retires it, null brings it back."""

    DEFAULTS: ClassVar[Mapping[str, Any]] = {
        "is_adjustable": False, "is_everywhere": False, "vision": {"alg": ""}, "thumbnails_expiration": 0,
        "max_streams": None,
        "dvr": {"expiration": 0, "episodes_expiration": None, "storage_limit": None},
        "layout_rules": {"zone": None, "mode": "preferred", "labels": {}},
    }  # fmt: skip

    title = serializers.CharField(max_length=200)
    is_adjustable = Truth()
    is_everywhere = Truth(help_text="available in all organizations")
    dvr = PresetDvrFields(required=False)
    vision = PresetVisionFields(required=False)
    thumbnails_expiration = Number(max_value=LONGEST_DEPTH, help_text="seconds; kept in whole days")
    max_streams = serializers.IntegerField(
        required=False, allow_null=True, min_value=1, max_value=1000,
        help_text="cameras one person watches at once, of all cameras with such a limit; null: no limit",
    )  # fmt: skip
    layout_rules = LayoutFields(required=False)
    deleted_at = serializers.IntegerField(required=False, allow_null=True, min_value=0)


NAMES: Mapping[str, str] = {
    "dvr_depth": "dvr.expiration",
    "dvr_lock_days": "dvr.episodes_expiration",
    "dvr_space": "dvr.storage_limit",
    "vision_alg": "vision.alg",
    "precise_thumbnails_days": "thumbnails_expiration",
    "zone": "layout_rules.zone",
    "zone_mode": "layout_rules.mode",
    "labels": "layout_rules.labels",
}
ALL_PRESETS = replace(PRESETS, more=(*PRESETS.more, ("deleted", "true: those that were deleted")))
SENT = {"title": "Week", "is_adjustable": False, "dvr": {"expiration": 604800, "storage_limit": 100000000000}}


def _values(fields: dict[str, Any]) -> dict[str, Any]:
    """What was sent, under the service's names and in its units."""
    same = ("title", "is_adjustable", "is_everywhere", "max_streams")
    values: dict[str, Any] = {name: fields[name] for name in same if name in fields}
    dvr = fields.get("dvr", {})
    if "expiration" in dvr:
        values["dvr_depth"] = dvr["expiration"] / DAY
    if "episodes_expiration" in dvr:
        values["dvr_lock_days"] = _whole(dvr["episodes_expiration"], DAY)
    if "storage_limit" in dvr:
        values["dvr_space"] = _whole(dvr["storage_limit"], GIGABYTE)
    if "alg" in fields.get("vision", {}):
        values["vision_alg"] = fields["vision"]["alg"]
    if "thumbnails_expiration" in fields:
        values["precise_thumbnails_days"] = _whole(fields["thumbnails_expiration"], DAY)
    return values | _layout(fields.get("layout_rules", {}))


def _layout(rules: dict[str, Any]) -> dict[str, Any]:
    values = {name: rules[sent] for sent, name in (("mode", "zone_mode"), ("labels", "labels")) if sent in rules}
    if "zone" in rules:
        values["zone"] = zones.chosen_zone(rules["zone"]) if rules["zone"] else None
    return values


def _whole(number: int | None, unit: int) -> int | None:
    return None if number is None else -(-number // unit)


class PresetsView(AdminView):
    """`/presets`."""

    noun = "presets"
    names = NAMES

    @lists(PresetShape, ALL_PRESETS, says="All presets", name="presets_list")
    def get(self, request: Asked) -> Response:
        asking = request.user
        rows: QuerySet[Preset] = Preset.objects.filter(is_deleted=bool(wanted_truth(request, "deleted")))
        if wanted := request.query_params.get("organization_id"):
            rows = presets.presets_of(access.organization_for(asking, wanted))
        return ALL_PRESETS.answer(request, rows, lambda found: preset_shapes(asking, found))

    @answers(
        PresetShape, fields=PresetFields, status=201, says="Add a preset", name="presets_add", example=EXAMPLE,
        sent=SENT,
    )  # fmt: skip
    def post(self, request: Asked) -> Response:
        fields = PresetFields.read(request)
        preset = presets.add_preset(acting_user=request.user, **_values(fields))
        return one(request, preset_shapes(request.user, [preset])[0], status=201)


class PresetView(AdminView):
    """`/presets/{id}`."""

    noun = "presets"
    names = NAMES

    @answers(PresetShape, says="One preset, also a deleted one", name="presets_one", example=EXAMPLE)
    def get(self, request: Asked, preset_id: str) -> Response:
        return one(request, preset_shapes(request.user, [any_preset(preset_id)])[0])

    @answers(PresetShape, fields=PresetFields, says="Change, delete or bring back a preset", name="presets_save")
    def put(self, request: Asked, preset_id: str) -> Response:
        asking, preset = request.user, any_preset(preset_id)
        fields = PresetFields.read(request, partial=True)
        _settle(asking, preset, fields)
        if values := _values(fields):
            presets.change_preset(preset, acting_user=asking, **values)
        return one(request, preset_shapes(asking, [preset])[0])


def _settle(asking: User, preset: Preset, fields: dict[str, Any]) -> None:
    """Retire a preset or bring it back, as `deleted_at` says; one that is retired changes in nothing else."""
    if "deleted_at" not in fields:
        if preset.is_deleted:
            raise Conflict(_("The preset has been deleted; bring it back first."), field="deleted_at")
        return
    wanted = fields["deleted_at"] is not None
    if wanted and not preset.is_deleted:
        presets.delete_preset(preset, acting_user=asking)
    elif not wanted and preset.is_deleted:
        presets.restore_preset(preset, acting_user=asking)


urlpatterns: list[URLPattern] = [
    path("presets", PresetsView.as_view()),
    path("presets/<str:preset_id>", PresetView.as_view()),
]
