"""What is written beside a test's transaction stays when the transaction is undone; the next test must not find it."""

from __future__ import annotations

from tenants.aside import aside
from tenants.models import Domain
from tenants.scoping import domain_scope

TABLES = ("tenants_signinbrake", "tenants_signinentry", "tenants_outerverdict")


def forget(domain: Domain) -> None:
    """Forget who guessed at this ISP, and what its authority said of whom."""
    with domain_scope(domain), aside() as cursor:
        for table in TABLES:
            cursor.execute(f"DELETE FROM {table}")
