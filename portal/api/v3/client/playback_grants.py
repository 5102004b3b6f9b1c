"""Third parties at a stream (item 155). Not in the reference, whose shares are tokens of another kind."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, TypedDict

from django.urls import URLPattern, path
from rest_framework import serializers
from rest_framework.response import Response

from devices.models import PlaybackGrant
from devices.services import playback_grants
from portal.api.v3.collections import Collection
from portal.api.v3.columns import FURTHEST, Column, Kind
from portal.api.v3.schema import EMPTY, answers, lists
from portal.api.v3.shapes import depth_days, depth_seconds
from portal.api.v3.views import Asked, Fields, Number, Truth, V3View, gone, one, utc_ms
from portal.hosts import normalize


class PlaybackGrantShape(TypedDict):
    """A third party's access; `address` is what it puts into its player. Depth in seconds (0: all), instants in ms."""

    id: int
    purpose: str
    title: str
    can_view_dvr: bool
    dvr_depth_limit: int
    expires_at: int | None
    created_at: int | None
    last_used_at: int | None
    address: str


class PlaybackGrantFields(Fields):
    """What may be said of a new one."""

    title = serializers.CharField(max_length=100)
    can_view_dvr = Truth()
    dvr_depth_limit = Number(help_text="seconds, whole days; 0: all")
    expires_at = serializers.IntegerField(
        required=False, allow_null=True, min_value=0, max_value=FURTHEST, help_text="utc_ms; null: never"
    )


GRANTS = Collection(
    "playback_grants",
    (
        Column("id", "id", Kind.WHOLE),
        Column("purpose", "purpose"),
        Column("title", "title", searched=True),
        Column("can_view_dvr", "can_view_dvr", Kind.TRUTH),
        Column("expires_at", "expires_at", Kind.MOMENT, nullable=True),
        Column("created_at", "created_at", Kind.MOMENT),
    ),
)
EXAMPLE: PlaybackGrantShape = {
    "id": 3, "purpose": "rtsp", "title": "Emergency services", "can_view_dvr": True, "dvr_depth_limit": 604800,
    "expires_at": None, "created_at": 1790000000000, "last_used_at": None,
    "address": "rtsp://video1.example.org:8554/gate~1?token=g.x",
}  # fmt: skip


def _shapes(request: Asked, grants: list[PlaybackGrant]) -> list[PlaybackGrantShape]:
    host = normalize(request.META.get("HTTP_HOST", ""))
    used = playback_grants.last_used(grants)
    return [
        {
            "id": row.pk,
            "purpose": row.purpose,
            "title": row.title,
            "can_view_dvr": row.can_view_dvr,
            "dvr_depth_limit": depth_seconds(row.dvr_depth_limit),
            "expires_at": utc_ms(row.expires_at),
            "created_at": utc_ms(row.created_at),
            "last_used_at": utc_ms(used.get(row.pk)),
            "address": playback_grants.address_of(row, host),
        }
        for row in grants
    ]


def _values(fields: dict[str, Any]) -> dict[str, Any]:
    values = dict(fields)
    if "dvr_depth_limit" in values:
        values["dvr_depth_limit"] = depth_days(values["dvr_depth_limit"])
    if values.get("expires_at") is not None:
        values["expires_at"] = datetime.fromtimestamp(values["expires_at"] / 1000, UTC)
    return values


class PlaybackGrantsView(V3View):
    """`/streams/{name}/playback-grants`."""

    noun = "permissions"

    @lists(PlaybackGrantShape, GRANTS, says="Third parties that watch a camera", name="playback_grants_list")
    def get(self, request: Asked, name: str) -> Response:
        rows = playback_grants.grants_of(playback_grants.overseen_camera(request.user, name)).order_by()
        return GRANTS.answer(request, rows.select_related("camera__streamer"), lambda found: _shapes(request, found))

    @answers(PlaybackGrantShape, fields=PlaybackGrantFields, status=201, says="Let a third party in (administrators)",
             name="playback_grants_add", example=EXAMPLE)  # fmt: skip
    def post(self, request: Asked, name: str) -> Response:
        camera = playback_grants.overseen_camera(request.user, name)
        values = _values(PlaybackGrantFields.read(request))
        row = playback_grants.add_grant(camera, acting_user=request.user, **values)
        return one(request, _shapes(request, [row])[0], status=201)


class PlaybackGrantView(V3View):
    """`/streams/{name}/playback-grants/{id}`."""

    noun = "permissions"

    @answers(PlaybackGrantShape, says="One third party", name="playback_grants_one", example=EXAMPLE)
    def get(self, request: Asked, name: str, grant_id: str) -> Response:
        camera = playback_grants.overseen_camera(request.user, name)
        return one(request, _shapes(request, [playback_grants.grant_of(camera, grant_id)])[0])

    @answers(EMPTY, says="Take a third party's access away", name="playback_grants_delete")
    def delete(self, request: Asked, name: str, grant_id: str) -> Response:
        camera = playback_grants.overseen_camera(request.user, name)
        playback_grants.revoke_grant(playback_grants.grant_of(camera, grant_id), acting_user=request.user)
        return gone()


urlpatterns: list[URLPattern] = [
    path("streams/<path:name>/playback-grants", PlaybackGrantsView.as_view()),
    path("streams/<path:name>/playback-grants/<str:grant_id>", PlaybackGrantView.as_view()),
]
