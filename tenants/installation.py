"""The installation's own scope: the only place in which its tables show rows.

It is the counterpart of `tenants.scoping.domain_scope`: a policy of PostgreSQL hides super administrators, their
sessions and their log from any transaction that has not opened it. Requests at an ISP's address never do.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.db import connection, transaction

SETTING = "app.installation"
_open: ContextVar[bool] = ContextVar("perch_installation", default=False)


def _tell_database(is_open: bool) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config(%s, %s, true)", [SETTING, "on" if is_open else ""])


@contextmanager
def installation_scope() -> Iterator[None]:
    """Open the installation's scope: a transaction in which its rows exist. Scopes nest, also with an ISP's."""
    before, inside = _open.get(), connection.in_atomic_block
    token = _open.set(True)
    try:
        with transaction.atomic():
            _tell_database(True)
            yield
            if inside and not before and not connection.needs_rollback:
                _tell_database(False)
    finally:
        _open.reset(token)
