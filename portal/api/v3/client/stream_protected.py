"""What a camera keeps longer than its archive's days (items 109, 113): `/streams/{name}/dvr/protected`.

Not in the reference, where events alone protect recordings.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, TypedDict

from django.db.models import QuerySet
from django.urls import URLPattern, path
from rest_framework import serializers
from rest_framework.response import Response

from devices import access as camera_access
from devices.models import Camera, ProtectedSpan
from devices.services import protection
from portal.api.v3.collections import Collection
from portal.api.v3.columns import Column, Kind
from portal.api.v3.schema import EMPTY, answers, lists
from portal.api.v3.views import Asked, Fields, V3View, gone, one, utc_ms
from tenants import clock
from tenants.access import as_id
from tenants.models import User

NAMES = {"began_at": "opened_at", "ended_at": "closed_at"}
LARGEST_MS = 253_370_764_800_000  # the year 9999


class ProtectedShape(TypedDict):
    """A stretch that is kept longer: milliseconds, and what it is kept for (`motion`, `event`, `manual`) at whose or
    which wish."""

    id: int
    opened_at: int
    closed_at: int
    kind: str
    source: str | None
    created_at: int


class ProtectedFields(Fields):
    """A moment to keep: UTC milliseconds, at most an hour."""

    opened_at = serializers.IntegerField(min_value=0, max_value=LARGEST_MS)
    closed_at = serializers.IntegerField(min_value=0, max_value=LARGEST_MS)


PROTECTED = Collection(
    "protected",
    (
        Column("id", "id", Kind.WHOLE),
        Column("opened_at", "began_at", Kind.MOMENT),
        Column("closed_at", "ended_at", Kind.MOMENT),
        Column("kind", "kind"),
        Column("source", "source"),
        Column("created_at", "created_at", Kind.MOMENT),
    ),
    sort="-opened_at",
)
EXAMPLE = {
    "id": 12, "opened_at": 1780312200000, "closed_at": 1780312240000, "kind": "manual", "source": "ivanov",
    "created_at": 1780312260000,
}  # fmt: skip
SENT = {"opened_at": 1780312200000, "closed_at": 1780312240000}


def _shape(span: ProtectedSpan, *, tells_who: bool) -> ProtectedShape:
    """`source` of a moment kept by hand is a login, told to those who run the camera."""
    return {
        "id": span.pk,
        "opened_at": utc_ms(span.began_at) or 0,
        "closed_at": utc_ms(span.ended_at) or 0,
        "kind": span.kind,
        "source": (span.source or None) if tells_who or span.kind != ProtectedSpan.Kind.MANUAL else None,
        "created_at": utc_ms(span.created_at) or 0,
    }


def _seen(user: User, camera: Camera) -> tuple[QuerySet[ProtectedSpan], bool]:
    """What of it the caller may see, as far back as his right to the archive reaches, and if he runs the camera."""
    held, now = camera_access.rights(user, camera), clock.now()
    reach = held.dvr_depth_limit
    since = now - timedelta(days=reach) if reach is not None else datetime.min.replace(tzinfo=UTC)
    return protection.protected_of(camera, since, now + protection.AFTER), held.edit


class StreamProtectedView(V3View):
    """`/streams/{name}/dvr/protected`."""

    noun = "streams"
    names = NAMES

    @lists(ProtectedShape, PROTECTED, says="What is kept longer than the archive's days", name="stream_protected_list")
    def get(self, request: Asked, name: str) -> Response:
        camera = camera_access.camera_for(request.user, name, "dvr")
        rows, tells_who = _seen(request.user, camera)
        return PROTECTED.answer(request, rows, lambda found: [_shape(row, tells_who=tells_who) for row in found])

    @answers(
        ProtectedShape, fields=ProtectedFields, status=201, name="stream_protected_add", example=EXAMPLE, sent=SENT,
        says="Keep a moment longer; 402: the camera has all it may have, 409: its preset keeps nothing longer",
    )  # fmt: skip
    def post(self, request: Asked, name: str) -> Response:
        camera = camera_access.camera_for(request.user, name, "edit")
        fields: dict[str, Any] = ProtectedFields.read(request)
        began, ended = (datetime.fromtimestamp(fields[key] / 1000, UTC) for key in ("opened_at", "closed_at"))
        span = protection.keep_moment(camera, began, ended, acting_user=request.user)
        return one(request, _shape(span, tells_who=True), status=201)


class StreamProtectedOneView(V3View):
    """`/streams/{name}/dvr/protected/{id}`."""

    noun = "streams"

    @answers(EMPTY, says="Let a moment that was kept by hand go with the archive", name="stream_protected_delete")
    def delete(self, request: Asked, name: str, number: str) -> Response:
        camera = camera_access.camera_for(request.user, name, "edit")
        protection.release_moment(protection.moment_of(camera, as_id(number)), acting_user=request.user)
        return gone()


urlpatterns: list[URLPattern] = [
    path("streams/<path:name>/dvr/protected", StreamProtectedView.as_view()),
    path("streams/<path:name>/dvr/protected/<number>", StreamProtectedOneView.as_view()),
]
