"""People and subscribers who are gone, and two accounts that become one: bills and the audit log lose nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest

from devices import access as camera_access
from devices.models import CameraAttribute, CameraPermission
from devices.services import cameras
from tenants import clock
from tenants.models import AuditEntry, Folder, FolderPermission, Membership, Organization, User, UserSession
from tenants.scoping import domain_scope
from tenants.services import folders, keys, memberships, merging, organizations, users
from tests.api.calls import as_user, nobody, with_key
from tests.cast import PASSWORD, Cast


def test_a_deleted_user_is_gone_but_his_name_stays(cast: Cast) -> None:
    bob, crm = as_user(cast.bob), with_key(cast.north_key)
    with domain_scope(cast.north):
        key = keys.add_key(acting_user=None, user=cast.bob)[1]
    assert crm.delete(f"users/{cast.bob.pk}").ok() == {"success": True}
    bob.get("cameras").refused(403, "WrongApikey")
    with_key(key).get("cameras").refused(403, "WrongApikey")
    assert nobody().post("auth/login", {"login": cast.bob.login, "password": PASSWORD}).status == 403
    for path in (f"users/{cast.bob.pk}", f"organizations/{cast.harbour.pk}/users/{cast.bob.pk}"):
        crm.get(path).refused(404, "NotFound")
    assert cast.bob.login not in {row["login"] for row in crm.get("users").ok()}
    with domain_scope(cast.north):
        row = User.everyone.get(pk=cast.bob.pk)
        assert (row.login, row.email) == (cast.bob.login, cast.bob.email)
        assert row.deleted_at is not None
        assert not row.has_usable_password()
        assert not UserSession.objects.filter(user=row).exists()
        assert not Membership.objects.filter(user=row).exists()
        assert not FolderPermission.objects.filter(user=row).exists()
        assert AuditEntry.objects.filter(object_type="User", object_id=str(row.pk), action="delete").count() == 1


def test_a_login_that_was_deleted_can_be_used_again_and_opens_nothing_old(cast: Cast) -> None:
    crm = with_key(cast.north_key)
    crm.delete(f"users/{cast.bob.pk}").ok()
    again = crm.post("users", {"login": "BOB@example.org", "password": "another"}).ok()
    assert again["id"] != cast.bob.pk
    session = nobody().post("auth/login", {"login": "bob@example.org", "password": "another"}).ok()["session"]
    assert nobody().get("cameras", x_vsaas_session=session).ok() == []
    crm.delete(f"users/{again['id']}").ok()
    assert crm.post("users", {"login": "bob@example.org"}).ok()["id"] not in {cast.bob.pk, again["id"]}


def test_an_organization_whose_owner_is_gone_has_none(cast: Cast) -> None:
    crm = with_key(cast.north_key)
    crm.delete(f"users/{cast.alice.pk}").ok()
    assert crm.get(f"organizations/{cast.harbour.pk}").ok()["owner"] is None


def test_a_closed_organization_keeps_its_title_and_nothing_else(cast: Cast) -> None:
    with_key(cast.north_key).delete(f"organizations/{cast.harbour.pk}", force="1").ok()
    as_user(cast.alice).get(f"organizations/{cast.harbour.pk}").refused(404, "NotFound")
    assert as_user(cast.bob).get("cameras").ok() == []
    with domain_scope(cast.north):
        row = Organization.everyone.get(pk=cast.harbour.pk)
        assert (row.title, row.owner_id) == ("Harbour", cast.alice.pk)
        assert not Folder.objects.filter(organization=row).exists()
        assert not Membership.objects.filter(organization=row).exists()
        assert User.objects.filter(pk=cast.alice.pk).exists()


@pytest.fixture
def twin(cast: Cast) -> User:
    """Bob's other account: in Mill, where he owns another organization, and in Harbour with other rights."""
    with domain_scope(cast.north):
        twin = users.add_user(acting_user=None, login="robert", password=PASSWORD, phone="+49 40 5", is_admin=True)
        memberships.add_member(cast.mill, acting_user=None, user=twin, can_view_stats=True)
        place = memberships.add_member(cast.harbour, acting_user=None, user=twin, can_edit_cameras=True)
        memberships.grant_folder(cast.yard, acting_user=None, user=twin, can_view_dvr=True, can_use_ptz=True)
        memberships.grant_folder(folders.root(cast.mill), acting_user=None, user=twin)
        organizations.add_organization(acting_user=None, title="Ferry", owner=twin)
        CameraPermission.objects.create(domain_id=cast.north.pk, camera=cast.office, membership=place, can_use_ptz=True)
        for camera in (cast.gate, cast.wheel):
            cameras.mark_camera(camera, twin, favorite=True)
        cameras.mark_camera(cast.gate, cast.bob, motion_alarm=True)
    return twin


def test_two_accounts_become_one_with_the_rights_of_both(cast: Cast, twin: User) -> None:
    crm = with_key(cast.north_key)
    merged = crm.post(f"users/{cast.bob.pk}/merge", {"user_id": twin.pk}).ok()
    assert (merged["login"], merged["phone"], merged["is_admin"]) == (cast.bob.login, "+49 40 5", False)
    crm.get(f"users/{twin.pk}").refused(404, "NotFound")
    with domain_scope(cast.north):
        assert Organization.objects.get(title="Ferry").owner_id == cast.bob.pk
        places = {row.organization_id: row for row in Membership.objects.filter(user=cast.bob)}
        assert places[cast.harbour.pk].can_edit_cameras
        assert places[cast.mill.pk].can_view_stats
        yard = FolderPermission.objects.get(user=cast.bob, folder=cast.yard)
        assert (yard.can_view_dvr, yard.dvr_depth_limit, yard.can_use_ptz) == (True, None, True)
        assert camera_access.rights(cast.bob, cast.wheel).view
        assert camera_access.rights(cast.bob, cast.office).ptz
        marks = {row.camera_id: row.favorite for row in CameraAttribute.objects.filter(user=cast.bob)}
        assert marks == {cast.gate.pk: False, cast.wheel.pk: True}, "his own mark stays where both had one"
        note = AuditEntry.objects.filter(object_type="User", object_id=str(cast.bob.pk), action="change").first()
        assert note is not None
        assert note.changed["merged"] == ["robert", cast.bob.login]
        assert AuditEntry.objects.filter(object_type="User", object_id=str(twin.pk), action="delete").exists()


def test_nobody_is_merged_with_himself_nor_the_last_administrator_away(cast: Cast) -> None:
    crm = with_key(cast.north_key)
    crm.post(f"users/{cast.bob.pk}/merge", {"user_id": cast.bob.pk}).refused(400, "Conflict")
    crm.post(f"users/{cast.bob.pk}/merge", {"user_id": cast.nora.pk}).refused(400, "Conflict")
    assert crm.get(f"users/{cast.nora.pk}").ok()["is_admin"] is True
    as_user(cast.alice).post(f"users/{cast.bob.pk}/merge", {"user_id": cast.ian.pk}).refused(403, "Forbidden")


def test_grants_that_hold_at_other_times_are_not_added_up(cast: Cast) -> None:
    now = clock.now()
    limited = FolderPermission(can_view_dvr=True, dvr_depth_limit=30, valid_until=now + timedelta(days=1))
    free = FolderPermission(can_view_dvr=True, dvr_depth_limit=7)
    merging.unite(free, limited)
    assert (free.dvr_depth_limit, free.valid_until) == (7, None), "the one without limits stays as it is"
    merging.unite(limited, free)
    assert (limited.dvr_depth_limit, limited.valid_until) == (7, None), "and takes the place of a limited one"
    short, long = FolderPermission(can_view_dvr=True, dvr_depth_limit=7), FolderPermission(dvr_depth_limit=30)
    merging.unite(short, long)
    assert short.dvr_depth_limit == 7, "a depth without the archive counts for nothing"
