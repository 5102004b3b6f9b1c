"""News of changed rights, told to every web process at commit and only then.

`pg_notify` belongs to the transaction: nothing is heard of what was rolled back, and equal notices in one transaction
are told once. The payload holds ids only; listeners read the state again.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from django.db import connection

from tenants.scoping import current_domain_id

ACCESS = "perch_access"
MESSAGES = "perch_messages"


def notify(channel: str, payload: dict[str, object]) -> None:
    """Tell the listeners of a channel when this transaction commits; at most 8,000 bytes of ids."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, %s)", [channel, json.dumps(payload, separators=(",", ":"))])


def notify_messages(people: Iterable[int] | None) -> None:
    """Say that the messages of these users (None: of everybody at this ISP) are others now."""
    notify(MESSAGES, {"d": current_domain_id(), "u": sorted(people) if people is not None else None})


def notify_access(user_id: int | None = None) -> None:
    """Say that the rights or sessions of a user (None: of anybody at this ISP) may have changed."""
    notify(ACCESS, {"d": current_domain_id(), "u": user_id})
