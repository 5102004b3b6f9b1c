"""Reading the billing views: rows of a query as dataclasses, inside the ISP's scope (row-level security applies)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, TypeVar

from django.db import connection

RowT = TypeVar("RowT")
Values = Mapping[str, int | str | date | None]


def fetch(row_type: type[RowT], statement: str, values: Values) -> list[RowT]:
    """The rows of a statement, each as a `row_type` of its columns in order."""
    return [row_type(*row) for row in fetch_rows(statement, values)]


def fetch_rows(statement: str, values: Values) -> list[tuple[Any, ...]]:
    """The rows of a statement as tuples."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows
