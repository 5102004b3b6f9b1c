"""Writing the audit log: one row a change, fields as [old, new], secrets as "***"."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import models

from tenants import clock
from tenants.models import AuditEntry, User
from tenants.scoping import current_domain_id

SECRET_FIELDS = frozenset({"password", "data", "digest"})
UNINTERESTING = frozenset({"id", "domain", "secret_id", "created_at", "updated_at", "last_login", "home"})


@dataclass(frozen=True)
class Origin:
    """Where a change came from: the request behind it, if any.

    `via` is what the caller came by, where that is not a sign-in of his own; `rights` what its limits are, if it is a
    limited key. `path` and `query` carry no secrets. `began` is when the request came, by the monotonic clock.
    """

    ip: str | None = None
    user_agent: str = ""
    request_id: str = ""
    via: str = ""
    rights: tuple[str, ...] = ()
    method: str = ""
    path: str = ""
    query: str = ""
    began: float | None = None

    @property
    def duration_ms(self) -> int | None:
        """How long the request has taken so far."""
        return None if self.began is None else int((clock.monotonic() - self.began) * 1000)


NOBODY = Origin()
_origin: ContextVar[Origin] = ContextVar("perch_origin", default=NOBODY)


@contextmanager
def originating(origin: Origin) -> Iterator[None]:
    """Note the request behind all changes made inside."""
    token = _origin.set(origin)
    try:
        yield
    finally:
        _origin.reset(token)


def refine(**known: Any) -> None:
    """Add what became known about the request behind the changes: its path, or by whose key it came."""
    _origin.set(replace(_origin.get(), **known))


def current_origin() -> Origin:
    """The request behind what is happening now; empty for the machine."""
    return _origin.get()


def _plain(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, bytes | memoryview):
        return f"{len(value)} bytes"
    return value


def _is_secret(name: str) -> bool:
    return name in SECRET_FIELDS or name.endswith(("_sealed", "password", "_digest"))


def snapshot(row: models.Model) -> dict[str, Any]:
    """The fields of a row as the audit log compares them; secrets keep their stored form until `difference`."""
    fields = row._meta.local_concrete_fields
    return {field.name: _plain(getattr(row, field.attname)) for field in fields if field.name not in UNINTERESTING}


def difference(before: dict[str, Any], after: dict[str, Any]) -> dict[str, list[Any]]:
    """Changed fields as {name: [old, new]}; a secret shows that it changed, never what it is."""
    changed = {}
    for name in {**before, **after}:
        old, new = before.get(name), after.get(name)
        if old != new:
            changed[name] = ["***" if old else None, "***" if new else None] if _is_secret(name) else [old, new]
    return changed


def record(
    action: AuditEntry.Action,
    row: models.Model,
    *,
    acting_user: User | None,
    changed: dict[str, list[Any]],
    object_id: str | None = None,
    organization_id: int | None = None,
) -> AuditEntry:
    """Write one audit row in the transaction of the change itself."""
    origin = _origin.get()
    owner = organization_id if organization_id is not None else getattr(row, "organization_id", None)
    entry: AuditEntry = AuditEntry.objects.create(
        domain_id=current_domain_id(),
        action=action,
        object_type=row._meta.object_name,
        object_id=object_id or str(row.pk),
        object_title=str(row)[:200],
        external_id=str(getattr(row, "external_id", "") or "")[:128],
        organization_id=owner,
        user_id=acting_user.pk if acting_user and not acting_user.is_system else None,
        user_login=acting_user.login if acting_user else "",
        via=origin.via[:64],
        changed=changed,
        ip=origin.ip,
        user_agent=origin.user_agent[:300],
        request_id=origin.request_id,
        method=origin.method[:8],
        path=origin.path[:300],
        query=origin.query[:300],
        duration_ms=origin.duration_ms,
        created_at=clock.now(),
    )
    return entry


def created(row: models.Model, *, acting_user: User | None, object_id: str | None = None) -> AuditEntry:
    """Record that a row came to be."""
    changed = difference({}, {name: value for name, value in snapshot(row).items() if value not in (None, "", [])})
    return record(AuditEntry.Action.CREATE, row, acting_user=acting_user, changed=changed, object_id=object_id)


def changed(
    row: models.Model, before: dict[str, Any], *, acting_user: User | None, object_id: str | None = None
) -> AuditEntry | None:
    """Record what is different from a snapshot taken before; nothing when nothing is."""
    fields = difference(before, snapshot(row))
    if not fields:
        return None
    return record(AuditEntry.Action.CHANGE, row, acting_user=acting_user, changed=fields, object_id=object_id)


def deleted(row: models.Model, *, acting_user: User | None, object_id: str | None = None) -> AuditEntry:
    """Record that a row is about to go, with what it was."""
    gone = {name: [value, None] for name, value in snapshot(row).items() if not _is_secret(name) and value}
    return record(AuditEntry.Action.DELETE, row, acting_user=acting_user, changed=gone, object_id=object_id)


def last_changes(object_type: str, object_ids: Iterable[str]) -> dict[str, AuditEntry]:
    """The newest audit row of each object, in one query."""
    entries = (
        AuditEntry.objects.filter(object_type=object_type, object_id__in=list(object_ids))
        .order_by("object_id", "-id")
        .distinct("object_id")
    )
    return {entry.object_id: entry for entry in entries}
