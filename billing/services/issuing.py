"""Issuing a month: every draft gets its number and never changes again.

Offers: `issue`. Numbers are given in the issuing transaction by counting the series up, so that a rollback or a crash
leaves no gap, and to all drafts in one statement, so that nobody holds the series while something is computed.
"""

from __future__ import annotations

from datetime import date

from django.db import connection

from billing.models import BillingPeriod
from billing.rating import next_month
from billing.services.views import in_bulk
from tenants import clock
from tenants.failpoints import failpoint

# The row must be there first: an UPDATE of a series that does not exist would silently number nothing.
SERIES = """
INSERT INTO billing_numberseries (domain_id, kind, year, last_number) VALUES (%(domain)s, 'invoice', %(year)s, 0)
ON CONFLICT (domain_id, kind, year) DO NOTHING
"""

NUMBERS = """
WITH drafts AS MATERIALIZED (
    SELECT id, row_number() OVER (ORDER BY organization_id) AS n FROM billing_invoice
    WHERE domain_id = %(domain)s AND period_id = %(period)s AND status = 'draft'
),
series AS (
    UPDATE billing_numberseries SET last_number = last_number + (SELECT count(*) FROM drafts)
    WHERE domain_id = %(domain)s AND kind = 'invoice' AND year = %(year)s AND EXISTS (SELECT FROM drafts)
    RETURNING last_number - (SELECT count(*) FROM drafts) AS before
)
UPDATE billing_invoice i
SET status = 'issued', year = %(year)s, number = series.before + drafts.n, issued_on = %(day)s, issued_at = %(now)s
FROM drafts CROSS JOIN series WHERE i.id = drafts.id AND i.domain_id = %(domain)s
"""


def issue(period: BillingPeriod) -> int:
    """Issue all drafts of a completely counted month in order of organization; returns how many.

    They are dated the first of the next month by the ISP's calendar, and numbered in that year's series.
    """
    day = issue_day(period)
    values: dict[str, int | date] = {
        "domain": period.domain_id,
        "period": period.pk,
        "year": day.year,
        "day": day,
        "now": clock.now(),
    }
    with in_bulk(), connection.cursor() as cursor:
        cursor.execute(SERIES, values)
        failpoint("night.series")
        cursor.execute(NUMBERS, values)
        return int(cursor.rowcount)


def issue_day(period: BillingPeriod) -> date:
    """The date on a month's invoices: the first of the next month."""
    return next_month(period.month)
