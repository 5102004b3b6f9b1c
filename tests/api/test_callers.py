"""Programs that talk to this dialect in the field, each as it talks (contracts of its callers)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.calls import Caller, nobody, with_key
from tests.cast import NORTH, PASSWORD, Cast

FORM = "application/x-www-form-urlencoded"


def session_of(login: str, kind: str = "application/json") -> dict[str, str]:
    """What an application keeps after signing in."""
    body = f'{{"login": "{login}@example.org", "password": "{PASSWORD}"}}'
    return {"X-Vsaas-Session": nobody().raw("POST", "auth/login", body, kind).ok()["session"]}


def test_a_billing_system_signs_in_walks_the_users_and_blocks_one_by_a_form(cast: Cast) -> None:
    billing = Caller(NORTH, session_of("nora"))
    users = billing.get("users", X_Page_Limit="99").ok()
    bob = next(row for row in users if row["login"] == "bob@example.org")
    for text, enabled in (("False", False), ("True", True)):
        assert billing.raw("PUT", f"users/{bob['id']}", f"enabled={text}", FORM).ok()["enabled"] is enabled


def test_a_monitor_walks_the_cameras_with_a_bearer_and_reads_their_state(cast: Cast) -> None:
    monitor = Caller(NORTH, {"Authorization": f"Bearer {cast.north_key}"})
    found: list[Any] = []
    while part := monitor.get(f"cameras?limit=2&offset={len(found)}").ok():
        found += part
    assert [row["name"] for row in found] == ["gate", "office", "wheel"]
    assert all({"alive"} <= row["stream_status"].keys() and row["dvr_depth"] == 7.0 for row in found)
    monitor.get("organizations&limit=100&offset=0").refused(404, "NotFound")


def test_a_collector_of_previews_pages_until_nothing_comes(cast: Cast) -> None:
    collector = with_key(cast.north_key)
    camera = collector.get("cameras?limit=100&offset=0").ok()[0]
    assert camera["streamer_hostname"]
    assert (
        f"https://{camera['streamer_hostname']}/{camera['name']}/preview.mp4?token={camera['playback_config']['token']}"
    )
    assert collector.get("cameras?limit=100&offset=100").ok() == []


@pytest.mark.parametrize("kind", ["", "text/plain;charset=UTF-8"])
def test_a_web_page_sends_json_and_names_no_type(cast: Cast, kind: str) -> None:
    page = Caller(NORTH, session_of("alice", kind))
    made = page.raw(
        "POST",
        "cameras",
        f'{{"title": "New", "stream_url": "fake://fake", "organization_id": {cast.harbour.pk}}}',
        kind,
    ).ok()
    assert page.raw("PUT", f"cameras/{made['name']}", '{"title": "Renamed"}', kind).ok()["title"] == "Renamed"
    assert page.raw("DELETE", f"cameras/{made['name']}", "", kind).ok() == {"success": True}
    assert page.get("profile").ok()["login"] == "alice@example.org"
    assert page.raw("PUT", "profile", '{"name": "Alice", "phone": "+49"}', kind).ok()["name"] == "Alice"
    assert page.raw("PUT", "profile", '{"is_admin": true}', kind).status == 403
    with_key(cast.north_key).get("profile").refused(403, "Forbidden")


def test_a_form_with_a_key_in_the_header_signs_in_as_the_person_of_the_form(cast: Cast) -> None:
    form = f"login=bob%40example.org&password={PASSWORD.replace(' ', '+')}"
    signed_in = with_key(cast.north_key).raw("POST", "auth/login", form, FORM).ok()
    assert signed_in["id"] == cast.bob.pk
    shown = nobody().get("cameras?favorite=0", x_vsaas_session=signed_in["session"]).ok()
    assert [row["name"] for row in shown] == ["gate"]


def test_a_bot_opens_an_account_and_lets_it_in(cast: Cast) -> None:
    bot = with_key(cast.north_key)
    path = f"domains/{cast.north.pk}/organizations?search&limit=2000&offset=0&sort="
    harbour = next(row for row in bot.get(path).ok() if row["title"] == "Harbour")
    user = bot.post(
        "users?trace=sql",
        {"login": "tenant-7", "password": "12345", "organization_id": harbour["id"], "max_sessions": 3},
    ).ok()
    assert (user["max_sessions"], user["organizations"]) == (3, [harbour["id"]])
    folder = f"organizations/{harbour['id']}/folders/{cast.yard.pk}/users"
    assert bot.post(folder, {"user_id": user["id"], "can_use_ptz": False, "can_view_dvr": True}).ok()["can_view_dvr"]
    other = f"organizations/{cast.mill.pk}"
    root = bot.get(f"{other}/folders").ok()[0]["id"]
    joined = bot.post(f"{other}/users", {"user_id": user["id"], "folders_permissions": [root]}).ok()
    assert [grant["folder_id"] for grant in joined["folders_permissions"]] == [root]


def test_a_mirror_between_servers_adds_changes_and_removes_a_camera(cast: Cast) -> None:
    mirror = with_key(cast.north_key)
    body = {"title": "Mirrored", "stream_url": "fake://fake", "organization_id": str(cast.mill.pk), "preset_id": ""}
    made = mirror.post("cameras", body).ok()
    again = {**made, "comment": "mirrored twice"}
    assert mirror.put(f"cameras/{made['name']}", again).ok()["comment"] == "mirrored twice", "all that was read is sent"
    assert mirror.delete(f"cameras/{made['name']}").ok() == {"success": True}


@pytest.mark.parametrize("kind", ["application/json", "Application/json"])
def test_mobile_clients_sign_in_and_find_what_plays(cast: Cast, kind: str) -> None:
    phone = Caller(NORTH, session_of("bob", kind))
    (camera,) = phone.get("cameras?limit=65").ok()
    assert camera["playback_config"]["token"]
    assert {"alive", "bitrate", "server", "http_port", "https_port"} <= camera["stream_status"].keys()
