"""A forgotten password, a first one, and invitations: by links that real mails bring, once, to whom they belong."""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from tenants import clock
from tenants.aside import aside
from tenants.models import AuditEntry, Membership, Token, User, UserSession
from tenants.scoping import domain_scope
from tenants.services import invitations, memberships, passwords, tokens, users
from tests.api.calls import nobody, with_key
from tests.beside import forget
from tests.cast import NORTH, PASSWORD, SOUTH, Cast, build
from tests.mailbox import Mailbox, mail_server, use
from tests.promises import keep_promises

NEW = "a brand new phrase"


@pytest.fixture(autouse=True)
def unbraked(request: pytest.FixtureRequest) -> None:
    """Whatever other tests guessed is forgotten."""
    if "cast" in request.fixturenames:
        forget(request.getfixturevalue("cast").north)


@pytest.fixture(scope="module")
def running() -> Iterator[Mailbox]:
    with mail_server() as box:
        yield box


@pytest.fixture
def box(cast: Cast, running: Mailbox, monkeypatch: pytest.MonkeyPatch) -> Mailbox:
    """North's mail server, empty."""
    monkeypatch.setenv("PERCH_CAMERA_NETWORKS", f"127.0.0.1/32:{running.port}")
    for kept in (running.mails, running.raw, running.recipients):
        kept.clear()
    with domain_scope(cast.north):
        use(running)
    return running


def forgot(cast: Cast, name: str) -> str:
    """Ask for a link as a stranger; what the page says."""
    answer = cast.client().post("/vsaas/forgot-password", {"name": name})
    assert answer.status_code == 200
    keep_promises(cast.north)
    return answer.content.decode()


def enters(cast: Cast, login: str, password: str) -> bool:
    return cast.client().post("/login", {"login": login, "password": password}).status_code == 302


def test_a_forgotten_password_is_set_anew_by_a_link_and_ends_every_session(cast: Cast, box: Mailbox) -> None:
    before = cast.client(cast.alice)
    forgot(cast, cast.alice.login)
    assert box.recipients == [cast.alice.email]
    stranger = cast.client()
    page = stranger.get(box.path())
    assert page.status_code == 200
    assert page.headers["Referrer-Policy"] == "same-origin"
    assert "no-store" in page.headers["Cache-Control"]
    assert stranger.get(box.path()).status_code == 200, "looking does not use it"
    assert stranger.post(box.path(), {"password": NEW})["Location"] == "/login"
    assert before.get("/cameras/").status_code == 302
    assert enters(cast, cast.alice.login, NEW)
    assert not enters(cast, cast.alice.login, PASSWORD)
    keep_promises(cast.north)
    assert box.last()["Subject"] == "Your password at North Net was changed"
    assert "127.0.0.1" in box.text()


def test_a_link_works_once_and_for_two_hours(cast: Cast, box: Mailbox) -> None:
    forgot(cast, cast.alice.login)
    path = box.path()
    weak = cast.client().post(path, {"password": "12345678"})
    assert weak.status_code == 422, "and the link is not spent"
    with clock.shifted(passwords.LIFETIME + timedelta(seconds=1)):
        assert cast.client().post(path, {"password": NEW}).status_code == 404
    assert cast.client().post(path, {"password": NEW}).status_code == 302
    over = cast.client().post(path, {"password": "yet another phrase"})
    assert over.status_code == 404
    assert "This link was used already" in over.content.decode()
    assert cast.client().get(path).status_code == 404


def test_a_second_link_dies_with_the_first(cast: Cast, box: Mailbox) -> None:
    forgot(cast, cast.alice.login)
    first = box.path()
    forgot(cast, cast.alice.login)
    assert cast.client().post(box.path(), {"password": NEW}).status_code == 302
    assert cast.client().post(first, {"password": "yet another phrase"}).status_code == 404


def test_whoever_is_unknown_is_answered_as_everybody(cast: Cast, box: Mailbox) -> None:
    def said(name: str) -> str:
        return re.sub(r'csrf[^>]*value="[^"]*"|nonce="[^"]*"', "", forgot(cast, name))

    assert said(cast.alice.login) == said("nobody@example.org") == said("olga@example.org")
    assert box.recipients == [cast.alice.email]


def test_an_email_finds_the_account_too_and_a_blocked_or_read_only_one_gets_nothing(cast: Cast, box: Mailbox) -> None:
    with domain_scope(cast.north):
        User.objects.filter(pk=cast.alice.pk).update(login="alice-7")
        User.objects.filter(pk=cast.bob.pk).update(is_active=False)
        User.objects.filter(pk=cast.ian.pk).update(is_readonly=True)
    for person in (cast.alice, cast.bob, cast.ian):
        forgot(cast, person.email)
    assert box.recipients == [cast.alice.email]
    assert "alice-7" in box.text()


def test_nobody_fills_a_strangers_mailbox(cast: Cast, box: Mailbox) -> None:
    for _ in range(6):
        forgot(cast, cast.alice.login)
    assert len(box.mails) == passwords.MAILS_AN_HOUR


def test_a_network_that_asks_all_the_time_is_held_back(cast: Cast) -> None:
    client = Client(HTTP_HOST=NORTH, REMOTE_ADDR="198.51.100.77")
    said = [client.post("/vsaas/forgot-password", {"name": f"u{number}"}) for number in range(12)]
    assert [answer.status_code for answer in said] == [200] * 10 + [429] * 2
    assert int(said[-1]["Retry-After"]) > 0
    elsewhere = Client(HTTP_HOST=NORTH, REMOTE_ADDR="198.51.101.77")
    assert elsewhere.post("/vsaas/forgot-password", {"name": "u"}).status_code == 200


def test_a_forged_host_gets_into_no_mail(cast: Cast, box: Mailbox) -> None:
    answer = Client(HTTP_HOST=f"{NORTH}:666").post(
        "/vsaas/forgot-password", {"name": cast.alice.login}, headers={"x-forwarded-host": "evil.test"}
    )
    assert answer.status_code == 200
    keep_promises(cast.north)
    assert "evil.test" not in box.text()
    assert ":666" not in box.text()


@pytest.mark.parametrize("door", ["/vsaas/activate/", "/vsaas/invite/"])
def test_a_link_opens_its_own_door_only(cast: Cast, box: Mailbox, door: str) -> None:
    forgot(cast, cast.alice.login)
    key = box.path().rpartition("/")[2]
    assert cast.client().post(f"{door}{key}", {"password": NEW}).status_code == 404
    assert Client(HTTP_HOST=SOUTH).post(box.path(), {"password": NEW}).status_code == 404


def test_v2_answers_known_and_unknown_alike_and_signs_in_with_the_new_password(cast: Cast, box: Mailbox) -> None:
    known = nobody().post("auth/forgot-password", {"email": cast.alice.email})
    unknown = nobody().post("auth/forgot-password", {"login": "nobody@example.org"})
    assert known.ok() == unknown.ok() == {"success": True}
    nobody().post("auth/forgot-password", {}).refused(400, "ValidationError", "login")
    keep_promises(cast.north)
    token = box.path().rpartition("/")[2]
    body = {"token": token, "password1": NEW, "password2": NEW}
    nobody().post("auth/restore-password", {**body, "password2": "x"}).refused(400, "ValidationError", "password2")
    nobody().post("auth/restore-password", {**body, "token": "x" * 43}).refused(404, "NotFound")
    who = nobody().post("auth/restore-password", body).ok()
    assert who["login"] == cast.alice.login
    caller = nobody()
    caller.headers["x-vsaas-session"] = who["session"]
    assert caller.get("auth/whoami").ok()["login"] == cast.alice.login
    nobody().post("auth/restore-password", body).refused(404, "NotFound")


def test_two_at_the_same_moment_one_link(transactional_db: None) -> None:
    cast = build()
    with domain_scope(cast.north):
        passwords.recover(cast.alice.login)
        _row, text = tokens.issue(Token.Purpose.PASSWORD_RESET, user=cast.alice, lifetime=timedelta(minutes=5))

    def knock(number: int) -> int:
        try:
            return (
                Client(HTTP_HOST=NORTH)
                .post(f"/vsaas/forgot-password/{text}", {"password": f"a brand new phrase {number}"})
                .status_code
            )
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(knock, range(8)))
    assert answers.count(302) == 1
    assert set(answers) - {302} <= {404, 422}, "used up when the page was opened, or while it was sent"


def test_an_administrator_sends_a_link_and_it_stands_in_the_log(cast: Cast, box: Mailbox) -> None:
    assert cast.client(cast.alice).post(f"/users/{cast.bob.pk}/password-mail").status_code == 403
    assert cast.client(cast.nora).post(f"/users/{cast.bob.pk}/password-mail").status_code == 302
    keep_promises(cast.north)
    assert box.recipients == [cast.bob.email]
    assert "/vsaas/forgot-password/" in box.path()
    with domain_scope(cast.north):
        entry = AuditEntry.objects.get(object_type="Token")
    assert entry.user_login == cast.nora.login
    assert box.path().rpartition("/")[2] not in str(entry.changed)


def test_a_new_account_is_activated_by_its_owner(cast: Cast, box: Mailbox) -> None:
    with domain_scope(cast.north):
        dora = users.add_user(acting_user=cast.nora, login="dora", email="dora@example.org", locale="ru")
    assert cast.client(cast.nora).post(f"/users/{dora.pk}/password-mail").status_code == 302
    keep_promises(cast.north)
    assert box.last()["Subject"] == "Ваша учётная запись — North Net"
    assert box.path().startswith("/vsaas/activate/")
    assert "dora" in cast.client().get(box.path()).content.decode()
    assert cast.client().post(box.path(), {"password": NEW}).status_code == 302
    assert enters(cast, "dora", NEW)
    assert cast.client().post(box.path(), {"password": "yet another phrase"}).status_code == 404


def test_an_account_without_an_email_says_so(cast: Cast) -> None:
    with domain_scope(cast.north):
        gate = users.add_user(acting_user=cast.nora, login="gate")
    page = cast.client(cast.nora).post(f"/users/{gate.pk}/password-mail", follow=True).content.decode()
    assert "There is no e-mail to write to" in page


def invite(cast: Cast, who: Client, **fields: str) -> Any:
    return who.post(f"/organizations/{cast.harbour.pk}/invite", fields)


def member(cast: Cast, login: str) -> Membership | None:
    with domain_scope(cast.north):
        rows = Membership.objects.filter(organization=cast.harbour, user__login__iexact=login)
        row: Membership | None = rows.select_related("user").first()
        return row


def test_a_stranger_is_invited_and_joins_with_the_rights_that_were_meant(cast: Cast, box: Mailbox) -> None:
    assert invite(cast, cast.client(cast.alice), email="dora@example.org", can_edit_cameras="on").status_code == 302
    keep_promises(cast.north)
    assert box.recipients == ["dora@example.org"]
    assert "Harbour" in str(box.last()["Subject"])
    stranger = cast.client()
    page = stranger.get(box.path()).content.decode()
    assert "Harbour" in page
    assert "dora@example.org" in page
    assert stranger.post(box.path(), {"password": "short"}).status_code == 422
    assert stranger.post(box.path(), {"name": "Dora", "password": NEW})["Location"] == "/cameras/"
    assert stranger.get("/cameras/").status_code == 200, "and she is in"
    joined = member(cast, "dora@example.org")
    assert joined is not None
    assert (joined.can_edit_cameras, joined.can_edit_users, joined.user.name) == (True, False, "Dora")
    assert cast.client().get(box.path()).status_code == 404


def test_somebody_with_an_account_signs_in_to_accept(cast: Cast, box: Mailbox) -> None:
    invite(cast, cast.client(cast.alice), email=cast.charlie.login)
    keep_promises(cast.north)
    page = cast.client().get(box.path()).content.decode()
    assert f"/login?next={box.path()}" in page
    assert 'name="password"' not in page
    assert cast.client().post(box.path(), {"password": NEW}).status_code == 422, "his account is not made anew"
    assert cast.client(cast.mallory).post(box.path()).status_code == 403, "it was sent to Charlie"
    assert cast.client(cast.charlie).post(box.path()).status_code == 302
    assert member(cast, cast.charlie.login) is not None


def test_a_link_without_an_address_is_shown_once_and_is_for_whoever_has_it(cast: Cast) -> None:
    alice = cast.client(cast.alice)
    page = invite(cast, alice).content.decode()
    path = re.findall(r'class="key-text">https?://[^/]+(/vsaas/invite/[^<]+)<', page)[0]
    assert path not in alice.get(f"/organizations/{cast.harbour.pk}/invite").content.decode()
    assert cast.client(cast.charlie).post(path).status_code == 302
    assert member(cast, cast.charlie.login) is not None
    assert cast.client(cast.mallory).post(path).status_code == 404


def test_an_invitation_is_worth_what_its_writer_may_do_now(cast: Cast) -> None:
    with domain_scope(cast.north):
        place = memberships.membership_of(cast.harbour, cast.bob)
        memberships.change_member(place, acting_user=None, can_edit_users=True)
    path = _link(cast, cast.bob)
    with domain_scope(cast.north):
        memberships.change_member(place, acting_user=None, can_edit_users=False)
    assert cast.client(cast.charlie).post(path).status_code == 404
    assert member(cast, cast.charlie.login) is None


def _link(cast: Cast, by: User) -> str:
    with domain_scope(cast.north):
        return f"/vsaas/invite/{invitations.invite(cast.harbour, acting_user=by)[1]}"


def test_nobody_invites_with_more_rights_than_his_own(cast: Cast) -> None:
    with domain_scope(cast.north):
        place = memberships.membership_of(cast.harbour, cast.bob)
        memberships.change_member(place, acting_user=None, can_edit_users=True)
    answer = invite(cast, cast.client(cast.bob), email="dora@example.org", can_edit_cameras="on")
    assert answer.status_code == 422
    assert invite(cast, cast.client(cast.charlie), email="dora@example.org").status_code == 404


def test_an_invitation_that_was_withdrawn_opens_nothing(cast: Cast) -> None:
    path, alice = _link(cast, cast.alice), cast.client(cast.alice)
    page = alice.get(f"/organizations/{cast.harbour.pk}/invite").content.decode()
    withdraw = re.findall(r'action="(/organizations/\d+/invite/\d+/withdraw)"', page)
    assert len(withdraw) == 1
    assert cast.client(cast.mallory).post(withdraw[0]).status_code == 404
    assert alice.post(withdraw[0]).status_code == 302
    assert cast.client(cast.charlie).post(path).status_code == 404


def test_an_invitation_ends_after_a_week(cast: Cast) -> None:
    path = _link(cast, cast.alice)
    with clock.shifted(timedelta(days=7, seconds=1)):
        assert cast.client().get(path).status_code == 404


def test_recovery_is_no_way_around_a_new_session_limit(cast: Cast, box: Mailbox) -> None:
    forgot(cast, cast.alice.login)
    cast.client().post(box.path(), {"password": NEW})
    with domain_scope(cast.north):
        assert not UserSession.objects.filter(user=cast.alice).exists(), "a new password opens no session by itself"


def test_a_system_key_asks_for_links_too(cast: Cast) -> None:
    with_key(cast.north_key).post("auth/forgot-password", {"login": cast.alice.login}).ok()


def test_a_sign_in_from_a_new_place_is_told_by_mail(cast: Cast, box: Mailbox) -> None:
    def enter(address: str) -> None:
        client = Client(
            HTTP_HOST=NORTH, REMOTE_ADDR=address, headers={"user-agent": "Mozilla/5.0 (Windows) Firefox/150"}
        )
        assert client.post("/login", {"login": cast.bob.login, "password": PASSWORD}).status_code == 302
        keep_promises(cast.north)

    with domain_scope(cast.north), aside() as cursor:
        cursor.execute("DELETE FROM tenants_signinentry")
    enter("198.51.100.7")
    assert box.mails == [], "the first place of all is no news"
    enter("198.51.100.200")
    assert box.mails == [], "the same network"
    enter("203.0.113.9")
    assert box.recipients == [cast.bob.email]
    assert "203.0.113.9" in box.text()
    assert "Firefox on Windows" in box.text()
    enter("203.0.113.9")
    assert len(box.mails) == 1
