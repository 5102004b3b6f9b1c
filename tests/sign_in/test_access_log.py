"""The access log, and the sessions that people and administrators see and end."""

from __future__ import annotations

import csv
import io
import re
from datetime import timedelta

import pytest

from tenants import clock
from tenants.models import AuditEntry, Domain, SignInEntry, User, UserSession
from tenants.scoping import domain_scope
from tenants.services import housekeeping, users
from tests.cast import PASSWORD, Cast
from tests.sign_in.people import ELSEWHERE, guess, is_in

FORMULAS = ["=1+1@example.org", "+cmd@example.org", "-2@example.org", "@sum@example.org", "＝1@example.org"]


def test_administrators_read_who_signed_in_and_who_could_not(cast: Cast) -> None:
    guess(cast.alice.login, "wrong", ip=ELSEWHERE)
    nora = cast.client(cast.nora)
    page = nora.get("/access-log/").content.decode()
    assert cast.alice.login in page
    assert ELSEWHERE in page
    assert "wrong password" in page
    assert cast.client(cast.alice).get("/access-log/").status_code == 403
    assert cast.client(cast.sam, "south.localhost").get("/access-log/").content.decode().count(cast.alice.login) == 0


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("result=password", ["alice"]),
        ("door=v2", ["bob"]),
        (f"query={ELSEWHERE}", ["alice"]),
        ("query=BOB", ["bob"]),
        ("query=nobody", []),
    ],
)
def test_the_log_is_filtered(cast: Cast, query: str, found: list[str]) -> None:
    guess(cast.alice.login, "wrong", ip=ELSEWHERE)
    body = {"login": cast.bob.login, "password": PASSWORD}
    assert cast.client().post("/vsaas/api/v2/auth/login", body, "application/json").status_code == 200
    lines = _table(cast.client(cast.nora).get(f"/access-log/export?{query}").content.decode())
    assert [line[1].partition("@")[0] for line in lines[1:]] == found


def _table(text: str) -> list[list[str]]:
    assert text.startswith("\ufeff")
    return list(csv.reader(io.StringIO(text[1:])))


def test_the_table_runs_nothing_in_a_spreadsheet(cast: Cast) -> None:
    for login in FORMULAS:
        guess(login, "wrong", ip=ELSEWHERE)
    answer = cast.client(cast.nora).get("/access-log/export?result=unknown")
    assert answer["Content-Disposition"] == 'attachment; filename="access-log.csv"'
    cells = [cell for line in _table(answer.content.decode())[1:] for cell in line]
    assert len(cells) == 7 * len(FORMULAS)
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "＝"))]


def test_long_logs_go_by_pages(cast: Cast) -> None:
    with domain_scope(cast.north):
        for number in range(60):
            SignInEntry(
                domain_id=cast.north.pk, login=f"p{number}@example.org", door="page", result="entered",
                created_at=clock.now(),
            ).save()  # fmt: skip
    nora = cast.client(cast.nora)
    first = nora.get("/access-log/").content.decode()
    assert "p59@" in first
    assert "p5@" not in first
    older = re.search(r'href="(\?before=\d+)"', first)
    assert older
    assert "p5@" in nora.get(f"/access-log/{older[1]}").content.decode()


def test_one_ends_all_other_places_at_once(cast: Cast) -> None:
    here, there, elsewhere = (cast.client(cast.alice) for _ in range(3))
    assert here.post("/profile/sessions/others/end").status_code == 302
    assert [is_in(client) for client in (here, there, elsewhere)] == [True, False, False]
    with domain_scope(cast.north):
        assert AuditEntry.objects.filter(object_type="UserSession", action="delete").count() == 2


def test_an_administrator_ends_somebody_s_sessions(cast: Cast) -> None:
    nora, first, second = cast.client(cast.nora), cast.client(cast.alice), cast.client(cast.alice)
    page = nora.get(f"/users/{cast.alice.pk}/sign-in").content.decode()
    ends = re.findall(rf'action="(/users/{cast.alice.pk}/sign-in/sessions/\d+/end)"', page)
    assert len(ends) == 2
    assert nora.post(ends[0]).status_code == 302
    assert [is_in(first), is_in(second)].count(True) == 1
    assert nora.post(f"/users/{cast.alice.pk}/sign-in/sessions/end").status_code == 302
    assert [is_in(first), is_in(second)] == [False, False]
    assert nora.post(f"/users/{cast.nora.pk}/sign-in/sessions/end").status_code == 302
    assert is_in(nora), "his own place stays"


def test_a_session_of_somebody_else_is_not_ended_under_this_name(cast: Cast) -> None:
    nora, bob = cast.client(cast.nora), cast.client(cast.bob)
    with domain_scope(cast.north):
        his = UserSession.objects.get(user=cast.bob).pk
    assert nora.post(f"/users/{cast.alice.pk}/sign-in/sessions/{his}/end").status_code == 404
    assert is_in(bob)


def _rules(cast: Cast, **rules: int) -> None:
    Domain.objects.filter(pk=cast.north.pk).update(**rules)


def test_an_idle_session_ends_and_a_used_one_goes_on(cast: Cast) -> None:
    _rules(cast, session_hours=1000, session_idle_hours=2)
    idle, used = cast.client(cast.alice), cast.client(cast.bob)
    for minutes in (90, 180, 270):
        with clock.shifted(timedelta(minutes=minutes)):
            assert is_in(used)
    with clock.shifted(timedelta(minutes=121)):
        assert not is_in(idle)


def test_even_a_used_session_ends_at_last(cast: Cast) -> None:
    _rules(cast, session_hours=24, session_idle_hours=10)
    client = cast.client(cast.alice)
    for hours in (6, 12, 18, 23):
        with clock.shifted(timedelta(hours=hours)):
            assert is_in(client)
    with clock.shifted(timedelta(hours=24, minutes=1)):
        assert not is_in(client)


def test_a_session_of_nobody_is_kept_for_minutes(cast: Cast) -> None:
    cast.client().post("/login/passkey/options")
    with domain_scope(cast.north):
        session = UserSession.objects.get(user=None)
        assert session.expires_at - clock.now() < timedelta(minutes=21)


def test_old_entries_and_counts_are_cleared_away_and_trust_is_kept(cast: Cast) -> None:
    guess(cast.alice.login, PASSWORD)
    guess("nobody@example.org", "wrong", ip=ELSEWHERE)
    with domain_scope(cast.north), clock.shifted(timedelta(days=3)):
        assert housekeeping.remove_expired() > 0
        with clock.shifted(timedelta(days=400)):
            housekeeping.remove_expired()
        assert not SignInEntry.objects.exists()


def test_the_own_page_shows_the_last_sign_ins(cast: Cast) -> None:
    guess(cast.alice.login, "wrong", ip=ELSEWHERE)
    page = cast.client(cast.alice).get("/profile/security/").content.decode()
    assert ELSEWHERE in page
    assert "wrong password" in page


def test_a_new_administrator_is_signed_out_where_a_factor_is_a_must(cast: Cast) -> None:
    _rules(cast, requires_admin_factor=True)
    bob = cast.client(cast.bob)
    with domain_scope(cast.north):
        users.change_user(User.objects.get(pk=cast.bob.pk), acting_user=cast.nora, is_admin=True)
    assert not is_in(bob)
