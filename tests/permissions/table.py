"""The permission table: one row a URL and method (style.md, 17). A URL without a row or a reason fails a test."""

from __future__ import annotations

from tests.permissions import table_money, table_pages, table_v2

ROWS = [*table_v2.ROWS, *table_pages.ROWS, *table_money.ROWS]
