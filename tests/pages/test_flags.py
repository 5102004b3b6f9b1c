"""What the flags of items 33, 60, 68 and 75 open and what they do not, by page and by API alike."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tenants.models import Membership, Organization, User
from tenants.scoping import domain_scope
from tenants.services import memberships, users
from tests.api import calls as v2
from tests.api.v3 import calls as v3
from tests.cast import Cast


@pytest.fixture
def editor(cast: Cast) -> Iterator[User]:
    """Edits organizations, and owns none."""
    with domain_scope(cast.north):
        user = User.objects.get(pk=cast.charlie.pk)
        yield users.change_user(user, acting_user=None, can_edit_organizations=True)


def test_an_editor_of_organizations_changes_them_and_closes_none(cast: Cast, editor: User) -> None:
    path = f"organizations/{cast.harbour.pk}"
    browser = cast.client(editor)
    page = browser.get(f"/{path}/general").content.decode()
    assert "Close the organization" not in page
    assert browser.get(f"/{path}/delete").status_code == 403
    assert browser.post(f"/{path}/delete", {"force": "1"}).status_code == 403
    v2.as_user(editor).delete(path, force="1").refused(403, "Forbidden")
    v3.as_user(editor).delete(f"{path}?force=true").refused(403, "forbidden")
    v2.as_user(editor).put(path, {"title": "Port"}).ok()
    with domain_scope(cast.north):
        assert Organization.objects.get(pk=cast.harbour.pk).title == "Port"
    assert "Close the organization" in cast.client(cast.nora).get(f"/{path}/general").content.decode()


def test_an_editor_of_settings_has_them_by_the_api_too(cast: Cast) -> None:
    with domain_scope(cast.north):
        editor = users.change_user(User.objects.get(pk=cast.charlie.pk), acting_user=None, can_edit_settings=True)
    admin = v3.as_user(editor, base=v3.ADMIN)
    assert admin.put("domain_config", {"max_sessions": 7}).ok()["max_sessions"] == 7
    admin.get("api-keys").refused(403, "forbidden")
    v3.as_user(cast.bob, base=v3.ADMIN).get("domain_config").refused(403, "forbidden")


def test_lists_of_persons_are_opened_on_the_members_page(cast: Cast) -> None:
    path = f"/organizations/{cast.harbour.pk}/users/{cast.bob.pk}"
    browser = cast.client(cast.alice)
    assert "Sees lists of persons" in browser.get(path).content.decode()
    assert browser.post(path, {"can_view_person_lists": "on"}).status_code == 302
    with domain_scope(cast.north):
        row = Membership.objects.get(organization=cast.harbour, user=cast.bob)
    assert (row.can_view_person_lists, row.can_edit_person_lists, row.can_view_stats) == (True, False, False)


def test_a_person_is_spoken_to_in_the_language_he_chose_by_whatever_door_he_came(cast: Cast) -> None:
    with domain_scope(cast.north):
        users.change_user(User.objects.get(pk=cast.bob.pk), acting_user=None, locale="ru")
    answer = cast.client(cast.bob).get("/cameras/")
    assert answer["Content-Language"] == "ru"
    assert '<html lang="ru"' in answer.content.decode()
    assert cast.client(cast.alice).get("/cameras/")["Content-Language"] == "en"


def test_who_sees_statistics_finds_the_way_to_them(cast: Cast) -> None:
    with domain_scope(cast.north):
        row = memberships.membership_of(cast.harbour, cast.bob)
        memberships.change_member(row, acting_user=None, can_view_stats=True)
    assert 'href="/organizations/"' in cast.client(cast.bob).get("/cameras/").content.decode()
