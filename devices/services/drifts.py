"""Cameras that ran otherwise than Perch wants (item 315), as streamers were found; repaired without anybody's doing."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import QuerySet

from devices.models import CameraDrift
from tenants import clock

KEEP = timedelta(days=30)
MOST = 200


def recent() -> list[CameraDrift]:
    """What was found lately at this ISP, the newest first, at most MOST."""
    rows: QuerySet[CameraDrift] = CameraDrift.objects.order_by("-found_at", "-id")
    return list(rows[:MOST])


def forget_old() -> int:
    """Remove what was repaired more than 30 days ago; returns how many rows."""
    return int(CameraDrift.objects.filter(repaired_at__lt=clock.now() - KEEP).delete()[0])
