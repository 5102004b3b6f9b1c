"""Which streamer is calling, and that it is alive."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import timedelta

from psycopg.types.numeric import Int8

from portal import fleet
from portal.api.hooks.wire import Refusal, Scope, bearer_digest
from tenants import clock

SEEN_EVERY = timedelta(seconds=5)
ROW = "SELECT id, key_digest, version, last_seen_at FROM devices_streamer WHERE hostname = %(hostname)s"
SEEN = "UPDATE devices_streamer SET last_seen_at = %(now)s WHERE id = %(streamer)s RETURNING id"


@dataclass(frozen=True)
class Caller:
    """A streamer that has shown its key. `version` grows with every change of what it has to run."""

    id: int
    key_digest: str
    version: int


async def caller(scope: Scope, hostname: str) -> Caller:
    """The streamer named in the path. Raises Refusal: 401 without a key, 404 for a stranger, 403 for another key."""
    key = bearer_digest(scope)
    rows = await fleet.fetch(ROW, {"hostname": hostname})
    if not rows:
        raise Refusal(404)
    row = rows[0]
    if not hmac.compare_digest(row["key_digest"], key):
        raise Refusal(403)
    now = clock.now()
    if row["last_seen_at"] is None or now - row["last_seen_at"] > SEEN_EVERY:
        await fleet.fetch(SEEN, {"now": now, "streamer": Int8(row["id"])})
    return Caller(row["id"], row["key_digest"], row["version"])
