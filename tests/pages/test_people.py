"""Organizations, the people in them, folders and rights, by the forms."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from devices import access as camera_access
from tenants.models import Folder, FolderPermission, Mail, Membership, Organization, User
from tenants.scoping import domain_scope
from tests.cast import PASSWORD, Cast
from tests.pages.test_camera_form import values

LIMITS = {"camera_limit": "10", "user_limit": "10", "dvr_limit": "100"}


def text_of(client: Client, address: str) -> str:
    """What a page says, without its markup."""
    answer = client.get(address)
    assert answer.status_code == 200, address
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", answer.content.decode()))


def test_the_administrator_opens_an_organization_with_an_owner(cast: Cast) -> None:
    client = cast.client(cast.nora)
    answer = client.post("/organizations/new", {"title": "Bakery", "owner": cast.charlie.pk, **LIMITS})
    with domain_scope(cast.north):
        made = Organization.objects.get(title="Bakery")
    assert answer["Location"] == f"/organizations/{made.pk}/"
    assert made.owner_id == cast.charlie.pk
    assert "My costs" in text_of(cast.client(cast.charlie), "/cameras/"), "the owner's menu has his bill"


def test_an_organization_without_an_owner_says_what_to_do(cast: Cast) -> None:
    client = cast.client(cast.nora)
    client.post("/organizations/new", {"title": "Orphan", **LIMITS})
    with domain_scope(cast.north):
        made = Organization.objects.get(title="Orphan")
    page = text_of(client, f"/organizations/{made.pk}/")
    assert "has no owner" in page
    assert "Choose an owner" in page
    assert client.get(f"/cameras/new?organization={made.pk}").status_code == 403, "nobody edits its cameras (item 34)"


def test_the_list_counts_cameras_and_users_apart(cast: Cast) -> None:
    page = cast.client(cast.nora).get("/organizations/").content.decode()
    row = next(part for part in page.split("<tr>") if ">Harbour<" in part)
    assert re.search(r">2</span>\s*<span[^>]*>/ 1000", row), "two cameras"
    assert re.search(rf'/organizations/{cast.harbour.pk}/users/"[^>]*>\s*2\s*</a>', row), "two members"
    assert re.search(rf'/organizations/{cast.harbour.pk}/folders/"[^>]*>\s*2\s*</a>', row), "the root and the yard"


def test_closing_an_organization_asks_and_takes_everything(cast: Cast) -> None:
    client = cast.client(cast.nora)
    assert "Close Mill?" in text_of(client, f"/organizations/{cast.mill.pk}/delete")
    assert client.post(f"/organizations/{cast.mill.pk}/delete", {"force": "1"}).status_code == 302
    assert client.get("/cameras/watch/wheel").status_code == 404
    with domain_scope(cast.north):
        assert User.objects.filter(pk=cast.mallory.pk).exists(), "the account stays"


def test_an_owner_lets_somebody_new_in_who_sees_nothing_yet(cast: Cast) -> None:
    client = cast.client(cast.alice)
    sent = {"login": "dora@example.org", "name": "Dora", "password": "a long new phrase"}
    answer = client.post(f"/organizations/{cast.harbour.pk}/users/new", sent)
    with domain_scope(cast.north):
        dora = User.objects.get(login="dora@example.org")
    assert answer["Location"] == f"/organizations/{cast.harbour.pk}/users/{dora.pk}"
    browser = Client(HTTP_HOST="north.localhost")
    browser.post("/login", {"login": dora.login, "password": "a long new phrase"})
    assert "Nothing to watch yet" in text_of(browser, "/cameras/")


def test_a_new_account_needs_a_password_or_an_address_for_a_link(cast: Cast) -> None:
    alice, path = cast.client(cast.alice), f"/organizations/{cast.harbour.pk}/users/new"
    answer = alice.post(path, {"login": "dora"})
    assert answer.status_code == 422
    assert re.search(r'id="id_email_error">There is no e-mail to write to', answer.content.decode())
    assert alice.post(path, {"login": "dora", "email": "dora@example.org"}).status_code == 302
    with domain_scope(cast.north):
        assert Mail.objects.get().recipient == "dora@example.org"


def test_a_login_that_the_owner_cannot_see_is_not_handed_to_him(cast: Cast) -> None:
    """Charlie exists, but not for Alice: she can neither add him nor change his password."""
    sent = {"login": cast.charlie.login, "password": "a long new phrase"}
    answer = cast.client(cast.alice).post(f"/organizations/{cast.harbour.pk}/users/new", sent)
    assert answer.status_code == 422
    assert "This login is taken." in answer.content.decode()
    with domain_scope(cast.north):
        assert User.objects.get(pk=cast.charlie.pk).check_password(PASSWORD)
        assert not Membership.objects.filter(organization=cast.harbour, user=cast.charlie).exists()


def test_rights_and_folders_are_saved_as_ticked(cast: Cast) -> None:
    client, address = cast.client(cast.alice), f"/organizations/{cast.harbour.pk}/users/{cast.bob.pk}"
    with domain_scope(cast.north):
        root = Folder.objects.get(organization=cast.harbour, parent=None)
    sent = {
        "can_view_stats": "on", f"folder-{root.pk}": "on", f"folder-{root.pk}-can_view_dvr": "on",
        f"folder-{root.pk}-depth": "3", f"folder-{root.pk}-can_use_ptz": "on",
    }  # fmt: skip
    assert client.post(address, sent).status_code == 302
    with domain_scope(cast.north):
        membership = Membership.objects.get(organization=cast.harbour, user=cast.bob)
        assert (membership.can_view_stats, membership.can_edit_cameras) == (True, False)
        grants = FolderPermission.objects.filter(user=cast.bob)
        assert [(row.folder_id, row.dvr_depth_limit, row.can_use_ptz) for row in grants] == [(root.pk, 3, True)]
        assert camera_access.rights(cast.bob, cast.gate).dvr_depth_limit == 3, "the yard is below the root"


def test_an_untouched_form_of_rights_changes_nothing(cast: Cast) -> None:
    client, address = cast.client(cast.alice), f"/organizations/{cast.harbour.pk}/users/{cast.bob.pk}"
    assert client.post(address, values(client.get(address).content.decode())).status_code == 302
    with domain_scope(cast.north):
        grants = FolderPermission.objects.filter(user=cast.bob)
        assert [(row.folder_id, row.can_view_dvr, row.dvr_depth_limit) for row in grants] == [(cast.yard.pk, True, 7)]


@pytest.mark.parametrize("depth", ["0", "-1", "9999", "a week", "１２"])
def test_a_depth_that_is_no_number_of_days_is_refused(cast: Cast, depth: str) -> None:
    folder = f"folder-{cast.yard.pk}"
    sent = {folder: "on", f"{folder}-can_view_dvr": "on", f"{folder}-depth": depth}
    answer = cast.client(cast.alice).post(f"/organizations/{cast.harbour.pk}/users/{cast.bob.pk}", sent)
    assert answer.status_code == 422
    assert "number of days from 1 to 3650" in answer.content.decode()


def test_removing_somebody_takes_his_folders_too(cast: Cast) -> None:
    address = f"/organizations/{cast.harbour.pk}/users/{cast.bob.pk}/remove"
    assert cast.client(cast.alice).post(address).status_code == 302
    bob = cast.client(cast.bob)
    assert bob.get("/cameras/watch/gate").status_code == 404
    assert bob.get(f"/organizations/{cast.harbour.pk}/").status_code == 404


def test_folders_grow_move_and_go_when_empty(cast: Cast) -> None:
    client, address = cast.client(cast.alice), f"/organizations/{cast.harbour.pk}/folders/"
    client.post(f"{address}new", {"title": "Crane", "parent": cast.yard.pk})
    with domain_scope(cast.north):
        crane = Folder.objects.get(title="Crane")
    assert crane.parent_id == cast.yard.pk
    assert client.post(f"{address}{crane.pk}", {"title": "Tower crane", "parent": ""}).status_code == 302
    with domain_scope(cast.north):
        assert Folder.objects.get(pk=crane.pk).parent_id is None
    refused = client.post(f"{address}{cast.yard.pk}/delete", follow=True).content.decode()
    assert "The folder is not empty" in refused
    assert client.post(f"{address}{crane.pk}/delete").status_code == 302
    with domain_scope(cast.north):
        assert not Folder.objects.filter(pk=crane.pk).exists()


def test_a_folder_cannot_be_moved_into_itself(cast: Cast) -> None:
    address = f"/organizations/{cast.harbour.pk}/folders/{cast.yard.pk}"
    answer = cast.client(cast.alice).post(address, {"title": "Yard", "parent": cast.yard.pk})
    assert answer.status_code == 422


def test_users_show_what_they_own(cast: Cast) -> None:
    page = cast.client(cast.nora).get("/users/?q=alice").content.decode()
    assert re.search(rf'is-owned" href="/organizations/{cast.harbour.pk}/" title="Owner">\s*Harbour', page)
    accountants = text_of(cast.client(cast.nora), "/users/?role=accountant")
    assert cast.ada.login in accountants
    assert cast.bob.login not in accountants


def test_the_last_administrator_stays(cast: Cast) -> None:
    client = cast.client(cast.nora)
    answer = client.post(f"/users/{cast.nora.pk}", {"login": cast.nora.login, "is_active": "on"})
    assert answer.status_code == 422
    assert "The last administrator" in answer.content.decode()
    assert "The last administrator" in client.post(f"/users/{cast.nora.pk}/delete", follow=True).content.decode()


def test_an_owner_cannot_raise_anybody(cast: Cast) -> None:
    client = cast.client(cast.alice)
    assert client.get("/users/").status_code == 200
    assert client.get(f"/users/{cast.bob.pk}").status_code == 403
    assert client.post(f"/users/{cast.bob.pk}", {"login": cast.bob.login, "is_admin": "on"}).status_code == 403


def test_a_read_only_user_changes_nothing_of_himself_either(cast: Cast) -> None:
    nora = cast.client(cast.nora)
    sent = {"login": cast.bob.login, "is_active": "on", "is_readonly": "on"}
    assert nora.post(f"/users/{cast.bob.pk}", sent).status_code == 302
    bob = cast.client(cast.bob)
    assert bob.post("/profile/", {"name": "Somebody else"}).status_code == 403
    assert bob.post("/profile/password", {"current": PASSWORD, "password": "another phrase"}).status_code == 403
