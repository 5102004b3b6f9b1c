"""An organization in figures (item 68, the right to statistics): its cameras by state, and its archive by folder."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, Q, QuerySet, Sum

from devices.models import Camera
from tenants.models import Folder, Organization

RUNS = Q(enabled=True, is_private=False)  # `Camera.runs` as a query
STATES = {
    "online": RUNS & Q(status__alive=True),
    "offline": RUNS & Q(status__alive=False) & ~Q(status__error_code=""),
    "disabled": ~RUNS,
}
GB = 1_000_000_000
MOST_FOLDERS = 50


def totals(rows: QuerySet[Camera]) -> dict[str, Any]:
    """Cameras by state, and what they record, watch and send, in one query. `waiting` are those that have not been
    heard of; bytes of archive, viewers, kbit/s."""
    states = {name: Count("pk", filter=condition) for name, condition in STATES.items()}
    sums = rows.aggregate(
        all=Count("pk"),
        bytes=Sum("status__dvr_bytes", default=0),
        clients=Sum("status__online_clients", filter=Q(status__alive=True), default=0),
        bitrate=Sum("status__bitrate", filter=Q(status__alive=True), default=0),
        recorded=Count("pk", filter=RUNS & Q(dvr_depth__gt=0)),
        **states,
    )
    return {**sums, "waiting": sums["all"] - sums["online"] - sums["offline"] - sums["disabled"]}


def by_folder(organization: Organization) -> list[Any]:
    """The folders with cameras: how many are there, how many of them on line, and bytes of archive."""
    online = Count("cameras", filter=Q(cameras__enabled=True, cameras__is_private=False, cameras__status__alive=True))
    rows = Folder.objects.filter(organization=organization).annotate(
        cameras_n=Count("cameras"), online_n=online, bytes_n=Sum("cameras__status__dvr_bytes", default=0)
    )
    return list(rows.filter(cameras_n__gt=0).order_by("-cameras_n", "order_num", "id")[:MOST_FOLDERS])
