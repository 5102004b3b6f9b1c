"""What was taken away stays taken away: a row that was read earlier is not written back, and of two who act at the same
moment one finds what the other did."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection

from devices.models import CameraPermission
from devices.services import grants
from devices.services import people as merging
from tenants.errors import Conflict, Invalid, Missing, PerchError
from tenants.models import AuditEntry, Folder, FolderPermission, Membership, Organization, User
from tenants.scoping import domain_scope
from tenants.services import folders, memberships, organizations, users
from tests.cast import Cast, build


@pytest.fixture(autouse=True)
def north(cast: Cast) -> Iterator[Cast]:
    with domain_scope(cast.north):
        yield cast


def test_a_blocked_user_who_is_just_saving_his_name_stays_blocked(cast: Cast) -> None:
    stale = User.objects.get(pk=cast.bob.pk)
    users.change_user(User.objects.get(pk=cast.bob.pk), acting_user=cast.nora, is_active=False, password="of nobody 77")
    password = User.objects.get(pk=cast.bob.pk).password
    users.change_user(stale, acting_user=stale, name="Robert")
    row = User.objects.get(pk=cast.bob.pk)
    assert (row.name, row.is_active, row.password) == ("Robert", False, password)


def test_a_deleted_user_does_not_come_back_with_what_he_was_saving(cast: Cast) -> None:
    stale = User.objects.get(pk=cast.bob.pk)
    users.delete_user(User.objects.get(pk=cast.bob.pk), acting_user=cast.nora)
    with pytest.raises(Missing):
        users.change_user(stale, acting_user=stale, name="Robert")
    assert User.everyone.get(pk=cast.bob.pk).deleted_at is not None


def test_a_right_that_was_taken_away_does_not_come_back_with_another(cast: Cast) -> None:
    stale = memberships.membership_of(cast.harbour, cast.ian)
    assert stale.can_edit_cameras
    memberships.change_member(
        memberships.membership_of(cast.harbour, cast.ian), acting_user=cast.alice, can_edit_cameras=False
    )
    memberships.change_member(stale, acting_user=cast.alice, can_view_stats=True)
    row = memberships.membership_of(cast.harbour, cast.ian)
    assert (row.can_edit_cameras, row.can_view_stats) == (False, True)


def test_a_new_title_brings_no_former_owner_back(cast: Cast) -> None:
    stale = Organization.objects.get(pk=cast.harbour.pk)
    organizations.change_organization(
        Organization.objects.get(pk=cast.harbour.pk), acting_user=cast.nora, owner=cast.charlie
    )
    organizations.change_organization(stale, acting_user=cast.nora, title="Port")
    row = Organization.objects.get(pk=cast.harbour.pk)
    assert (row.title, row.owner_id) == ("Port", cast.charlie.pk)


def test_nobody_is_given_a_right_where_he_is_no_longer(cast: Cast) -> None:
    memberships.remove_member(memberships.membership_of(cast.harbour, cast.bob), acting_user=cast.alice)
    with pytest.raises(Missing):
        memberships.grant_folder(cast.yard, acting_user=cast.alice, user=cast.bob)
    with pytest.raises(Missing):
        grants.grant_camera(cast.gate, acting_user=cast.alice, user=cast.bob)
    assert not FolderPermission.objects.filter(user=cast.bob).exists()


def told(before: int, kind: str) -> list[tuple[str, str]]:
    rows = AuditEntry.objects.filter(pk__gt=before, object_type=kind)
    return sorted(rows.values_list("action", "object_id"))


def last() -> int:
    return max(AuditEntry.objects.values_list("pk", flat=True), default=0)


def test_who_goes_is_told_with_all_that_goes_with_him(cast: Cast) -> None:
    grants.grant_camera(cast.office, acting_user=None, user=cast.bob)
    camera = CameraPermission.objects.get(membership__user=cast.bob)
    membership = memberships.membership_of(cast.harbour, cast.bob)
    folder = FolderPermission.objects.get(user=cast.bob)
    organizations.change_organization(cast.harbour, acting_user=None, owner=cast.bob)
    before = last()
    users.delete_user(User.objects.get(pk=cast.bob.pk), acting_user=cast.nora)
    assert told(before, "CameraPermission") == [("delete", str(camera.pk))]
    assert ("delete", str(membership.pk)) in told(before, "Membership")
    assert told(before, "FolderPermission") == [("delete", str(folder.pk))]
    assert told(before, "Organization") == [("change", str(cast.harbour.pk))]
    [ownerless] = AuditEntry.objects.filter(pk__gt=before, object_type="Organization")
    assert ownerless.changed == {"owner": [cast.bob.pk, None]}
    assert set(AuditEntry.objects.filter(pk__gt=before).values_list("user_login", flat=True)) == {cast.nora.login}


def test_what_a_merged_account_had_is_told_as_moved(cast: Cast) -> None:
    twin = users.add_user(acting_user=None, login="robert", organization=cast.harbour)
    place = memberships.membership_of(cast.harbour, twin)
    mill = organizations.add_organization(acting_user=None, title="Mill", owner=twin)
    before = last()
    merging.merge_users(User.objects.get(pk=cast.charlie.pk), twin, acting_user=cast.nora)
    assert ("change", str(place.pk)) in told(before, "Membership")
    assert told(before, "Organization") == [("change", str(mill.pk))]


def test_a_move_tells_of_each_folder_whose_place_changed(cast: Cast) -> None:
    top = folders.root(cast.harbour)
    made = [folders.add_folder(cast.harbour, acting_user=None, title=name, parent=cast.yard) for name in "abc"]
    before = last()
    folders.move_folder(made[2], acting_user=cast.alice, target=made[0], place="before")
    assert [number for _action, number in told(before, "Folder")] == sorted(str(row.pk) for row in made)
    assert top.pk not in {row.pk for row in made}


def test_a_closed_organization_tells_of_its_folders_and_people(cast: Cast) -> None:
    numbers = {str(row.pk) for row in Folder.objects.filter(organization=cast.harbour)}
    places = {str(row.pk) for row in Membership.objects.filter(organization=cast.harbour)}
    cast.gate.delete()
    cast.office.delete()
    before = last()
    organizations.delete_organization(cast.harbour, acting_user=cast.nora, force=True)
    assert {number for _action, number in told(before, "Folder")} == numbers
    assert {number for _action, number in told(before, "Membership")} == places


def at_once(*acts: Callable[[], Any]) -> list[str]:
    """How each ended: done, or the name of the refusal."""

    def outcome(act: Callable[[], Any]) -> str:
        try:
            act()
        except PerchError as error:
            return type(error).__name__
        finally:
            connection.close()
        return "done"

    with ThreadPoolExecutor(len(acts)) as pool:
        return sorted(pool.map(outcome, acts))


@pytest.mark.django_db(transaction=True)
class TestTwoAtTheSameMoment:
    @pytest.fixture(autouse=True)
    def north(self) -> None:
        """Nothing is shared: each test commits a cast of its own."""

    @pytest.mark.parametrize("attempt", range(3))
    def test_of_two_administrators_who_demote_each_other_one_stays(self, attempt: int) -> None:
        cast = build()
        with domain_scope(cast.north):
            second = users.add_user(acting_user=None, login=f"second-{attempt}", is_admin=True)

        def demote(who: User) -> None:
            with domain_scope(cast.north):
                users.change_user(User.objects.get(pk=who.pk), acting_user=None, is_admin=False)

        assert at_once(lambda: demote(cast.nora), lambda: demote(second)) == [Conflict.__name__, "done"]
        with domain_scope(cast.north):
            assert User.objects.filter(is_admin=True).count() == 1

    @pytest.mark.parametrize("attempt", range(3))
    def test_two_moves_make_no_circle(self, attempt: int) -> None:
        cast = build()
        with domain_scope(cast.north):
            one, other = (
                folders.add_folder(cast.harbour, acting_user=None, title=f"{name}{attempt}", parent=None)
                for name in "ab"
            )

        def move(what: Folder, into: Folder) -> None:
            with domain_scope(cast.north):
                folders.change_folder(Folder.objects.get(pk=what.pk), acting_user=None, parent=into)

        assert at_once(lambda: move(one, other), lambda: move(other, one)) == [Invalid.__name__, "done"]
        with domain_scope(cast.north):
            assert folders.subtree(one) | folders.subtree(other) == {one.pk, other.pk}
