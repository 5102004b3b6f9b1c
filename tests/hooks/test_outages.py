"""When a camera gave no video, and why: facts made of what streamers say, and of their silence."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from devices.models import Camera, CameraStatus, OutageSpan
from devices.reports import SILENCE
from devices.services import cameras
from portal import fleet
from portal.live import rounds
from tenants import clock
from tenants.models import Domain
from tenants.scoping import domain_scope
from tests.api.v3.calls import as_user
from tests.cast import Cast
from tests.hooks.asking import Streamer


def settle() -> None:
    async def once() -> None:
        try:
            await rounds.settle()
        finally:
            await fleet.close()

    asyncio.run(once())


@contextmanager
def later(**span: float) -> Iterator[None]:
    with clock.shifted(timedelta(**span)):
        yield


def outages(camera: Camera) -> list[tuple[str, bool]]:
    """The codes of a camera's outages, and whether each is over."""
    with domain_scope(camera.domain_id):
        rows = OutageSpan.objects.filter(camera_id=camera.pk).order_by("id")
        return [(row.code, row.ended_at is not None) for row in rows]


def down(streamer: Streamer, camera: Camera, code: str) -> None:
    streamer.report(camera, alive=False, status="error", error={"code": code, "message": "said the camera"})


def test_an_outage_begins_and_ends_with_what_the_streamer_says(streamer: Streamer, live_cast: Cast) -> None:
    gate = live_cast.gate
    streamer.report(gate)
    assert outages(gate) == []
    down(streamer, gate, "unreachable")
    down(streamer, gate, "unreachable")
    assert outages(gate) == [("unreachable", False)], "said twice, it is one"
    down(streamer, gate, "unauthorized")
    assert outages(gate) == [("unreachable", True), ("unauthorized", False)]
    streamer.report(gate)
    assert outages(gate) == [("unreachable", True), ("unauthorized", True)]


def test_an_outage_that_was_left_open_ends_with_the_next_word(streamer: Streamer, live_cast: Cast) -> None:
    """Two writers crossed: the status says on line, and an outage is open."""
    streamer.report(live_cast.gate)
    with domain_scope(live_cast.north):
        OutageSpan.objects.create(
            domain_id=live_cast.north.pk, camera_id=live_cast.gate.pk, code="streamer_down", began_at=clock.now()
        )
    streamer.report(live_cast.gate)
    assert outages(live_cast.gate) == [("streamer_down", True)]


def test_switching_off_ends_an_outage_then_and_not_before(streamer: Streamer, live_cast: Cast) -> None:
    streamer.report(live_cast.gate)
    with later(seconds=SILENCE + 1):
        settle()
    with domain_scope(live_cast.north), later(hours=3):
        cameras.set_enabled(Camera.objects.select_related("preset").get(name="gate"), False, acting_user=None)
    with later(hours=3, seconds=5):
        settle()
    with domain_scope(live_cast.north):
        row = OutageSpan.objects.get()
        assert row.ended_at - row.began_at > timedelta(hours=2.9)


def test_a_full_disk_is_an_outage_of_the_archive_though_live_goes_on(streamer: Streamer, live_cast: Cast) -> None:
    streamer.report(live_cast.gate, error={"code": "disk_full", "message": "full"})
    assert outages(live_cast.gate) == [("disk_full", False)]
    streamer.report(live_cast.gate)
    assert outages(live_cast.gate) == [("disk_full", True)]


def test_a_streamer_that_falls_silent_was_away_since_it_last_spoke(streamer: Streamer, live_cast: Cast) -> None:
    streamer.report(live_cast.gate)
    spoke = clock.now()
    with later(seconds=SILENCE + 1):
        settle()
    assert outages(live_cast.gate) == [("streamer_down", False)]
    with domain_scope(live_cast.north):
        began = OutageSpan.objects.get().began_at
    assert abs(began - spoke) < timedelta(seconds=10)
    with later(seconds=SILENCE + 5):
        streamer.report(live_cast.gate)
    assert outages(live_cast.gate) == [("streamer_down", True)]


def test_what_nobody_saw_because_perch_was_stopped_too_is_told_afterwards(streamer: Streamer, live_cast: Cast) -> None:
    streamer.report(live_cast.gate)
    spoke = clock.now() - timedelta(hours=1)
    with domain_scope(live_cast.north):
        CameraStatus.objects.filter(camera=live_cast.gate).update(reported_at=spoke)
    streamer.report(live_cast.gate)
    streamer.report(live_cast.gate)
    assert outages(live_cast.gate) == [("streamer_down", True)]
    with domain_scope(live_cast.north):
        assert OutageSpan.objects.get().began_at == spoke


def test_a_suspended_isp_is_told_as_such(streamer: Streamer, live_cast: Cast) -> None:
    streamer.report(live_cast.tree)
    Domain.objects.filter(pk=live_cast.south.pk).update(is_active=False)
    settle()
    assert outages(live_cast.tree) == [("suspended", False)]


def test_the_subscriber_reads_why_in_plain_words(streamer: Streamer, live_cast: Cast) -> None:
    streamer.report(live_cast.gate)
    down(streamer, live_cast.gate, "unauthorized")
    streamer.report(live_cast.gate)
    said = as_user(live_cast.alice).get("streams/gate/dvr/reasons").ok()["reasons"]
    assert [(span["reason"], span["code"]) for span in said] == [
        ("not_created", None), ("recorded", None), ("outage", "unauthorized"), ("recorded", None),
    ]  # fmt: skip
    assert said[2]["message"] == "The camera refused the login or password."
