"""A person's rights across organizations, and the roles of the ISP."""

from __future__ import annotations

from typing import Any

import pytest

from devices import access as camera_access
from tenants.models import FolderPermission, Membership, User
from tenants.scoping import domain_scope
from tenants.services import folders, invitations, memberships, users
from tests.cast import Cast
from tests.pages.test_camera_form import values
from tests.pages.test_people import text_of


@pytest.fixture
def twice(cast: Cast) -> Cast:
    """Bob is at the Mill too, where he keeps the books and watches everything."""
    with domain_scope(cast.north):
        memberships.add_member(cast.mill, acting_user=None, user=cast.bob, is_accountant=True)
        memberships.grant_folder(folders.root(cast.mill), acting_user=None, user=cast.bob, can_use_ptz=True)
    return cast


def flags(cast: Cast, organization: object) -> tuple[bool, ...]:
    with domain_scope(cast.north):
        row = Membership.objects.get(organization=organization, user=cast.bob)
        return row.can_edit_cameras, row.can_edit_users, row.can_view_stats, row.is_accountant


def test_rights_in_several_organizations_are_saved_in_one_go(twice: Cast) -> None:
    address = f"/users/{twice.bob.pk}/organizations"
    sent = {
        "organization": [twice.harbour.pk, twice.mill.pk],
        f"organization-{twice.harbour.pk}-can_edit_cameras": "on",
        f"organization-{twice.mill.pk}-can_view_stats": "on",
    }
    assert twice.client(twice.nora).post(address, sent).status_code == 302
    assert flags(twice, twice.harbour) == (True, False, False, False)
    assert flags(twice, twice.mill) == (False, False, True, False)


def test_an_untouched_form_of_either_tab_changes_nothing(twice: Cast) -> None:
    client = twice.client(twice.nora)
    with domain_scope(twice.north):
        before = list(FolderPermission.objects.filter(user=twice.bob).order_by("id").values())
    for tab in ("organizations", "cameras"):
        address = f"/users/{twice.bob.pk}/{tab}"
        sent: dict[str, Any] = dict(values(client.get(address).content.decode()))
        sent["organization"] = [twice.harbour.pk, twice.mill.pk]
        sent.pop("join", None)
        assert client.post(address, sent).status_code == 302
    assert flags(twice, twice.mill) == (False, False, False, True)
    with domain_scope(twice.north):
        assert list(FolderPermission.objects.filter(user=twice.bob).order_by("id").values()) == before


def test_folders_of_several_organizations_are_opened_in_one_go(twice: Cast) -> None:
    with domain_scope(twice.north):
        harbour, mill = folders.root(twice.harbour), folders.root(twice.mill)
    sent = {
        "organization": [twice.harbour.pk, twice.mill.pk],
        f"folder-{harbour.pk}": "on", f"folder-{harbour.pk}-can_view_dvr": "on", f"folder-{harbour.pk}-depth": "2",
        f"folder-{mill.pk}": "on",
    }  # fmt: skip
    assert twice.client(twice.nora).post(f"/users/{twice.bob.pk}/cameras", sent).status_code == 302
    with domain_scope(twice.north):
        assert camera_access.rights(twice.bob, twice.office).dvr_depth_limit == 2
        assert camera_access.rights(twice.bob, twice.wheel).ptz is False
        assert not FolderPermission.objects.filter(user=twice.bob, folder=twice.yard).exists()


def test_what_the_form_does_not_speak_of_stays(twice: Cast) -> None:
    sent = {"organization": twice.harbour.pk}
    assert twice.client(twice.nora).post(f"/users/{twice.bob.pk}/cameras", sent).status_code == 302
    with domain_scope(twice.north):
        left = FolderPermission.objects.filter(user=twice.bob).values_list("folder__organization", flat=True)
        assert list(left) == [twice.mill.pk], "only the Harbour's folders were on the form"


def test_one_wrong_depth_saves_nothing(twice: Cast) -> None:
    with domain_scope(twice.north):
        mill = folders.root(twice.mill)
    sent = {
        "organization": [twice.harbour.pk, twice.mill.pk], f"folder-{mill.pk}": "on",
        f"folder-{mill.pk}-can_view_dvr": "on", f"folder-{mill.pk}-depth": "soon",
    }  # fmt: skip
    said = twice.client(twice.nora).post(f"/users/{twice.bob.pk}/cameras", sent, follow=True).content.decode()
    assert "number of days from 1 to 3650" in said
    with domain_scope(twice.north):
        assert FolderPermission.objects.filter(user=twice.bob).count() == 2


def test_an_owner_sees_and_changes_only_his_own_organization(twice: Cast) -> None:
    alice = twice.client(twice.alice)
    for tab in ("organizations", "cameras"):
        text = text_of(alice, f"/users/{twice.bob.pk}/{tab}")
        assert "Harbour" in text
        assert "Mill" not in text
    sent = {"organization": [twice.harbour.pk, twice.mill.pk], f"organization-{twice.mill.pk}-can_edit_cameras": "on"}
    alice.post(f"/users/{twice.bob.pk}/organizations", sent)
    alice.post(f"/users/{twice.bob.pk}/cameras", sent)
    assert flags(twice, twice.mill) == (False, False, False, True)
    with domain_scope(twice.north):
        assert FolderPermission.objects.filter(user=twice.bob).count() == 2, "half of a form is not saved"


def test_an_editor_of_users_gives_only_what_he_has_and_nothing_to_himself(cast: Cast) -> None:
    with domain_scope(cast.north):
        place = memberships.membership_of(cast.harbour, cast.ian)
        memberships.change_member(place, acting_user=None, can_edit_cameras=False, can_edit_users=True)
    ian = cast.client(cast.ian)
    sent = {"organization": cast.harbour.pk, f"organization-{cast.harbour.pk}-is_accountant": "on"}
    assert "do not have" in ian.post(f"/users/{cast.bob.pk}/organizations", sent, follow=True).content.decode()
    assert flags(cast, cast.harbour) == (False, False, False, False)
    ian.post(f"/users/{cast.ian.pk}/organizations", sent)
    ian.post(f"/users/{cast.ian.pk}/cameras", {"organization": cast.harbour.pk, f"folder-{cast.yard.pk}": "on"})
    ian.post(
        f"/organizations/{cast.harbour.pk}/users/{cast.ian.pk}", {"can_edit_cameras": "on", "can_edit_users": "on"}
    )
    with domain_scope(cast.north):
        row = Membership.objects.get(organization=cast.harbour, user=cast.ian)
        assert (row.can_edit_cameras, row.is_accountant) == (False, False)
        assert not FolderPermission.objects.filter(user=cast.ian).exists()


def test_a_person_joins_one_more_organization_by_its_title_or_number(cast: Cast) -> None:
    client, address = cast.client(cast.nora), f"/users/{cast.charlie.pk}/organizations"
    assert client.post(address, {"join": "Mill"}).status_code == 302
    assert client.post(address, {"join": f"#{cast.harbour.pk}"}).status_code == 302
    assert "no organization with this title" in client.post(address, {"join": "Nowhere"}, follow=True).content.decode()
    with domain_scope(cast.north):
        joined = Membership.objects.filter(user=cast.charlie, organization__in=[cast.mill, cast.harbour])
        assert joined.count() == 2


def test_the_list_of_users_narrows_to_an_organization_and_links_to_messages(cast: Cast) -> None:
    nora = cast.client(cast.nora)
    text = text_of(nora, f"/users/?organization={cast.harbour.pk}")
    assert cast.bob.login in text
    assert cast.alice.login in text, "the owner belongs to it too"
    assert cast.mallory.login not in text
    assert f"/messages/new?login={cast.bob.login.replace('@', '%40')}" in nora.get("/users/").content.decode()
    stranger = text_of(cast.client(cast.mallory), f"/users/?organization={cast.harbour.pk}")
    assert "Harbour" not in stranger


def test_roles_are_listed_filtered_and_blocked(cast: Cast) -> None:
    nora = cast.client(cast.nora)
    text = text_of(nora, "/roles/")
    for person in (cast.nora, cast.ada, cast.alice, cast.mallory):
        assert person.login in text
    assert cast.charlie.login not in text, "he has no role"
    accountants = text_of(nora, "/roles/?role=accountant")
    assert cast.ada.login in accountants
    assert cast.alice.login not in accountants
    ada = cast.client(cast.ada)
    assert nora.post(f"/roles/{cast.ada.pk}/switch", {"enabled": "0", "back": "/roles/"}).status_code == 302
    assert ada.get("/organizations/").status_code == 302, "signed out at once"
    said = nora.post(f"/roles/{cast.nora.pk}/switch", {"enabled": "0", "back": "/roles/"}, follow=True)
    assert "last administrator" in said.content.decode()


def test_invitations_wait_on_the_page_of_roles_until_they_are_withdrawn(cast: Cast) -> None:
    with domain_scope(cast.north):
        invitations.invite(cast.harbour, acting_user=cast.nora, email="new@example.org")
        newcomer = users.add_user(acting_user=None, login="fresh@example.org", email="fresh@example.org")
        invitations.send_activation(User.objects.get(pk=newcomer.pk), acting_user=cast.nora)
    nora = cast.client(cast.nora)
    text = text_of(nora, "/roles/")
    assert "new@example.org Harbour" in text
    assert "fresh@example.org set a password" in text
    page = nora.get("/roles/").content.decode()
    action = page.partition("/withdraw")[0].rpartition('action="')[2] + "/withdraw"
    assert nora.post(action).status_code == 302
    assert "new@example.org" not in text_of(nora, "/roles/")
