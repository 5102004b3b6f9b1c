"""Telling all web processes which cameras' status changed, with the transaction that changed it."""

from __future__ import annotations

from typing import Any

from devices.broadcast import LIVE, status_notices
from portal import fleet


async def announce(held: fleet.Connection, changed: list[dict[str, Any]]) -> None:
    """Notify at commit of the connection's transaction; nothing is heard of what is rolled back."""
    for notice in status_notices((row["domain_id"], row["camera_id"]) for row in changed):
        await held.execute("SELECT pg_notify(%s, %s)", [LIVE, notice])
