"""The drafts of a month, made to agree with its usage by one set-based statement.

Offers: `draft` (counts what it found and what it changed). The statement rates the counted days of the month (the view
`billing_usage`), and merges invoices, lines and taxes: what is new is inserted, what differs is updated, what is gone
is deleted, and what is right already is not even touched, so that a second run writes nothing.

PostgreSQL 17 or newer, for MERGE ... RETURNING.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection
from django.utils.translation import gettext as _

from billing.models import BillingPeriod
from billing.services.views import in_bulk

RATED = """
rated AS MATERIALIZED (
    SELECT organization_id, plan_id, price, discount_ppm, is_trial, sum(days)::int AS camera_days,
           min(first_day) AS first_day, max(end_day) - 1 AS last_day
    FROM billing_usage
    WHERE domain_id = %(domain)s AND period_id = %(period)s AND price IS NOT NULL
    GROUP BY organization_id, plan_id, price, discount_ppm, is_trial
),
lines AS MATERIALIZED (
    SELECT r.*, plan.title AS plan_title,
           div(2::numeric * price * camera_days * (1000000 - discount_ppm) + %(days)s::numeric * 1000000,
               2::numeric * %(days)s * 1000000)::bigint AS net
    FROM rated r JOIN billing_plan plan ON plan.id = r.plan_id
),
rates AS MATERIALIZED (
    SELECT DISTINCT ON (code) code, title, ppm FROM billing_taxrate
    WHERE domain_id = %(domain)s AND from_day <= %(last_day)s ORDER BY code, from_day DESC
),
nets AS MATERIALIZED (SELECT organization_id, sum(net)::bigint AS net FROM lines GROUP BY organization_id),
taxes AS MATERIALIZED (
    SELECT organization_id, code, title, ppm, net AS base,
           div(2::numeric * net * ppm + 1000000, 2000000)::bigint AS amount
    FROM nets CROSS JOIN rates
),
sums AS (
    SELECT n.organization_id, n.net, coalesce(t.tax, 0)::bigint AS tax
    FROM nets n LEFT JOIN (SELECT organization_id, sum(amount) AS tax FROM taxes GROUP BY 1) t USING (organization_id)
)"""

STATEMENT = f"""
WITH {RATED},
known AS MATERIALIZED (
    SELECT id, organization_id, buyer_title FROM billing_invoice
    WHERE domain_id = %(domain)s AND period_id = %(period)s AND status = 'draft'
),
wanted AS MATERIALIZED (
    SELECT s.*, coalesce(o.title, k.buyer_title, format(%(nameless)s, s.organization_id)) AS buyer_title
    FROM sums s
    LEFT JOIN tenants_organization o ON o.domain_id = %(domain)s AND o.id = s.organization_id
    LEFT JOIN known k ON k.organization_id = s.organization_id
),
seller AS (
    SELECT coalesce(nullif(legal_name, ''), title) AS title, legal_address AS address, vat_id
    FROM tenants_domain WHERE id = %(domain)s
),
merged AS (
    MERGE INTO billing_invoice i
    USING (SELECT w.*, seller.title AS seller_title, seller.address, seller.vat_id FROM wanted w CROSS JOIN seller) w
    ON i.domain_id = %(domain)s AND i.period_id = %(period)s AND i.organization_id = w.organization_id
    WHEN MATCHED AND (i.net, i.tax, i.buyer_title, i.seller_title, i.seller_address, i.seller_vat_id)
        IS DISTINCT FROM (w.net, w.tax, w.buyer_title, w.seller_title, w.address, w.vat_id)
    THEN UPDATE SET net = w.net, tax = w.tax, total = w.net + w.tax, buyer_title = w.buyer_title,
        seller_title = w.seller_title, seller_address = w.address, seller_vat_id = w.vat_id
    WHEN NOT MATCHED THEN INSERT (domain_id, period_id, organization_id, status, currency, net, tax, total,
        seller_title, seller_address, seller_vat_id, buyer_title)
    VALUES (%(domain)s, %(period)s, w.organization_id, 'draft', %(currency)s, w.net, w.tax, w.net + w.tax,
        w.seller_title, w.address, w.vat_id, w.buyer_title)
    RETURNING i.id, i.organization_id
),
invoices AS MATERIALIZED (SELECT id, organization_id FROM known UNION SELECT id, organization_id FROM merged),
-- The drafts of a month are younger than all invoices before it: this keeps the years behind us out of the joins.
oldest AS MATERIALIZED (SELECT min(id) AS id FROM invoices),
put_lines AS (
    MERGE INTO billing_invoiceline l
    USING (SELECT invoices.id AS invoice_id, lines.* FROM lines JOIN invoices USING (organization_id)) w
    ON l.domain_id = %(domain)s AND l.invoice_id >= (SELECT id FROM oldest) AND l.invoice_id = w.invoice_id
        AND l.plan_id = w.plan_id AND l.price = w.price AND l.discount_ppm = w.discount_ppm AND l.is_trial = w.is_trial
    WHEN MATCHED AND (l.camera_days, l.first_day, l.last_day, l.plan_title)
        IS DISTINCT FROM (w.camera_days, w.first_day, w.last_day, w.plan_title)
    THEN UPDATE SET camera_days = w.camera_days, net = w.net, first_day = w.first_day, last_day = w.last_day,
        plan_title = w.plan_title
    WHEN NOT MATCHED THEN INSERT (domain_id, invoice_id, plan_id, plan_title, price, discount_ppm, is_trial,
        camera_days, days, first_day, last_day, net, currency)
    VALUES (%(domain)s, w.invoice_id, w.plan_id, w.plan_title, w.price, w.discount_ppm, w.is_trial, w.camera_days,
        %(days)s, w.first_day, w.last_day, w.net, %(currency)s)
    RETURNING l.id
),
put_taxes AS (
    MERGE INTO billing_invoicetax t
    USING (SELECT invoices.id AS invoice_id, taxes.* FROM taxes JOIN invoices USING (organization_id)) w
    ON t.domain_id = %(domain)s AND t.invoice_id >= (SELECT id FROM oldest) AND t.invoice_id = w.invoice_id
        AND t.code = w.code
    WHEN MATCHED AND (t.title, t.ppm, t.base) IS DISTINCT FROM (w.title, w.ppm, w.base)
    THEN UPDATE SET title = w.title, ppm = w.ppm, base = w.base, amount = w.amount
    WHEN NOT MATCHED THEN INSERT (domain_id, invoice_id, code, title, ppm, base, amount)
    VALUES (%(domain)s, w.invoice_id, w.code, w.title, w.ppm, w.base, w.amount)
    RETURNING t.id
),
no_lines AS (
    DELETE FROM billing_invoiceline l USING known k
    WHERE l.domain_id = %(domain)s AND l.invoice_id >= (SELECT id FROM oldest) AND l.invoice_id = k.id AND NOT EXISTS (
        SELECT FROM lines w WHERE w.organization_id = k.organization_id AND w.plan_id = l.plan_id
            AND w.price = l.price AND w.discount_ppm = l.discount_ppm AND w.is_trial = l.is_trial)
    RETURNING l.id
),
no_taxes AS (
    DELETE FROM billing_invoicetax t USING known k
    WHERE t.domain_id = %(domain)s AND t.invoice_id >= (SELECT id FROM oldest) AND t.invoice_id = k.id AND NOT EXISTS (
        SELECT FROM taxes w WHERE w.organization_id = k.organization_id AND w.code = t.code)
    RETURNING t.id
),
no_invoices AS (
    DELETE FROM billing_invoice i USING known k
    WHERE i.id = k.id AND i.domain_id = %(domain)s
        AND NOT EXISTS (SELECT FROM nets w WHERE w.organization_id = k.organization_id)
    RETURNING i.id
)
SELECT (SELECT count(*) FROM nets), (SELECT coalesce(sum(camera_days), 0) FROM lines),
       (SELECT count(*) FROM merged) + (SELECT count(*) FROM no_invoices)
       + (SELECT count(*) FROM put_lines) + (SELECT count(*) FROM no_lines)
       + (SELECT count(*) FROM put_taxes) + (SELECT count(*) FROM no_taxes)
"""  # noqa: S608 - joins a constant of this module


@dataclass(frozen=True)
class Drafted:
    """What the statement found and did: organizations (one draft each), camera-days so far, rows it wrote."""

    organizations: int
    camera_days: int
    written: int


def draft(period: BillingPeriod) -> Drafted:
    """Make the month's drafts agree with its counted days. The caller holds the ISP's night lock."""
    with in_bulk(), connection.cursor() as cursor:
        cursor.execute(
            STATEMENT,
            {
                "domain": period.domain_id,
                "period": period.pk,
                "days": period.days,
                "last_day": period.last_day,
                "currency": period.currency,
                "nameless": _("Organization") + " %s",
            },
        )
        return Drafted(*map(int, cursor.fetchone()))
