"""What streamers report of their streams: from the wire into rows, and which rows that changes for a viewer.

The statements run as the role `fleet`, because a streamer's report spans ISPs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson

LARGEST_INT = 2**31 - 1
LARGEST_BIGINT = 2**63 - 1
LARGEST_MEDIA_INFO = 8192  # characters
SILENCE = 45.0  # seconds without a report after which a stream is taken for dead; reports come every 10

# A camera's row before and after, in one statement; `changed` is what a viewer would see. Names are found among the
# cameras of the streamer that speaks: it cannot speak of another's. `known` reads the statement's snapshot, so a row's
# old values are there although it is updated here; it is the only join, because a second one to it would be planned for
# ten rows and be quadratic in the thousands there are. A camera that was fine when it was last spoken of, long ago, was
# away meanwhile: nobody looked, because Perch was stopped too. Known rows are updated and not upserted, which costs a
# fifth less; of two first reports at the same moment the earlier one stands until the next.
UPSERT = """
WITH reported AS (
    SELECT * FROM json_to_recordset(%(reports)s::json) AS r(
        domain_id bigint, name text, alive bool, status text, error_code text, error_message text, bitrate int,
        online_clients int, opened_at timestamptz, media_info text, dvr_from bigint, dvr_duration bigint,
        dvr_bytes bigint, dvr_kept_bytes bigint)
),
known AS (
    SELECT DISTINCT ON (c.id) c.id AS camera_id, s.id AS status_id, r.*,
           s.camera_id IS NULL OR (s.alive, s.status, s.error_code, s.error_message)
               IS DISTINCT FROM (r.alive, r.status, r.error_code, r.error_message) AS changed,
           (SELECT o.code FROM devices_outagespan o WHERE o.camera_id = c.id AND o.ended_at IS NULL LIMIT 1) AS held,
           s.alive AND s.reported_at < %(silent_since)s AS missed, s.reported_at AS last_said,
           CASE WHEN r.status IN ('waiting', 'disabled') AND r.error_code = '' THEN ''
                WHEN r.alive THEN CASE r.error_code WHEN 'disk_full' THEN 'disk_full' ELSE '' END
                WHEN r.error_code = '' THEN 'starting'
                ELSE r.error_code END AS outage
    FROM reported r
    JOIN devices_camera c ON c.domain_id = r.domain_id AND c.name = r.name
    LEFT JOIN devices_camerastatus s ON s.camera_id = c.id
    WHERE c.streamer_id = %(streamer)s
    ORDER BY c.id
),
updated AS (
    UPDATE devices_camerastatus s SET
        alive = k.alive, status = k.status, error_code = k.error_code, error_message = k.error_message,
        bitrate = k.bitrate, online_clients = k.online_clients, opened_at = k.opened_at, reported_at = %(now)s,
        media_info = k.media_info::jsonb, dvr_from = k.dvr_from, dvr_duration = k.dvr_duration,
        dvr_bytes = k.dvr_bytes, dvr_kept_bytes = k.dvr_kept_bytes,
        changed_at = CASE WHEN s.alive = k.alive THEN s.changed_at ELSE %(now)s END
    FROM known k WHERE s.id = k.status_id
),
added AS (
    INSERT INTO devices_camerastatus (
        domain_id, camera_id, alive, status, error_code, error_message, bitrate, online_clients, opened_at,
        changed_at, reported_at, media_info, dvr_from, dvr_duration, dvr_bytes, dvr_kept_bytes)
    SELECT domain_id, camera_id, alive, status, error_code, error_message, bitrate, online_clients, opened_at,
           %(now)s, %(now)s, media_info::jsonb, dvr_from, dvr_duration, dvr_bytes, dvr_kept_bytes
    FROM known WHERE status_id IS NULL
    ON CONFLICT (camera_id) DO NOTHING
),
ended AS (
    UPDATE devices_outagespan o SET ended_at = %(now)s FROM known k
    WHERE k.held <> k.outage AND o.camera_id = k.camera_id AND o.ended_at IS NULL
),
begun AS (
    INSERT INTO devices_outagespan (domain_id, camera_id, code, began_at)
    SELECT domain_id, camera_id, outage, %(now)s FROM known WHERE outage <> '' AND held IS DISTINCT FROM outage
),
unheard AS (
    INSERT INTO devices_outagespan (domain_id, camera_id, code, began_at, ended_at)
    SELECT domain_id, camera_id, 'streamer_down', last_said, %(now)s FROM known WHERE missed
)
SELECT domain_id, camera_id FROM known WHERE changed
"""

# Cameras that nobody speaks for any more: switched off or private, their ISP suspended, or their streamer silent. Rows
# that a streamer (or another web process) is writing just now are left to it. An outage began when it last spoke.
SETTLE = """
WITH quiet AS (
    SELECT s.id, s.domain_id, s.camera_id, s.reported_at,
           CASE WHEN r.runs AND d.is_active THEN 'waiting' ELSE 'disabled' END AS status,
           CASE WHEN r.runs AND d.is_active THEN 'unknown' ELSE '' END AS error_code,
           CASE WHEN NOT r.runs THEN '' WHEN d.is_active THEN 'streamer_down' ELSE 'suspended' END AS outage
    FROM devices_camerastatus s
    JOIN devices_camera c ON c.id = s.camera_id
    JOIN tenants_domain d ON d.id = c.domain_id
    CROSS JOIN LATERAL (SELECT c.enabled AND NOT c.is_private AS runs) AS r
    WHERE (s.alive OR (s.status <> 'disabled' AND NOT r.runs))
      AND (NOT r.runs OR NOT d.is_active OR s.reported_at IS NULL OR s.reported_at < %(silent_since)s)
    FOR UPDATE OF s SKIP LOCKED
),
ended AS (
    UPDATE devices_outagespan o
    SET ended_at = CASE WHEN q.outage = '' THEN %(now)s
                        ELSE greatest(o.began_at, coalesce(q.reported_at, %(now)s)) END
    FROM quiet q
    WHERE o.camera_id = q.camera_id AND o.ended_at IS NULL
),
begun AS (
    INSERT INTO devices_outagespan (domain_id, camera_id, code, began_at)
    SELECT domain_id, camera_id, outage, coalesce(reported_at, %(now)s) FROM quiet WHERE outage <> ''
)
UPDATE devices_camerastatus s
SET alive = false, status = q.status, error_code = q.error_code,
    error_message = CASE q.error_code WHEN '' THEN '' ELSE 'The streamer does not answer.' END,
    bitrate = 0, online_clients = 0, changed_at = CASE WHEN s.alive THEN %(now)s ELSE s.changed_at END
FROM quiet q WHERE q.id = s.id
RETURNING s.domain_id, s.camera_id
"""

# What each streamer carries: the installation's pages may not look into ISPs, so the machines' role counts for them.
CARRIED = """
SELECT t.id AS streamer, jsonb_build_object(
    'cameras', count(c.id), 'isps', count(DISTINCT c.domain_id),
    'alive', count(c.id) FILTER (WHERE r.runs AND s.alive),
    'failing', count(c.id) FILTER (WHERE r.runs AND NOT s.alive AND s.error_code <> ''),
    'bitrate', coalesce(sum(s.bitrate) FILTER (WHERE r.runs AND s.alive), 0),
    'clients', coalesce(sum(s.online_clients) FILTER (WHERE r.runs AND s.alive), 0),
    'bytes', coalesce(sum(s.dvr_bytes), 0))::text AS figures
FROM devices_streamer t
LEFT JOIN devices_camera c ON c.streamer_id = t.id
LEFT JOIN devices_camerastatus s ON s.camera_id = c.id
LEFT JOIN tenants_domain d ON d.id = c.domain_id
CROSS JOIN LATERAL (SELECT c.enabled AND NOT c.is_private AND d.is_active AS runs) AS r
WHERE EXISTS (SELECT FROM devices_streamer w WHERE w.counted_at IS NULL OR w.counted_at < %(before)s)
GROUP BY t.id
"""
# One row a transaction: a commit of cameras locks all streamers at once, and must not wait for us while we wait for it.
NOTE = "UPDATE devices_streamer SET figures = %(figures)s::jsonb, counted_at = %(now)s WHERE id = %(streamer)s"

# The disks a streamer reports; written only where they say something new, because the row is read at every poll.
DISKS = """
UPDATE devices_streamer SET disks = %(disks)s::jsonb WHERE id = %(streamer)s AND disks <> %(disks)s::jsonb
RETURNING id
"""
MOST_DISKS = 64
DISK_STEP = 100_000_000

# A message may quote the camera's address; browsers get messages, and nobody is to read a password there.
_PASSWORD = re.compile(r"(://[^/\s:@]*):[^/\s@]+@")


@dataclass(frozen=True)
class Report:
    """One stream as its streamer sees it, as the columns of CameraStatus."""

    domain_id: int
    name: str
    alive: bool
    status: str
    error_code: str
    error_message: str
    bitrate: int
    online_clients: int
    opened_at: datetime | None
    media_info: str
    dvr_from: int | None
    dvr_duration: int
    dvr_bytes: int
    dvr_kept_bytes: int


def document(reports: Iterable[Report]) -> str:
    """Reports as the one parameter of UPSERT: PostgreSQL takes JSON apart ten times faster than arrays are written."""
    return orjson.dumps(list(reports)).decode()


def decode(stream: Any) -> Report | None:
    """One entry of a status report; None if it cannot speak of a camera. A single odd value does not lose the rest."""
    if not isinstance(stream, dict):
        return None
    named = media_name(stream.get("name"))
    stats = _dict(stream.get("stats"))
    if named is None or not stats:
        return None
    error, dvr = _dict(stats.get("error")), _dict(stats.get("dvr_info"))
    return Report(
        domain_id=named[1],
        name=named[0],
        alive=stats.get("alive") is True,
        status=_text(stats.get("status"), 20),
        error_code=_text(error.get("code"), 32),
        error_message=_PASSWORD.sub(r"\1:***@", _text(error.get("message"), 300)),
        bitrate=_number(stats.get("bitrate"), LARGEST_INT),
        online_clients=_number(stats.get("online_clients"), LARGEST_INT),
        opened_at=_instant(stats.get("opened_at")),
        media_info=_json(stats.get("media_info")),
        dvr_from=_number(dvr.get("from"), LARGEST_BIGINT) or None,
        dvr_duration=_number(dvr.get("duration"), LARGEST_BIGINT),
        dvr_bytes=_number(dvr.get("bytes"), LARGEST_BIGINT),
        dvr_kept_bytes=_number(dvr.get("kept_bytes"), LARGEST_BIGINT),
    )


def disks_of(body: dict[str, Any]) -> list[dict[str, Any]] | None:
    """The disks of a report, in bytes and to 100 MB, so that not each report is news; None where it speaks of none."""
    listed = body.get("disks")
    if not isinstance(listed, list):
        return None
    return [_disk(one) for one in listed[:MOST_DISKS] if isinstance(one, dict)]


def _disk(said: dict[str, Any]) -> dict[str, Any]:
    sizes = {name: _number(said.get(name), LARGEST_BIGINT) // DISK_STEP * DISK_STEP for name in ("free", "used")}
    return {
        "path": _text(said.get("path"), 300),
        "online": said.get("online") is True,
        "total": _number(said.get("total"), LARGEST_BIGINT),
        **sizes,
        "error": _text(said.get("error"), 300),
    }


def media_name(text: Any) -> tuple[str, int] | None:
    """A stream's name on a streamer, as the camera's name and its ISP (the reverse of `Camera.media`)."""
    if not isinstance(text, str):
        return None
    name, _, domain = text.rpartition("~")
    if not name or len(text) > 90 or not (domain.isascii() and domain.isdigit()) or "\0" in name:
        return None
    domain_id = int(domain)
    return (name, domain_id) if domain_id <= LARGEST_BIGINT else None


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any, length: int) -> str:
    return value.replace("\0", "")[:length] if isinstance(value, str) else ""


def _number(value: Any, largest: int) -> int:
    """A count within what its column holds; whatever is no count is 0."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
        return 0
    return int(min(value, largest))


def _instant(milliseconds: Any) -> datetime | None:
    seconds = _number(milliseconds, 253_370_764_800_000) / 1000  # up to the year 9999
    return datetime.fromtimestamp(seconds, UTC) if seconds else None


def _json(value: Any) -> str:
    text = orjson.dumps(_dict(value)).decode()
    return text if len(text) <= LARGEST_MEDIA_INFO and "\\u0000" not in text else "{}"
