"""An organization in figures (item 68, the right to statistics). Not in the reference."""

from __future__ import annotations

from typing import TypedDict

from django.urls import URLPattern, path
from rest_framework.response import Response

from devices.models import Camera
from devices.services import figures
from portal.api.v3.schema import answers
from portal.api.v3.views import Asked, V3View
from tenants import access


class StreamCountsShape(TypedDict):
    """Cameras by state; `waiting` have not been heard of. `recorded` have an archive."""

    total: int
    online: int
    offline: int
    waiting: int
    disabled: int
    recorded: int


class FolderFiguresShape(TypedDict):
    """The cameras of one folder, without those below it; `archive` in bytes."""

    id: int
    title: str
    streams: int
    online: int
    archive: int


class StatisticsShape(TypedDict):
    """The figures of now: `archive` in bytes, `bitrate` in kbit/s, `viewers` at this moment; each limit beside it."""

    streams: StreamCountsShape
    streams_limit: int
    users: int
    users_limit: int
    archive: int
    archive_limit: int
    bitrate: int
    viewers: int
    folders: list[FolderFiguresShape]


class StatisticsView(V3View):
    """`/organizations/{id}/statistics`."""

    noun = "organizations"

    @answers(StatisticsShape, says="An organization in figures", name="organizations_statistics")
    def get(self, request: Asked, organization_id: str) -> Response:
        organization = access.organization_for(request.user, organization_id, "view_stats")
        sums = figures.totals(Camera.objects.filter(organization=organization))
        counts = ("online", "offline", "waiting", "disabled", "recorded")
        return Response(
            {
                "streams": {"total": sums["all"], **{name: sums[name] for name in counts}},
                "streams_limit": organization.camera_limit,
                "users": organization.memberships.count(),
                "users_limit": organization.user_limit,
                "archive": int(sums["bytes"]),
                "archive_limit": organization.dvr_limit * figures.GB,
                "bitrate": int(sums["bitrate"]),
                "viewers": int(sums["clients"]),
                "folders": [
                    {
                        "id": row.pk,
                        "title": row.title,
                        "streams": row.cameras_n,
                        "online": row.online_n,
                        "archive": int(row.bytes_n),
                    }
                    for row in figures.by_folder(organization)
                ],
            }
        )


urlpatterns: list[URLPattern] = [path("organizations/<str:organization_id>/statistics", StatisticsView.as_view())]
