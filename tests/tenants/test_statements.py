"""Prepared statements: planned once a connection, and walled like all others."""

from __future__ import annotations

from django.db import connection
from django.test.utils import CaptureQueriesContext

from tenants.scoping import domain_scope
from tenants.statements import prepared_cursor
from tests.cast import Cast

MINE = "SELECT login FROM tenants_user WHERE login <> %(login)s ORDER BY login"


def logins(but: str) -> set[str]:
    with prepared_cursor() as cursor:
        cursor.execute(MINE, {"login": but})
        return {row[0] for row in cursor.fetchall()}


def kept() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE %s", ["%login <> $1%"])
        return int(cursor.fetchone()[0])


def test_a_statement_is_planned_once_and_kept_with_the_connection(cast: Cast) -> None:
    with domain_scope(cast.north):
        for name in (cast.nora.login, cast.alice.login, cast.bob.login):
            assert name not in logins(but=name)
            assert kept() == 1


def test_one_plan_serves_two_isps_and_shows_each_its_own(cast: Cast) -> None:
    with domain_scope(cast.north):
        northern = logins(but="")
    with domain_scope(cast.south):
        southern = logins(but="")
    assert cast.nora.login in northern
    assert cast.sam.login in southern
    assert not northern & southern


def test_prepared_statements_are_counted_among_the_queries(cast: Cast) -> None:
    with domain_scope(cast.north), CaptureQueriesContext(connection) as seen:
        logins(but="nora")
    assert len(seen) == 1
