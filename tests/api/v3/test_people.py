"""Users, profiles, members, organizations, folders and rights in them, by v3 (items 60-73, 78, 193-196)."""

from __future__ import annotations

from typing import Any

import pytest

from devices.models import Camera
from devices.services import cameras
from tenants.models import ApiKey, AuditEntry, Folder, User
from tenants.scoping import domain_scope
from tests.api.v3.calls import ADMIN, Caller, as_user, basic, nobody, with_key
from tests.cast import Cast

DAY = 86_400


def test_a_profile_is_changed_by_its_owner_and_only_in_what_is_his(cast: Cast) -> None:
    bob = as_user(cast.bob)
    body = bob.put("profile", {"fullname": "Bob B.", "phone": "+49 30", "locale": "ru"}).ok()
    assert (body["fullname"], body["phone"], body["locale"], body["email"]) == (
        "Bob B.",
        "+49 30",
        "ru",
        "bob@example.org",
    )
    before = bob.get("profile").ok()
    hostile = {"is_admin": True, "access_level": "admin", "domain_id": 2, "readonly": True, "note": "x", "id": 1}
    assert bob.put("profile", hostile).ok() == before, "what is not one's own is not looked at"
    assert before["organizations"] == [
        {"id": row["id"], "title": row["title"]} for row in bob.get("organizations?sort=id").ok()["organizations"]
    ]
    bob.put("profile", {"name": "ALICE@example.org"}).refused(400, "validation_error", pointer="/name")
    bob.put("profile", {"email": "nothing"}).refused(400, "validation_error", pointer="/email")
    bob.put("profile", {"password": "1234"}).refused(400, "validation_error", pointer="/password")


def test_a_key_is_shown_once_and_ends_at_once(cast: Cast) -> None:
    bob = as_user(cast.bob)
    bob.get("profile/apikey").refused(404, "not_found")
    first = bob.post("profile/apikey").ok(201)["apikey"]
    assert bob.get("profile/apikey").ok() == {"apikey": f"{first[:4]}…"}
    assert bob.get("profile").ok()["apikey"] == f"{first[:4]}…"
    assert with_key(first).get("profile").ok()["id"] == cast.bob.pk
    second = bob.post("profile/apikey").ok(201)["apikey"]
    with_key(first).get("profile").refused(401, "wrong_credentials")
    assert with_key(second).get("profile").ok()["id"] == cast.bob.pk
    bob.delete("profile/apikey").ok(204)
    with_key(second).get("profile").refused(401, "wrong_credentials")
    with domain_scope(cast.north):
        assert not ApiKey.objects.filter(user=cast.bob).exists()


def test_an_administrator_gives_keys_and_takes_them(cast: Cast) -> None:
    for base in (ADMIN, "/watcher/client-api/v3/"):
        nora = as_user(cast.nora, base=base)
        path = f"users/{cast.bob.pk}/apikey"
        nora.get(path).refused(404, "not_found")
        key = nora.post(path).ok(201)["apikey"]
        assert nora.get(path).ok()["apikey"] == f"{key[:4]}…"
        assert with_key(key).get("profile").ok()["id"] == cast.bob.pk
        nora.delete(path).ok(204)
        with_key(key).get("profile").refused(401, "wrong_credentials")
    as_user(cast.alice).post(f"users/{cast.bob.pk}/apikey").refused(403, "forbidden")


def test_users_are_written_by_administrators_with_every_field(cast: Cast) -> None:
    crm = with_key(cast.north_key)
    sent: dict[str, Any] = {
        "name": "x", "fullname": "X", "email": "x@example.org", "phone": "1", "note": "n",
        "notification_email": "y@example.org", "locale": "ru", "external_id": "17", "disabled": True, "readonly": True,
        "monitoring": True, "is_accountant": True, "can_view_organizations": True, "can_edit_organizations": True,
        "can_edit_settings": True, "max_sessions": 3, "access_level": "generic",
    }  # fmt: skip
    made = crm.post("users", {**sent, "password": "a horse of many staples"}).ok(201)
    assert {name: made[name] for name in sent} == sent
    assert "password" not in made
    nobody().post("login", **basic("x", "a horse of many staples")).refused(401, "unauthenticated")
    assert crm.put(f"users/{made['id']}", {"disabled": False, "access_level": "admin"}).ok()["readonly"] is False
    nobody(base=ADMIN).post("login", **basic("x", "a horse of many staples")).ok()
    crm.post("users", {}).refused(400, "validation_error", pointer="/name")
    crm.post("users", {"name": "X"}).refused(400, "validation_error", pointer="/name")
    crm.post("users", {"name": "y", "access_level": "god"}).refused(400, "validation_error", pointer="/access_level")
    crm.delete(f"users/{made['id']}").ok(204)
    crm.get(f"users/{made['id']}").refused(404, "not_found")


def test_put_changes_what_is_sent_and_reset_replaces_all(cast: Cast) -> None:
    crm = with_key(cast.north_key)
    path = f"users/{cast.bob.pk}"
    crm.put(path, {"fullname": "Bob", "phone": "1", "max_sessions": 3}).ok()
    kept = crm.put(path, {"fullname": "Robert"}).ok()
    assert (kept["fullname"], kept["phone"], kept["max_sessions"]) == ("Robert", "1", 3)
    reset = crm.put(path, {"$reset": True, "fullname": "Robert"}).ok()
    assert (reset["fullname"], reset["phone"], reset["max_sessions"], reset["name"]) == (
        "Robert", None, None, "bob@example.org",
    )  # fmt: skip


def test_nobody_raises_himself(cast: Cast) -> None:
    alice = as_user(cast.alice)
    alice.put(f"users/{cast.alice.pk}", {"access_level": "admin"}).refused(403, "forbidden", pointer="/access_level")
    alice.put(f"users/{cast.alice.pk}", {"can_edit_settings": True}).refused(403, "forbidden")
    alice.put(f"users/{cast.bob.pk}", {"fullname": "x"}).refused(403, "forbidden")
    alice.post("users", {"name": "y", "organization_id": cast.harbour.pk, "access_level": "admin"}).refused(
        403, "forbidden"
    )
    with domain_scope(cast.north):
        assert not User.objects.get(pk=cast.alice.pk).is_admin
        assert not User.objects.filter(login="y").exists(), "a refused change leaves nothing half done"


def test_an_owner_is_named_whole_or_not_at_all(cast: Cast) -> None:
    crm, path = with_key(cast.north_key), f"organizations/{cast.harbour.pk}"
    crm.put(path, {"owner": {}}).refused(400, "validation_error", pointer="/owner/id")
    assert crm.put(path, {"owner": {"id": cast.bob.pk}}).ok()["owner"] == {"id": cast.bob.pk, "name": "bob@example.org"}
    assert crm.put(path, {"owner": None}).ok()["owner"] is None
    assert crm.put(path, {"owner_id": cast.alice.pk}).ok()["owner"]["id"] == cast.alice.pk


def test_the_last_administrator_stays(cast: Cast) -> None:
    nora = as_user(cast.nora)
    nora.put(f"users/{cast.nora.pk}", {"access_level": "generic"}).refused(409, "conflict", pointer="/access_level")
    nora.delete(f"users/{cast.nora.pk}").refused(409, "conflict")


def test_a_member_is_let_in_given_rights_and_taken_out(cast: Cast) -> None:
    nora, alice = as_user(cast.nora), as_user(cast.alice)
    path = f"organizations/{cast.harbour.pk}/users/{cast.charlie.pk}"
    nora.get(path).refused(404, "not_found")
    alice.put(path, {}).refused(404, "not_found")
    charlie = as_user(cast.charlie)
    made = nora.put(path, {"permissions": {"can_edit_streams": True}}).ok()
    assert (made["name"], made["permissions"]["can_edit_streams"]) == ("charlie@example.org", True)
    assert charlie.get(f"organizations/{cast.harbour.pk}").ok()["user_permissions"]["can_edit_streams"] is True
    assert {row["name"] for row in charlie.get("streams").ok()["streams"]} == {"gate", "office"}
    assert alice.put(path, {"can_edit_streams": False, "can_view_streams": True}).ok()["permissions"] == {
        "can_edit_streams": False, "can_edit_users": False, "can_view_stats": False, "can_view_streams": True,
        "can_view_persons_lists": False, "can_edit_persons_lists": False, "is_accountant": False, "is_member": True,
        "is_owner": False,
    }  # fmt: skip
    assert {row["permissions"]["can_view"] for row in charlie.get("streams").ok()["streams"]} == {True}
    alice.put(path, {"can_view_streams": False}).ok()
    assert charlie.get("streams").ok()["streams"] == []
    alice.delete(path).ok(204)
    charlie.get(f"organizations/{cast.harbour.pk}").refused(404, "not_found")


def test_an_editor_of_users_gives_no_right_he_lacks(cast: Cast) -> None:
    home = f"organizations/{cast.harbour.pk}/users"
    as_user(cast.alice).put(f"{home}/{cast.ian.pk}", {"can_edit_users": True}).ok()
    ian = as_user(cast.ian)
    ian.put(f"{home}/{cast.bob.pk}", {"can_view_stats": True}).refused(403, "forbidden")
    ian.put(f"{home}/{cast.ian.pk}", {"can_edit_users": False}).refused(403, "forbidden")
    assert ian.put(f"{home}/{cast.bob.pk}", {"can_edit_streams": True}).ok()["permissions"]["can_edit_streams"]


def test_folders_make_a_tree_and_move_among_their_siblings(cast: Cast) -> None:
    alice, home = as_user(cast.alice), f"organizations/{cast.harbour.pk}/folders"
    made = {title: alice.post(home, {"title": title}).ok(201)["id"] for title in ("A", "B", "C")}

    def order() -> list[str]:
        parent = alice.get(f"{home}/{cast.yard.pk}").ok()["parent_id"]
        return [row["title"] for row in alice.get(f"{home}?parent_id={parent}").ok()["folders"]]

    assert order() == ["Yard", "A", "B", "C"]
    assert alice.put(f"{home}/{made['C']}", {"hierarchy": {"shift": -2}}).ok()["hierarchy"] == {
        "level": 1,
        "order_num": 2,
    }
    assert order() == ["Yard", "C", "A", "B"]
    alice.put(f"{home}/{cast.yard.pk}", {"hierarchy": {"shift": 1}}).ok()
    assert order() == ["C", "Yard", "A", "B"]
    alice.put(f"{home}/{made['C']}", {"hierarchy": {"shift": 99}}).ok()
    assert order() == ["Yard", "A", "B", "C"]
    moved = alice.put(f"{home}/{made['B']}", {"parent_id": made["A"], "title": "B below A"}).ok()
    assert (moved["hierarchy"]["level"], moved["parent_id"]) == (2, made["A"])
    alice.put(f"{home}/{made['A']}", {"parent_id": made["B"]}).refused(400, "validation_error", pointer="/parent_id")
    alice.delete(f"{home}/{made['A']}").refused(409, "conflict")
    alice.delete(f"{home}/{made['B']}").ok(204)
    alice.get(f"{home}/{made['B']}").refused(404, "not_found")
    top = alice.put(
        f"{home}/{made['A']}", {"parent_id": None, "coordinates": {"latitude": -1e-05, "longitude": 0}}
    ).ok()
    assert (top["parent_id"], top["coordinates"]) == (None, {"latitude": -1e-05, "longitude": 0.0})
    for wrong in (
        {"latitude": 1},
        {"latitude": "nan", "longitude": 1},
        {"latitude": 91, "longitude": 1},
        [1, 2],
        "1 2",
    ):
        alice.put(f"{home}/{made['A']}", {"coordinates": wrong}).refused(400, "validation_error")
    assert alice.put(f"{home}/{made['A']}", {"coordinates": None}).ok()["coordinates"] is None
    with domain_scope(cast.north):
        foreign = Folder.objects.filter(organization=cast.mill).first()
        assert foreign is not None
    alice.put(f"{home}/{made['A']}", {"parent_id": foreign.pk}).refused(404, "not_found")


def test_rights_in_a_folder_are_given_until_a_day_and_taken_away(cast: Cast) -> None:
    alice, bob = as_user(cast.alice), as_user(cast.bob)
    path = f"organizations/{cast.harbour.pk}/folders/{cast.yard.pk}/users/{cast.bob.pk}"
    assert alice.get(path).ok()["dvr_depth_limit"] == 7 * DAY
    changed = alice.put(path, {"dvr_depth_limit": 0, "can_use_ptz": True, "valid_until": 4102444800000}).ok()
    assert (changed["dvr_depth_limit"], changed["can_use_ptz"], changed["valid_until"]) == (0, True, 4102444800000)
    assert bob.get("streams/gate").ok()["permissions"]["dvr_depth_limit"] == 0
    alice.put(path, {"dvr_depth_limit": 3600}).refused(400, "validation_error", pointer="/dvr_depth_limit")
    alice.put(path, {"valid_from": 4102444800001}).refused(400, "validation_error", pointer="/valid_until")
    assert alice.put(path, {"valid_from": None, "valid_until": 1}).ok()["can_view"] is True
    bob.get("streams/gate").refused(404, "not_found")
    assert alice.put(path, {"can_view": False}).ok()["can_view"] is False
    alice.get(path).refused(404, "not_found")
    alice.delete(path).refused(404, "not_found")
    outsider = path.replace(str(cast.bob.pk), str(cast.mallory.pk))
    alice.put(outsider, {}).refused(404, "not_found")


def test_a_users_rights_are_read_from_his_side(cast: Cast) -> None:
    path = f"users/{cast.bob.pk}/organization/{cast.harbour.pk}/folders"
    for asking in (cast.alice, cast.bob, cast.nora):
        rows = as_user(asking).get(path).ok()["folders"]
        (yard,) = [row for row in rows if row["id"] == cast.yard.pk]
        assert (yard["permissions"]["can_view"], yard["permissions"]["dvr_depth_limit"]) == (True, 7 * DAY)
    as_user(cast.ian).get(path).refused(404, "not_found")
    as_user(cast.nora).get(path.replace(str(cast.bob.pk), str(cast.charlie.pk))).refused(404, "not_found")


def test_addresses_of_cameras_show_stars_for_passwords_and_take_them_back(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PERCH_CAMERA_NETWORKS", "10.0.0.0/8")
    with domain_scope(cast.north):
        gate = Camera.objects.get(name="gate")
        cameras.change_camera(gate, acting_user=None, stream_url="rtsp://admin:secret@10.0.0.5/main")
    alice = as_user(cast.alice)
    shown = alice.get("streams/gate").ok()
    assert shown["inputs"] == [{"url": "rtsp://admin:***@10.0.0.5/main", "priority": 0}]
    body = alice.put("streams/gate", {**shown, "title": "Gate 2"}).ok()
    assert (body["title"], body["inputs"]) == ("Gate 2", shown["inputs"])
    other = [{"url": "rtsp://admin:***@10.0.0.6/main"}]
    alice.put("streams/gate", {"inputs": other}).refused(400, "validation_error", pointer="/inputs/0/url")
    two = [{"url": "rtsp://10.0.0.5/sub", "priority": 2}, {"url": "rtsp://admin:***@10.0.0.5/main", "priority": 1}]
    answered = alice.put("streams/gate", {"inputs": two}).ok()["inputs"]
    assert [row["url"] for row in answered] == ["rtsp://admin:***@10.0.0.5/main", "rtsp://10.0.0.5/sub"]
    alice.put("streams/gate", {"inputs": []}).refused(400, "validation_error", pointer="/inputs")
    alice.put("streams/gate", {"inputs": two * 2}).refused(400, "validation_error", pointer="/inputs")
    alice.put("streams/gate", {"inputs": [{}]}).refused(400, "validation_error", pointer="/inputs/0/url")
    with domain_scope(cast.north):
        assert Camera.objects.get(name="gate").stream_url == "rtsp://admin:secret@10.0.0.5/main"
        assert "secret" not in str([entry.changed for entry in AuditEntry.objects.filter(object_id="gate")])


def test_a_locked_preset_rules_and_an_adjustable_one_does_not(cast: Cast) -> None:
    admin, alice = with_key(cast.north_key, base=ADMIN), as_user(cast.alice)
    alice.put("streams/gate", {"dvr": {"expiration": DAY}}).refused(403, "forbidden", pointer="/dvr/expiration")
    admin.put(f"presets/{cast.basic.pk}", {"is_adjustable": True}).ok()
    dvr = {"expiration": DAY // 2, "episodes_expiration": 3 * DAY, "storage_limit": 1_500_000_000}
    kept = alice.put("streams/gate", {"dvr": dvr}).ok()["dvr"]
    assert kept == {**dvr, "storage_limit": 2_000_000_000}, "whole gigabytes, never less than was asked for"
    assert alice.put("streams/gate", {"dvr": None}).ok()["dvr"]["expiration"] == 0
    alice.post("presets", {"title": "x"}).refused(405, "method_not_allowed")
    admin.put(f"presets/{cast.basic.pk}", {"deleted_at": 1}).refused(409, "conflict")


def test_a_stream_is_made_by_put_only_where_nobody_has_the_name(cast: Cast) -> None:
    alice, mallory = as_user(cast.alice), as_user(cast.mallory)
    body = {"inputs": [{"url": "fake://clock"}], "organization_id": cast.harbour.pk}
    assert alice.put("streams/yard/cam-1", body).ok(201)["title"] == "yard/cam-1"
    assert alice.put("streams/yard/cam-1", {**body, "title": "One"}).ok()["title"] == "One"
    mallory.put("streams/yard/cam-1", {**body, "organization_id": cast.mill.pk}).refused(404, "not_found")
    mallory.get("streams/yard/cam-1").refused(404, "not_found")
    alice.put("streams/nobody", {"title": "x"}).refused(404, "not_found")
    alice.put("streams/not~a~name", body).refused(400, "validation_error", pointer="/name")
    alice.delete("streams/yard/cam-1").ok(204)
    alice.get("streams/yard/cam-1").refused(404, "not_found")


def test_marks_are_everybodys_own(cast: Cast) -> None:
    bob, alice = as_user(cast.bob), as_user(cast.alice)
    marked = bob.put("streams/gate", {"is_favourite": True, "notifications_enabled": True}).ok()
    assert (marked["is_favourite"], marked["notifications_enabled"]) == (True, True)
    assert alice.get("streams/gate").ok()["is_favourite"] is False
    bob.put("streams/gate", {"is_favourite": False, "title": "x"}).refused(403, "forbidden")
    assert bob.get("streams/gate").ok()["is_favourite"] is True, "a refused change leaves nothing half done"


@pytest.mark.parametrize("path", ["users", "organizations", "streams"])
def test_every_write_leaves_one_audit_row(cast: Cast, path: str) -> None:
    bodies: dict[str, dict[str, Any]] = {
        "users": {"note": "seen"},
        "organizations": {"external_id": "seen"},
        "streams": {"comment": "seen"},
    }
    numbers = {"users": cast.bob.pk, "organizations": cast.harbour.pk, "streams": "gate"}
    nora: Caller = as_user(cast.nora)
    with domain_scope(cast.north):
        before = AuditEntry.objects.count()
    change = nora.put(f"{path}/{numbers[path]}", bodies[path]).ok()["last_change"]
    with domain_scope(cast.north):
        entries = list(AuditEntry.objects.order_by("-id")[: AuditEntry.objects.count() - before])
    assert [(entry.user_login, entry.action) for entry in entries] == [("nora@example.org", "change")]
    assert change["user"] == "nora@example.org"
    assert 1e12 < change["created_at"] < 1e13
