"""May this player have this stream now? A streamer asks before playback and again every few seconds (contracts.md 2.2).
Files of the archive are a right of their own (item 304), who watches is noted (items 317, 325), and whose playback was
ended does not get it back at once.

One statement answers: the streamer's key, the sign-in the token is bound to, the ISP, the camera and the rights.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import urlsplit

import orjson
from psycopg.types.numeric import Int8

from devices.access import ONE
from devices.playback import Holder, Playback, TokenRefused, open_any
from devices.reports import media_name
from devices.services.sessions import SILENT
from portal import fleet
from portal.api.hooks import sessions, viewers
from portal.api.hooks.viewers import ARCHIVE, EXPORT, LIVE, kind_of
from portal.api.hooks.wire import Answer, Refusal, Scope, bearer_digest, query
from tenants import clock

DAY = 24 * 3600
SECONDS = "5"  # how long an answer may be believed, also a "no": so long does a revoked right live on
CACHED = ("X-AuthDuration", SECONDS)
ENDED = "An administrator has ended this playback."
TOO_MANY = "You are watching as many cameras at once as the plan allows: close another one first."

# A streamer that a camera has left goes on showing what it recorded (item 92), and no more.
WAS_HERE = """EXISTS (SELECT FROM devices_streamerspan x
            WHERE x.domain_id = c.domain_id AND x.camera_id = c.id AND x.streamer_id = s.id)"""

# How many others of the limited cameras a person watches that he began before this one; the first N stay, a second
# player of a camera is not one more, and files are no watching. X-Max-Sessions is not sent for it: a streamer counts
# players instead of cameras, those with a renewed token twice, and only its own. Who watches is written within a
# second: two cameras begun in the same second are both let in, and the later one is refused when it is asked about
# again, 5 s later.
ALIVE = f"""v.domain_id = %(domain)s AND v.user_id = %(user)s AND v.kind <> '{EXPORT}' AND v.ended_at IS NULL
            AND v.last_at > %(now)s - interval '{SILENT.seconds} s'"""
OTHERS = f"""(
    SELECT count(DISTINCT v.camera_id) FROM devices_viewingsession v
    JOIN devices_camera w ON w.id = v.camera_id AND w.domain_id = v.domain_id
    JOIN devices_preset l ON l.id = w.preset_id AND l.domain_id = w.domain_id AND l.max_streams IS NOT NULL
    WHERE {ALIVE} AND v.camera_id <> %(camera)s AND (v.began_at, v.camera_id) < (coalesce(
        (SELECT min(v.began_at) FROM devices_viewingsession v WHERE {ALIVE} AND v.camera_id = %(camera)s),
        %(now)s), %(camera)s))"""  # noqa: S608 - constants of this code base
# Administrators look after everybody's cameras: what a subscriber's plan allows does not bind them.
IS_ADMIN = "(SELECT u.is_admin FROM tenants_user u WHERE u.id = %(user)s AND u.domain_id = %(domain)s)"

# User 0 is the ISP's system key acting for nobody: it may all, as `tenants.access.system_user` says.
QUESTION = f"""
SELECT r.*
FROM devices_streamer s
LEFT JOIN LATERAL (
    SELECT c.name, held.can_view, held.can_dvr, held.dvr_depth_limit, floor(extract(epoch FROM c.created_at))::bigint,
           held.can_export, c.streamer_id = s.id OR %(dvr)s AND {WAS_HERE},
           EXISTS (SELECT FROM devices_viewingsession v WHERE v.domain_id = %(domain)s AND v.camera_id = %(camera)s
                   AND v.holder = %(holder)s AND v.holder_id = %(holder_id)s AND v.user_id = %(user)s
                   AND v.banned_until > %(now)s),
           %(user)s > 0 AND p.max_streams IS NOT NULL AND NOT {IS_ADMIN} AND p.max_streams <= {OTHERS}
    FROM (
        SELECT * FROM ({ONE}) AS person_rights
      UNION ALL
        SELECT c.id, true, true, true, NULL, true, true, true, true FROM devices_camera c
        WHERE %(user)s = 0 AND %(holder)s = {Holder.KEY:d} AND c.id = %(camera)s AND c.domain_id = %(domain)s
      UNION ALL
        SELECT g.camera_id, true, false, g.can_view_dvr, g.dvr_depth_limit, false, false, false, false
        FROM devices_playbackgrant g
        WHERE %(holder)s = {Holder.GRANT:d} AND g.id = %(holder_id)s AND g.domain_id = %(domain)s
            AND g.camera_id = %(camera)s AND (g.expires_at > %(now)s OR g.expires_at IS NULL)
    ) AS held
    JOIN devices_camera c ON c.id = held.camera_id AND c.enabled AND NOT c.is_private
    JOIN devices_preset p ON p.id = c.preset_id AND p.domain_id = c.domain_id
    JOIN tenants_domain d ON d.id = c.domain_id AND d.is_active
    WHERE CASE %(holder)s
        WHEN {Holder.SESSION:d} THEN EXISTS (
            SELECT FROM tenants_usersession u WHERE u.id = %(holder_id)s AND u.domain_id = %(domain)s
            AND u.user_id = %(user)s AND u.expires_at > %(now)s)
        WHEN {Holder.KEY:d} THEN EXISTS (
            SELECT FROM tenants_apikey k WHERE k.id = %(holder_id)s AND k.domain_id = %(domain)s
            AND (k.user_id = %(user)s OR k.user_id IS NULL) AND (k.expires_at > %(now)s OR k.expires_at IS NULL)
            AND ('video' = ANY (k.rights) OR cardinality(k.rights) = 0))
        WHEN {Holder.GRANT:d} THEN true
        ELSE false END
) AS r ON true
WHERE s.key_digest = %(key)s
"""  # noqa: S608 - constants of this code base
STATEMENT = QUESTION.encode()
WHERE = """
SELECT s.public_url, s.rtsp_port FROM devices_camera c JOIN devices_streamer s ON s.id = c.streamer_id
WHERE c.id = %(camera)s AND c.domain_id = %(domain)s AND s.rtsp_port > 0
"""
RTSP = "rtsp"
WATCHING = {LIVE, ARCHIVE}
ANY = 0  # where a name says no ISP


class Held(NamedTuple):
    """What the asker holds on the camera of his token; all None when he has nothing to do with it."""

    name: str | None
    view: bool | None
    dvr: bool | None
    depth: int | None
    since: int | None
    export: bool | None
    here: bool | None  # whether this streamer may show it
    ended: bool | None
    crowded: bool | None  # whether as many cameras as the plan allows are watched already


async def authorize(scope: Scope) -> Answer:
    """200 with the archive that may be seen, or 403; both are believed for X-AuthDuration seconds."""
    return await answer(bearer_digest(scope), query(scope))


async def answer(key: str, asked: Mapping[str, str]) -> Answer:
    """The same for a streamer with this digest of its key, whatever way it asked. Raises Refusal."""
    is_rtsp = asked.get("proto") == RTSP
    named = media_name(asked.get("name")) or (_plain_name(asked) if is_rtsp else None)
    if named is None:
        raise Refusal(400, "The stream's name is missing.")
    try:
        token = open_any(asked.get("token", ""))
    except TokenRefused:
        token = None
    held = await _ask(key, token, dvr=asked.get("dvr") == "true")
    if token is None or held.name != named[0] or named[1] not in (token.domain_id, ANY) or not held.view:
        raise Refusal(403, headers=[CACHED])
    if token.holder == Holder.GRANT and not is_rtsp:
        raise Refusal(403, headers=[CACHED])
    if is_rtsp and (not held.here or named[1] == ANY) and not held.ended:
        return await _redirect(asked, token, named[0])
    if not held.here:
        raise Refusal(403, headers=[CACHED])
    if held.ended:
        raise Refusal(403, ENDED, headers=[CACHED], code="playback_ended")
    kind = kind_of(asked)
    if kind == EXPORT and not held.export:
        raise Refusal(403, "The archive may be watched, but not downloaded.", headers=[CACHED])
    if held.crowded and kind in WATCHING:
        raise Refusal(403, TOO_MANY, headers=[CACHED], code="too_many_streams")
    if kind == LIVE or (kind and held.dvr and token.archive):
        viewers.note(token, kind, asked)
        sessions.note(token, kind, asked)
    return Answer(200, _archive(token, held), [CACHED, ("X-UserId", _user(token))])


def _user(token: Playback) -> str:
    """Whom a streamer counts; a third party counts as its grant (item 154)."""
    return f"grant-{token.holder_id}" if token.holder == Holder.GRANT else str(token.user_id)


def _plain_name(asked: Mapping[str, str]) -> tuple[str, int] | None:
    """A camera's name without its ISP, as it stands in an RTSP address: the token says which ISP is meant."""
    name = asked.get("name", "")
    return (name, ANY) if name and len(name) <= 90 and "~" not in name and "\0" not in name else None


async def _redirect(asked: Mapping[str, str], token: Playback, name: str) -> Answer:
    """302 to the address of the stream at the streamer that has it: any streamer may be asked (item 155)."""
    rows = await fleet.fetch_plain(WHERE.encode(), {"domain": Int8(token.domain_id), "camera": Int8(token.camera_id)})
    if not rows:
        raise Refusal(403, headers=[CACHED])
    public_url, port = rows[0]
    host = urlsplit(public_url).hostname or urlsplit(f"//{asked.get('host', '')}").hostname or ""
    host = f"[{host}]" if ":" in host else host
    return Answer(302, b"", [CACHED, ("Location", f"rtsp://{host}:{port}/{name}~{token.domain_id}")])


async def _ask(key: str, token: Playback | None, *, dvr: bool) -> Held:
    # Wrapped numbers: psycopg sends small ones as smallint, and every mix of widths would be a plan of its own.
    parameters = {
        "key": key,
        "dvr": dvr,
        "now": clock.now(),
        "domain": Int8(token.domain_id if token else 0),
        "camera": Int8(token.camera_id if token else 0),
        "user": Int8(token.user_id if token else 0),
        "holder": Int8(token.holder if token else 0),
        "holder_id": Int8(token.holder_id if token else 0),
    }
    rows = await fleet.fetch_plain(STATEMENT, parameters)
    if not rows:
        raise Refusal(401)
    return Held(*rows[0])


def _archive(token: Playback, held: Held) -> bytes:
    """`allowed_dvr_ranges`: since the camera is there, or as many days back as the viewer may look; or nothing.

    Recordings stay with their stream's name until their own retention ends (item 86). A name that is used again must
    not open what was recorded for somebody else, so the archive begins with the camera, whatever the streamer keeps.
    """
    if not held.dvr or not token.archive:
        return orjson.dumps({"allowed_dvr_ranges": []})
    opened_at = held.since or 0
    if held.depth is not None:
        opened_at = max(opened_at, int(clock.timestamp()) - held.depth * DAY)
    return orjson.dumps({"allowed_dvr_ranges": [{"opened_at": opened_at}]})
