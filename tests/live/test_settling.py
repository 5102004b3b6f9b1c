"""Cameras that nobody speaks for: a dead streamer's, and those that were switched off, do not stay green."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from devices.models import Camera, CameraStatus
from devices.reports import SILENCE
from devices.services import cameras
from portal import fleet
from portal.live import rounds
from tenants import clock
from tenants.models import Domain
from tenants.scoping import domain_scope
from tests.cast import Cast
from tests.hooks.asking import Streamer


def _settle() -> None:
    async def once() -> None:
        try:
            await rounds.settle()
        finally:
            await fleet.close()

    asyncio.run(once())


def _status(camera: Camera) -> tuple[bool, str, str]:
    with domain_scope(camera.domain_id):
        row = CameraStatus.objects.get(camera=camera)
        return row.alive, row.status, row.error_code


def test_a_silent_streamers_cameras_go_off_line(streamer: Streamer, live_cast: Cast) -> None:
    streamer.report(live_cast.gate)
    _settle()
    assert _status(live_cast.gate) == (True, "running", "")
    with clock.shifted(timedelta(seconds=SILENCE + 1)):
        _settle()
    assert _status(live_cast.gate) == (False, "waiting", "unknown")
    streamer.report(live_cast.gate)
    assert _status(live_cast.gate) == (True, "running", "")


def test_a_camera_keeps_the_reason_it_gave_last(streamer: Streamer, live_cast: Cast) -> None:
    error = {"code": "unauthorized", "message": "401"}
    streamer.report(live_cast.gate, alive=False, status="error", error=error)
    with clock.shifted(timedelta(seconds=SILENCE + 1)):
        _settle()
    assert _status(live_cast.gate) == (False, "error", "unauthorized")


def test_what_is_switched_off_is_off_line(streamer: Streamer, live_cast: Cast) -> None:
    streamer.report(live_cast.gate)
    streamer.report(live_cast.tree)
    with domain_scope(live_cast.north):
        cameras.set_enabled(Camera.objects.get(name="gate"), False, acting_user=None)
    Domain.objects.filter(pk=live_cast.south.pk).update(is_active=False)
    _settle()
    assert _status(live_cast.gate) == (False, "disabled", "")
    assert _status(live_cast.tree) == (False, "disabled", "")
