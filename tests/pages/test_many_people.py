"""People by the table, and two accounts that become one: the pages beside the API."""

from __future__ import annotations

from django.core.files.uploadedfile import SimpleUploadedFile

from tenants.models import Membership, Token, User
from tenants.scoping import domain_scope
from tenants.services import invitations, users
from tests.api.v3.calls import nobody
from tests.cast import Cast

TABLE = b"login;name;email\nfay;Fay;fay@example.org\n;Nobody;\nbob@example.org;Robert;\n"


def file(content: bytes = TABLE) -> dict[str, SimpleUploadedFile]:
    return {"file": SimpleUploadedFile("users.csv", content, "text/csv")}


def test_a_table_of_users_is_taken_in_and_its_bad_lines_are_told(cast: Cast) -> None:
    nora = cast.client(cast.nora)
    assert 'href="/users/import"' in nora.get("/users/").content.decode()
    page = nora.post("/users/import", file()).content.decode()
    assert "Line 3: login: A login is needed." in page
    with domain_scope(cast.north):
        assert User.objects.get(login="fay").email == "fay@example.org"
        assert User.objects.get(pk=cast.bob.pk).name == "Robert"
    again = nora.post("/users/import", file()).content.decode()
    assert again.count('<dd class="numeric">0</dd>') == 3, "only the bad line is left out again"


def test_what_is_no_table_is_refused_in_words(cast: Cast) -> None:
    nora = cast.client(cast.nora)
    for sent in ({}, file(b""), file(b"name,email\nx,y\n")):
        answer = nora.post("/users/import", sent)
        assert answer.status_code == 422
        assert answer.content.decode().count('role="alert"') + answer.content.decode().count("toast") > 0
    for person in (cast.alice, cast.bob):
        assert cast.client(person).get("/users/import").status_code == 403
        assert cast.client(person).post("/users/import", file()).status_code == 403
    with domain_scope(cast.north):
        assert not User.objects.filter(login="fay").exists()


def test_two_accounts_are_united_on_the_page(cast: Cast) -> None:
    nora, path = cast.client(cast.nora), f"/users/{cast.bob.pk}/merge"
    assert cast.ian.login in nora.get(f"{path}?q=ian").content.decode()
    assert nora.post(path, {"user": str(cast.ian.pk)})["Location"] == f"/users/{cast.bob.pk}"
    with domain_scope(cast.north):
        assert not User.objects.filter(pk=cast.ian.pk).exists()
        assert Membership.objects.get(organization=cast.harbour, user=cast.bob).can_edit_cameras
    assert nora.post(path, {"user": str(cast.nora.pk)})["Location"] == path, "the last administrator stays"


def test_the_account_page_has_all_that_is_kept_of_a_person(cast: Cast) -> None:
    nora, path = cast.client(cast.nora), f"/users/{cast.bob.pk}"
    sent = {
        "login": "bob@example.org", "email": "bob@example.org", "is_active": "on", "locale": "ru", "external_id": "C-7",
        "notification_email": "alarm@example.org", "can_edit_settings": "on",
    }  # fmt: skip
    assert nora.post(path, sent).status_code == 302
    with domain_scope(cast.north):
        row = User.objects.get(pk=cast.bob.pk)
    assert (row.locale, row.external_id, row.notification_email) == ("ru", "C-7", "alarm@example.org")
    assert row.can_edit_settings


def test_a_first_password_is_set_by_the_api_as_well(cast: Cast) -> None:
    with domain_scope(cast.north):
        fay = users.add_user(acting_user=None, login="fay", email="fay@example.org")
        text = invitations.send_activation(fay, acting_user=None)
    nobody().post("reset_password", {"token": text, "password": "a phrase of hers"}).ok(204)
    with domain_scope(cast.north):
        assert User.objects.get(pk=fay.pk).check_password("a phrase of hers")
        assert not Token.objects.filter(user=fay, used_at=None).exists()
