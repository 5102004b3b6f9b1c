"""Whether asking changed an ISP's rows.

Reading every row of an ISP costs as much as several requests. PostgreSQL counts what a transaction writes to each
table, the attempts it took back included: only where that count has moved are the rows themselves compared.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from django.db import connection

from tenants.scoping import domain_scope

if TYPE_CHECKING:
    from tests.permissions.world import Isp

# Tables whose rows change by merely asking: sessions seen, keys used, knocking at a door.
RESTLESS = {"tenants_usersession", "tenants_apikey", "tenants_signinentry", "tenants_signinbrake"}


def digest(isp: Isp) -> str:
    """A digest of everything the ISP owns, but for what asking itself changes."""
    with domain_scope(isp.domain), connection.cursor() as cursor:
        cursor.execute(_digest_statement(), {"domain": isp.domain.pk})
        return str(cursor.fetchone()[0])


def written() -> int:
    """How many rows this transaction has written so far, whoever's they are and whatever became of them."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT sum(pg_stat_get_xact_tuples_inserted(id) + pg_stat_get_xact_tuples_updated(id)"
            " + pg_stat_get_xact_tuples_deleted(id))::bigint FROM unnest(%s::oid[]) AS tables (id)",
            [list(_table_ids())],
        )
        return int(cursor.fetchone()[0])


@cache
def _table_ids() -> tuple[int, ...]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT oid::bigint, relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
        )
        return tuple(number for number, name in cursor.fetchall() if name not in RESTLESS)


@cache
def _digest_statement() -> str:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name FROM information_schema.columns WHERE column_name = 'domain_id'"
            " AND table_schema = 'public' AND table_name NOT IN ('tenants_domainhost') ORDER BY 1"
        )
        tables = [row[0] for row in cursor.fetchall() if row[0] not in RESTLESS]
    # The ISP is named too: the digest must not lean on the wall that a test takes down.
    rows = "SELECT md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) AS part FROM \"{}\" t"
    one = f"{rows} WHERE t.domain_id = %(domain)s"
    parts = " UNION ALL ".join(one.format(table) for table in tables)
    return f"SELECT string_agg(part, ' ') FROM ({parts}) all_parts"
