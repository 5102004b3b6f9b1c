"""What is recognised on a camera and where: set on pages and by every dialect, and told to its streamer."""

from __future__ import annotations

from typing import Any

from devices.models import Camera
from devices.services import cameras, presets
from tenants.scoping import domain_scope
from tests.cast import Cast
from tests.hooks.asking import Streamer, streamer

__all__ = ["streamer"]
PAGE = "/cameras/zones/gate"
HALVES = "0 0, 0.5 0, 0.5 1, 0 1; 0.5 0, 1 0, 1 1, 0.5 1"
V2, V3 = "/vsaas/api/v2/cameras/gate", "/watcher/client-api/v3/streams/gate"


def gate(cast: Cast) -> Camera:
    with domain_scope(cast.north):
        found: Camera = Camera.objects.get(name="gate")
        return found


def watches(cast: Cast, alg: str, **more: Any) -> None:
    """Gate under a locked preset that recognises something."""
    with domain_scope(cast.north):
        preset = presets.add_preset(
            acting_user=None, title="Plates", dvr_depth=1, vision_alg=alg, is_everywhere=True, **more
        )
        cameras.change_camera(gate(cast), acting_user=None, preset=preset)


def test_zones_are_a_cameras_own_under_a_locked_preset(cast: Cast) -> None:
    watches(cast, "plates")
    client = cast.client(cast.alice)
    assert client.post(PAGE, {"vision_areas": HALVES}).status_code == 302
    assert gate(cast).vision_areas == HALVES
    assert HALVES in client.get(PAGE).content.decode()


def test_a_bad_zone_is_refused_and_stays_in_the_field(cast: Cast) -> None:
    answer = cast.client(cast.alice).post(PAGE, {"vision_areas": "0 0, 1 1, 1 0, 0 1"})
    assert answer.status_code == 422
    assert "The sides of a zone must not cross." in answer.content.decode()
    assert "0 0, 1 1, 1 0, 0 1" in answer.content.decode()
    assert gate(cast).vision_areas == ""


def test_an_installer_draws_without_the_picture(cast: Cast) -> None:
    assert "data-zone-picture" in cast.client(cast.alice).get(PAGE).content.decode()
    page = cast.client(cast.ian).get(PAGE)
    assert page.status_code == 200
    assert "data-zone-picture" not in page.content.decode()


def test_what_is_recognised_follows_the_preset_or_is_the_cameras_own(cast: Cast) -> None:
    watches(cast, "plates")
    api = cast.api(cast.north_key)
    assert gate(cast).vision_alg == "plates"
    answer = api.put(V3, {"vision": {"alg": "faces"}}, content_type="application/json")
    assert answer.status_code == 403
    with domain_scope(cast.north):
        presets.change_preset(gate(cast).preset, acting_user=None, is_adjustable=True)
    answer = api.put(V3, {"vision": {"alg": "faces"}}, content_type="application/json")
    assert answer.json()["vision"]["alg"] == "faces"
    answer = api.put(V3, {"vision": {"alg": "birds"}}, content_type="application/json")
    assert answer.status_code == 400
    assert "vision" in answer.content.decode()


def test_every_dialect_tells_and_takes_zones(cast: Cast) -> None:
    watches(cast, "plates")
    api = cast.api(cast.north_key)
    halves = HALVES.split("; ")
    detectors = [{"region_id": "a", "detector_type": "plates", "region_coordinates": half} for half in halves]
    told = api.put(V3, {"vision": {"detectors": detectors}}, content_type="application/json").json()["vision"]
    assert told["areas"] == HALVES
    assert [(one["region_id"], one["region_coordinates"]) for one in told["detectors"]] == list(
        zip(("1", "2"), halves, strict=True)
    )
    row = api.get(V2).json()
    assert (row["vision_alg"], row["vision_areas"]) == ("plates", HALVES)
    assert api.put(V2, {"vision_areas": halves[0]}, content_type="application/json").status_code == 200
    assert gate(cast).vision_areas == halves[0]
    refused = api.put(V3, {"vision": {"areas": "0 0, 1 1, 1 0, 0 1"}}, content_type="application/json")
    assert refused.status_code == 400
    assert "vision" in refused.content.decode()
    assert api.put(V3, {"vision": {"areas": ""}}, content_type="application/json").json()["vision"]["areas"] is None


def test_lists_bring_zones_along(cast: Cast) -> None:
    with domain_scope(cast.north):
        free = presets.add_preset(acting_user=None, title="Free", is_adjustable=True, is_everywhere=True)
    head = "name,title,inputs_0_url,vision_alg,vision_areas,organization_id,preset_id\n"
    good = f'dock,Dock,fake://clock,faces,"{HALVES}",{cast.harbour.pk},{free.pk}\n'
    bad = f'quay,Quay,fake://clock,faces,"0 0, 0.1 0, 0.1 0.1",{cast.harbour.pk},{free.pk}\n'
    api = cast.api(cast.north_key)
    answer = api.post("/watcher/client-api/v3/streams/import", head + good + bad, content_type="text/csv").json()
    assert answer["created"] == 1
    assert "quarter" in str(answer["errors"])
    with domain_scope(cast.north):
        dock = Camera.objects.get(name="dock")
    assert (dock.vision_alg, dock.vision_areas) == ("faces", HALVES)
    again = api.post("/watcher/client-api/v3/streams/import", head + good, content_type="text/csv").json()
    assert again == {"created": 0, "updated": 0}


def test_its_streamer_is_told_what_to_look_for_and_where(streamer: Streamer, live_cast: Cast) -> None:
    def told() -> Any:
        [entry] = [one for one in streamer.streams().json()["streams"] if one["name"].startswith("gate~")]
        return entry.get("vision")

    assert told() is None
    watches(live_cast, "plates", vision_areas="0 0, 1 0, 1 1, 0 1")
    assert [one["region_coordinates"] for one in told()["detectors"]] == ["0 0, 1 0, 1 1, 0 1"]
    with domain_scope(live_cast.north):
        cameras.change_camera(gate(live_cast), acting_user=None, vision_areas=HALVES)
    assert told()["alg"] == "plates"
    assert [one["region_coordinates"] for one in told()["detectors"]] == HALVES.split("; ")


def test_viewers_and_strangers_draw_nothing(cast: Cast) -> None:
    for user, status in ((cast.bob, 403), (cast.mallory, 404)):
        assert cast.client(user).get(PAGE).status_code == status
        assert cast.client(user).post(PAGE, {"vision_areas": HALVES}).status_code == status
