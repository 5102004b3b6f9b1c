"""The resolver of camera rights against a naive walk over the rows, and the answers the cast gets."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from devices import access
from devices.access import NONE, CameraRights
from devices.models import Camera
from tenants.errors import Forbidden, Missing
from tenants.models import Folder, FolderPermission, Membership, Organization, User
from tenants.scoping import domain_scope
from tenants.services import folders
from tests.cast import Cast


def naive(user: User, camera: Camera) -> CameraRights:
    """The rules of items 33, 34, 60-62, 68-70, read row by row."""
    if not User.objects.get(pk=user.pk).is_active:
        return NONE
    organization = Organization.objects.get(pk=camera.organization_id)
    holds = user.is_admin or organization.owner_id == user.pk
    membership = Membership.objects.filter(user=user, organization=organization).first()
    installs = membership is not None and membership.can_edit_cameras
    found = CameraRights(view=holds, dvr=holds, ptz=holds, actions=holds)
    depths: list[int | None] = [None] if holds else []
    folder: Folder | None = Folder.objects.get(pk=camera.folder_id)
    while folder is not None:
        for grant in FolderPermission.objects.filter(user=user, folder=folder):
            found = replace(
                found,
                view=True,
                dvr=found.dvr or grant.can_view_dvr,
                ptz=found.ptz or grant.can_use_ptz,
                actions=found.actions or grant.can_use_actions,
            )
            depths += [grant.dvr_depth_limit] if grant.can_view_dvr else []
        folder = folder.parent
    limited = [depth for depth in depths if depth is not None]
    depth = None if None in depths or not limited else max(limited)
    edits = not user.is_readonly and organization.owner_id is not None and (holds or installs)
    return replace(found, edit=edits, dvr_depth_limit=depth)


grants = st.lists(
    st.tuples(st.integers(0, 5), st.booleans(), st.one_of(st.none(), st.integers(1, 60)), st.booleans(), st.booleans()),
    max_size=4,
    unique_by=lambda grant: grant[0],
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    parents=st.tuples(st.just(None), *(st.integers(0, n) for n in range(5))),
    granted=grants,
    flags=st.fixed_dictionaries({name: st.booleans() for name in ("is_admin", "is_readonly", "is_active")}),
    installs=st.booleans(),
    owned=st.sampled_from(["alice", "bob", None]),
)
def test_one_statement_agrees_with_a_walk_over_the_rows(
    cast: Cast,
    parents: tuple[int | None, ...],
    granted: list[tuple[int, bool, int | None, bool, bool]],
    flags: dict[str, bool],
    installs: bool,
    owned: str | None,
) -> None:
    with pytest.raises(InterruptedError), domain_scope(cast.north):
        tree = [folders.root(cast.harbour)]
        for parent in parents[1:]:
            assert parent is not None
            tree.append(folders.add_folder(cast.harbour, acting_user=None, title="x", parent=tree[parent]))
        owner = {"alice": cast.alice, "bob": cast.bob, None: None}[owned]
        Organization.objects.filter(pk=cast.harbour.pk).update(owner=owner)
        FolderPermission.objects.filter(user=cast.bob).delete()
        Membership.objects.filter(user=cast.bob).update(can_edit_cameras=installs)
        for number, dvr, depth, ptz, actions in granted:
            FolderPermission.objects.create(
                folder=tree[number], user=cast.bob, can_view_dvr=dvr, dvr_depth_limit=depth,
                can_use_ptz=ptz, can_use_actions=actions,
            )  # fmt: skip
        bob = User.objects.get(pk=cast.bob.pk)
        for name, value in flags.items():
            setattr(bob, name, value)
        bob.save()
        gate, office = Camera.objects.get(name="gate"), Camera.objects.get(name="office")
        Camera.objects.filter(pk=gate.pk).update(folder=tree[-1])
        gate.refresh_from_db()
        for camera in (gate, office):
            expected = naive(bob, camera)
            assert access.rights(bob, camera) == expected
            assert access.rights_on(bob, [camera]).get(camera.pk, NONE) == expected
        known = {camera.pk for camera in access.visible_cameras(bob)}
        assert known >= access.visible_ids(bob)
        everything = Camera.objects.all()
        assert known == {camera.pk for camera in everything if naive(bob, camera) != NONE}
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
