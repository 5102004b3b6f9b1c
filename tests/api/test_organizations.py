"""Organizations and presets by the v2 dialect (items 31-36, 41-46, 187-190, 200)."""

from __future__ import annotations

from billing.services import plans
from tenants.scoping import domain_scope
from tests.api.calls import as_user, with_key
from tests.cast import Cast


def test_an_organization_is_opened_with_the_default_limits(cast: Cast) -> None:
    crm = with_key(cast.north_key)
    answer = crm.post("organizations", {"title": "Org2", "camera_limit": 0}).ok()
    assert (answer["camera_limit"], answer["user_limit"], answer["dvr_limit"]) == (1000, 1000, 100)
    assert (answer["owner"], answer["is_default"], answer["camera_count"], answer["user_count"]) == (None, False, 0, 0)
    assert answer["domain"] == {"id": cast.north.pk, "title": "North Net"}
    (folder,) = crm.get(f"organizations/{answer['id']}/folders").ok()
    assert (folder["title"], folder["level"], folder["parent_id"]) == ("Cameras", 0, None)


def test_a_new_organization_has_the_default_plans(cast: Cast) -> None:
    with domain_scope(cast.north):
        plan = plans.add_plan(acting_user=None, title="Default", amount=500, is_default=True)
    crm = with_key(cast.north_key)
    made = crm.post("organizations", {"title": "Org2"}).ok()["id"]
    attached = {row["preset_id"]: row["organization_id"] for row in crm.get(f"organizations/{made}/presets").ok()}
    assert attached[plan.preset_id] in (made, None)


def test_nobody_not_even_an_administrator_edits_an_organization_without_owner(cast: Cast) -> None:
    crm, nora = with_key(cast.north_key), as_user(cast.nora)
    ownerless = crm.post("organizations", {"title": "Org2"}).ok()["id"]
    body = {"title": "Cam", "stream_url": "fake://fake", "organization_id": ownerless}
    nora.post("cameras", body).refused(403, "Forbidden")
    assert nora.get(f"organizations/{ownerless}").ok()["can_edit_cameras"] is False
    nora.put(f"organizations/{ownerless}", {"owner_id": cast.alice.pk}).ok()
    nora.post("cameras", body).ok()


def test_counters_and_rights_are_the_callers(cast: Cast) -> None:
    harbour = as_user(cast.alice).get(f"organizations/{cast.harbour.pk}").ok()
    assert (harbour["camera_count"], harbour["user_count"], harbour["is_member"]) == (2, 2, True)
    assert (harbour["can_edit_cameras"], harbour["can_edit_users"], harbour["can_view_stats"]) == (True, True, True)
    seen = {row["title"]: row["can_edit_cameras"] for row in as_user(cast.ian).get("organizations").ok()}
    assert seen["Harbour"] is True
    assert "Mill" not in seen


def test_only_those_who_may_change_an_organization(cast: Cast) -> None:
    path = f"organizations/{cast.harbour.pk}"
    as_user(cast.alice).put(path, {"title": "Mine"}).refused(403, "Forbidden")
    as_user(cast.mallory).put(path, {"title": "Mine"}).refused(404, "NotFound")
    assert as_user(cast.nora).put(path, {"title": "Port"}).ok()["title"] == "Port"
    as_user(cast.alice).post("organizations", {"title": "x"}).refused(403, "Forbidden")


def test_an_editor_of_organizations_changes_general_fields_but_neither_owner_nor_existence(cast: Cast) -> None:
    with_key(cast.north_key).put(f"users/{cast.bob.pk}", {"can_edit_organizations": True}).ok()
    bob, path = as_user(cast.bob), f"organizations/{cast.mill.pk}"
    assert bob.put(path, {"title": "Mill 2"}).ok()["title"] == "Mill 2"
    bob.put(path, {"owner_id": cast.bob.pk}).refused(403, "Forbidden", "owner_id")
    bob.delete(path, force="1").refused(403, "Forbidden")


def test_an_organization_goes_only_with_force_and_then_with_all_in_it(cast: Cast) -> None:
    nora, path = as_user(cast.nora), f"organizations/{cast.harbour.pk}"
    nora.delete(path).refused(400, "Conflict")
    assert nora.delete(path, force="1").ok() == {"success": True}
    nora.get(path).refused(404, "NotFound")
    assert [camera["name"] for camera in nora.get("cameras").ok()] == ["wheel"]
    default = next(row["id"] for row in nora.get("organizations").ok() if row["is_default"])
    nora.delete(f"organizations/{default}", force="1").refused(403, "Forbidden")


def test_a_preset_is_added_changed_attached_and_retired(cast: Cast) -> None:
    crm = with_key(cast.north_key)
    body = {
        "title": "non-adjustable preset",
        "is_adjustable": False,
        "organization_id": str(cast.harbour.pk),
        "dvr_depth": 2,
    }
    preset = crm.post("presets", body).ok()
    assert (preset["dvr_depth"], preset["dvr_lock_days"], preset["is_deleted"], preset["vision_params"]) == (
        2,
        None,
        False,
        {},
    )
    assert crm.put(f"presets/{preset['id']}", {"dvr_look_days": 3}).ok()["dvr_lock_days"] == 3
    rows = crm.get(f"organizations/{cast.harbour.pk}/presets").ok()
    attached = {row["preset_id"]: row["organization_id"] for row in rows}
    assert attached[preset["id"]] == cast.harbour.pk
    assert attached[cast.basic.pk] is None, "a preset that every organization may choose belongs to none"
    assert crm.delete(f"presets/{preset['id']}").ok() == {"success": True}
    assert crm.get(f"presets/{preset['id']}").ok()["is_deleted"] is True
    assert preset["id"] not in {row["id"] for row in crm.get("presets").ok()}
    crm.put("cameras/gate", {"preset_id": preset["id"]}).refused(400, "ValidationError", "preset_id")


def test_a_preset_in_use_and_the_default_one_stay(cast: Cast) -> None:
    crm = with_key(cast.north_key)
    crm.delete(f"presets/{cast.basic.pk}").refused(400, "Conflict")
    crm.post("cameras", {"title": "x", "stream_url": "fake://fake"}).ok()
    default = next(row["id"] for row in crm.get("presets").ok() if row["is_default"])
    crm.delete(f"presets/{default}").refused(403, "Forbidden")


def test_presets_are_attached_and_detached_by_editors_of_organizations(cast: Cast) -> None:
    crm, path = with_key(cast.north_key), f"organizations/{cast.mill.pk}/presets"
    preset = crm.post("presets", {"title": "Extra"}).ok()["id"]
    as_user(cast.mallory).post(path, {"preset_id": preset}).refused(403, "Forbidden")
    assert crm.post(path, {"preset_id": preset}).ok()["organization_id"] == cast.mill.pk
    assert as_user(cast.mallory).get(f"{path}/{preset}").ok()["preset"]["title"] == "Extra"
    assert crm.delete(f"{path}/{preset}").ok() == {"success": True}
    as_user(cast.mallory).get(f"{path}/{preset}").refused(404, "NotFound")


def test_the_isp_in_the_path_can_only_be_this_one(cast: Cast) -> None:
    crm = with_key(cast.north_key)
    assert crm.get(f"domains/{cast.north.pk}/presets").ok() == crm.get("presets").ok()
    crm.get(f"domains/{cast.south.pk}/presets").refused(404, "NotFound")


def test_who_may_read_presets(cast: Cast) -> None:
    as_user(cast.ada).get("presets").ok()
    as_user(cast.alice).get("presets").refused(403, "Forbidden")
    as_user(cast.alice).put(f"presets/{cast.basic.pk}", {"title": "x"}).refused(403, "Forbidden")
