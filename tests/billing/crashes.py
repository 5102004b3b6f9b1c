"""Killing the night for real: a forked child runs it, SIGKILL ends it at a point of our choice, PostgreSQL sees it go.

The child passes a failpoint before every SQL statement besides those written in the night itself, so that `*@N=kill`
for N = 1, 2, 3 ... enumerates every place at which a run can die.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import datetime
from io import StringIO
from typing import Any

import psycopg
from django.core.management import call_command
from django.db import connection

from tenants import clock, failpoints
from tests.database import close_connections, superuser_url

WRITTEN = ("billingperiod", "invoice", "invoiceline", "invoicetax", "numberseries", "nightrun")

DIGEST = """
SELECT md5(string_agg(row::text, '|' ORDER BY row::text)), count(*) FROM (
    SELECT to_jsonb(p) - 'id' AS row FROM billing_billingperiod p
    UNION ALL SELECT to_jsonb(i) - 'id' - 'period_id' || jsonb_build_object('month', p.month)
        FROM billing_invoice i JOIN billing_billingperiod p ON p.id = i.period_id
    UNION ALL SELECT to_jsonb(l) - 'id' - 'invoice_id' || jsonb_build_object('month', p.month, 'of', i.organization_id)
        FROM billing_invoiceline l JOIN billing_invoice i ON i.id = l.invoice_id
        JOIN billing_billingperiod p ON p.id = i.period_id
    UNION ALL SELECT to_jsonb(t) - 'id' - 'invoice_id' || jsonb_build_object('month', p.month, 'of', i.organization_id)
        FROM billing_invoicetax t JOIN billing_invoice i ON i.id = t.invoice_id
        JOIN billing_billingperiod p ON p.id = i.period_id
    UNION ALL SELECT to_jsonb(s) - 'id' FROM billing_numberseries s
    UNION ALL SELECT to_jsonb(n) - 'id' - 'period_id' FROM billing_nightrun n
    UNION ALL SELECT to_jsonb(a) - 'id' FROM tenants_auditentry a
) AS rows
"""

# What must hold at any moment, also between a crash and the next run.
BROKEN = """
SELECT count(*) FROM billing_invoice i WHERE i.net <> (
    SELECT coalesce(sum(l.net), -1) FROM billing_invoiceline l WHERE l.invoice_id = i.id)
    OR i.tax <> (SELECT coalesce(sum(t.amount), 0) FROM billing_invoicetax t WHERE t.invoice_id = i.id)
"""
GAPS = """
SELECT count(*) FROM billing_numberseries s WHERE s.last_number <> (
    SELECT count(*) FROM billing_invoice i WHERE i.domain_id = s.domain_id AND i.year = s.year
        AND i.number BETWEEN 1 AND s.last_number)
"""


def digest() -> tuple[str, int]:
    """Everything the nights wrote, of all ISPs, as one hash and a number of rows; row numbers left out."""
    with psycopg.connect(superuser_url(), autocommit=True) as admin:
        found = admin.execute(DIGEST).fetchone()
        assert found is not None
        return found[0], found[1]


def broken() -> int:
    """How many invoices do not add up, and series that have gaps."""
    with psycopg.connect(superuser_url(), autocommit=True) as admin:
        return sum(admin.execute(check).fetchone()[0] for check in (BROKEN, GAPS))  # type: ignore[index] # a count


def forget() -> None:
    """Remove what the nights wrote: the next run begins anew."""
    with psycopg.connect(superuser_url(), autocommit=True) as admin:
        tables = ", ".join(f"billing_{name}" for name in WRITTEN)
        admin.execute(f"TRUNCATE {tables}, tenants_auditentry RESTART IDENTITY CASCADE".encode())


def _pass_before_every_statement(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
    failpoints.failpoint("statement")
    return execute(sql, params, many, context)


def start(work: Callable[[], None], points: str = "") -> int:
    """Run something in a child process that may be killed at the named points; returns its pid."""
    close_connections()  # what is open cannot be shared with a child
    pid = os.fork()
    if pid:
        return pid
    code = 1
    with suppress(BaseException):
        os.environ["PERCH_FAILPOINTS"] = points
        failpoints.reset()
        with connection.execute_wrapper(_pass_before_every_statement):
            work()
        code = 0
    os._exit(code)


def nightly(now: datetime) -> Callable[[], None]:
    """The real command at an instant."""

    def work() -> None:
        sys.stdout = sys.stderr = StringIO()
        with clock.frozen(now):
            call_command("nightly")

    return work


def wait(pids: Iterable[int]) -> list[int]:
    """How each child ended: 0 well, -9 killed."""
    return [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in pids]


KILLED = -signal.SIGKILL
