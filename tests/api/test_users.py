"""Users, members and folders by the v2 dialect (items 60-77, 185, 191-196)."""

from __future__ import annotations

import pytest

from tenants.scoping import domain_scope
from tenants.services import folders, memberships
from tests.api.calls import as_user, nobody, with_key
from tests.cast import Cast


def test_a_new_user_lands_in_the_default_organization_and_sees_nothing(cast: Cast) -> None:
    crm = with_key(cast.north_key)
    user = crm.post("users", {"login": "user@example.com", "password": "qwe123"}).ok()
    default = next(row["id"] for row in crm.get("organizations").ok() if row["is_default"])
    assert user["organizations"] == [default]
    assert (user["apikey"], user["enabled"], user["readonly"], user["is_admin"]) == (None, True, False, False)
    session = nobody().post("auth/login", {"login": "user@example.com", "password": "qwe123"}).ok()["session"]
    assert nobody().get("cameras", x_vsaas_session=session).ok() == []


def test_a_key_is_told_once_and_then_by_its_beginning(cast: Cast) -> None:
    crm, secret = with_key(cast.north_key), "a-users-own-secret-key"
    user = crm.post("users", {"login": "machine", "apikey": secret}).ok()
    assert user["apikey"] == secret
    assert crm.get(f"users/{user['id']}").ok()["apikey"] == "a-us…"
    assert with_key(secret).get("auth/whoami").ok()["login"] == "machine"
    crm.put(f"users/{user['id']}", {"apikey": "a-us…", "name": "unchanged"}).ok()
    assert with_key(secret).get("auth/whoami").ok()["name"] == "unchanged"
    crm.put(f"users/{user['id']}", {"apikey": "short"}).refused(400, "ValidationError", "apikey")
    crm.put(f"users/{user['id']}", {"apikey": None}).ok()
    with_key(secret).get("auth/whoami").refused(403, "WrongApikey")


def test_people_change_themselves_but_not_what_they_may(cast: Cast) -> None:
    bob, path = as_user(cast.bob), f"users/{cast.bob.pk}"
    assert bob.put(path, {"name": "Bob", "is_admin": False}).ok()["name"] == "Bob", "sent as it stands is no change"
    for field in ("is_admin", "can_edit_organizations", "is_accountant", "readonly"):
        refused = bob.put(path, {field: True})
        assert (refused.status, refused.body["error"]) == (403, "Forbidden")
    bob.put(path, {"enabled": False}).refused(403, "Forbidden")
    bob.put(f"users/{cast.ian.pk}", {"name": "x"}).refused(404, "NotFound")
    bob.delete(path).refused(403, "Forbidden")
    assert bob.get(path).ok()["is_admin"] is False


def test_a_read_only_user_changes_nothing(cast: Cast) -> None:
    with_key(cast.north_key).put(f"users/{cast.alice.pk}", {"readonly": True}).ok()
    alice = as_user(cast.alice)
    for method, path in (
        ("PUT", f"users/{cast.alice.pk}"),
        ("PUT", "cameras/gate"),
        ("DELETE", "cameras/gate"),
        ("POST", f"organizations/{cast.harbour.pk}/folders"),
        ("DELETE", f"organizations/{cast.harbour.pk}/users/{cast.bob.pk}"),
    ):
        assert alice.call(method, path, {"title": "x", "name": "x"}).status == 403, path
    assert alice.get("cameras/gate").ok()["permissions"]["edit"] is False


def test_an_owner_adds_users_to_his_organization_only(cast: Cast) -> None:
    alice = as_user(cast.alice)
    place = {"organization_id": cast.harbour.pk}
    alice.post("users", {"login": "new", "password": "12345", **place}).refused(400, "ValidationError", "password")
    user = alice.post("users", {"login": "new", "password": "a phrase of his", **place}).ok()
    assert user["organizations"] == [cast.harbour.pk]
    alice.post("users", {"login": "x", "organization_id": cast.mill.pk}).refused(404, "NotFound")
    alice.post("users", {"login": "x"}).refused(403, "Forbidden")
    alice.post("users", {"login": "x", "organization_id": cast.harbour.pk, "is_admin": True}).refused(403, "Forbidden")


def test_the_last_administrator_stays(cast: Cast) -> None:
    crm, path = with_key(cast.north_key), f"users/{cast.nora.pk}"
    crm.put(path, {"enabled": False}).refused(400, "Conflict")
    crm.put(path, {"is_admin": False}).refused(400, "Conflict")
    crm.delete(path).refused(400, "Conflict")


def test_a_login_is_taken_once_in_an_isp_and_free_in_another(cast: Cast) -> None:
    with_key(cast.north_key).post("users", {"login": "BOB@example.org"}).refused(400, "ValidationError", "login")
    with_key(cast.south_key, "south.localhost").post("users", {"login": "bob@example.org"}).ok()


def test_rights_in_folders_are_shown_on_request(cast: Cast) -> None:
    user = with_key(cast.north_key).get(f"users/{cast.bob.pk}?fields=folders_permissions").ok()
    grant = {
        "folder_id": cast.yard.pk,
        "can_view_dvr": True,
        "dvr_depth_limit": 7,
        "can_use_ptz": False,
        "can_use_actions": False,
    }
    assert user["folders_permissions"] == [grant]
    member = with_key(cast.north_key).get(f"organizations/{cast.harbour.pk}/users/{cast.bob.pk}").ok()
    assert member["folders_permissions"] == [grant]


def test_the_recipes_of_the_manual_viewer_and_installer(cast: Cast) -> None:
    crm, path = with_key(cast.north_key), f"organizations/{cast.harbour.pk}/users"
    viewer = crm.post(path, {"user_id": cast.charlie.pk}).ok()
    assert (viewer["folders_permissions"], viewer["can_edit_organization_cameras"]) == ([], False)
    charlie = as_user(cast.charlie)
    assert charlie.get("cameras").ok() == []
    folder = f"organizations/{cast.harbour.pk}/folders/{cast.yard.pk}/users"
    body = {
        "user_id": cast.charlie.pk,
        "can_view_dvr": 1,
        "can_use_ptz": 1,
        "can_use_actions": 1,
        "dvr_depth_limit": None,
    }
    assert crm.post(folder, body).ok() == {**body, "can_view_dvr": True, "can_use_ptz": True, "can_use_actions": True}
    assert [camera["name"] for camera in charlie.get("cameras").ok()] == ["gate"]
    installer = crm.put(f"{path}/{cast.charlie.pk}", {"can_edit_organization_cameras": True}).ok()
    assert installer["can_edit_organization_cameras"] is True
    assert [camera["name"] for camera in charlie.get("cameras").ok()] == ["gate", "office"]
    assert crm.delete(f"{path}/{cast.charlie.pk}").ok() == {"success": True}
    assert charlie.get("cameras").ok() == []


def test_a_depth_of_archive_sent_as_the_switch_is_only_a_switch(cast: Cast) -> None:
    path = f"organizations/{cast.harbour.pk}/folders/{cast.yard.pk}/users/{cast.bob.pk}"
    assert with_key(cast.north_key).put(path, {"can_use_ptz": 1, "can_view_dvr": 5}).ok() == {
        "user_id": cast.bob.pk, "can_view_dvr": True, "dvr_depth_limit": 7, "can_use_ptz": True,
        "can_use_actions": False,
    }  # fmt: skip


def test_taking_a_folder_away_hides_its_cameras_at_once(cast: Cast) -> None:
    path = f"organizations/{cast.harbour.pk}/folders/{cast.yard.pk}/users/{cast.bob.pk}"
    removed = with_key(cast.north_key).delete(path).ok()
    assert (removed["success"], removed["user_id"]) == (True, cast.bob.pk)
    assert as_user(cast.bob).get("cameras").ok() == []
    with_key(cast.north_key).delete(path).refused(404, "NotFound")


def test_an_editor_of_users_cannot_raise_himself_or_others_above_himself(cast: Cast) -> None:
    with domain_scope(cast.north):
        place = memberships.membership_of(cast.harbour, cast.ian)
        memberships.change_member(place, acting_user=None, can_edit_users=True, can_edit_cameras=False)
    ian, path = as_user(cast.ian), f"organizations/{cast.harbour.pk}"
    ian.put(f"{path}/users/{cast.ian.pk}", {"can_edit_organization_cameras": True}).refused(403, "Forbidden")
    ian.put(f"{path}/users/{cast.bob.pk}", {"can_edit_organization_cameras": True}).refused(403, "Forbidden")
    ian.post(f"{path}/folders/{cast.yard.pk}/users", {"user_id": cast.ian.pk}).refused(403, "Forbidden")
    ian.put(f"{path}/folders/{cast.yard.pk}/users/{cast.bob.pk}", {"can_use_ptz": True}).ok()


def test_folders_are_added_moved_and_removed(cast: Cast) -> None:
    alice, path = as_user(cast.alice), f"organizations/{cast.harbour.pk}/folders"
    with domain_scope(cast.north):
        top = folders.root(cast.harbour).pk
    first = alice.post(path, {"title": "First", "parent_id": top}).ok()
    assert (first["level"], first["order_num"], first["map_file"]) == (1, 2, {"url": None})
    second = alice.post(path, {"title": "Second", "parent_id": str(top)}).ok()["id"]
    alice.put(f"{path}/{cast.yard.pk}/", {"move_after": second}).ok()
    order = [row["title"] for row in alice.get(path).ok() if row["level"] == 1]
    assert order == ["First", "Second", "Yard"]
    alice.put(f"{path}/{second}", {"move_before": first["id"]}).ok()
    assert [row["title"] for row in alice.get(path).ok() if row["level"] == 1] == ["Second", "First", "Yard"]
    inside = alice.put(f"{path}/{first['id']}", {"move_inside": second}).ok()
    assert (inside["parent_id"], inside["level"]) == (second, 2)
    alice.put(f"{path}/{second}", {"move_inside": first["id"]}).refused(400, "ValidationError")
    alice.delete(f"{path}/{second}").refused(400, "Conflict")
    assert alice.delete(f"{path}/{first['id']}").ok() == {"success": True}
    alice.put(f"{path}/{second}", {"move_inside": cast.wheel.folder_id}).refused(404, "NotFound")


def test_a_session_sees_its_folders_and_a_key_sees_all(cast: Cast) -> None:
    path = f"organizations/{cast.harbour.pk}/folders"
    assert [row["title"] for row in with_key(cast.north_key).get(path).ok()] == ["Cameras", "Yard"]
    assert [row["title"] for row in as_user(cast.bob).get(path).ok()] == ["Yard"]
    as_user(cast.mallory).get(path).refused(404, "NotFound")


@pytest.mark.parametrize("value", [True, [1], {"a": 1}, "0x1", "", -1, 2**63, "9" * 30, "1; drop", None, 1.5])
def test_a_number_that_cannot_be_a_row_is_a_missing_row(cast: Cast, value: object) -> None:
    crm = with_key(cast.north_key)
    answer = crm.post(f"organizations/{cast.harbour.pk}/users", {"user_id": value})
    assert answer.status == 404, answer.body
