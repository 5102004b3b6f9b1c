"""What is recognised in a camera's picture, and where (items 91, 138, 200)."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from devices import detection_zones as zones
from tenants.errors import Invalid

ALGORITHMS = ("plates", "faces")


def checked_areas(text: str) -> str:
    """Zones as they are kept. Raises Invalid."""
    try:
        return zones.written(zones.read(text or ""))
    except zones.ZoneRefused as refused:
        raise Invalid(_(refused.message), field="vision_areas") from refused


def checked_algorithm(text: str | None) -> str:
    """What is recognised, empty for nothing. Raises Invalid."""
    if text and text not in ALGORITHMS:
        raise Invalid(_("Write plates, faces, or nothing."), field="vision_alg")
    return text or ""


def vision(alg: str, areas: str) -> dict[str, Any] | None:
    """The streamer contract's `vision`; None where nothing is recognised. Each zone is a detector."""
    if not alg:
        return None
    try:
        found = zones.read(areas)
    except zones.ZoneRefused:  # written before zones were judged
        found = []
    return {"alg": alg, "areas": zones.written(found), "detectors": detectors(alg, found)}


def detectors(alg: str, found: list[zones.Zone]) -> list[dict[str, str]]:
    """Each zone by its number, from 1."""
    return [
        {
            "region_id": str(number), "detector_type": alg, "region_title": f"{number}",
            "region_coordinates": zones.written([zone]),
        }
        for number, zone in enumerate(found, 1)
    ]  # fmt: skip
