"""A streamer that hangs or dies, with a real portal and real streamers: its cameras go on elsewhere if they may, by one
streamer at a time, and it comes back to what is its own."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from devices.models import Camera, CameraStatus, OutageSpan, Streamer, Zone, ZoneMode
from devices.placement import Health, health
from devices.services import cameras, streamers, zones
from tenants import clock
from tenants.scoping import domain_scope
from tests.cast import Cast
from tests.devices.streamer.conftest import Running, eventually, launch
from tests.devices.streamer.perch import FakePerch
from tests.server import Server


@pytest.fixture
def portal(django_db_setup: None, live_cast: Cast, tmp_path: Path) -> Iterator[Server]:
    """A web process that moves cameras by itself."""
    process = Server(tmp_path / "web.log", PERCH_FAILOVER="on")
    process.start()
    yield process
    process.stop()


def begin(portal: Server, row: Streamer, folder: Path) -> Running:
    class Door(FakePerch):
        url = portal.url

    key = streamers.renew_key(row)
    return launch(Door(), folder, hostname=row.hostname, key=key, perch_url=portal.url)


def state(camera: Camera) -> tuple[str, bool]:
    """Where the camera is, and whether it gives video."""
    with domain_scope(camera.domain_id):
        found = Camera.objects.select_related("streamer").get(pk=camera.pk)
        status = CameraStatus.objects.filter(camera=found).first()
        return found.streamer.hostname if found.streamer else "", bool(status and status.alive)


def keep_only(cast: Cast, *kept: Camera) -> None:
    """All other cameras are switched off."""
    for domain in (cast.north, cast.south):
        with domain_scope(domain):
            for camera in Camera.objects.exclude(pk__in=[one.pk for one in kept]):
                cameras.set_enabled(camera, False, acting_user=None)


def record(camera: Camera, zone: Zone, mode: ZoneMode = ZoneMode.PREFERRED) -> None:
    """The camera gives a test picture, in this zone."""
    with domain_scope(camera.domain_id):
        found = Camera.objects.get(pk=camera.pk)
        cameras.change_camera(found, acting_user=None, zone=zone, zone_mode=mode, stream_url="fake://clock")


@pytest.fixture
def ring(live_cast: Cast) -> Zone:
    """A zone with the cast's streamer in it."""
    zone = zones.add_zone(name="ring", title="Ring")
    streamers.change_streamer(live_cast.streamer, zones=[zone])
    return zone


def test_a_streamer_that_hangs_loses_its_camera_and_lets_go_of_it(
    portal: Server, live_cast: Cast, ring: Zone, tmp_path: Path
) -> None:
    gate = live_cast.gate
    other, _key = streamers.add_streamer(hostname="streamer-2", port=8002)
    keep_only(live_cast, gate)
    record(gate, ring)
    first = begin(portal, live_cast.streamer, tmp_path / "one")
    second = begin(portal, other, tmp_path / "two")
    try:
        eventually(lambda: state(gate) == ("streamer-1", True), seconds=120)
        assert first.children()
        os.kill(first.process.pid, signal.SIGSTOP)
        eventually(lambda: state(gate) == ("streamer-2", True), seconds=120)
        assert second.children()
        os.kill(first.process.pid, signal.SIGCONT)
        eventually(lambda: not first.children())
        assert state(gate) == ("streamer-2", True), "it has to be steady before its camera returns"
    finally:
        first.kill()
        second.kill()


def test_a_streamer_that_is_killed_comes_back_to_what_is_its_own(
    portal: Server, live_cast: Cast, ring: Zone, tmp_path: Path
) -> None:
    """One camera may be on either streamer, the other one on the killed one only."""
    gate, office = live_cast.gate, live_cast.office
    only = zones.add_zone(name="only", title="Only here")
    streamers.change_streamer(live_cast.streamer, zones=[ring, only])
    other, _key = streamers.add_streamer(hostname="streamer-2", port=8002)
    keep_only(live_cast, gate, office)
    record(gate, ring)
    record(office, only, ZoneMode.REQUIRED)
    streamers.change_streamer(other, zones=[ring])
    first = begin(portal, live_cast.streamer, tmp_path / "one")
    second = begin(portal, other, tmp_path / "two")
    try:
        eventually(lambda: (state(gate), state(office)) == (("streamer-1", True), ("streamer-1", True)), seconds=120)
        first.kill()
        eventually(lambda: state(gate) == ("streamer-2", True), seconds=120)
        eventually(lambda: blocks(second))
        assert state(office) == ("", False)
        assert outages(office) == ["no_streamer"]
        recorded = blocks(first)
        first = begin(portal, live_cast.streamer, tmp_path / "one")
        eventually(lambda: state(office) == ("streamer-1", True), seconds=120)
        assert outages(office) == []
        eventually(lambda: blocks(first) - recorded)
        eventually(lambda: is_steady(live_cast.streamer), seconds=120)
        assert state(gate) == ("streamer-2", True), "in its zone it stays where it is"
        zones.change_zone(ring, returns=True)
        eventually(lambda: state(gate) == ("streamer-1", True))
        eventually(lambda: not second.children())
    finally:
        first.kill()
        second.kill()


def blocks(streamer: Running) -> set[Path]:
    """What is recorded on the streamer's disk."""
    return {file for file in (streamer.storage / "media").rglob("*.mp4") if file.stat().st_size}


def outages(camera: Camera) -> list[str]:
    """Why the camera gives no video now."""
    with domain_scope(camera.domain_id):
        rows = OutageSpan.objects.filter(camera_id=camera.pk, ended_at=None)
        return list(rows.values_list("code", flat=True))


def is_steady(row: Streamer) -> bool:
    """Whether cameras that have another place may come to it."""
    found = Streamer.objects.get(pk=row.pk)
    heard = (found.last_seen_at, found.steady_since, found.losses, found.lost_at)
    return health(clock.now(), *heard) == Health.STEADY
