"""Zones by API: an ISP's administrator reads them, chooses them for cameras, and looks before he does."""

from __future__ import annotations

import pytest

from devices.models import Camera, Streamer, Zone
from devices.services import presets, streamers, zones
from tenants.scoping import domain_scope
from tests.api.v3.calls import ADMIN, as_user
from tests.cast import Cast


@pytest.fixture
def north(cast: Cast) -> Zone:
    """A zone with a streamer of its own."""
    zone = zones.add_zone(name="north", title="North ring")
    streamers.add_streamer(hostname="streamer-north", port=8001, zones=[zone])
    return zone


def where(cast: Cast, name: str = "gate") -> str | None:
    with domain_scope(cast.north):
        camera = Camera.objects.select_related("streamer").get(name=name)
        return camera.streamer.hostname if camera.streamer else None


def test_zones_and_streamers_are_there_to_read(cast: Cast, north: Zone) -> None:
    nora = as_user(cast.nora, base=ADMIN)
    assert nora.get("zones").ok()["zones"] == [
        {"name": "north", "title": "North ring", "returns": False, "streamers": ["streamer-north"]}
    ]
    assert nora.get("zones/north").ok()["title"] == "North ring"
    nora.get("zones/south").refused(404, "not_found")
    found = nora.get("streamers/streamer-north").ok()
    assert (found["zones"], found["alive"]) == (["north"], False)
    assert "key_digest" not in str(nora.get("streamers").ok())


def test_looking_changes_nothing_and_choosing_moves(cast: Cast, north: Zone) -> None:
    nora = as_user(cast.nora, base=ADMIN)
    rule = {"zone": "north", "mode": "required"}
    seen = nora.post("streams/gate/preview_layout_change", rule).ok()
    assert seen == {"name": "gate", "streamer": "streamer-1", "next_streamer": "streamer-north", "moves": True}
    assert where(cast) == "streamer-1"
    as_user(cast.bob, base=ADMIN).post("streams/gate/preview_layout_change", rule).refused(403, "forbidden")
    nora.post("streams/tree/preview_layout_change", rule).refused(404, "not_found")
    nora.post("streams/zones", {"streams": [{"name": "gate", **rule}]}).ok(204)
    assert where(cast) == "streamer-north"
    layouts = nora.get("streams/gate/layouts").ok()
    assert (layouts["zone"], layouts["mode"], layouts["by"]) == ("north", "required", "stream")
    assert [one["streamer"] for one in layouts["layouts"]] == ["streamer-north", "streamer-1"]


def test_a_mistake_in_one_stream_changes_none(cast: Cast, north: Zone) -> None:
    nora = as_user(cast.nora, base=ADMIN)
    sent = {"streams": [{"name": "gate", "zone": "north", "mode": "required"}, {"name": "office", "zone": "moon"}]}
    nora.post("streams/zones", sent).refused(400, "validation_error", pointer="/streams/1/zone")
    assert where(cast) == "streamer-1"


def test_a_preset_places_its_cameras_and_a_camera_of_its_own_zone_differs(cast: Cast, north: Zone) -> None:
    empty = zones.add_zone(name="empty", title="Empty")
    nora = as_user(cast.nora, base=ADMIN)
    with domain_scope(cast.north):
        presets.change_preset(cast.basic, acting_user=None, zone=north, zone_mode="required")
    assert nora.get("streams/gate/layouts").ok()["by"] == "preset"
    assert nora.post("streams/gate/preview_layout_change", {}).ok()["next_streamer"] == "streamer-north"
    nora.post("streams/zones", {"streams": [{"name": "gate", "zone": "empty", "mode": "required"}]}).ok(204)
    assert where(cast) is None
    assert Streamer.objects.filter(zones=empty).count() == 0
