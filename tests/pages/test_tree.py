"""Folders and cameras moved in the tree, people chosen, figures: by the addresses the pages use."""

from __future__ import annotations

import re
from typing import Any

import pytest

from devices.models import Camera, CameraStatus
from devices.services import cameras
from tenants import clock
from tenants.models import AuditEntry, Folder, Membership, Organization
from tenants.scoping import domain_scope
from tenants.services import folders, memberships, users
from tests.cast import Cast
from tests.pages.test_people import text_of


@pytest.fixture
def address(cast: Cast) -> str:
    return f"/organizations/{cast.harbour.pk}/tree/move"


def folder(cast: Cast, title: str, parent: Folder | None = None) -> Folder:
    with domain_scope(cast.north):
        above = parent or folders.root(cast.harbour)
        return folders.add_folder(cast.harbour, acting_user=None, title=title, parent=above)


def order(cast: Cast, parent_id: int) -> list[str]:
    with domain_scope(cast.north):
        return [row.title for row in Folder.objects.filter(parent=parent_id).order_by("order_num", "id")]


def drag(cast: Cast, address: str, **values: object) -> Any:
    return cast.client(cast.alice).post(address, values, headers={"HX-Request": "true"})


def test_a_folder_is_dropped_before_after_and_inside_another(cast: Cast, address: str) -> None:
    crane, dock = folder(cast, "Crane"), folder(cast, "Dock")
    root = crane.parent_id or 0
    assert order(cast, root) == ["Yard", "Crane", "Dock"]
    answer = drag(cast, address, folder=dock.pk, target=cast.yard.pk, place="before")
    assert answer.status_code == 200
    assert order(cast, root) == ["Dock", "Yard", "Crane"]
    drag(cast, address, folder=dock.pk, target=crane.pk, place="after")
    assert order(cast, root) == ["Yard", "Crane", "Dock"]
    drag(cast, address, folder=dock.pk, target=crane.pk, place="inside")
    assert order(cast, crane.pk) == ["Dock"]
    with domain_scope(cast.north):
        told = AuditEntry.objects.filter(object_type="Folder", action="change", user_login=cast.alice.login)
        assert told.filter(object_id=str(dock.pk)).count() == 3, "and of the others where their places changed"


def test_a_camera_is_dropped_into_a_folder_and_its_watchers_change(cast: Cast, address: str) -> None:
    bob = cast.client(cast.bob)
    assert bob.get("/cameras/watch/office").status_code == 404
    answer = drag(cast, address, camera="office", target=cast.yard.pk)
    assert answer.status_code == 200
    assert bob.get("/cameras/watch/office").status_code == 200


def test_the_answer_is_the_tree_as_it_is_now(cast: Cast, address: str) -> None:
    page = drag(cast, address, camera="office", target=cast.yard.pk).content.decode()
    assert page.lstrip().startswith('<div class="panel tree"')
    yard = page.partition(f'id="cameras-{cast.yard.pk}"')[2]
    assert 'data-camera="office"' in yard


def test_a_folder_cannot_be_dropped_into_itself_or_below(cast: Cast, address: str) -> None:
    below = folder(cast, "Below", cast.yard)
    for target in (below, cast.yard):
        answer = drag(cast, address, folder=cast.yard.pk, target=target.pk, place="inside")
        assert answer.status_code == 409
        assert "cannot be moved into itself" in answer.content.decode()
        assert 'id="tree"' in answer.content.decode(), "the tree stays on the page"
    with domain_scope(cast.north):
        assert Folder.objects.get(pk=cast.yard.pk).parent_id != below.pk


@pytest.mark.parametrize("place", ["on top", "", "INSIDE"])
def test_a_place_that_is_none_is_refused(cast: Cast, address: str, place: str) -> None:
    crane = folder(cast, "Crane")
    assert drag(cast, address, folder=crane.pk, target=cast.yard.pk, place=place).status_code == 409


def test_nothing_moves_between_organizations(cast: Cast, address: str) -> None:
    with domain_scope(cast.north):
        mill = folders.root(cast.mill)
    nora = cast.client(cast.nora)
    for values in (
        {"folder": cast.yard.pk, "target": mill.pk},
        {"folder": mill.pk, "target": cast.yard.pk},
        {"camera": "wheel", "target": cast.yard.pk},
        {"camera": "gate", "target": mill.pk},
    ):
        assert nora.post(address, values, headers={"HX-Request": "true"}).status_code == 404, values
    with domain_scope(cast.north):
        assert Camera.objects.get(name="wheel").organization_id == cast.mill.pk


def test_the_menu_moves_without_a_pointer_or_scripts(cast: Cast, address: str) -> None:
    crane = folder(cast, "Crane")
    client = cast.client(cast.alice)
    form = text_of(client, f"{address}?folder={cast.yard.pk}")
    assert "Move Yard" in form
    page = client.get(f"{address}?folder={cast.yard.pk}").content.decode()
    assert f'<option value="{crane.pk}"' in page
    assert f'<option value="{cast.yard.pk}"' not in page, "not into itself"
    moved = client.post(address, {"folder": cast.yard.pk, "target": crane.pk, "place": "inside"}, follow=True)
    assert "Yard is moved." in moved.content.decode()
    assert order(cast, crane.pk) == ["Yard"]
    refused = client.post(address, {"folder": crane.pk, "target": cast.yard.pk, "place": "inside"}, follow=True)
    assert "cannot be moved into itself" in refused.content.decode()


def test_a_large_tree_brings_its_cameras_when_asked(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("portal.pages.tree.OPEN_AT_ONCE", 1)
    client = cast.client(cast.alice)
    page = client.get(f"/organizations/{cast.harbour.pk}/folders/").content.decode()
    assert 'data-camera="gate"' not in page
    found = re.search(rf'hx-get="([^"]*/tree/{cast.yard.pk})"', page)
    assert found
    assert 'data-camera="gate"' in client.get(found[1]).content.decode()


def test_existing_people_are_added_together_and_members_are_grey(cast: Cast) -> None:
    client, address = cast.client(cast.nora), f"/organizations/{cast.harbour.pk}/users/add"
    page = client.get(address).content.decode()
    line = next(part for part in page.split("<li>") if cast.bob.login in part)
    assert "is-in" in line
    assert "disabled" in line
    sent = {"user": [cast.charlie.pk, cast.mallory.pk, cast.bob.pk]}
    assert "2 people are in" in client.post(address, sent, follow=True).content.decode()
    with domain_scope(cast.north):
        inside = set(Membership.objects.filter(organization=cast.harbour).values_list("user", flat=True))
    assert {cast.charlie.pk, cast.mallory.pk, cast.bob.pk} <= inside
    assert cast.charlie.login in client.get(f"{address}?q=charl").content.decode()
    assert cast.mallory.login not in client.get(f"{address}?q=charl").content.decode()


def test_of_too_many_people_nobody_is_added(cast: Cast) -> None:
    with domain_scope(cast.north):
        Organization.objects.filter(pk=cast.harbour.pk).update(user_limit=3)
    client, address = cast.client(cast.nora), f"/organizations/{cast.harbour.pk}/users/add"
    said = client.post(address, {"user": [cast.charlie.pk, cast.mallory.pk]}, follow=True).content.decode()
    assert "may have 3 users" in said
    with domain_scope(cast.north):
        assert Membership.objects.filter(organization=cast.harbour).count() == 2


def test_an_owner_adds_nobody_he_cannot_see(cast: Cast) -> None:
    client, address = cast.client(cast.alice), f"/organizations/{cast.harbour.pk}/users/add"
    assert cast.charlie.login not in client.get(address).content.decode()
    assert client.post(address, {"user": cast.charlie.pk}).status_code == 404
    assert client.post(address, {"user": [cast.ian.pk, cast.charlie.pk]}).status_code == 404, "nor one of several"
    assert "Nobody was chosen" in client.post(address, {}, follow=True).content.decode()
    with domain_scope(cast.north):
        assert not Membership.objects.filter(organization=cast.harbour, user=cast.charlie).exists()


def test_only_an_administrator_changes_the_owner(cast: Cast) -> None:
    with domain_scope(cast.north):
        users.change_user(cast.charlie, acting_user=None, can_edit_organizations=True)
    address, general = f"/organizations/{cast.mill.pk}/owner", f"/organizations/{cast.mill.pk}/general"
    charlie = cast.client(cast.charlie)
    assert charlie.post(address, {"user": cast.charlie.pk}).status_code == 403
    limits = {"camera_limit": "10", "user_limit": "10", "dvr_limit": "100"}
    assert charlie.post(general, {"title": "Mine", "owner": cast.charlie.pk, **limits}).status_code == 302
    with domain_scope(cast.north):
        mill = Organization.objects.get(pk=cast.mill.pk)
        assert (mill.title, mill.owner_id) == ("Mine", cast.mallory.pk), "an editor does not make himself the owner"
    cast.client(cast.nora).post(address, {"user": cast.ian.pk})
    with domain_scope(cast.north):
        assert Organization.objects.get(pk=cast.mill.pk).owner_id == cast.ian.pk


def test_figures_show_cameras_archive_and_users_against_their_limits(cast: Cast) -> None:
    with domain_scope(cast.north):
        for name, alive, error in (("gate", True, ""), ("office", False, "unreachable")):
            CameraStatus.objects.create(
                domain=cast.north, camera=Camera.objects.get(name=name), alive=alive, error_code=error,
                dvr_bytes=25_000_000_000, bitrate=400, reported_at=clock.now(),
            )  # fmt: skip
        off = cameras.add_camera(cast.harbour, acting_user=None, title="Off", stream_url="fake://clock")
        cameras.set_enabled(off, False, acting_user=None)
        memberships.change_member(
            memberships.membership_of(cast.harbour, cast.bob), acting_user=None, can_view_stats=True
        )
    address = f"/organizations/{cast.harbour.pk}/statistics"
    text = text_of(cast.client(cast.alice), address)
    assert re.search(r"On line 1 Off line 1 Waiting 0 Switched off 1", text), text
    assert "50 GB / 100 GB" in text
    assert "· 50 %" in text
    assert "Largest archives" in text
    seen = text_of(cast.client(cast.bob), address)
    assert "50 GB / 100 GB" in seen
    assert "Office" not in seen, "figures are no right to know a camera"
    assert cast.client(cast.ian).get(address).status_code == 403
