"""The permission table: one row a URL and method (style.md, 17). A URL without a row or a reason fails a test."""

from __future__ import annotations

from tests.permissions import (
    table_crm,
    table_mail,
    table_money,
    table_pages,
    table_people,
    table_rights,
    table_settings,
    table_v1,
    table_v2,
    table_v3,
    table_v3_sign_in,
)

ROWS = [
    *table_crm.ROWS,
    *table_mail.ROWS,
    *table_v1.ROWS,
    *table_v2.ROWS,
    *table_v3.ROWS,
    *table_v3_sign_in.ROWS,
    *table_pages.ROWS,
    *table_people.ROWS,
    *table_rights.ROWS,
    *table_settings.ROWS,
    *table_money.ROWS,
]
