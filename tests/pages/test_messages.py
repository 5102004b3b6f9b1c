"""Messages: who may write to whom, who reads them, banners and the badge; by the page and by v3."""

from __future__ import annotations

import base64
import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from tenants import clock
from tenants.models import Message, User
from tenants.scoping import domain_scope
from tenants.services import messages, users
from tests.cast import NORTH, PASSWORD, SOUTH, Cast

API = "/watcher/client-api/v3/messages"


def _send(cast: Cast, sender: User, **values: Any) -> Message:
    with domain_scope(cast.north):
        return messages.send(acting_user=sender, **{"title": "Works tonight", **values})


def _inbox(cast: Cast, user: User, host: str = NORTH) -> list[str]:
    page = cast.client(user, host).get("/messages/").content.decode()
    return re.findall(r'class="row-link" href="/messages/\d+">([^<]+)<', page)


def _badge(cast: Cast, user: User) -> int:
    page = cast.client(user).get("/profile/").content.decode()
    return int(re.findall(r'data-count="messages"[^>]*>(\d+)<', page)[0])


def test_a_message_to_one_is_read_by_one(cast: Cast) -> None:
    _send(cast, cast.nora, user=cast.bob)
    assert _inbox(cast, cast.bob) == ["Works tonight"]
    assert _inbox(cast, cast.alice) == []
    assert _badge(cast, cast.bob) == 1


def test_a_message_to_an_organization_is_read_by_its_people(cast: Cast) -> None:
    _send(cast, cast.nora, organization=cast.harbour)
    readers = [one.login for one in (cast.alice, cast.bob, cast.ian) if _inbox(cast, one)]
    assert len(readers) == 3, "owner and members"
    assert not _inbox(cast, cast.mallory)
    assert not _inbox(cast, cast.charlie)


def test_a_message_to_everybody_is_read_by_who_was_there(cast: Cast) -> None:
    _send(cast, cast.nora)
    with domain_scope(cast.north), clock.frozen(clock.now() + timedelta(days=1)):
        late = users.add_user(acting_user=None, login="late@example.org", password="correct horse battery")
        User.objects.filter(pk=late.pk).update(created_at=clock.now())
        late.refresh_from_db()
        assert not messages.inbox(late)
    assert _inbox(cast, cast.charlie) == ["Works tonight"]
    assert _inbox(cast, cast.olga, SOUTH) == [], "another ISP's people are not everybody"


def test_opening_reads_it_and_the_badge_follows(cast: Cast) -> None:
    message = _send(cast, cast.nora)
    bob = cast.client(cast.bob)
    assert "Unread" in bob.get("/messages/").content.decode()
    assert bob.get(f"/messages/{message.pk}").status_code == 200
    assert "Unread" not in bob.get("/messages/").content.decode()
    assert [_badge(cast, cast.bob), _badge(cast, cast.alice), _badge(cast, cast.nora)] == [0, 1, 0]


def test_all_are_read_at_once(cast: Cast) -> None:
    for number in range(3):
        _send(cast, cast.nora, title=f"M{number}")
    assert _badge(cast, cast.bob) == 3
    cast.client(cast.bob).post("/messages/read")
    assert _badge(cast, cast.bob) == 0


def test_a_banner_stands_above_every_page_until_it_is_read(cast: Cast) -> None:
    message = _send(cast, cast.nora, is_dashboard=True, type="danger", body="<script>alert(1)</script>")
    bob = cast.client(cast.bob)
    page = bob.get("/cameras/").content.decode()
    assert 'class="banner is-danger" role="alert"' in page
    assert "&lt;script&gt;" in page
    assert "<script>alert" not in page
    answer = bob.post(f"/messages/{message.pk}/read", {"back": "/cameras/"})
    assert answer["Location"] == "/cameras/"
    assert "banner is-danger" not in bob.get("/cameras/").content.decode()
    elsewhere = bob.post(f"/messages/{message.pk}/read", {"back": "https://evil.test/"})
    assert elsewhere["Location"] == "/messages/"


def test_putting_away_is_for_oneself_and_taking_back_for_all(cast: Cast) -> None:
    message = _send(cast, cast.nora)
    bob, nora = cast.client(cast.bob), cast.client(cast.nora)
    bob.post(f"/messages/{message.pk}/delete")
    assert _inbox(cast, cast.bob) == []
    assert bob.get(f"/messages/{message.pk}").status_code == 404
    assert _inbox(cast, cast.alice) == ["Works tonight"]
    nora.post(f"/messages/{message.pk}/delete")
    assert _inbox(cast, cast.alice) == []


@pytest.mark.parametrize(
    ("name", "may"), [("nora", True), ("alice", True), ("bob", False), ("ian", False), ("ada", False)]
)
def test_only_who_has_access_to_the_user_list_writes(cast: Cast, name: str, may: bool) -> None:
    client = cast.client(getattr(cast, name))
    assert client.get("/messages/new").status_code == (200 if may else 403)
    assert ("/messages/new" in client.get("/messages/").content.decode()) is may
    form = {"to": "user", "login": cast.bob.login, "title": "x", "type": "info"}
    assert client.post("/messages/new", form).status_code == (302 if may else 403)
    assert client.post(API, {"title": "x", "user_id": cast.bob.pk}, "application/json").status_code in {201, 403, 404}
    with domain_scope(cast.north):
        assert Message.objects.exists() is may


def test_an_owner_writes_to_his_own_people_only(cast: Cast) -> None:
    alice = cast.client(cast.alice)

    def send(**form: object) -> int:
        return alice.post("/messages/new", {"title": "x", "type": "info", **form}).status_code

    assert send(to=f"organization-{cast.harbour.pk}") == 302
    assert send(to="user", login=cast.bob.login.upper()) == 302
    assert send(to="all") == 422
    assert send(to=f"organization-{cast.mill.pk}") == 422
    assert send(to="user", login=cast.mallory.login) == 422, "a stranger is as if he did not exist"
    assert send(to="user", login="") == 422
    assert send(to="user", login=cast.olga.login) == 422
    with domain_scope(cast.north):
        assert Message.objects.count() == 2


def test_who_may_only_read_writes_nothing(cast: Cast) -> None:
    with domain_scope(cast.north):
        cast.alice.is_readonly = True
        cast.alice.save()
    assert cast.client(cast.alice).get("/messages/new").status_code == 403


def _api(cast: Cast, user: User) -> Client:
    """An application of somebody who signed in."""
    proof = base64.b64encode(f"{user.login}:{PASSWORD}".encode()).decode()
    answer = Client(HTTP_HOST=NORTH).post("/watcher/client-api/v3/login", headers={"Authorization": f"Basic {proof}"})
    token = answer.json()["access_token"]
    return Client(HTTP_HOST=NORTH, headers={"Authorization": f"Bearer {token}"})


def test_v3_does_all_of_it(cast: Cast) -> None:
    nora, bob = _api(cast, cast.nora), _api(cast, cast.bob)
    new = {
        "title": "Works",
        "body": "At two",
        "type": "warning",
        "is_dashboard": True,
        "organization_id": cast.harbour.pk,
    }
    made = nora.post(API, new, "application/json")
    assert made.status_code == 201, made.content
    message = made.json()
    assert message["sender"] == {"id": cast.nora.pk, "name": cast.nora.login}
    listed = bob.get(f"{API}?was_read=false&type=warning").json()
    assert [row["id"] for row in listed["messages"]] == [message["id"]]
    assert listed["estimated_count"] == 1
    path = f"{API}/{message['id']}"
    assert bob.put(path, {"was_read": True}, "application/json").json()["was_read"] is True
    assert bob.get(f"{API}?was_read=false").json()["messages"] == []
    assert bob.put(path, {"title": "Mine"}, "application/json").status_code == 403
    assert nora.put(path, {"title": "Works!"}, "application/json").json()["title"] == "Works!"
    assert bob.delete(path).status_code == 204
    assert bob.get(path).status_code == 404
    assert _api(cast, cast.alice).get(path).status_code == 200
    assert nora.delete(path).status_code == 204
    assert _api(cast, cast.alice).get(path).status_code == 404


@pytest.mark.parametrize(
    ("field", "value"),
    [("type", "alarm"), ("title", ""), ("title", "x" * 201), ("user_id", "x"), ("is_push", "maybe"), ("body", 7)],
)
def test_v3_names_what_is_wrong(cast: Cast, field: str, value: object) -> None:
    answer = _api(cast, cast.nora).post(API, {"title": "x", field: value}, "application/json")
    if field == "body":
        assert answer.status_code in {201, 400}
        return
    assert answer.status_code in {400, 404}
    if answer.status_code == 400:
        assert answer.json()["errors"][0]["source"]["pointer"] == f"/{field}"


def test_a_key_writes_for_the_crm(cast: Cast) -> None:
    answer = cast.api(cast.north_key).post(API, {"title": "Bill is due", "user_id": cast.alice.pk}, "application/json")
    assert answer.status_code == 201, answer.content
    assert answer.json()["sender"] is None
    assert _inbox(cast, cast.alice) == ["Bill is due"]


def test_the_news_tell_what_is_to_be_shown_at_once(cast: Cast) -> None:
    _send(cast, cast.nora, is_push=True, type="warning")
    _send(cast, cast.nora, title="Quiet")
    news = cast.client(cast.bob).get("/messages/news").json()
    assert news["unread"] == 2
    assert [(row["title"], row["type"]) for row in news["pushed"]] == [("Works tonight", "warning")]
