"""The sizing calculator (items 8-12): it begins with what the installation really carries, and asks what if."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from devices.models import Streamer
from devices.services import sizing
from devices.services.sizing import Wanted
from portal.installation.common import Request, administrators_only
from portal.installation.forms import SizingForm

EXAMPLE = {"cameras": 500, "bitrate": 1.0, "users": 200}  # the manual's, where there is nothing real yet
REST = {
    "depth": 7,
    "disk_speed": sizing.DISK_SPEED,
    "disks": 6,
    "plates": 0,
    "no_plates": 0,
    "emergency": 0,
    "faces": 0,
}


@administrators_only
@require_safe
def sizing_page(request: Request) -> HttpResponse:
    """The form and what it comes to; everything asked is in the address."""
    real = _real()
    initial = {**REST, **(real or EXAMPLE)}
    asked = SizingForm({**initial, **request.GET.dict()})
    context: dict[str, Any] = {"form": asked, "real": real}
    if asked.is_valid():
        context |= _answers(asked.cleaned_data)
    return render(request, "installation/sizing.html", context, status=200 if asked.is_valid() else 422)


def _real() -> dict[str, float] | None:
    """Cameras, their mean bitrate in Mbit/s and the viewers of all streamers; None where no camera is on line."""
    rows = [row.figures for row in Streamer.objects.all() if row.figures]
    alive, bitrate = sum(row["alive"] for row in rows), sum(row["bitrate"] for row in rows)
    if not alive or not bitrate:
        return None
    cameras = sum(row["cameras"] for row in rows)
    return {
        "cameras": cameras,
        "bitrate": round(bitrate / alive / 1000, 2),
        "users": sum(row["clients"] for row in rows),
    }


def _answers(asked: dict[str, Any]) -> dict[str, Any]:
    wanted = Wanted(*(asked[name] for name in ("cameras", "bitrate", "users", "depth", "disk_speed")))
    networks = {
        "license_plates": asked["plates"],
        "no_license_plates": asked["no_plates"],
        "emergency_vehicles": asked["emergency"],
        "faces": asked["faces"],
    }
    on_processors = {name: networks[name] for name in sizing.RAM}
    return {
        "sizing": sizing.size(wanted),
        "carries": sizing.carries(asked["disks"], bitrate=asked["bitrate"], disk_speed=asked["disk_speed"]),
        "gpu": sizing.gpu_memory(networks),
        "ram": sizing.ram(on_processors),
    }
