"""Which streamer is calling, and that it is alive."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from psycopg.types.numeric import Int8

from devices.services.streamers import proof_of
from portal import fleet
from portal.api.hooks.wire import Refusal, Scope, bearer_digest
from tenants import clock

SEEN_EVERY = timedelta(seconds=5)
ROW = """
SELECT id, hostname, kind, key_digest, version, last_seen_at, perch_url, storage,
       api_login, api_secret_sealed, secret_id
FROM devices_streamer WHERE hostname = %(hostname)s
"""
SEEN = "UPDATE devices_streamer SET last_seen_at = %(now)s WHERE id = %(streamer)s RETURNING id"


@dataclass(frozen=True)
class Caller:
    """A streamer that has shown its key. `version` grows with every change of what it has to run."""

    id: int
    key_digest: str
    version: int
    row: Mapping[str, Any]


async def caller(scope: Scope, hostname: str, proof: str = "") -> Caller:
    """The streamer named in the path, which shows its key, or a proof of it that we put into an address. Raises
    Refusal: 401 without a key, 404 for a stranger, 403 for another key."""
    key = "" if proof else bearer_digest(scope)
    rows = await fleet.fetch(ROW, {"hostname": hostname})
    if not rows:
        raise Refusal(404)
    row = rows[0]
    known = proof_of(row["id"], row["key_digest"]) if proof else row["key_digest"]
    if not hmac.compare_digest(known.encode(), (proof or key).encode()):
        raise Refusal(403)
    now = clock.now()
    if row["last_seen_at"] is None or now - row["last_seen_at"] > SEEN_EVERY:
        await fleet.fetch(SEEN, {"now": now, "streamer": Int8(row["id"])})
    return Caller(row["id"], row["key_digest"], row["version"], row)
