"""What streamers ask before they clean up: which recordings are protected (contracts.md 2.1, `/episodes`).

A stream that is absent from the answer loses what was protected, so whoever answers must be sure or say nothing. Also
asked for are streams that are switched off or whose ISP is suspended: their archive goes on being kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from devices.reports import media_name

MOST = 200_000  # spans in one answer; more is not cut off but refused
BY_HAND = "manual"

EPISODES = """
SELECT c.name || '~' || c.domain_id AS media, s.id, s.kind,
       (extract(epoch FROM s.began_at) * 1000)::bigint AS opened_at,
       (extract(epoch FROM s.updated_at) * 1000)::bigint AS updated_at,
       (extract(epoch FROM s.ended_at) * 1000)::bigint AS closed_at
FROM json_to_recordset(%(names)s::json) AS n(name text, domain_id bigint)
JOIN devices_camera c ON c.domain_id = n.domain_id AND c.name = n.name
JOIN devices_preset p ON p.id = c.preset_id AND p.domain_id = c.domain_id
CROSS JOIN LATERAL (
    SELECT CASE WHEN p.is_adjustable THEN c.dvr_lock_days ELSE p.dvr_lock_days END AS days,
           CASE WHEN p.is_adjustable THEN c.dvr_depth ELSE p.dvr_depth END AS depth
) AS r
JOIN devices_protectedspan s ON s.domain_id = c.domain_id AND s.camera_id = c.id
WHERE (c.streamer_id = %(streamer)s OR EXISTS (
        SELECT FROM devices_streamerspan x
        WHERE x.domain_id = c.domain_id AND x.camera_id = c.id AND x.streamer_id = %(streamer)s))
    AND r.days IS DISTINCT FROM 0
    AND s.began_at < %(until)s AND s.ended_at > %(since)s
    AND (r.days IS NULL OR s.ended_at > %(now)s - greatest(r.days, r.depth) * interval '1 day')
ORDER BY c.id, s.began_at, s.id
LIMIT %(limit)s
"""


def names_of(text: str) -> list[tuple[str, int]] | None:
    """The cameras of a comma-separated list of streams; None when one of them is no camera's name."""
    named = [media_name(part) for part in text.split(",") if part]
    return None if None in named else [one for one in named if one is not None]


def document(names: Sequence[tuple[str, int]]) -> str:
    """The one parameter that names the cameras."""
    return orjson.dumps([{"name": name, "domain_id": domain_id} for name, domain_id in names]).decode()


def episode(row: Mapping[str, Any]) -> dict[str, Any]:
    """One row as the streamer contract's episode; times are milliseconds."""
    return {
        "episode_id": row["id"],
        "media": row["media"],
        "opened_at": row["opened_at"],
        "updated_at": row["updated_at"],
        "closed_at": row["closed_at"],
        "kind": row["kind"],
    }
