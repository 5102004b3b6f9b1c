"""Who is watching now, noted from the questions of streamers (item 325): a row a session, written again every few
seconds while it goes on."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from devices.playback import Holder, Playback
from devices.services.sessions import SILENT
from portal.api.hooks.books import Book
from portal.api.hooks.viewers import address, agent
from tenants import clock

AGAIN_AFTER = 9.0  # seconds: less than a third of the silence that ends a session
LONGEST = 366 * 24 * 3600
LARGEST = 2**62

# A session that was silent, or was ended and may come again, begins anew; one that may not come again stays as it is.
WRITE = f"""
INSERT INTO devices_viewingsession AS held (
    domain_id, camera_id, streamer, key, user_id, user_login, holder, holder_id, kind, protocol, bytes, began_at,
    last_at, ip, user_agent, ended_by)
SELECT c.domain_id, c.id, coalesce(s.hostname, ''), v.key, v."user", coalesce(u.login, g.title, ''), v.holder,
       v.holder_id, v.kind, v.protocol, v.bytes, v.at - make_interval(secs => v.seconds), v.at, v.ip, v.agent, ''
FROM jsonb_to_recordset(%(seen)s::jsonb) AS v(domain bigint, camera bigint, key text, "user" bigint, holder smallint,
    holder_id bigint, kind text, protocol text, bytes bigint, seconds float, at timestamptz, ip inet, agent text)
JOIN devices_camera c ON c.id = v.camera AND c.domain_id = v.domain
LEFT JOIN devices_streamer s ON s.id = c.streamer_id
LEFT JOIN tenants_user u ON u.id = v."user" AND u.domain_id = v.domain
LEFT JOIN devices_playbackgrant g ON g.id = v.holder_id AND g.domain_id = v.domain AND v.holder = {Holder.GRANT:d}
ORDER BY c.id, v.key
ON CONFLICT (domain_id, camera_id, key) DO UPDATE SET
    began_at = CASE WHEN held.ended_at IS NULL AND excluded.last_at - held.last_at < interval '{SILENT.seconds} s'
                    THEN held.began_at ELSE excluded.began_at END,
    last_at = greatest(held.last_at, excluded.last_at), bytes = excluded.bytes, kind = excluded.kind,
    ip = excluded.ip, ended_at = NULL, ended_by = '', banned_until = NULL
WHERE held.banned_until IS NULL OR held.banned_until <= excluded.last_at
"""  # noqa: S608 - constants of this code base


class Key(NamedTuple):
    """What makes one session."""

    domain: int
    camera: int
    key: str


@dataclass(frozen=True)
class Present:
    """What is true of it at a moment."""

    token: Playback
    kind: str
    asked: Mapping[str, str]
    at: datetime


def _row(key: Key, present: Present) -> dict[str, Any]:
    token, asked = present.token, present.asked
    return {
        **key._asdict(),
        "user": token.user_id,
        "holder": token.holder,
        "holder_id": token.holder_id,
        "kind": present.kind,
        "protocol": asked.get("proto", "").replace("\0", "")[:16],
        "bytes": _number(asked.get("bytes"), LARGEST),
        "seconds": _number(asked.get("duration"), LONGEST),
        "at": present.at,
        "ip": address(asked.get("ip", "")),
        "agent": agent(asked),
    }


register: Book[Key, Present] = Book(WRITE, AGAIN_AFTER, _row)


def note(token: Playback, kind: str, asked: Mapping[str, str]) -> None:
    """Note that a session goes on."""
    key = Key(token.domain_id, token.camera_id, session_key(asked))
    if register.wants(key):
        register.note(key, Present(token, kind, asked, clock.now()))


def session_key(asked: Mapping[str, str]) -> str:
    """The streamer's number of the session; for a streamer that sends none, one of what it says of the player."""
    said = asked.get("session_id", "")
    if said and len(said) <= 64 and said.isprintable():
        return said
    parts = (asked.get(name, "") for name in ("token", "ip", "proto", "user_agent"))
    return hashlib.sha256("\0".join(parts).encode("utf-8", "replace")).hexdigest()


def _number(text: str | None, most: int) -> int:
    return min(int(text), most) if text and text.isascii() and text.isdigit() and len(text) < 20 else 0
