"""Parts of answers that several nouns share."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypedDict

from portal.api.feed import changed_fields
from tenants import audit
from tenants.models import AuditEntry, User


class EventData(TypedDict):
    """The changed fields as [old, new]."""

    changed_data: dict[str, Any]


class RequestData(TypedDict):
    """Where a change came from."""

    ip: str | None
    user_agent: str


class LastChange(TypedDict):
    """Who changed the object last, and what (item 81); `created_at` in Unix seconds. A machine's change has no user."""

    user: str
    domain_id: int
    object_type: str
    object_id: str
    action_type: str
    created_at: int
    event_data: EventData
    request_data: RequestData


def change_shape(entry: AuditEntry) -> LastChange:
    """One audit row as `last_change`."""
    return {
        "user": entry.user_login,
        "domain_id": entry.domain_id,
        "object_type": entry.object_type,
        "object_id": entry.object_id,
        "action_type": entry.action,
        "created_at": int(entry.created_at.timestamp()),
        "event_data": {"changed_data": changed_fields(entry.changed)},
        "request_data": {"ip": entry.ip, "user_agent": entry.user_agent},
    }


def last_changes(user: User, object_type: str, ids: Iterable[int]) -> dict[int, LastChange]:
    """The last change of each object by its number, in one query; only administrators may read who did what."""
    if not user.is_admin:
        return {}
    entries = audit.last_changes(object_type, map(str, ids))
    return {int(entry.object_id): change_shape(entry) for entry in entries.values()}
