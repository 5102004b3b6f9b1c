"""Which ISP is in scope, without any database: for log lines and the like."""

from contextvars import ContextVar

domain_id: ContextVar[int | None] = ContextVar("perch_domain_id", default=None)
