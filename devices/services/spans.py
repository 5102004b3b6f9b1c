"""The history that billing reads: which camera had which preset in which organization, from-until."""

from __future__ import annotations

from datetime import datetime

from django.db.models.expressions import RawSQL

from devices.models import Camera, PresetSpan
from tenants import clock


def settle(camera: Camera, *, at: datetime | None = None) -> None:
    """Make the open span of a camera say what the camera is now: close the old one, open a new one, or neither."""
    moment = at or clock.now()
    current = _open_span(camera.pk)
    if current and camera.enabled and _same(current, camera):
        return
    if current:
        _close(current, moment)
    if camera.enabled:
        _open(camera, moment)


def end(camera: Camera, *, at: datetime | None = None) -> None:
    """Close a camera's open span: it is about to go."""
    current = _open_span(camera.pk)
    if current:
        _close(current, at or clock.now())


def _open_span(camera_id: int) -> PresetSpan | None:
    found: PresetSpan | None = (
        PresetSpan.objects.select_for_update().filter(camera_id=camera_id, during__upper_inf=True).first()
    )
    return found


def _same(span: PresetSpan, camera: Camera) -> bool:
    return span.preset_id == camera.preset_id and span.organization_id == camera.organization_id


def _close(span: PresetSpan, at: datetime) -> None:
    """End a span; one that would be empty never was."""
    if span.during.lower >= at:
        span.delete()
        return
    PresetSpan.objects.filter(pk=span.pk).update(during=RawSQL("tstzrange(lower(during), %s, '[)')", [at]))


def _open(camera: Camera, at: datetime) -> None:
    PresetSpan.objects.create(
        domain_id=camera.domain_id,
        camera_id=camera.pk,
        camera_name=camera.name,
        camera_title=camera.title,
        organization_id=camera.organization_id,
        preset_id=camera.preset_id,
        during=(at, None),
    )
