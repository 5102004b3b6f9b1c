"""Greta looks at what would move before she saves: in numbers, across ISPs, without a name of anybody."""

from __future__ import annotations

import pytest

from devices.models import Camera, Streamer, Zone, ZoneMode
from devices.services import cameras, streamers, zones
from tenants import clock
from tenants.scoping import domain_scope
from tenants.services import super_administrators
from tests.api.v3.calls import ADMIN, as_user
from tests.cast import Cast
from tests.installation.conftest import PASSWORD, Installation
from tests.server import live_cast

__all__ = ["live_cast"]
FORM = {"port": "8001", "rtsp_port": "8554"}


@pytest.fixture
def installation(live_cast: Cast) -> Installation:
    """Greta above a cast that every role sees, with a second streamer; both answer."""
    streamers.add_streamer(hostname="streamer-2", port=8002)
    Streamer.objects.update(last_seen_at=clock.now())
    return Installation(super_administrators.set_password("greta", PASSWORD), live_cast)


def rule(camera: Camera, zone: Zone | None, mode: ZoneMode) -> None:
    with domain_scope(camera.domain_id):
        cameras.change_camera(Camera.objects.get(pk=camera.pk), acting_user=None, zone=zone, zone_mode=mode)


def path(installation: Installation) -> str:
    return f"/streamers/{installation.cast.streamer.pk}"


def test_a_limit_is_shown_before_it_is_saved_and_saved_when_she_is_sure(installation: Installation) -> None:
    greta, row = installation.client(), installation.cast.streamer
    asked = {**FORM, "channel_limit": "0", "labels": "gpu=yes"}
    answer = greta.post(path(installation), asked)
    page = answer.content.decode()
    assert [(way.source, way.target, *way.flow[2:]) for way in answer.context["ways"]] == [
        ("streamer-1", "streamer-2", 4, 2)
    ]
    assert [(name, load.channels, load.next_channels) for name, load in answer.context["loads"]] == [
        ("streamer-1", 4, 0), ("streamer-2", 0, 4),
    ]  # fmt: skip
    assert "4 cameras would move" in page
    assert "Concerned: 2 providers" in page
    assert installation.cast.gate.title not in page
    row.refresh_from_db()
    assert (row.channel_limit, row.labels) == (None, {}), "nothing is saved yet"
    assert greta.post(path(installation), {**asked, "sure": "1"}).status_code == 302
    row.refresh_from_db()
    assert (row.channel_limit, row.labels) == (0, {"gpu": "yes"})


def test_the_page_carries_what_was_typed_so_that_saving_saves_it(installation: Installation) -> None:
    ring = zones.add_zone(name="ring", title="Ring")
    rule(installation.cast.gate, ring, ZoneMode.PREFERRED)
    greta = installation.client()
    answer = greta.post(path(installation), {**FORM, "zones": [ring.pk], "channel_limit": "2"})
    page = answer.content.decode()
    for name, value in (("zones", ring.pk), ("channel_limit", 2), ("port", 8001), ("is_default", False)):
        assert f'<input type="hidden" name="{name}" value="{value}"' in page
    back = greta.post(path(installation), {**FORM, "zones": [ring.pk], "channel_limit": "2", "back": "1"})
    assert back.status_code == 200
    assert back.context["form"]["channel_limit"].value() == "2"
    assert Streamer.objects.get(pk=installation.cast.streamer.pk).channel_limit is None


def test_a_required_zone_that_loses_its_streamer_is_said_aloud(installation: Installation) -> None:
    ring = zones.add_zone(name="ring", title="Ring")
    streamers.change_streamer(installation.cast.streamer, zones=[ring])
    rule(installation.cast.gate, ring, ZoneMode.REQUIRED)
    answer = installation.client().post(path(installation), FORM)
    assert "1 camera would have no streamer" in answer.content.decode()
    assert [(way.source, way.target, way.flow.cameras) for way in answer.context["ways"]] == [("streamer-1", "", 1)]


def test_what_moves_nobody_is_saved_at_once(installation: Installation) -> None:
    greta = installation.client()
    assert greta.post(path(installation), {**FORM, "port": "8009"}).status_code == 302
    assert greta.post(path(installation), {**FORM, "channel_limit": "50"}).status_code == 302
    assert Streamer.objects.get(pk=installation.cast.streamer.pk).channel_limit == 50


def test_a_limit_that_cannot_hold_is_said(installation: Installation) -> None:
    streamers.change_streamer(Streamer.objects.get(hostname="streamer-2"), channel_limit=0)
    answer = installation.client().post(path(installation), {**FORM, "channel_limit": "1"})
    assert "there is no other place" in answer.content.decode()


def test_another_role_lets_all_cameras_go(installation: Installation) -> None:
    role = next(value for value in Streamer.Role.values if value != Streamer.Role.STREAMER)
    answer = installation.client().post(path(installation), {**FORM, "role": role})
    assert "4 cameras would move" in answer.content.decode()


def test_a_streamer_is_emptied_before_it_is_removed(installation: Installation) -> None:
    greta = installation.client()
    page = greta.get(path(installation) + "/remove").content.decode()
    assert "4 cameras are on it" in page
    assert "Let it carry no cameras" in page
    assert greta.post(path(installation) + "/remove", {"empty": "1"}).status_code == 302
    assert Streamer.objects.get(pk=installation.cast.streamer.pk).channel_limit == 0
    other = Streamer.objects.get(hostname="streamer-2")
    page = greta.get(f"/streamers/{other.pk}/remove").content.decode()
    assert "Let it carry no cameras" not in page


def test_the_switch_of_a_zone_is_shown_first(installation: Installation) -> None:
    ring = zones.add_zone(name="ring", title="Ring")
    second = Streamer.objects.get(hostname="streamer-2")
    for row in (installation.cast.streamer, second):
        streamers.change_streamer(row, zones=[ring])
    rule(installation.cast.gate, ring, ZoneMode.PREFERRED)
    with domain_scope(installation.cast.north):
        Camera.objects.filter(pk=installation.cast.gate.pk).update(streamer=second, home=installation.cast.streamer)
    greta = installation.client()
    answer = greta.post("/streamers/zones/ring", {"title": "Ring", "returns": "on"})
    assert [(way.source, way.target, way.flow.cameras) for way in answer.context["ways"]] == [
        ("streamer-2", "streamer-1", 1)
    ]
    assert not Zone.objects.get(name="ring").returns
    assert greta.post("/streamers/zones/ring", {"title": "Ring", "returns": "True", "sure": "1"}).status_code == 302
    assert Zone.objects.get(name="ring").returns


def test_a_zone_that_is_asked_for_says_by_how_many(installation: Installation) -> None:
    ring = zones.add_zone(name="ring", title="Ring")
    greta = installation.client()
    assert "none would move" in greta.get("/streamers/zones/ring/remove").content.decode()
    rule(installation.cast.gate, ring, ZoneMode.PREFERRED)
    page = greta.get("/streamers/zones/ring/remove").content.decode()
    assert "1 camera asks for it" in page
    assert 'class="btn btn-danger"' not in page


def test_an_isps_administrator_reads_of_his_own_cameras_only(installation: Installation) -> None:
    nora = as_user(installation.cast.nora, base=ADMIN)
    seen = nora.post("streamers/streamer-1/preview_layout_change", {"channel_limit": 0}).ok()
    assert (seen["hostname"], seen["moves"], seen["without_streamer"]) == ("streamer-1", 3, 0)
    assert {one["next_streamer"] for one in seen["streams"]} == {"streamer-2"}
    assert "tree" not in {one["name"] for one in seen["streams"]}
    assert Streamer.objects.get(hostname="streamer-1").channel_limit is None
    nora.post("streamers/streamer-9/preview_layout_change", {}).refused(404, "not_found")
    sent = {"zones": ["moon"]}
    nora.post("streamers/streamer-1/preview_layout_change", sent).refused(400, "validation_error", pointer="/zones")
    as_user(installation.cast.bob, base=ADMIN).post("streamers/streamer-1/preview_layout_change", {}).refused(
        403, "forbidden"
    )
