"""An organization in figures: cameras on line, archive against its limit, users (item 68: the right to statistics)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from devices import access as camera_access
from devices.models import Camera
from devices.services.figures import GB, by_folder, totals
from portal.pages.common import Request, signed_in
from portal.pages.organizations import head
from tenants import access

AROUND = 100.0  # the drawn circle's circumference
LARGEST = 10


@dataclass(frozen=True)
class Slice:
    """A part of the drawn ring: where it begins and how long it is, in hundredths of the circle."""

    state: str
    count: int
    begin: float
    length: float


@dataclass(frozen=True)
class Gauge:
    """Something used against its limit, both in the same unit."""

    used: int
    limit: int

    @property
    def percent(self) -> int:
        """How much of the limit is used, in whole per cent; above 100 when it is exceeded."""
        return round(100 * self.used / self.limit) if self.limit else 0


@signed_in
@require_safe
def statistics_page(request: Request, organization_id: str) -> HttpResponse:
    """The figures of one organization, now."""
    organization = access.organization_for(request.user, organization_id, "view_stats")
    rows = Camera.objects.filter(organization=organization)
    sums = totals(rows)
    known = camera_access.visible_cameras(request.user).filter(organization=organization)
    context = {
        "tab": "statistics",
        "sums": sums,
        "ring": ring(sums),
        "cameras": Gauge(sums["all"], organization.camera_limit),
        "users": Gauge(organization.memberships.count(), organization.user_limit),
        "archive": Gauge(sums["bytes"], organization.dvr_limit * GB),
        "folders": by_folder(organization),
        "largest": known.filter(status__dvr_bytes__gt=0)
        .select_related("status")
        .order_by("-status__dvr_bytes", "id")[:LARGEST],
        **head(request, organization),
    }
    return render(request, "organizations/statistics.html", context)


def ring(sums: dict[str, Any]) -> list[Slice]:
    """The states as slices of a ring, one behind the other."""
    slices, begin = [], 0.0
    for state in ("online", "offline", "waiting", "disabled"):
        if sums[state]:
            length = AROUND * sums[state] / sums["all"]
            slices.append(Slice(state, sums[state], round(-begin, 3), round(length, 3)))
            begin += length
    return slices
