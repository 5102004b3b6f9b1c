"""The storage promise (item 316): `/storage`. Not in the reference."""

from __future__ import annotations

from typing import TypedDict

from django.urls import URLPattern, path
from rest_framework.response import Response

from devices.services import storage
from portal.api.v3.schema import answers
from portal.api.v3.views import AdminView, Asked


class HoldingShape(TypedDict):
    """What an organization's recording cameras keep, in bytes: now, and once all their days are full; `dvr_limit` in
    bytes; `short` cameras keep less than their presets promise."""

    organization_id: int
    title: str
    cameras: int
    bytes: int
    full_bytes: int
    dvr_limit: int
    short: int


class ShortageShape(TypedDict):
    """A camera that keeps less than was sold; seconds. `reason`: `space` (its preset's gigabytes) or `disk`."""

    name: str
    title: str
    promised: int
    kept: int | None
    reason: str


class StorageShape(TypedDict):
    """The ISP's archive; at most 200 short cameras are named."""

    cameras: int
    bytes: int
    full_bytes: int
    short: int
    organizations: list[HoldingShape]
    short_streams: list[ShortageShape]


class StorageView(AdminView):
    """`/storage`."""

    noun = "organizations"

    @answers(StorageShape, says="What is kept, what will be, and what was promised", name="storage_one")
    def get(self, request: Asked) -> Response:
        found = storage.promise()
        shape: StorageShape = {
            "cameras": found.cameras,
            "bytes": found.bytes,
            "full_bytes": found.full_bytes,
            "short": found.short,
            "organizations": [
                {
                    "organization_id": row.organization_id,
                    "title": row.title,
                    "cameras": row.cameras,
                    "bytes": row.bytes,
                    "full_bytes": row.full_bytes,
                    "dvr_limit": row.limit,
                    "short": row.short,
                }
                for row in found.holdings
            ],
            "short_streams": [
                {
                    "name": row.name,
                    "title": row.title,
                    "promised": int(row.owed),
                    "kept": None if row.kept is None else int(row.kept),
                    "reason": "space" if row.is_by_space else "disk",
                }
                for row in found.shortages
            ],
        }
        return Response(shape)


urlpatterns: list[URLPattern] = [path("storage", StorageView.as_view())]
