"""Pages of rights: who sees a camera and why, what somebody sees, grants with days and hours, who watched."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from devices.models import CameraPermission, Viewing
from devices.services import grants
from tenants import clock
from tenants.models import AuditEntry, FolderPermission
from tenants.scoping import domain_scope
from tenants.services import memberships
from tests.api.calls import Caller
from tests.cast import Cast
from tests.server import sign_in

EVERY_DAY = [str(day) for day in range(7)]
V3 = "/watcher/client-api/v3/"


def signed_in(cast: Cast, name: str) -> Client:
    """Somebody's browser."""
    client = cast.client()
    client.cookies["perch_session"] = sign_in(getattr(cast, name))
    return client


def text_of(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, answer.content[:500]
    return " ".join(answer.content.decode().split())


def test_the_owner_reads_who_sees_a_camera_and_through_what(cast: Cast) -> None:
    with domain_scope(cast.north):
        grants.grant_camera(cast.gate, acting_user=None, user=cast.ian, valid_until=clock.now() - timedelta(hours=1))
    text = text_of(signed_in(cast, "alice"), "/cameras/access/gate")
    for said in ("owner of the organization", "administrator", "folder Yard", "archive of 7 days", "bob@example.org",
                 "ian@example.org", "this camera", "edits cameras of the organization"):  # fmt: skip
        assert said in text, said
    assert "charlie@example.org" not in text


def test_a_grant_on_one_camera_is_given_changed_and_taken_away(cast: Cast) -> None:
    alice = signed_in(cast, "alice")
    path = "/cameras/grant/office"
    terms: dict[str, Any] = {"days": ["0", "4"], "minute_from": "22:00", "minute_until": "06:00"}
    terms |= {"can_view_dvr": "on", "dvr_depth_limit": "3", "valid_until": "2030-06-01T12:30"}
    done = alice.post(path, {"login": "BOB@example.org", **terms})
    assert (done.status_code, done["Location"]) == (302, "/cameras/access/office")
    with domain_scope(cast.north):
        row = CameraPermission.objects.get()
        assert (row.membership.user, row.days, row.minute_from, row.minute_until) == (cast.bob, 0b10001, 1320, 360)
        assert row.valid_until == datetime(2030, 6, 1, 10, 30, tzinfo=UTC), "by the clock of Berlin"
        assert (row.can_view_dvr, row.dvr_depth_limit, row.can_export) == (True, 3, False)
    assert "Mon, Fri 22:00–06:00 · until 1 June 2030, 12:30" in text_of(alice, "/cameras/access/office")
    form = text_of(alice, f"{path}?user={cast.bob.pk}")
    assert 'value="2030-06-01T12:30"' in form
    assert alice.post(f"{path}?user={cast.bob.pk}", {"days": EVERY_DAY, "can_talk": "on"}).status_code == 302
    with domain_scope(cast.north):
        row = CameraPermission.objects.get()
        assert (row.is_limited, row.can_talk, row.can_view_dvr) == (False, True, False)
    assert "Take the right of bob@example.org" in text_of(alice, f"/cameras/revoke/office?user={cast.bob.pk}")
    assert alice.post("/cameras/revoke/office", {"user": cast.bob.pk}).status_code == 302
    with domain_scope(cast.north):
        assert not CameraPermission.objects.exists()
        said = AuditEntry.objects.filter(object_type="CameraPermission").order_by("id")
        assert [(entry.action, entry.user_login) for entry in said] == [
            (action, cast.alice.login) for action in ("create", "change", "delete")
        ]


WRONG: dict[str, dict[str, Any]] = {
    "days": {"days": []},
    "valid_until": {"valid_from": "2030-01-02T00:00", "valid_until": "2030-01-01T00:00"},
    "minute_until": {"minute_from": "08:00", "minute_until": "08:00"},
    "minute_from": {"minute_until": "08:00"},
    "login": {"login": "charlie@example.org"},
}


@pytest.mark.parametrize("field", WRONG)
def test_what_is_wrong_with_a_grant_stands_by_its_field(cast: Cast, field: str) -> None:
    sent = {"login": "bob@example.org", "days": EVERY_DAY, **WRONG[field]}
    answer = signed_in(cast, "alice").post("/cameras/grant/office", sent)
    assert answer.status_code == 422
    assert field in answer.context["form"].errors


def test_hours_of_a_folder_are_set_from_the_member(cast: Cast) -> None:
    alice = signed_in(cast, "alice")
    path = f"/organizations/{cast.harbour.pk}/users/{cast.bob.pk}/folders/{cast.yard.pk}"
    assert path in text_of(alice, f"/organizations/{cast.harbour.pk}/users/{cast.bob.pk}")
    sent = {"days": EVERY_DAY, "minute_from": "08:00", "minute_until": "18:00", "can_view_dvr": "on"}
    assert alice.post(path, sent).status_code == 302
    with domain_scope(cast.north):
        row = FolderPermission.objects.get(user=cast.bob)
    assert (row.minute_from, row.minute_until, row.can_export) == (480, 1080, False)
    assert "08:00–18:00" in text_of(alice, f"/organizations/{cast.harbour.pk}/users/{cast.bob.pk}")


def test_nobody_gives_rights_to_himself(cast: Cast) -> None:
    with domain_scope(cast.north):
        row = memberships.membership_of(cast.harbour, cast.bob)
        memberships.change_member(row, acting_user=None, can_edit_users=True)
    bob = signed_in(cast, "bob")
    answer = bob.post("/cameras/grant/gate", {"login": "bob@example.org", "days": EVERY_DAY, "can_use_ptz": "on"})
    assert answer.status_code == 422
    path = f"/organizations/{cast.harbour.pk}/users/{cast.bob.pk}/folders/{cast.yard.pk}"
    assert bob.post(path, {"days": EVERY_DAY, "can_use_ptz": "on"}).status_code == 422
    with domain_scope(cast.north):
        assert not CameraPermission.objects.exists()
        assert not FolderPermission.objects.get(user=cast.bob).can_use_ptz


def test_what_somebody_sees_is_shown_to_those_above_him_and_to_himself(cast: Cast) -> None:
    path = f"/users/{cast.bob.pk}/access"
    for name in ("alice", "nora", "bob"):
        text = text_of(signed_in(cast, name), path)
        assert "Gate" in text
        assert "Office" not in text
    assert signed_in(cast, "mallory").get(path).status_code == 404
    with domain_scope(cast.north):
        memberships.add_member(cast.mill, acting_user=None, user=cast.bob)
        memberships.grant_folder(cast.wheel.folder, acting_user=None, user=cast.bob)
    assert "Wheel" not in text_of(signed_in(cast, "alice"), path), "what he sees elsewhere is not Alice's to know"
    assert "Wheel" in text_of(signed_in(cast, "nora"), path)


def test_the_owner_reads_who_watched_and_nobody_else_does(cast: Cast) -> None:
    with domain_scope(cast.north):
        now = clock.now()
        Viewing.objects.create(
            camera=cast.gate, user_id=cast.bob.pk, user_login=cast.bob.login, kind="export", holder=1, holder_id=1,
            detail="1790000000-60", day=now.date(), began_at=now, last_at=now, ip="192.0.2.7",
        )  # fmt: skip
        memberships.change_member(
            memberships.membership_of(cast.harbour, cast.bob), acting_user=None, can_edit_users=True
        )
    for path in ("/cameras/access/gate", "/cameras/viewings/gate"):
        assert "192.0.2.7" in text_of(signed_in(cast, "alice"), path)
    bob = signed_in(cast, "bob")
    assert "192.0.2.7" not in text_of(bob, "/cameras/access/gate")
    assert bob.get("/cameras/viewings/gate").status_code == 403
    (line,) = signed_in(cast, "alice").get(f"{V3}streams/gate/viewings").json()["viewings"]
    assert (line["name"], line["kind"], line["exported_from"]) == (cast.bob.login, "export", 1790000000)
    assert bob.get(f"{V3}streams/gate/viewings").status_code == 403


def test_the_player_offers_downloads_to_those_who_may(cast: Cast) -> None:
    bob = signed_in(cast, "bob")
    assert '"export": true' in text_of(bob, "/cameras/watch/gate")
    with domain_scope(cast.north):
        memberships.grant_folder(cast.yard, acting_user=None, user=cast.bob, can_export=False)
    assert '"export": false' in text_of(bob, "/cameras/watch/gate")


def test_v3_grants_a_camera_in_its_own_units(cast: Cast) -> None:
    key = {"x-vsaas-api-key": cast.north_key}
    client = cast.client()
    path = f"{V3}streams/office/permissions/users/{cast.bob.pk}"
    sent = {"can_view_dvr": True, "dvr_depth_limit": 86400, "valid_until": 1900000000000, "days": 31,
            "minute_from": 0, "minute_until": 60}  # fmt: skip
    answer = client.put(path, sent, "application/json", headers=key)
    assert answer.status_code == 200, answer.content
    assert {name: answer.json()[name] for name in sent} == sent
    assert client.get(path, headers=key).json() == answer.json()
    listed = client.get(f"{V3}users/{cast.bob.pk}/permissions/streams", headers=key).json()["streams"]
    assert [row["name"] for row in listed] == ["office"]
    refused = client.put(path, {"minute_from": 5000}, "application/json", headers=key)
    assert refused.status_code == 400
    assert refused.json()["errors"][0]["source"]["pointer"] == "/minute_from"
    seen = client.get(f"{V3}streams/office/access", headers=key).json()["users"]
    assert {row["id"]: [reason["kind"] for reason in row["reasons"]] for row in seen}[cast.bob.pk] == ["camera"]
    assert client.delete(path, headers=key).status_code == 204
    assert client.get(path, headers=key).status_code == 404


def test_v2_says_the_new_sides_of_a_right_only_where_they_are_used(cast: Cast) -> None:
    crm = Caller(headers={"x-vsaas-api-key": cast.north_key})
    path = f"organizations/{cast.harbour.pk}/folders/{cast.yard.pk}/users"
    plain = {"user_id": cast.bob.pk, "can_view_dvr": True, "dvr_depth_limit": 7, "can_use_ptz": False,
             "can_use_actions": False}  # fmt: skip
    assert crm.call("GET", path).ok() == [plain]
    further = {"can_export": False, "can_talk": True, "valid_until": 1900000000, "days": 31, "minute_from": 480,
               "minute_until": 1080}  # fmt: skip
    assert crm.call("POST", path, {"user_id": cast.bob.pk, **further}).ok() == {**plain, **further}
    back = {"can_export": True, "can_talk": False, "valid_until": None, "days": 127, "minute_from": None,
            "minute_until": None}  # fmt: skip
    assert crm.call("PUT", f"{path}/{cast.bob.pk}", back).ok() == plain
