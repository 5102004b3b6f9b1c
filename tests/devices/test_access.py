"""The resolver of camera rights against a naive walk over the rows, and the answers the cast gets."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from devices import access
from devices.access import NONE
from devices.models import Camera, CameraPermission
from devices.services import cameras, explanations
from devices.services import grants as camera_grants
from tenants import clock
from tenants.errors import Forbidden, Invalid, Missing
from tenants.models import AuditEntry, Domain, FolderPermission, Membership, Organization, User
from tenants.scoping import domain_scope
from tenants.services import folders, memberships
from tests.cast import Cast
from tests.devices.naive import Terms, flags, grants, naive, terms, trees, zones


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    parents=trees,
    granted=grants,
    alone=st.one_of(st.none(), terms),
    flags=flags,
    installs=st.booleans(),
    owned=st.sampled_from(["alice", "bob", None]),
    zone=zones,
    at=st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC)),
)
def test_one_statement_agrees_with_a_walk_over_the_rows(
    cast: Cast,
    parents: tuple[int | None, ...],
    granted: list[tuple[int, Terms]],
    alone: Terms | None,
    flags: dict[str, bool],
    installs: bool,
    owned: str | None,
    zone: str,
    at: datetime,
) -> None:
    with pytest.raises(InterruptedError), domain_scope(cast.north), clock.frozen(at):
        Domain.objects.filter(pk=cast.north.pk).update(timezone=zone)
        tree = [folders.root(cast.harbour)]
        for parent in parents[1:]:
            assert parent is not None
            tree.append(folders.add_folder(cast.harbour, acting_user=None, title="x", parent=tree[parent]))
        owner = {"alice": cast.alice, "bob": cast.bob, None: None}[owned]
        Organization.objects.filter(pk=cast.harbour.pk).update(owner=owner)
        FolderPermission.objects.filter(user=cast.bob).delete()
        Membership.objects.filter(user=cast.bob).update(can_edit_cameras=installs)
        for number, given_terms in granted:
            FolderPermission.objects.create(
                folder=tree[number], user=cast.bob, **given_terms.columns(at, ZoneInfo(zone))
            )
        bob = User.objects.get(pk=cast.bob.pk)
        for name, value in flags.items():
            setattr(bob, name, value)
        bob.save()
        gate, office = Camera.objects.get(name="gate"), Camera.objects.get(name="office")
        Camera.objects.filter(pk=gate.pk).update(folder=tree[-1])
        gate.refresh_from_db()
        if alone is not None:
            CameraPermission.objects.create(
                camera=gate,
                membership=Membership.objects.get(user=bob, organization=cast.harbour),
                **alone.columns(at, ZoneInfo(zone)),
            )
        reasons = explanations.why(bob, [gate, office])
        for camera in (gate, office):
            expected = naive(bob, camera, at)
            assert access.rights(bob, camera) == expected
            assert access.rights_on(bob, [camera]).get(camera.pk, NONE) == expected
            assert access.all_rights(bob).get(camera.pk, NONE) == expected
            assert explanations.together(reasons[camera.pk]) == expected
        known = {camera.pk for camera in access.visible_cameras(bob)}
        assert known == set(access.known_ids(bob)) == set(access.all_rights(bob))
        assert known >= access.visible_ids(bob)
        everything = Camera.objects.all()
        assert known == {camera.pk for camera in everything if naive(bob, camera, at) != NONE}
        raise InterruptedError  # leaves the scope's savepoint, and with it all that this example made


@pytest.mark.parametrize(
    ("person", "expected"),
    [
        ("nora", {"gate", "office", "wheel"}),
        ("alice", {"gate", "office"}),
        ("bob", {"gate"}),
        ("ian", {"gate", "office"}),
        ("ada", set()),
        ("charlie", set()),
        ("mallory", {"wheel"}),
    ],
)
def test_everybody_knows_of_the_cameras_that_are_his(cast: Cast, person: str, expected: set[str]) -> None:
    with domain_scope(cast.north):
        assert {camera.name for camera in access.visible_cameras(getattr(cast, person))} == expected


def test_the_installer_edits_what_he_may_not_watch(cast: Cast) -> None:
    with domain_scope(cast.north):
        assert access.camera_for(cast.ian, "gate", "edit").name == "gate"
        with pytest.raises(Forbidden):
            access.camera_for(cast.ian, "gate", "view")


@pytest.mark.parametrize("name", ["wheel", "tree", "no-such-camera"])
def test_what_is_not_yours_is_as_missing_as_what_is_not_there(cast: Cast, name: str) -> None:
    with domain_scope(cast.north), pytest.raises(Missing) as refused:
        access.camera_for(cast.alice, name)
    assert refused.value.message == "There is no such camera."


def test_nobody_edits_where_nobody_owns(cast: Cast) -> None:
    with domain_scope(cast.north):
        Organization.objects.filter(pk=cast.harbour.pk).update(owner=None)
        for person in (cast.nora, cast.alice, cast.ian):
            with pytest.raises((Forbidden, Missing)):
                access.camera_for(person, "gate", "edit")


BERLIN = ZoneInfo("Europe/Berlin")
# Bob's window in Berlin: Friday and Saturday from 22:00 to 06:00. 27 November 2026 is a Friday.
NIGHTS = [
    ("the minute before", datetime(2026, 11, 27, 21, 59, tzinfo=BERLIN), False),
    ("its first minute", datetime(2026, 11, 27, 22, 0, tzinfo=BERLIN), True),
    ("after midnight, still Friday's", datetime(2026, 11, 28, 5, 59, tzinfo=BERLIN), True),
    ("when it ends", datetime(2026, 11, 28, 6, 0, tzinfo=BERLIN), False),
    ("Saturday's in Sunday's morning", datetime(2026, 11, 29, 3, 0, tzinfo=BERLIN), True),
    ("Sunday evening", datetime(2026, 11, 29, 22, 30, tzinfo=BERLIN), False),
    ("Friday morning, which is Thursday's", datetime(2026, 11, 27, 3, 0, tzinfo=BERLIN), False),
]


@pytest.mark.parametrize(("when", "at", "expected"), NIGHTS, ids=[night[0] for night in NIGHTS])
def test_a_window_past_midnight_belongs_to_the_day_it_begins_on(
    cast: Cast, when: str, at: datetime, expected: bool
) -> None:
    with domain_scope(cast.north):
        memberships.grant_folder(
            cast.yard, acting_user=None, user=cast.bob, days=0b0110000, minute_from=22 * 60, minute_until=6 * 60
        )
        with clock.frozen(at):
            assert access.rights(cast.bob, cast.gate).view is expected


def test_a_grant_holds_from_its_first_instant_to_its_last(cast: Cast) -> None:
    begins = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
    with domain_scope(cast.north):
        memberships.grant_folder(
            cast.yard, acting_user=None, user=cast.bob, valid_from=begins, valid_until=begins + timedelta(hours=1)
        )
        seen = []
        for minutes in (-1, 0, 59, 60):
            with clock.frozen(begins + timedelta(minutes=minutes)):
                seen.append(access.rights(cast.bob, cast.gate).view)
    assert seen == [False, True, True, False]


def test_a_right_on_one_camera_opens_no_other(cast: Cast) -> None:
    with domain_scope(cast.north):
        memberships.revoke_folder(FolderPermission.objects.get(user=cast.bob), acting_user=None)
        camera_grants.grant_camera(cast.office, acting_user=cast.alice, user=cast.bob, can_view_dvr=True)
        held = access.rights_on(cast.bob, [cast.gate, cast.office, cast.wheel])
        assert set(held) == {cast.office.pk}
        assert (held[cast.office.pk].export, held[cast.office.pk].talk) == (True, False)
        assert [camera.name for camera in access.visible_cameras(cast.bob)] == ["office"]


def test_download_needs_the_archive(cast: Cast) -> None:
    with domain_scope(cast.north):
        row = memberships.grant_folder(cast.yard, acting_user=None, user=cast.bob, can_view_dvr=False)
        assert row.can_export
        assert not access.rights(cast.bob, cast.gate).export
        memberships.grant_folder(cast.yard, acting_user=None, user=cast.bob, can_view_dvr=True, can_export=False)
        assert not access.rights(cast.bob, cast.gate).export
        memberships.grant_folder(cast.yard, acting_user=None, user=cast.bob, can_export=True)
        assert access.rights(cast.bob, cast.gate).export


def test_who_leaves_the_organization_leaves_its_cameras(cast: Cast) -> None:
    with domain_scope(cast.north):
        camera_grants.grant_camera(cast.office, acting_user=None, user=cast.bob)
        camera_grants.remove_member(memberships.membership_of(cast.harbour, cast.bob), acting_user=cast.alice)
        memberships.add_member(cast.harbour, acting_user=None, user=cast.bob)
        assert access.known_ids(cast.bob) == []
        assert AuditEntry.objects.filter(object_type="CameraPermission", action="delete").count() == 1


def test_a_camera_that_moves_leaves_its_rights_behind(cast: Cast) -> None:
    with domain_scope(cast.north):
        memberships.add_member(cast.mill, acting_user=None, user=cast.bob)
        camera_grants.grant_camera(cast.office, acting_user=None, user=cast.bob)
        cameras.change_camera(cast.office, acting_user=None, organization=cast.mill)
        assert not CameraPermission.objects.exists()
        assert not access.rights(cast.bob, cast.office).view


def test_only_members_get_a_right_on_a_camera(cast: Cast) -> None:
    with domain_scope(cast.north), pytest.raises(Missing):
        camera_grants.grant_camera(cast.office, acting_user=None, user=cast.charlie)


NEVER: dict[str, dict[str, Any]] = {
    "valid_until": {"valid_from": datetime(2026, 2, 1, tzinfo=UTC), "valid_until": datetime(2026, 1, 1, tzinfo=UTC)},
    "minute_until": {"minute_from": 60, "minute_until": 60},
    "minute_from": {"minute_until": 60},
    "days": {"days": 0},
    "dvr_depth_limit": {"can_view_dvr": True, "dvr_depth_limit": 9999},
    "valid_from": {"valid_from": datetime(9999, 12, 31, 23, 59, tzinfo=UTC)},
}


@pytest.mark.parametrize("field", NEVER)
def test_times_that_never_come_are_refused_by_their_field(cast: Cast, field: str) -> None:
    with domain_scope(cast.north), pytest.raises(Invalid) as refused:
        memberships.grant_folder(cast.yard, acting_user=None, user=cast.bob, **NEVER[field])
    assert field in refused.value.fields


def test_everybody_who_sees_a_camera_is_told_with_the_reason(cast: Cast) -> None:
    with domain_scope(cast.north):
        camera_grants.grant_camera(
            cast.gate, acting_user=None, user=cast.ian, valid_until=clock.now() - timedelta(days=1)
        )
        said = [(reason.user.login.partition("@")[0], str(reason.kind), reason.holds) for reason in
                explanations.who_sees(cast.gate)]  # fmt: skip
    assert said == [
        ("alice", "owner", True),
        ("nora", "admin", True),
        ("bob", "folder", True),
        ("ian", "camera", False),
        ("ian", "editor", True),
    ]
