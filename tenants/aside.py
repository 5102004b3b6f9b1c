"""Statements that stand whatever becomes of the request: on a connection of their own, committed at once.

A refused sign-in undoes its request's transaction, and must be counted all the same. The pool is not Django's: a crowd
of requests that each hold one connection and wait for a second would hold each other for ever. Its statements are short
and wait for nothing but each other's rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any

import psycopg
from django.db import OperationalError, connection
from psycopg import sql
from psycopg.rows import DictRow, dict_row
from psycopg_pool import ConnectionPool

from tenants.scoping import SETTING, current_domain_id

LARGEST = 3
WAIT = 5.0  # seconds for a connection
Cursor = psycopg.Cursor[DictRow]
_Pool = ConnectionPool[psycopg.Connection[DictRow]]

_pools: dict[str, _Pool] = {}
_opening = Lock()


def _pool() -> _Pool:
    """This process's pool to the database that Django uses now."""
    place = connection.settings_dict
    name = str(place["NAME"])
    with _opening:
        if name not in _pools:
            named = {"dbname": "NAME", "user": "USER", "password": "PASSWORD", "host": "HOST", "port": "PORT"}
            _pools[name] = ConnectionPool(
                kwargs={
                    **{theirs: place[ours] for theirs, ours in named.items() if place[ours]},
                    "row_factory": dict_row,
                    "options": "-c statement_timeout=5s",
                },
                connection_class=psycopg.Connection[DictRow],
                check=ConnectionPool.check_connection,
                min_size=0,
                max_size=LARGEST,
                timeout=WAIT,
                reconnect_timeout=4,
                open=True,
                name="aside",
            )
        return _pools[name]


@contextmanager
def aside() -> Iterator[Cursor]:
    """A transaction beside the request's, in the scope's ISP. Raises Django's OperationalError without a database."""
    domain_id = current_domain_id()
    try:
        with _pool().connection() as held, held.cursor() as cursor:
            cursor.execute("SELECT set_config(%s, %s, true)", [SETTING, str(domain_id)])
            yield cursor
    except psycopg.OperationalError as error:
        raise OperationalError(str(error)) from error


def close() -> None:
    """Close what is open (tests, the end of a process)."""
    with _opening:
        while _pools:
            _name, pool = _pools.popitem()
            pool.close()


def insert(cursor: Cursor, table: str, values: dict[str, Any]) -> None:
    """Insert one row; `table` and the names are ours, never a caller's."""
    cursor.execute(
        sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
            sql.Identifier(table),
            sql.SQL(", ").join(map(sql.Identifier, values)),
            sql.SQL(", ").join(sql.Placeholder() * len(values)),
        ),
        list(values.values()),
    )
