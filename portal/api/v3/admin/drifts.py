"""Streams that ran otherwise than wanted (item 315): `/drifts`. Not in the reference."""

from __future__ import annotations

from typing import TypedDict

from django.urls import URLPattern, path
from rest_framework.response import Response

from devices.services import drifts
from portal.api.v3.schema import answers
from portal.api.v3.views import AdminView, Asked, utc_ms


class DriftShape(TypedDict):
    """A stream that its streamer did not run as wanted. `kind`: `missing`, `extra`, `different` (`detail` names the
    settings) or `refused` (`detail` is the streamer's word). UTC in ms; `repaired_at` is null while it is still so."""

    name: str
    streamer: str
    kind: str
    detail: str
    found_at: int | None
    repaired_at: int | None


class DriftsShape(TypedDict):
    """The newest 200; what was repaired is kept for 30 days."""

    drifts: list[DriftShape]


class DriftsView(AdminView):
    """`/drifts`."""

    noun = "streams"

    @answers(DriftsShape, says="Streams that ran otherwise than wanted", name="drifts_list")
    def get(self, request: Asked) -> Response:
        found: list[DriftShape] = [
            {
                "name": row.camera_name,
                "streamer": row.streamer_hostname,
                "kind": row.kind,
                "detail": row.detail,
                "found_at": utc_ms(row.found_at),
                "repaired_at": utc_ms(row.repaired_at),
            }
            for row in drifts.recent()
        ]
        shape: DriftsShape = {"drifts": found}
        return Response(shape)


urlpatterns: list[URLPattern] = [path("drifts", DriftsView.as_view())]
