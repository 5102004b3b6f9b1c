"""Cameras by the v2 dialect (items 197, 199)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from devices import playback
from devices.models import CameraStatus, PresetSpan
from devices.services import cameras
from tenants import clock
from tenants.scoping import domain_scope
from tenants.services import folders
from tests.api.calls import as_user, with_key
from tests.cast import Cast

REPORT: dict[str, Any] = {"alive": True, "status": "running", "bitrate": 196}


def _report(cast: Cast, *, seconds_ago: float = 1, **values: Any) -> None:
    now = clock.now()
    with domain_scope(cast.north):
        CameraStatus.objects.update_or_create(
            domain_id=cast.north.pk,
            camera=cast.gate,
            defaults={
                **REPORT,
                "reported_at": now - timedelta(seconds=seconds_ago),
                "opened_at": now - timedelta(minutes=1),
                **values,
            },
        )


def test_an_owner_sees_his_cameras_complete(cast: Cast) -> None:
    camera = as_user(cast.alice).get("cameras/gate").ok()
    assert camera["permissions"] == {
        "view": True, "edit": True, "ptz": True, "dvr": True, "dvr_depth_limit": None, "actions": True,
    }  # fmt: skip
    assert (camera["stream_url"], camera["preset"]["title"], camera["preset_id"]) == (
        "fake://clock",
        "Week",
        cast.basic.pk,
    )
    assert (camera["organization_id"], camera["folder_id"], camera["dvr_depth"]) == (cast.harbour.pk, cast.yard.pk, 7)
    assert (camera["last_change"]["action_type"], camera["last_change"]["object_id"]) == ("create", "gate")


def test_a_viewer_sees_what_he_may_watch_and_no_settings(cast: Cast) -> None:
    (camera,) = as_user(cast.bob).get("cameras").ok()
    assert camera["name"] == "gate"
    assert camera["permissions"] == {
        "view": True, "edit": False, "ptz": False, "dvr": True, "dvr_depth_limit": 7, "actions": False,
    }  # fmt: skip
    assert (camera["stream_url"], camera["substream_url"], camera["last_change"]) == ("", "", None)
    assert camera["playback_config"]["token"]


def test_an_installer_edits_but_gets_no_token_to_watch(cast: Cast) -> None:
    rows = as_user(cast.ian).get("cameras").ok()
    assert {row["name"] for row in rows} == {"gate", "office"}
    assert {row["playback_config"]["token"] for row in rows} == {None}
    assert {row["permissions"]["edit"] for row in rows} == {True}


def test_the_token_opens_for_this_caller_and_this_camera(cast: Cast) -> None:
    (camera,) = as_user(cast.bob).get("cameras").ok()
    opened = playback.open_token(camera["playback_config"]["token"])
    assert (opened.user_id, opened.camera_id, opened.domain_id) == (cast.bob.pk, cast.gate.pk, cast.north.pk)
    of_the_crm = with_key(cast.north_key).get("cameras/gate").ok()["playback_config"]["token"]
    assert playback.open_token(of_the_crm).holder is playback.Holder.KEY


def test_status_is_what_the_streamer_said_lately(cast: Cast) -> None:
    crm = with_key(cast.north_key)
    assert crm.get("cameras/gate").ok()["stream_status"] == {
        "name": "gate", "alive": False, "bitrate": None, "lifetime": None, "source_error": "no_stream_status",
        "server": "north.localhost", "http_port": 8001, "https_port": None,
    }  # fmt: skip
    _report(cast)
    status = crm.get("cameras/gate").ok()["stream_status"]
    assert (status["alive"], status["bitrate"], status["source_error"]) == (True, 196, None)
    assert 60_000 <= status["lifetime"] < 120_000
    _report(cast, alive=False, error_code="unauthorized")
    assert crm.get("cameras/gate").ok()["stream_status"]["source_error"] == "unauthorized"
    _report(cast, seconds_ago=90)
    assert crm.get("cameras/gate").ok()["stream_status"]["alive"] is False, (
        "a streamer that went silent vouches for nothing"
    )


def test_a_streamers_public_address_is_where_players_are_sent(cast: Cast) -> None:
    cast.streamer.public_url = "https://video.north.example:8443/"
    cast.streamer.save()
    camera = with_key(cast.north_key).get("cameras/gate").ok()
    status = camera["stream_status"]
    assert (status["server"], status["http_port"], status["https_port"]) == ("video.north.example", None, 8443)


def test_a_camera_with_a_url_and_defaults_is_added_to_the_default_organization(cast: Cast) -> None:
    camera = with_key(cast.north_key).post("cameras", {"title": "Ворота 1", "stream_url": "fake://fake"}).ok()
    assert camera["preset"]["is_default"] is True
    with domain_scope(cast.north):
        assert PresetSpan.objects.filter(camera_name=camera["name"], during__upper_inf=True).exists()
    assert as_user(cast.alice).get("cameras/" + camera["name"]).status == 404


def test_a_name_with_slashes_is_one_name(cast: Cast) -> None:
    crm = with_key(cast.north_key)
    crm.post("cameras", {"title": "Door", "name": "house-1/door", "stream_url": "fake://fake"}).ok()
    assert crm.get("cameras/house-1/door").ok()["name"] == "house-1/door"
    assert crm.delete("cameras/house-1/door").ok() == {"success": True}
    crm.get("cameras/house-1/door").refused(404, "NotFound")


def test_passwords_come_back_as_stars_and_stars_leave_them_alone(cast: Cast) -> None:
    alice, url = as_user(cast.alice), "rtsp://admin:hunter2@93.184.216.34/main"
    shown = alice.put("cameras/gate", {"stream_url": url, "onvif_url": "http://admin:hunter2@93.184.216.34/onvif"})
    assert b"hunter2" not in shown.response.content
    assert shown.ok()["stream_url"] == "rtsp://admin:***@93.184.216.34/main"
    alice.put("cameras/gate", {name: shown.body[name] for name in ("stream_url", "onvif_url")}).ok()
    with domain_scope(cast.north):
        cast.gate.refresh_from_db()
        assert cast.gate.stream_url == url
        assert cast.gate.onvif_url == "http://admin:hunter2@93.184.216.34/onvif"
    assert b"hunter2" not in alice.get("cameras").response.content
    moved = alice.put("cameras/gate", {"stream_url": "rtsp://admin:***@93.184.216.35/main"})
    moved.refused(400, "ValidationError", "stream_url")


def test_disabling_and_enabling_is_one_field(cast: Cast) -> None:
    crm = with_key(cast.north_key)
    for enabled in (False, True):
        camera = crm.put("cameras/gate", {"enabled": enabled}).ok()
        assert (camera["enabled"], camera["title"]) == (enabled, "Gate")
        assert camera["last_change"]["event_data"]["changed_data"]["enabled"] == [not enabled, enabled]


def test_a_locked_preset_rules_and_an_adjustable_one_does_not(cast: Cast) -> None:
    crm = with_key(cast.north_key)
    crm.put("cameras/gate", {"dvr_depth": 30}).refused(403, "Forbidden", "dvr_depth")
    free = crm.post("presets", {"title": "Free", "is_adjustable": True, "dvr_depth": 1, "is_everywhere": True}).ok()
    camera = crm.put("cameras/gate", {"preset_id": free["id"], "dvr_depth": 30}).ok()
    assert (camera["preset_id"], camera["dvr_depth"]) == (free["id"], 30)


def test_editors_choose_among_their_organizations_presets_only(cast: Cast) -> None:
    crm = with_key(cast.north_key)
    of_the_mill = crm.post("presets", {"title": "Mill", "organization_id": cast.mill.pk}).ok()["id"]
    as_user(cast.ian).put("cameras/gate", {"preset_id": of_the_mill}).refused(404, "NotFound")
    as_user(cast.mallory).put("cameras/wheel", {"preset_id": of_the_mill}).ok()
    assert crm.put("cameras/gate", {"preset_id": of_the_mill}).ok()["preset_id"] == of_the_mill, (
        "billing sets any preset"
    )


def test_moving_needs_the_right_on_both_sides(cast: Cast) -> None:
    alice = as_user(cast.alice)
    alice.put("cameras/gate", {"organization_id": cast.mill.pk}).refused(404, "NotFound")
    alice.put("cameras/gate", {"folder_id": cast.wheel.folder_id}).refused(404, "NotFound")
    moved = with_key(cast.north_key).put("cameras/gate", {"organization_id": cast.mill.pk}).ok()
    assert (moved["organization_id"], moved["folder_id"]) == (cast.mill.pk, cast.wheel.folder_id)


def test_filters_narrow_the_list(cast: Cast) -> None:
    crm = with_key(cast.north_key)

    def names(query: str) -> list[str]:
        return [camera["name"] for camera in crm.get(f"cameras?{query}").ok()]

    assert names(f"organization_id={cast.harbour.pk}") == ["gate", "office"]
    assert names(f"folder_id={cast.yard.pk}") == ["gate"]
    with domain_scope(cast.north):
        top = folders.root(cast.harbour)
    assert names(f"folder_id={top.pk}") == ["office"], "cameras of folders below are not in it"
    assert names("search=OFF") == ["office"]
    assert names("search=%25") == [], "a percent sign is a letter"
    assert names(f"organization_id={cast.orchard.pk}") == []
    crm.get("cameras?organization_id=x").refused(404, "NotFound")


def test_favorites_are_each_users_own(cast: Cast) -> None:
    bob, alice = as_user(cast.bob), as_user(cast.alice)
    assert bob.post("cameras/gate/user_attributes", {"favorite": True}).ok() == {
        "favorite": True,
        "motion_alarm": False,
    }
    assert [camera["name"] for camera in bob.get("cameras?favorite=1").ok()] == ["gate"]
    assert bob.get("cameras/gate").ok()["user_attributes"]["favorite"] is True
    assert alice.get("cameras?favorite=1").ok() == []
    bob.post("cameras/office/user_attributes", {"favorite": True}).refused(404, "NotFound")
    with_key(cast.north_key).post("cameras/gate/user_attributes", {"favorite": 1}).refused(403, "Forbidden")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"title": ""}, "title"),
        ({"stream_url": "file:///etc/passwd"}, "stream_url"),
        ({"stream_url": "rtsp://127.0.0.1/x"}, "stream_url"),
        ({"dvr_depth": "nan"}, "dvr_depth"),
        ({"dvr_space": -1}, "dvr_space"),
        ({"name": "../../etc"}, "name"),
        ({"title": "a\x00b"}, "title"),
        ({"coordinates": "x" * 65}, "coordinates"),
    ],
)
def test_what_cannot_be_a_camera_is_named_by_its_field(cast: Cast, body: dict[str, Any], field: str) -> None:
    refusal = as_user(cast.alice).put("cameras/gate", body).refused(400, "ValidationError", field)
    assert refusal["fields"][field]


def test_fields_that_are_not_offered_are_never_set(cast: Cast) -> None:
    """T3: what a caller may set is a list, and nothing else is looked at."""
    body = {"title": "Gate", "id": 1, "domain_id": cast.south.pk, "secret_id": "x", "streamer": None, "created_at": 0}
    with domain_scope(cast.north):
        cast.gate.refresh_from_db()
        before = {key: value for key, value in vars(cast.gate).items() if key not in {"_state", "updated_at"}}
    as_user(cast.alice).put("cameras/gate", body).ok()
    with domain_scope(cast.north):
        cast.gate.refresh_from_db()
        after = {key: value for key, value in vars(cast.gate).items() if key not in {"_state", "updated_at"}}
    assert after == before


def test_a_full_organization_takes_no_more(cast: Cast) -> None:
    crm = with_key(cast.north_key)
    crm.put(f"organizations/{cast.harbour.pk}", {"camera_limit": 2}).ok()
    body = {"title": "One more", "stream_url": "fake://fake", "organization_id": cast.harbour.pk}
    crm.post("cameras", body).refused(400, "LimitReached", "organization_id")


def test_a_lost_key_hides_an_address_and_keeps_the_list(cast: Cast) -> None:
    with domain_scope(cast.north):
        cast.gate.__class__.objects.filter(pk=cast.gate.pk).update(stream_url_sealed="k9.broken")
    assert as_user(cast.alice).get("cameras/gate").ok()["stream_url"] == ""


def test_a_deleted_camera_is_gone_for_everybody(cast: Cast) -> None:
    alice = as_user(cast.alice)
    as_user(cast.bob).delete("cameras/gate").refused(403, "Forbidden")
    assert alice.delete("cameras/gate").ok() == {"success": True}
    assert [camera["name"] for camera in alice.get("cameras").ok()] == ["office"]
    with domain_scope(cast.north):
        assert not PresetSpan.objects.filter(camera_name="gate", during__upper_inf=True).exists()


def test_the_list_says_where_it_goes_on(cast: Cast) -> None:
    crm, seen, path = with_key(cast.north_key), [], "cameras?limit=2"
    while path:
        answer = crm.get(path)
        seen += [camera["name"] for camera in answer.ok()]
        link = answer.response.get("Link", "")
        path = link.partition("<")[2].partition(">")[0].removeprefix("/vsaas/api/v2/")
    assert seen == ["gate", "office", "wheel"]
    for query in ("limit=x", "limit=-1", "offset=1e3", "offset=99999999999999999999"):
        crm.get(f"cameras?{query}").refused(400, "ValidationError")
    assert len(crm.get("cameras?limit=99999").ok()) == 3


def test_cameras_and_rights_of_a_list_agree_with_the_resolver(cast: Cast) -> None:
    """The list's statement is written by hand; the resolver's queryset must name the same cameras."""
    from devices import access

    with domain_scope(cast.north):
        cameras.change_camera(cast.wheel, acting_user=None, enabled=False)
        expected = {
            user.login: set(access.visible_cameras(user).values_list("name", flat=True))
            for user in (cast.nora, cast.ada, cast.alice, cast.bob, cast.ian, cast.charlie, cast.mallory)
        }
    for user in (cast.nora, cast.ada, cast.alice, cast.bob, cast.ian, cast.charlie, cast.mallory):
        assert {camera["name"] for camera in as_user(user).get("cameras").ok()} == expected[user.login]
