"""Zones and where cameras are placed (items 106, 222, 223): zones and streamers are the installation's, so an ISP's
administrators read them; they choose zones for cameras, and streamers follow from that."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, TypedDict

from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.response import Response

from devices import access as camera_access
from devices.forecast import Forecast
from devices.models import Camera, Streamer, StreamerSpan, Zone, ZoneMode
from devices.services import cameras, placing, streamers, zones
from portal import forecasts
from portal.api.v3.client.streams import placed_error
from portal.api.v3.collections import Collection
from portal.api.v3.columns import Column, Kind
from portal.api.v3.schema import EMPTY, answers, lists
from portal.api.v3.views import AdminView, Asked, Fields, Number, Truth, gone, one, utc_ms
from tenants.errors import Missing, PerchError
from tenants.models import User

MOST = 1000
LATEST = 100


class ZoneShape(TypedDict):
    """A zone; `returns`: its cameras go back by themselves to the streamer they were on before it failed."""

    name: str
    title: str
    returns: bool
    streamers: list[str]


class StreamerShape(TypedDict):
    """A streamer that may carry the ISP's cameras."""

    hostname: str
    alive: bool
    is_default: bool
    zones: list[str]
    labels: dict[str, str]


class StayShape(TypedDict):
    """A stream was on a streamer; `ended_at` is null for where it is now."""

    streamer: str
    began_at: int | None
    ended_at: int | None


class LayoutsShape(TypedDict):
    """Where a stream may be, and where it was. `by`: whose zone it is, `stream` or `preset`; null without one."""

    name: str
    zone: str | None
    mode: str | None
    by: str | None
    labels: dict[str, str]
    streamer: str | None
    layouts: list[StayShape]


class PreviewShape(TypedDict):
    """Where a stream is, and where it would be under another rule (null: nowhere, it would not run)."""

    name: str
    streamer: str | None
    next_streamer: str | None
    moves: bool


class StreamerPreviewShape(TypedDict):
    """Which of the ISP's own streams would move. `moves` and `without_streamer` count all of them, `streams` lists the
    first thousand."""

    hostname: str
    moves: int
    without_streamer: int
    streams: list[PreviewShape]


class CarriedFields(Fields):
    """What a streamer would carry; what is absent stays as it is."""

    zones = serializers.ListField(child=serializers.CharField(max_length=64), required=False, max_length=100)
    labels = serializers.DictField(child=serializers.CharField(max_length=63, allow_blank=True), required=False)
    is_default = Truth()
    channel_limit = Number(allow_null=True, max_value=1_000_000, help_text="null: no limit; 0: all move away")
    total_bandwidth = Number(allow_null=True, max_value=2_000_000_000, help_text="kbit/s; null: no limit")


class RuleFields(Fields):
    """The zone a stream may or should be in; null: as its preset says."""

    DEFAULTS: ClassVar[Mapping[str, Any]] = {"zone": None, "mode": "preferred"}

    zone = serializers.CharField(max_length=64, required=False, allow_null=True)
    mode = serializers.ChoiceField(choices=ZoneMode.values, required=False)


class PlacedFields(RuleFields):
    """The rule of one stream of many."""

    name = serializers.CharField(max_length=64)


class PlacementFields(Fields):
    """Streams to place, all or none of them."""

    streams = serializers.ListField(child=serializers.JSONField(), allow_empty=True, max_length=MOST)


ZONES = Collection(
    "zones",
    (Column("name", "name", searched=True), Column("title", "title", searched=True),
     Column("returns", "returns", Kind.TRUTH)),
    sort="name", unique="name",
)  # fmt: skip
STREAMERS = Collection(
    "streamers",
    (Column("hostname", "hostname", searched=True), Column("is_default", "is_default", Kind.TRUTH)),
    sort="hostname", unique="hostname",
)  # fmt: skip
NAMES = {"zone_mode": "mode"}


def zone_shape(zone: Zone) -> ZoneShape:
    """A zone with its streamers, which were fetched with it."""
    hostnames = sorted(row.hostname for row in zone.streamers.all())
    return {"name": zone.name, "title": zone.title, "returns": zone.returns, "streamers": hostnames}


def streamer_shape(row: Streamer) -> StreamerShape:
    """A streamer with its zones, which were fetched with it."""
    return {
        "hostname": row.hostname,
        "alive": streamers.is_answering(row),
        "is_default": row.is_default,
        "zones": sorted(zone.name for zone in row.zones.all()),
        "labels": row.labels,
    }


def _camera(user: User, name: str) -> Camera:
    camera = camera_access.camera_for(user, name, "edit")
    rows = Camera.objects.select_related("zone", "preset__zone", "streamer", "folder", "organization")
    found: Camera = rows.get(pk=camera.pk)
    return found


def _rule(fields: dict[str, Any]) -> dict[str, Any]:
    """What was sent, for the service."""
    values: dict[str, Any] = {}
    if "zone" in fields:
        values["zone"] = zones.chosen_zone(fields["zone"]) if fields["zone"] else None
    if "mode" in fields:
        values["zone_mode"] = fields["mode"]
    return values


def _streamer(hostname: str) -> Streamer:
    row = Streamer.objects.filter(hostname=hostname, role=Streamer.Role.STREAMER).first()
    if row is None:
        raise Missing(_("There is no such streamer."))
    return row


def streamer_preview(user: User, streamer: Streamer, told: Forecast) -> StreamerPreviewShape:
    """A forecast as one ISP's administrator may read it: about the ISP's own cameras only."""
    rows = list(camera_access.visible_cameras(user).filter(pk__in=told.targets).order_by("name"))
    hostnames = dict(Streamer.objects.values_list("pk", "hostname"))
    streams: list[PreviewShape] = [
        {
            "name": row.name,
            "streamer": hostnames.get(row.streamer_id or 0),
            "next_streamer": hostnames.get(told.targets[row.pk] or 0),
            "moves": True,
        }
        for row in rows
    ]
    lost = sum(told.targets[row.pk] is None for row in rows)
    return {
        "hostname": streamer.hostname, "moves": len(streams), "without_streamer": lost, "streams": streams[:MOST],
    }  # fmt: skip


def layouts_shape(camera: Camera) -> LayoutsShape:
    """Where a camera may be, is and was, the latest first."""
    by = camera if camera.zone else camera.preset
    spans = StreamerSpan.objects.filter(camera_id=camera.pk).order_by("-began_at", "-id")[:LATEST]
    return {
        "name": camera.name,
        "zone": by.zone.name if by.zone else None,
        "mode": by.zone_mode if by.zone else None,
        "by": None if not by.zone else "stream" if camera.zone else "preset",
        "labels": camera.preset.labels,
        "streamer": camera.streamer.hostname if camera.streamer else None,
        "layouts": [
            {"streamer": span.hostname, "began_at": utc_ms(span.began_at), "ended_at": utc_ms(span.ended_at)}
            for span in spans
        ],
    }


class ZonesView(AdminView):
    """`/zones`."""

    noun = "streams"

    @lists(ZoneShape, ZONES, says="The installation's zones", name="zones_list")
    def get(self, request: Asked) -> Response:
        rows = Zone.objects.prefetch_related("streamers")
        return ZONES.answer(request, rows, lambda found: [zone_shape(row) for row in found])


class ZoneView(AdminView):
    """`/zones/{name}`."""

    noun = "streams"

    @answers(ZoneShape, says="One zone", name="zones_one")
    def get(self, request: Asked, name: str) -> Response:
        return one(request, zone_shape(zones.zone_named(name)), key="name")


class StreamersView(AdminView):
    """`/streamers`."""

    noun = "streams"

    @lists(StreamerShape, STREAMERS, says="Streamers that may carry the ISP's cameras", name="streamers_list")
    def get(self, request: Asked) -> Response:
        rows = Streamer.objects.filter(role=Streamer.Role.STREAMER).prefetch_related("zones")
        return STREAMERS.answer(request, rows, lambda found: [streamer_shape(row) for row in found])


class StreamerView(AdminView):
    """`/streamers/{hostname}`."""

    noun = "streams"

    @answers(StreamerShape, says="One streamer", name="streamers_one")
    def get(self, request: Asked, hostname: str) -> Response:
        return one(request, streamer_shape(_streamer(hostname)), key="hostname")


class StreamerPreviewView(AdminView):
    """`/streamers/{hostname}/preview_layout_change`."""

    noun = "streams"
    names: ClassVar[Mapping[str, str]] = {"zone": "zones"}

    @answers(
        StreamerPreviewShape, fields=CarriedFields, name="streamers_preview_layout_change", sent={"channel_limit": 0},
        says="Which of the ISP's own streams would move if a streamer carried others; nothing is changed",
    )  # fmt: skip
    def post(self, request: Asked, hostname: str) -> Response:
        streamer = _streamer(hostname)
        values = CarriedFields.read(request, partial=True)
        if "zones" in values:
            values["zones"] = [zones.chosen_zone(name) for name in values["zones"]]
        told = forecasts.of_streamer(streamer, values)
        return one(request, streamer_preview(request.user, streamer, told), key="hostname")


class StreamsZonesView(AdminView):
    """`/streams/zones`."""

    noun = "streams"
    names = NAMES

    @answers(
        EMPTY, fields=PlacementFields, says="Choose the zones of many streams, all or none", name="streams_zones",
        sent={"streams": [{"name": "cam-e7fee73458", "zone": "north", "mode": "required"}]},
    )  # fmt: skip
    def post(self, request: Asked) -> Response:
        for number, item in enumerate(PlacementFields.read(request)["streams"]):
            try:
                fields = PlacedFields.checked(item, partial=True)
                camera = _camera(request.user, fields.get("name", ""))
                cameras.change_camera(camera, acting_user=request.user, **_rule(fields))
            except PerchError as error:
                raise placed_error(error, f"streams.{number}") from error
            except serializers.ValidationError as error:
                raise serializers.ValidationError({f"streams.{number}": error.detail}) from error
        return gone()


class LayoutsView(AdminView):
    """`/streams/{name}/layouts`."""

    noun = "streams"

    @answers(LayoutsShape, says="Where a stream may be, is and was", name="streams_layouts")
    def get(self, request: Asked, name: str) -> Response:
        return one(request, layouts_shape(_camera(request.user, name)), key="name")


class PreviewView(AdminView):
    """`/streams/{name}/preview_layout_change`."""

    noun = "streams"
    names = NAMES

    @answers(
        PreviewShape, fields=RuleFields, says="Where a stream would be under another rule; nothing is changed",
        name="streams_preview_layout_change", sent={"zone": "north", "mode": "required"},
    )  # fmt: skip
    def post(self, request: Asked, name: str) -> Response:
        camera = _camera(request.user, name)
        before = camera.streamer.hostname if camera.streamer else None
        # Nothing is saved: the row is changed in memory only.
        for field, value in _rule(RuleFields.read(request, partial=True)).items():
            setattr(camera, field, value)
        placing.place(camera)
        found = Streamer.objects.filter(pk=camera.streamer_id or 0).values_list("hostname", flat=True).first()
        shape: PreviewShape = {
            "name": camera.name, "streamer": before, "next_streamer": found, "moves": found != before,
        }  # fmt: skip
        return one(request, shape, key="name")


urlpatterns: list[URLPattern] = [
    path("zones", ZonesView.as_view()),
    path("zones/<str:name>", ZoneView.as_view()),
    path("streamers", StreamersView.as_view()),
    path("streamers/<str:hostname>", StreamerView.as_view()),
    path("streamers/<str:hostname>/preview_layout_change", StreamerPreviewView.as_view()),
    path("streams/zones", StreamsZonesView.as_view()),
    path("streams/<path:name>/layouts", LayoutsView.as_view()),
    path("streams/<path:name>/preview_layout_change", PreviewView.as_view()),
]
