"""Cameras that may have to move, and moving them: statements of the role `fleet`, because streamers serve many ISPs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from devices.placement import FORGIVEN, LOST, USUAL_BITRATE, Machine, Move, Placed, Rule, health

MACHINES = """
SELECT t.id, t.last_seen_at, t.steady_since, t.lost_at, t.losses, t.is_default, t.channel_limit, t.total_bandwidth,
       t.labels, ARRAY(SELECT z.zone_id FROM devices_streamer_zones z WHERE z.streamer_id = t.id) AS zones
FROM devices_streamer t WHERE t.role = 'streamer' ORDER BY t.id
"""
LOADS = """
SELECT c.streamer_id, count(*) AS channels, sum(coalesce(nullif(s.bitrate, 0), %(usual)s))::bigint AS kilobits
FROM devices_camera c LEFT JOIN devices_camerastatus s ON s.camera_id = c.id
WHERE c.streamer_id IS NOT NULL GROUP BY c.streamer_id
"""
# Where a camera may be: its own zone or its preset's, and its preset's labels.
RULED = """
SELECT c.id, c.domain_id, c.streamer_id, c.home_id, coalesce(s.bitrate, 0) AS bitrate, r.zone,
       r.mode = 'required' AS is_required, p.labels, coalesce(z.returns, false) AS returns
FROM devices_camera c
JOIN devices_preset p ON p.id = c.preset_id AND p.domain_id = c.domain_id
LEFT JOIN devices_camerastatus s ON s.camera_id = c.id
LEFT JOIN devices_streamer t ON t.id = c.streamer_id
CROSS JOIN LATERAL (SELECT coalesce(c.zone_id, p.zone_id) AS zone,
                           CASE WHEN c.zone_id IS NULL THEN p.zone_mode ELSE c.zone_mode END AS mode) AS r
LEFT JOIN devices_zone z ON z.id = r.zone
"""
# Those that have no place, a doubtful one, one that their rule does not allow or prefer, or a home to go to.
RESTLESS = f"""{RULED}
WHERE c.streamer_id IS NULL OR c.streamer_id = ANY(%(doubtful)s) OR t.role <> 'streamer'
   OR (r.zone IS NOT NULL AND NOT EXISTS (
        SELECT FROM devices_streamer_zones o WHERE o.streamer_id = c.streamer_id AND o.zone_id = r.zone))
   OR (c.home_id IS NOT NULL AND z.returns)
   OR (p.labels <> '{{}}' AND NOT t.labels @> p.labels)
"""
# One row a statement, each a transaction: a commit of cameras locks all streamers at once.
HEARD = """
UPDATE devices_streamer SET steady_since = %(now)s
WHERE id = %(streamer)s AND steady_since IS NULL AND last_seen_at >= %(silent_since)s
"""
LOSE = """
UPDATE devices_streamer SET steady_since = NULL, lost_at = %(now)s,
    losses = CASE WHEN lost_at > %(forgiven_since)s THEN least(losses + 1, 100) ELSE 1 END
WHERE id = %(streamer)s AND steady_since IS NOT NULL AND last_seen_at < %(silent_since)s
"""
# A camera that was changed or moved meanwhile is left to the next round.
MOVE = """
UPDATE devices_camera c SET streamer_id = m.target, home_id = m.home
FROM unnest(%(cameras)s::bigint[], %(sources)s::bigint[], %(targets)s::bigint[], %(homes)s::bigint[])
    AS m(camera, source, target, home)
WHERE c.id = m.camera AND c.streamer_id IS NOT DISTINCT FROM m.source
RETURNING c.domain_id, c.id AS camera_id
"""
# What runs and was fine until its streamer fell silent has been away since it was last spoken of.
BREAK_OFF = """
INSERT INTO devices_outagespan (domain_id, camera_id, code, began_at, ended_at)
SELECT c.domain_id, c.id, 'streamer_down', coalesce(s.reported_at, %(now)s),
       CASE WHEN c.streamer_id IS NULL THEN %(now)s END
FROM devices_camera c JOIN devices_camerastatus s ON s.camera_id = c.id AND s.alive
WHERE c.id = ANY(%(cameras)s) AND c.id = ANY(%(interrupted)s) AND c.enabled AND NOT c.is_private
  AND NOT EXISTS (SELECT FROM devices_outagespan o WHERE o.camera_id = c.id AND o.ended_at IS NULL)
"""
# Cameras of suspended ISPs keep the word that says so.
END_OUTAGES = """
UPDATE devices_outagespan o SET ended_at = greatest(o.began_at, %(now)s)
FROM devices_camera c JOIN tenants_domain d ON d.id = c.domain_id AND d.is_active
WHERE c.id = ANY(%(cameras)s) AND c.streamer_id IS NULL AND o.camera_id = c.id AND o.ended_at IS NULL
"""
BEGIN_NOWHERE = """
INSERT INTO devices_outagespan (domain_id, camera_id, code, began_at)
SELECT c.domain_id, c.id, 'no_streamer', %(now)s
FROM devices_camera c JOIN tenants_domain d ON d.id = c.domain_id AND d.is_active
WHERE c.id = ANY(%(cameras)s) AND c.streamer_id IS NULL AND c.enabled AND NOT c.is_private
"""
NOTE_STATUS = """
INSERT INTO devices_camerastatus AS s (
    domain_id, camera_id, alive, status, error_code, error_message, bitrate, online_clients, changed_at, media_info,
    dvr_duration, dvr_bytes, dvr_kept_bytes)
SELECT c.domain_id, c.id, false, 'waiting', CASE WHEN c.streamer_id IS NULL THEN 'no_streamer' ELSE '' END, '', 0, 0,
       %(now)s, '{}', 0, 0, 0
FROM devices_camera c JOIN tenants_domain d ON d.id = c.domain_id AND d.is_active
WHERE c.id = ANY(%(cameras)s) AND c.enabled AND NOT c.is_private
  AND (c.streamer_id IS NULL OR c.id = ANY(%(interrupted)s))
ORDER BY c.id
ON CONFLICT (camera_id) DO UPDATE SET
    alive = false, status = 'waiting', error_code = excluded.error_code, error_message = '', bitrate = 0,
    online_clients = 0, changed_at = CASE WHEN s.alive THEN excluded.changed_at ELSE s.changed_at END
"""
FACTS = (BREAK_OFF, END_OUTAGES, BEGIN_NOWHERE, NOTE_STATUS)
# Those that are to run, have no streamer, and of which that is not said yet: added, or switched on again, where no
# streamer may have them.
NOWHERE = """
SELECT c.domain_id, c.id AS camera_id
FROM devices_camera c JOIN tenants_domain d ON d.id = c.domain_id AND d.is_active
WHERE c.streamer_id IS NULL AND c.enabled AND NOT c.is_private AND NOT EXISTS (
    SELECT FROM devices_outagespan o WHERE o.camera_id = c.id AND o.ended_at IS NULL AND o.code = 'no_streamer')
"""
UNSAID = (END_OUTAGES, BEGIN_NOWHERE, NOTE_STATUS)


def health_parameters(now: datetime) -> dict[str, Any]:
    """What HEARD and LOSE take, besides the streamer."""
    return {"now": now, "silent_since": now - LOST, "forgiven_since": now - FORGIVEN}


def machines_of(rows: Iterable[Mapping[str, Any]], loads: Iterable[Mapping[str, Any]], now: datetime) -> list[Machine]:
    """Rows of MACHINES with those of LOADS."""
    carried = {row["streamer_id"]: (row["channels"], row["kilobits"]) for row in loads}
    return [machine_of(row, now, carried.get(row["id"], (0, 0))) for row in rows]


def machine_of(row: Mapping[str, Any], now: datetime, carried: tuple[int, int] = (0, 0)) -> Machine:
    """One row of MACHINES."""
    return Machine(
        id=row["id"],
        health=health(now, row["last_seen_at"], row["steady_since"], row["losses"], row["lost_at"]),
        zones=frozenset(row["zones"]),
        labels=frozenset(row["labels"].items()),
        is_default=row["is_default"],
        channel_limit=row["channel_limit"],
        bandwidth=row["total_bandwidth"],
        channels=carried[0],
        kilobits=carried[1],
    )


def placed_of(row: Mapping[str, Any]) -> Placed:
    """One row of RULED."""
    rule = Rule(row["zone"], row["is_required"] and row["zone"] is not None, frozenset(row["labels"].items()),
                row["returns"])  # fmt: skip
    return Placed(row["id"], rule, row["streamer_id"], row["home_id"], row["bitrate"])


def move_parameters(moves: Iterable[Move]) -> dict[str, list[int | None]]:
    """Moves as the parameters of MOVE."""
    listed = list(moves)
    return {
        "cameras": [move.camera for move in listed],
        "sources": [move.source for move in listed],
        "targets": [move.target for move in listed],
        "homes": [move.home for move in listed],
    }


LOAD_PARAMETERS = {"usual": USUAL_BITRATE}
