"""A CRM sells video surveillance by v3: it opens a subscriber, lets people in, sells archive, takes it all back."""

from __future__ import annotations

from tests.api.v3.calls import ADMIN, Caller, as_user, basic, bearer, nobody, with_key
from tests.cast import NORTH, Cast

DAY, GIGABYTE = 86_400, 1_000_000_000


def test_a_subscriber_from_the_contract_to_the_last_day(cast: Cast) -> None:
    crm, admin = with_key(cast.north_key), with_key(cast.north_key, base=ADMIN)

    week = admin.post(
        "presets",
        {
            "title": "Two weeks",
            "dvr": {"expiration": 14 * DAY, "episodes_expiration": None, "storage_limit": 50 * GIGABYTE},
        },
    ).ok(201)
    assert week["dvr"] == {"expiration": 14 * DAY, "episodes_expiration": None, "storage_limit": 50 * GIGABYTE}
    assert (week["deleted_at"], week["stats"]) == (None, {"organizations_count": 0, "streams_count": 0})

    person = {"name": "olaf", "password": "a horse of many staples", "fullname": "Olaf", "external_id": "CRM-17"}
    owner = crm.post("users", person).ok(201)
    assert (owner["access_level"], owner["disabled"], owner["external_id"]) == ("generic", False, "CRM-17")
    assert 1e12 < owner["created_at"] < 1e13, "milliseconds"
    place = crm.post(
        "organizations",
        {"title": "Olaf's", "owner": {"id": owner["id"]}, "limits": {"streams": 2, "users": 5, "dvr": 7 * GIGABYTE}},
    ).ok(201)
    assert place["owner"] == {"id": owner["id"], "name": "olaf"}
    assert place["limits"] == {"streams": 2, "users": 5, "dvr": 7 * GIGABYTE}
    home = f"organizations/{place['id']}"
    assert crm.put(f"{home}/presets", {"preset_id": week["id"]}).ok()["title"] == "Two weeks"

    # The owner signs in with what the CRM gave him, and sets up two cameras; a third is not in the contract.
    pair = nobody().post("login", **basic("olaf", "a horse of many staples")).ok()
    olaf = Caller(NORTH, bearer(pair["access_token"]))
    assert [row["title"] for row in olaf.get(f"{home}/presets").ok()["presets"]] == ["Week", "Two weeks"]
    camera = {
        "title": "Shop",
        "inputs": [{"url": "fake://clock"}],
        "organization_id": place["id"],
        "preset_id": week["id"],
    }
    shop = olaf.post("streams", camera).ok(201)
    assert shop["dvr"]["expiration"] == 14 * DAY
    assert shop["path"] == [{"id": shop["folder_id"], "title": "Cameras"}]
    assert olaf.put("streams/olafs-yard", {**camera, "title": "Yard"}).ok(201)["name"] == "olafs-yard"
    olaf.post("streams", camera).refused(402, "limit_reached", pointer="/organization_id")
    olaf.put("streams/shop-2", camera).refused(402, "limit_reached")

    # A folder for the yard, and a guard who watches it, live and a week back.
    folder = olaf.post(
        f"{home}/folders", {"title": "Outside", "coordinates": {"latitude": 55.7, "longitude": 37.5}}
    ).ok(201)
    assert (folder["hierarchy"]["level"], folder["coordinates"]) == (1, {"latitude": 55.7, "longitude": 37.5})
    olaf.put("streams/olafs-yard", {"folder_id": folder["id"]}).ok()
    guard = olaf.post(
        "users", {"name": "guard", "password": "a horse of many staples", "organization_id": place["id"]}
    ).ok(201)
    grant = {"can_view": True, "can_view_dvr": True, "dvr_depth_limit": 7 * DAY}
    given = olaf.put(f"{home}/folders/{folder['id']}/users/{guard['id']}", grant).ok()
    assert (given["name"], given["dvr_depth_limit"], given["can_use_ptz"]) == ("guard", 7 * DAY, False)
    watching = nobody().post("login", **basic("guard", "a horse of many staples")).ok()
    seen = Caller(NORTH, bearer(watching["access_token"]))
    (yard,) = seen.get("streams").ok()["streams"]
    assert (yard["name"], yard["permissions"]["dvr_depth_limit"]) == ("olafs-yard", 7 * DAY)
    assert yard["inputs"] == []
    seen.put("streams/olafs-yard", {"title": "x"}).refused(403, "forbidden")

    # The subscriber does not pay: the CRM switches his cameras off with one call, and on again.
    off = [{"name": name, "disabled": True} for name in (shop["name"], "olafs-yard")]
    assert crm.post("streams/multiedit", {"streams": off}).ok(204) == b""
    assert [row["disabled"] for row in olaf.get("streams").ok()["streams"]] == [True, True]
    crm.post("streams/multiedit", {"streams": [{**row, "disabled": False} for row in off]}).ok(204)

    # The contract ends.
    crm.delete(home).refused(409, "conflict")
    crm.delete(f"{home}?force=true").ok(204)
    crm.get(home).refused(404, "not_found")
    assert olaf.get("streams").ok()["streams"] == []
    for person_id in (owner["id"], guard["id"]):
        crm.delete(f"users/{person_id}").ok(204)
    olaf.get("profile").refused(401, "wrong_credentials")
    admin.put(f"presets/{week['id']}", {"deleted_at": 1715105180000}).ok()
    ended = admin.get("presets?deleted=true").ok()["presets"]
    assert [row["title"] for row in ended] == ["Two weeks"]
    assert 1e12 < ended[0]["deleted_at"] < 1e13
    crm.get(f"presets/{week['id']}").refused(404, "not_found")
    assert admin.put(f"presets/{week['id']}", {"deleted_at": None}).ok()["deleted_at"] is None


def test_many_changes_in_one_call_are_all_or_none(cast: Cast) -> None:
    crm = with_key(cast.north_key)
    edits = [{"name": "gate", "title": "New"}, {"name": "nobody", "title": "x"}]
    answer = crm.post("streams/multiedit", {"streams": edits})
    answer.refused(404, "not_found", pointer="/streams/1")
    bad = [{"name": "gate", "title": "New"}, {"name": "office", "dvr": {"expiration": 1}}]
    crm.post("streams/multiedit", {"streams": bad}).refused(403, "forbidden", pointer="/streams/1/dvr/expiration")
    wrong = [{"name": "gate", "title": "New"}, {"name": "office", "coordinates": {"latitude": 100, "longitude": 0}}]
    crm.post("streams/multiedit", {"streams": wrong}).refused(
        400, "validation_error", pointer="/streams/1/coordinates/latitude"
    )
    assert crm.get("streams/gate").ok()["title"] == "Gate"
    crm.post("streams/multiedit", {"streams": [{}] * 501}).refused(400, "validation_error", pointer="/streams")
    crm.post("streams/multiedit", {"streams": ["gate"]}).refused(400, "validation_error")
    assert crm.post("streams/multiedit", {"streams": [{"name": "gate", "preset_id": cast.basic.pk}]}).ok(204) == b""


MANUAL = """name,title,comment,static,disabled,inputs_0_url,inputs_1_url,dvr_expiration,dvr_episodes_expiration,\
dvr_storage_limit,dvr_redundancy_factor,vision_alg,vision_areas,organization_id,coordinates_latitude,\
coordinates_longitude,is_test,onvif_ptz
cam-e7fee73458,Primary camera title,,true,false,fake://clock,fake://fake,86400,259200,32212254720,3,faces,x1 y1,\
{org},55.71182944518981,37.7775426954031,false,false
,Secondary camera title,Camera comment,true,false,fake://clock,fake://fake,172800,432000,,0,plates,x2 y2,\
{org},51.711667039488155,35.77733281254769,true,true
"""


def test_the_manuals_file_is_taken_in_once(cast: Cast) -> None:
    """Its answer is the manual's, and a second time it changes nothing. Addresses are those a test may have."""
    crm = with_key(cast.north_key)
    body = MANUAL.format(org=cast.harbour.pk).encode()
    answer = crm.raw("POST", "streams/import", body, "text/csv")
    assert answer.ok() == {"created": 2, "updated": 0}
    assert crm.raw("POST", "streams/import", body, "text/csv").ok() == {"created": 0, "updated": 0}
    first = crm.get("streams/cam-e7fee73458").ok()
    assert first["coordinates"] == {"latitude": 55.71182944518981, "longitude": 37.7775426954031}
    assert [row["url"] for row in first["inputs"]] == ["fake://clock", "fake://fake"]
    (second,) = crm.get("streams?q=Secondary").ok()["streams"]
    assert (second["comment"], second["onvif"]["ptz"], second["disabled"]) == ("Camera comment", True, False)


def test_a_bad_line_is_told_and_the_good_ones_are_kept(cast: Cast) -> None:
    alice = as_user(cast.alice)
    lines = [
        "title;inputs_0_url;organization_id",
        f"Good;fake://clock;{cast.harbour.pk}",
        f"Bad;nothing;{cast.harbour.pk}",
        f"Not hers;fake://clock;{cast.mill.pk}",
    ]
    found = alice.raw("POST", "streams/import", ("\ufeff" + "\r\n".join(lines)).encode(), "text/csv").ok()
    assert (found["created"], found["updated"], sorted(found["errors"])) == (1, 0, ["3", "4"])
    as_user(cast.bob).raw("POST", "streams/import", b"title\nx", "text/csv").refused(403, "forbidden")
    alice.raw("POST", "streams/import", b"", "text/csv").refused(400, "validation_error")


def test_a_lost_answer_is_asked_for_again_without_a_second_camera(cast: Cast) -> None:
    crm = with_key(cast.north_key)
    body = {"title": "Once", "inputs": [{"url": "fake://clock"}], "organization_id": cast.harbour.pk}
    first = crm.post("streams", body, Idempotency_Key="one").ok(201)
    again = crm.post("streams", body, Idempotency_Key="one")
    assert (again.ok(201)["name"], again.response["Idempotent-Replayed"]) == (first["name"], "true")
    assert crm.get("streams?title=Once").ok()["estimated_count"] == 1
    crm.post("streams", {**body, "title": "Twice"}, Idempotency_Key="one").refused(422, "idempotency_key_reused")
