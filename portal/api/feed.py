"""One change as feeds and webhooks tell it, whatever the dialect."""

from __future__ import annotations

from typing import Any, TypedDict

from django.utils.translation import gettext as _

from devices.services.cameras import shown
from tenants.errors import Invalid
from tenants.models import AuditEntry, Change
from tenants.services import changes

NOW = "now"
SEAL_AT_ONCE = 5  # thousands of changes that one answer takes into the feed; the next answer takes the next


class ChangeShape(TypedDict):
    """What was changed. `id` is the object's number (a camera's name), `external_id` the CRM's own where it has one.

    `created_at` in Unix seconds; `changed` is {field: [old, new]}, secrets as "***"; `via` the key somebody came by.
    """

    position: int
    action: str
    object_type: str
    id: str
    external_id: str | None
    name: str
    organization_id: int | None
    created_at: int
    user: str
    via: str
    fields: list[str]
    changed: dict[str, Any]


def read(since: str, limit: str) -> changes.Page:
    """The page of the feed that a caller asks for: behind a cursor, from the beginning, or nothing behind now."""
    longest = min(_number(limit, "limit") or changes.LONGEST, changes.LONGEST)
    changes.seal(SEAL_AT_ONCE)
    if since == NOW:
        return changes.Page([], changes.head(), False)
    return changes.after(_number(since, "since"), longest)


def _number(text: str, name: str) -> int:
    if text and not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise Invalid(_("This must be a whole number, zero or more."), field=name)
    return int(text or 0)


def change_shape(change: Change) -> ChangeShape:
    """One row of the feed."""
    entry: AuditEntry = change.entry
    changed = changed_fields(entry.changed)
    return {
        "position": change.position or 0,  # what the feed hands out has one
        "action": entry.action,
        "object_type": entry.object_type,
        "id": entry.object_id,
        "external_id": entry.external_id or None,
        "name": entry.object_title,
        "organization_id": entry.organization_id,
        "created_at": int(entry.created_at.timestamp()),
        "user": entry.user_login,
        "via": entry.via,
        "fields": sorted(changed),
        "changed": changed,
    }


def changed_fields(changed: dict[str, Any]) -> dict[str, Any]:
    """The audit log's fields for readers: no storage names, no password inside an address."""
    return {name.removesuffix("_sealed"): [_readable(old), _readable(new)] for name, (old, new) in changed.items()}


def _readable(value: Any) -> Any:
    return shown(value) if isinstance(value, str) else value
