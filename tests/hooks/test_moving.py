"""Cameras follow the health of streamers: moved, brought back, or started nowhere, with facts that say so."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest

from devices.models import Camera, CameraStatus, OutageSpan, Streamer, StreamerSpan, Zone, ZoneMode
from devices.placement import LOST, STEADY
from devices.services import cameras, streamers, zones
from portal import fleet
from portal.live import moving
from tenants import clock
from tenants.scoping import domain_scope
from tests.api.v3.calls import as_user
from tests.cast import Cast
from tests.hooks.asking import Streamer as Asking
from tests.server import Server

SILENT = LOST + timedelta(seconds=5)


def go() -> int:
    """One round, as a web process makes it; returns how many cameras moved."""

    async def once() -> int:
        try:
            await moving.look()
            return len(await moving.move())
        finally:
            await fleet.close()

    return asyncio.run(once())


@contextmanager
def later(by: timedelta) -> Iterator[None]:
    with clock.shifted(by):
        yield


def hear(*rows: Streamer) -> None:
    """Streamers that answer now."""
    Streamer.objects.filter(pk__in=[row.pk for row in rows]).update(last_seen_at=clock.now())


def place_of(camera: Camera) -> str | None:
    with domain_scope(camera.domain_id):
        found = Camera.objects.select_related("streamer").get(pk=camera.pk)
        return found.streamer.hostname if found.streamer else None


def rule(cast: Cast, zone: Zone | None, mode: ZoneMode = ZoneMode.PREFERRED) -> None:
    with domain_scope(cast.north):
        gate = Camera.objects.select_related("preset", "folder", "organization").get(pk=cast.gate.pk)
        cameras.change_camera(gate, acting_user=None, zone=zone, zone_mode=mode)


@pytest.fixture
def ring(live_cast: Cast) -> Zone:
    """A zone with the cast's streamer in it."""
    zone = zones.add_zone(name="ring", title="Ring")
    streamers.change_streamer(live_cast.streamer, zones=[zone])
    return zone


@pytest.fixture
def other(live_cast: Cast) -> Streamer:
    """Another streamer, in no zone."""
    return streamers.add_streamer(hostname="streamer-2", port=8002)[0]


def test_a_silent_streamer_gives_its_cameras_away_and_keeps_what_prefers_it_on_return(
    live_cast: Cast, ring: Zone, other: Streamer
) -> None:
    rule(live_cast, ring)
    hear(live_cast.streamer, other)
    assert go() == 0
    with later(SILENT):
        hear(other)
        assert go() == 4
        assert {place_of(one) for one in (live_cast.gate, live_cast.tree)} == {"streamer-2"}
    with later(SILENT + timedelta(seconds=10)):
        hear(live_cast.streamer, other)
        assert go() == 0, "it has to be steady first"
    with later(SILENT + timedelta(seconds=11) + STEADY):
        hear(live_cast.streamer, other)
        assert go() == 1
        assert place_of(live_cast.gate) == "streamer-1"
        assert place_of(live_cast.tree) == "streamer-2", "without a zone it stays"
    with domain_scope(live_cast.north):
        spans = StreamerSpan.objects.filter(camera_id=live_cast.gate.pk)
        assert [span.hostname for span in spans] == ["streamer-1", "streamer-2", "streamer-1"]
        assert [span.ended_at is None for span in spans] == [False, False, True]


def test_a_streamer_that_comes_and_goes_takes_nobody_along(live_cast: Cast, ring: Zone, other: Streamer) -> None:
    rule(live_cast, ring)
    hear(live_cast.streamer, other)
    go()
    passed, moves = timedelta(), 0
    for _time in range(12):  # silent for 25 s, answering for 50
        for silent in (True, False):
            passed += SILENT if silent else timedelta(seconds=50)
            with later(passed):
                hear(other)
                if not silent:
                    hear(live_cast.streamer)
                moves += go()
    assert moves == 4, "each camera left once"


def test_a_camera_of_a_required_zone_starts_nowhere_else(
    live_cast: Cast, ring: Zone, other: Streamer, streamer: Asking, server: Server
) -> None:
    rule(live_cast, ring, ZoneMode.REQUIRED)
    streamer.report(live_cast.gate)
    hear(live_cast.streamer, other)
    go()
    with later(SILENT):
        hear(other)
        go()
        assert place_of(live_cast.gate) is None
        with domain_scope(live_cast.north):
            status = CameraStatus.objects.get(camera=live_cast.gate)
            assert (status.alive, status.error_code) == (False, "no_streamer")
            codes = [(row.code, row.ended_at is None) for row in OutageSpan.objects.filter(camera_id=live_cast.gate.pk)]
            assert codes == [("streamer_down", False), ("no_streamer", True)]
    page = server.client(live_cast.alice).get(f"/cameras/edit/{live_cast.gate.name}").text
    assert "No recording server that this camera may be on answers" in page
    with later(SILENT + timedelta(seconds=1)):
        said = as_user(live_cast.alice).get("streams/gate/dvr/reasons").ok()["reasons"]
    assert "may be on answered" in said[-1]["message"]


def test_it_starts_again_with_the_first_streamer_of_its_zone(
    live_cast: Cast, ring: Zone, other: Streamer, streamer: Asking
) -> None:
    rule(live_cast, ring, ZoneMode.REQUIRED)
    streamer.report(live_cast.gate)
    hear(live_cast.streamer, other)
    go()
    with later(SILENT):
        hear(other)
        go()
    with later(SILENT + timedelta(seconds=5)):
        hear(live_cast.streamer, other)
        go()
        assert place_of(live_cast.gate) == "streamer-1", "nobody else can have it, so it does not wait"
    streamer.report(live_cast.gate)
    with domain_scope(live_cast.north):
        assert not OutageSpan.objects.filter(camera_id=live_cast.gate.pk, ended_at=None).exists()


def test_the_configuration_follows_a_move_at_once(
    live_cast: Cast, ring: Zone, other: Streamer, streamer: Asking, server: Server
) -> None:
    assert len(streamer.streams().json()["streams"]) == 4
    key = streamers.renew_key(other)
    asking = Asking(server.client(key=key), "streamer-2")
    assert asking.streams().json()["streams"] == []
    with later(SILENT):
        hear(other)
        go()
    assert len(asking.streams().json()["streams"]) == 4
    left = streamer.streams().json()["streams"]
    assert all(stream["archive_only"] and not stream["inputs"] for stream in left), "what it recorded is still there"


def test_a_camera_that_no_streamer_may_have_says_so_from_the_first_round(live_cast: Cast, other: Streamer) -> None:
    far = zones.add_zone(name="far", title="Far")
    with domain_scope(live_cast.north):
        made = cameras.add_camera(
            live_cast.harbour, acting_user=None, title="Buoy", stream_url="fake://clock", zone=far,
            zone_mode=ZoneMode.REQUIRED,
        )  # fmt: skip
    hear(live_cast.streamer, other)
    go()
    go()
    with domain_scope(live_cast.north):
        assert CameraStatus.objects.get(camera=made).error_code == "no_streamer"
        assert [span.code for span in OutageSpan.objects.filter(camera_id=made.pk)] == ["no_streamer"]


def test_a_suspended_isp_keeps_the_word_that_says_so(live_cast: Cast, ring: Zone, other: Streamer) -> None:
    rule(live_cast, ring, ZoneMode.REQUIRED)
    hear(live_cast.streamer, other)
    go()
    type(live_cast.north).objects.filter(pk=live_cast.north.pk).update(is_active=False)
    with later(SILENT):
        hear(other)
        go()
    with domain_scope(live_cast.north):
        assert not OutageSpan.objects.filter(camera_id=live_cast.gate.pk, code="no_streamer")


def test_a_limit_moves_what_is_too_much(live_cast: Cast, other: Streamer) -> None:
    hear(live_cast.streamer, other)
    streamers.change_streamer(live_cast.streamer, channel_limit=1)
    assert go() == 3
    streamers.change_streamer(live_cast.streamer, channel_limit=0)
    assert go() == 1
    streamers.remove_streamer(live_cast.streamer)
    assert list(Streamer.objects.all()) == [other]


def test_a_settings_page_saved_late_does_not_move_a_camera_back(live_cast: Cast, other: Streamer) -> None:
    with domain_scope(live_cast.north):
        read_before = Camera.objects.select_related("preset", "folder", "organization").get(pk=live_cast.gate.pk)
    hear(live_cast.streamer, other)
    go()
    with later(SILENT):
        hear(other)
        go()
    with domain_scope(live_cast.north):
        cameras.change_camera(read_before, acting_user=None, title="Gate of the harbour")
    assert place_of(live_cast.gate) == "streamer-2"


def test_a_new_camera_goes_to_its_zone_at_once_and_a_changed_rule_moves_it(
    live_cast: Cast, ring: Zone, other: Streamer
) -> None:
    far = zones.add_zone(name="far", title="Far")
    streamers.change_streamer(other, zones=[far])
    rule(live_cast, far, ZoneMode.REQUIRED)
    assert place_of(live_cast.gate) == "streamer-2"
    empty = zones.add_zone(name="empty", title="Empty")
    rule(live_cast, empty, ZoneMode.REQUIRED)
    assert place_of(live_cast.gate) is None
    rule(live_cast, None)
    assert place_of(live_cast.gate) is not None
