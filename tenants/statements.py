"""Statements the database plans once a connection and not at every question.

Django sends parameters inside the text, so that each statement is new to the planner; for a page of cameras, a join of
seven tables, planning costs a third of the answer. What is asked constantly in the same words goes through here.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

import psycopg
from django.db import connection
from django.db.backends.utils import CursorWrapper


class _Prepared(psycopg.Cursor[Any]):
    """A cursor whose statements are prepared at first use and kept with the connection (100 of them, then the oldest
    goes); needs `prepare_threshold` among the connection's options."""

    def execute(self, query: Any, params: Any = None, **_options: Any) -> _Prepared:
        return super().execute(query, params, prepare=True)


@contextmanager
def prepared_cursor() -> Iterator[CursorWrapper]:
    """A cursor as `connection.cursor()` gives it, counted and logged alike, for statements with few distinct texts."""
    connection.ensure_connection()
    wrap = connection.make_debug_cursor if connection.queries_logged else connection.make_cursor
    with wrap(cast(CursorWrapper, _Prepared(connection.connection))) as cursor:
        yield cursor
