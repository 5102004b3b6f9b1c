"""Who watched a camera (item 317). Rows are written by the streamers' hook; here they are read and forgotten."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import QuerySet

from devices.models import Camera, Viewing
from tenants import clock

KEEP = timedelta(days=365)


def viewings_of(camera: Camera) -> QuerySet[Viewing]:
    """Who watched a camera, the latest first."""
    rows: QuerySet[Viewing] = Viewing.objects.filter(camera=camera).order_by("-last_at", "-id")
    return rows


def forget_old() -> int:
    """Remove what is older than a year; returns how many rows."""
    return int(Viewing.objects.filter(last_at__lt=clock.now() - KEEP).delete()[0])
