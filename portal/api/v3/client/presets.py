"""Presets (items 41-46): read here, written in the admin dialect; which of them an organization may choose."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypedDict

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from rest_framework.response import Response

from devices.models import Camera, OrganizationPreset, Preset, Zone
from devices.services import presets
from portal.api.v3.collections import Collection
from portal.api.v3.columns import Column, Kind
from portal.api.v3.schema import EMPTY, answers, lists
from portal.api.v3.shapes import ChangeShape, changes_of
from portal.api.v3.views import DAY, GIGABYTE, Asked, Fields, Identifier, V3View, gone, one, utc_ms
from tenants import access
from tenants.errors import Missing
from tenants.models import AuditEntry, Organization, User


class DvrShape(TypedDict):
    """The archive: `expiration` and `episodes_expiration` in seconds (0: none), `storage_limit` in bytes (null: no
    limit)."""

    expiration: int
    episodes_expiration: int | None
    storage_limit: int | None


class VisionShape(TypedDict):
    """Analytics: the algorithm, null without any."""

    alg: str | None


class PresetCountsShape(TypedDict):
    """How often a preset is used."""

    organizations_count: int
    streams_count: int


class LayoutShape(TypedDict):
    """Where the preset's cameras are placed, unless they have a zone of their own; `labels` hold for all of them."""

    zone: str | None
    mode: str
    labels: dict[str, str]


class PresetShape(TypedDict):
    """A preset; `deleted_at` in ms, null while it can be chosen; `layout_rules` for the ISP's administrators only;
    `max_streams` is how many cameras one person watches at once (null: no limit)."""

    id: int
    title: str
    is_default: bool
    is_adjustable: bool
    is_everywhere: bool
    dvr: DvrShape
    vision: VisionShape
    thumbnails_expiration: int
    max_streams: int | None
    stats: PresetCountsShape
    layout_rules: LayoutShape | None
    deleted_at: int | None
    last_change: ChangeShape | None


class AttachFields(Fields):
    """Which preset the organization may choose from now on."""

    preset_id = Identifier(required=True)


PRESETS = Collection(
    "presets",
    (
        Column("id", "id", Kind.WHOLE),
        Column("title", "title", searched=True),
        Column("is_default", "is_default", Kind.TRUTH),
        Column("is_adjustable", "is_adjustable", Kind.TRUTH),
        Column("is_everywhere", "is_everywhere", Kind.TRUTH),
    ),
    more=(("organization_id", "only those this organization may choose"),),
)
EXAMPLE = {
    "id": 391, "title": "Default", "is_default": True, "is_adjustable": False, "is_everywhere": True,
    "dvr": {"expiration": 604800, "episodes_expiration": None, "storage_limit": None}, "vision": {"alg": None},
    "thumbnails_expiration": 0, "max_streams": None, "deleted_at": None,
    "stats": {"organizations_count": 3, "streams_count": 12},
    "layout_rules": {"zone": "north", "mode": "preferred", "labels": {}},
    "last_change": None,
}  # fmt: skip


def dvr_shape(depth: float, lock_days: int | None, space: int | None) -> DvrShape:
    """Days and gigabytes as seconds and bytes."""
    return {
        "expiration": round(depth * DAY),
        "episodes_expiration": None if lock_days is None else lock_days * DAY,
        "storage_limit": None if space is None else space * GIGABYTE,
    }


def preset_shapes(asking: User, rows: Iterable[Preset]) -> list[PresetShape]:
    """Presets with how often they are used; counts are of the whole ISP, so only its administrators get them."""
    found = list(rows)
    ids = [row.pk for row in found]
    streams = _counts(Camera, ids) if asking.is_admin else {}
    organizations = _counts(OrganizationPreset, ids) if asking.is_admin else {}
    changes = changes_of(asking, "Preset", ids)
    ends = _ends([row.pk for row in found if row.is_deleted])
    layouts = _layouts(found) if asking.is_admin else {}
    return [
        _shape(
            row, (organizations.get(row.pk, 0), streams.get(row.pk, 0)), ends.get(row.pk), changes.get(str(row.pk)),
            layouts.get(row.pk),
        )
        for row in found
    ]  # fmt: skip


def _layouts(rows: list[Preset]) -> dict[int, LayoutShape]:
    names = dict(Zone.objects.filter(pk__in={row.zone_id for row in rows}).values_list("pk", "name"))
    return {row.pk: {"zone": names.get(row.zone_id or 0), "mode": row.zone_mode, "labels": row.labels} for row in rows}


def _counts(model: Any, ids: list[int]) -> dict[int, int]:
    rows = model.objects.filter(preset__in=ids).order_by().values("preset").annotate(number=Count("pk"))
    return dict(rows.values_list("preset", "number"))


def _ends(ids: list[int]) -> dict[int, int]:
    """When deleted presets were deleted, as the audit log knows it; in ms."""
    rows = AuditEntry.objects.filter(object_type="Preset", object_id__in=map(str, ids), changed__has_key="is_deleted")
    return {int(row.object_id): utc_ms(row.created_at) or 0 for row in rows.order_by("id")} if ids else {}


def _shape(
    row: Preset, counts: tuple[int, int], end: int | None, change: ChangeShape | None, layout: LayoutShape | None
) -> PresetShape:
    return {
        "id": row.pk,
        "title": row.title,
        "is_default": row.is_default,
        "is_adjustable": row.is_adjustable,
        "is_everywhere": row.is_everywhere,
        "dvr": dvr_shape(row.dvr_depth, row.dvr_lock_days, row.dvr_space),
        "vision": {"alg": row.vision_alg or None},
        "thumbnails_expiration": row.precise_thumbnails_days * DAY,
        "max_streams": row.max_streams,
        "stats": {"organizations_count": counts[0], "streams_count": counts[1]},
        "layout_rules": layout,
        "deleted_at": end,
        "last_change": change,
    }


def visible_presets(asking: User) -> QuerySet[Preset]:
    """The presets somebody may know of: all for administrators and accountants, else what his organizations may
    choose."""
    rows: QuerySet[Preset] = Preset.objects.filter(is_deleted=False)
    if access.can_see_all_money(asking):
        return rows
    mine = access.visible_organizations(asking).values("pk")
    attached = OrganizationPreset.objects.filter(preset=OuterRef("pk"), organization__in=mine)
    return rows.filter(Q(is_everywhere=True) | Q(is_default=True) | Q(Exists(attached)))


class PresetsView(V3View):
    """`/presets`."""

    noun = "presets"

    @lists(PresetShape, PRESETS, says="Presets the caller may see", name="presets_list")
    def get(self, request: Asked) -> Response:
        asking = request.user
        rows = visible_presets(asking)
        if wanted := request.query_params.get("organization_id"):
            rows = presets.presets_of(access.organization_for(asking, wanted))
        return PRESETS.answer(request, rows, lambda found: preset_shapes(asking, found))


class PresetView(V3View):
    """`/presets/{id}`."""

    noun = "presets"

    @answers(PresetShape, says="One preset", name="presets_one", example=EXAMPLE)
    def get(self, request: Asked, preset_id: str) -> Response:
        preset = visible_presets(request.user).filter(pk=access.as_id(preset_id)).first()
        if preset is None:
            raise Missing(_("There is no such preset."))
        return one(request, preset_shapes(request.user, [preset])[0])


def any_preset(preset_id: Any) -> Preset:
    """A preset of the ISP by number, also a deleted one; else Missing."""
    preset: Preset | None = Preset.objects.filter(pk=access.as_id(preset_id)).first()
    if preset is None:
        raise Missing(_("There is no such preset."))
    return preset


def _organization(request: Asked, organization_id: str) -> Organization:
    return access.organization_for(request.user, organization_id, "edit")


class OrganizationPresetsView(V3View):
    """`/organizations/{id}/presets`."""

    noun = "organizations"

    @lists(PresetShape, PRESETS, says="What an organization may choose from", name="organizations_presets_list")
    def get(self, request: Asked, organization_id: str) -> Response:
        asking = request.user
        rows = presets.presets_of(access.organization_for(asking, organization_id))
        return PRESETS.answer(request, rows, lambda found: preset_shapes(asking, found))

    @answers(PresetShape, fields=AttachFields, says="Attach a preset", name="organizations_presets_save")
    def put(self, request: Asked, organization_id: str) -> Response:
        organization = _organization(request, organization_id)
        preset = any_preset(AttachFields.read(request)["preset_id"])
        if preset.is_deleted:
            raise Missing(_("There is no such preset."))
        presets.attach_preset(preset, organization, acting_user=request.user)
        return one(request, preset_shapes(request.user, [preset])[0])


class OrganizationPresetView(V3View):
    """`/organizations/{id}/presets/{preset_id}`."""

    noun = "organizations"

    @answers(EMPTY, says="Detach a preset; cameras that have it keep it", name="organizations_presets_delete")
    def delete(self, request: Asked, organization_id: str, preset_id: str) -> Response:
        organization = _organization(request, organization_id)
        preset = presets.preset_for(organization, access.as_id(preset_id))
        presets.detach_preset(preset, organization, acting_user=request.user)
        return gone()


urlpatterns: list[URLPattern] = [
    path("presets", PresetsView.as_view()),
    path("presets/<str:preset_id>", PresetView.as_view()),
    path("organizations/<str:organization_id>/presets", OrganizationPresetsView.as_view()),
    path("organizations/<str:organization_id>/presets/<str:preset_id>", OrganizationPresetView.as_view()),
]
