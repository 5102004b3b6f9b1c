"""The cast, built once a worker by the real services and put back in one statement a table for every further test.

Building it takes 300 statements; putting it back takes one a table. Every instant is moved by the time that has passed
since, so that a test sees a cast that was made just now. What stands in the tables is what the services wrote: this
module knows no model.
"""

from __future__ import annotations

import pickle
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import connection

from tenants import clock
from tenants.models import Domain
from tenants.scoping import domain_scope
from tests.cast import Cast, build

# All tables with the columns one may write. References are checked at commit, so any order will do.
COLUMNS = """
SELECT t.relname, a.attname, format_type(a.atttypid, NULL)
FROM pg_class t JOIN pg_attribute a ON a.attrelid = t.oid
WHERE t.relnamespace = 'public'::regnamespace AND t.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped
    AND a.attgenerated = '' AND t.relname NOT LIKE 'django%'
ORDER BY t.relname, a.attnum
"""
MOVED = {
    "timestamp with time zone": "r.{0} + %(passed)s::interval",
    "tstzrange": "tstzrange(lower(r.{0}) + %(passed)s::interval, upper(r.{0}) + %(passed)s::interval,"
    " (CASE WHEN lower_inc(r.{0}) THEN '[' ELSE '(' END) || (CASE WHEN upper_inc(r.{0}) THEN ']' ELSE ')' END))",
}


@dataclass
class Table:
    """One table: its writable columns with their types, and the rows the cast has there, by ISP (None: of no ISP)."""

    name: str
    columns: dict[str, str] = field(default_factory=dict)
    rows: dict[int | None, str] = field(default_factory=dict)

    @property
    def is_scoped(self) -> bool:
        """Whether its rows belong to ISPs behind the wall."""
        return "domain_id" in self.columns

    def insert(self) -> str:
        """The statement that puts rows back."""
        names = ", ".join(f'"{name}"' for name in self.columns)
        values = ", ".join(MOVED.get(kind, "r.{0}").format(f'"{name}"') for name, kind in self.columns.items())
        source = f"jsonb_populate_recordset(NULL::{self.name}, %(rows)s::jsonb)"
        # What a trigger has written meanwhile, for rows put back before, is there already.
        return (
            f"INSERT INTO {self.name} ({names}) OVERRIDING SYSTEM VALUE SELECT {values} FROM {source} AS r"
            " ON CONFLICT DO NOTHING"
        )


@dataclass
class Snapshot:
    """What the tables hold once the cast is in them, and the cast itself."""

    tables: list[Table]
    cast: bytes
    made_at: datetime

    def restore(self) -> Cast:
        """Put everything back into a database without it."""
        passed = clock.now() - self.made_at
        for table in self.tables:
            for domain_id, rows in table.rows.items():
                if domain_id is None:
                    _put(table, rows, passed)
                else:
                    with domain_scope(domain_id):
                        _put(table, rows, passed)
        found: Cast = pickle.loads(self.cast)
        return found


def _put(table: Table, rows: str, passed: timedelta) -> None:
    with connection.cursor() as cursor:
        cursor.execute(table.insert(), {"rows": rows, "passed": f"{passed.total_seconds()} seconds"})


_kept: list[Snapshot] = []


def fresh_cast() -> Cast:
    """The cast in an empty database: built the first time, put back ever after."""
    if _kept:
        return _kept[0].restore()
    tables = _tables()
    before = [table.name for table in tables if _holds(table, _everybody())]
    cast = build()
    made_at = clock.now()  # afterwards: what is put back must not be of the future
    domains = _everybody()
    for table in tables:
        table.rows = _holds(table, domains)
    full = [table for table in tables if table.rows and table.name not in before]
    _kept.append(Snapshot(full, pickle.dumps(cast), made_at))
    return cast


def _everybody() -> list[int]:
    return list(Domain.objects.values_list("pk", flat=True))


def _tables() -> list[Table]:
    found: dict[str, Table] = {}
    with connection.cursor() as cursor:
        cursor.execute(COLUMNS)
        for name, column, kind in cursor.fetchall():
            found.setdefault(name, Table(name)).columns[column] = kind
    return list(found.values())


def _holds(table: Table, domains: list[int]) -> dict[int | None, str]:
    """The rows of a table as JSON texts, by ISP."""
    if not table.is_scoped:
        return _read(table, None)
    found: dict[int | None, str] = {}
    for domain_id in domains:
        with domain_scope(domain_id):
            found |= _read(table, domain_id)
    return found


def _read(table: Table, domain_id: int | None) -> dict[int | None, str]:
    where = "" if domain_id is None else f"WHERE domain_id = {domain_id}"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT jsonb_agg(to_jsonb(t))::text FROM {table.name} AS t {where}")
        (rows,) = cursor.fetchone()
    return {domain_id: rows} if rows else {}
