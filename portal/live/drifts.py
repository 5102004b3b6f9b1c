"""Where cameras run otherwise than wanted, written down (item 315): what is found begins, what is gone has ended."""

from __future__ import annotations

from collections import Counter
from typing import Any

import orjson

from devices.drivers.streamer.base import Difference
from devices.reports import media_name
from portal import fleet
from tenants import clock

SHOWN = 100
# A name may be of no ISP that is left; then only the streamer's summary tells of it.
NOTE = """
WITH found AS (
    SELECT r.* FROM json_to_recordset(%(found)s::json) AS r(domain_id bigint, name text, kind text, detail text)
    JOIN tenants_domain d ON d.id = r.domain_id
),
ended AS (
    UPDATE devices_cameradrift o SET repaired_at = %(now)s
    WHERE o.streamer_hostname = %(hostname)s AND o.repaired_at IS NULL AND NOT EXISTS (
        SELECT FROM found f WHERE f.domain_id = o.domain_id AND f.name = o.camera_name AND f.kind = o.kind)
)
INSERT INTO devices_cameradrift (domain_id, camera_name, streamer_hostname, kind, detail, found_at)
SELECT domain_id, name, %(hostname)s, kind, detail, %(now)s FROM found
ON CONFLICT (domain_id, streamer_hostname, camera_name, kind) WHERE repaired_at IS NULL DO NOTHING
RETURNING id
"""


async def note(row: dict[str, Any], found: list[Difference]) -> dict[str, Any]:
    """Write down how a streamer differs now; returns the summary kept with it. Raises DatabaseAway."""
    named = [(media_name(one.name), one) for one in found]
    rows = [
        {"domain_id": name[1], "name": name[0][:64], "kind": one.kind, "detail": one.detail[:300]}
        for name, one in named
        if name is not None
    ]
    document = orjson.dumps(rows).decode()
    await fleet.fetch(NOTE, {"found": document, "hostname": row["hostname"], "now": clock.now()})
    shown = [[one.name, one.kind, one.detail] for one in found[:SHOWN]]
    return {"counts": dict(Counter(one.kind for one in found)), "shown": shown, "at": int(clock.timestamp())}
