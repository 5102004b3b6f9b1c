"""Who watches, noted from the questions of streamers (item 317) without making a viewer wait for it.

A row a person, camera, kind, sign-in and day. Who goes on watching is written again once a minute, so `last_at` is true
to that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from devices.models import Viewing
from devices.playback import Holder, Playback
from portal.api.hooks.books import Book
from tenants import clock

LIVE, ARCHIVE, EXPORT = Viewing.Kind.LIVE.value, Viewing.Kind.ARCHIVE.value, Viewing.Kind.EXPORT.value
AGAIN_AFTER = 60.0
# Pictures of a list and questions about the archive are nobody's watching.
NO_VIDEO = {"jpeg", "api"}

WRITE = f"""
INSERT INTO devices_viewing (domain_id, camera_id, user_id, user_login, kind, holder, holder_id, detail, day,
                             began_at, last_at, ip, user_agent)
SELECT c.domain_id, c.id, v."user", coalesce(u.login, g.title, ''), v.kind, v.holder, v.holder_id, v.detail,
       (v.at AT TIME ZONE d.timezone)::date, v.at, v.at, v.ip, v.agent
FROM jsonb_to_recordset(%(seen)s::jsonb) AS v(domain bigint, camera bigint, "user" bigint, kind text, holder smallint,
                                              holder_id bigint, detail text, at timestamptz, ip inet, agent text)
JOIN devices_camera c ON c.id = v.camera AND c.domain_id = v.domain
JOIN tenants_domain d ON d.id = v.domain
LEFT JOIN tenants_user u ON u.id = v."user" AND u.domain_id = v.domain
LEFT JOIN devices_playbackgrant g ON g.id = v.holder_id AND g.domain_id = v.domain AND v.holder = {Holder.GRANT:d}
ORDER BY c.id, v."user", v.kind, v.holder_id, v.detail
ON CONFLICT (domain_id, camera_id, user_id, kind, holder, holder_id, detail, day)
    DO UPDATE SET last_at = greatest(devices_viewing.last_at, excluded.last_at)
"""  # noqa: S608 - constants of this code base


class Seen(NamedTuple):
    """What makes one viewing, but for its day."""

    domain: int
    camera: int
    user: int
    kind: str
    holder: int
    holder_id: int
    detail: str


@dataclass(frozen=True)
class Sighting:
    """When and from where."""

    at: datetime
    ip: str | None
    agent: str


def kind_of(asked: Mapping[str, str]) -> str:
    """What a streamer's question is about; empty for what is no watching."""
    if asked.get("proto") in NO_VIDEO:
        return ""
    if asked.get("dvr") != "true":
        return LIVE
    return EXPORT if asked.get("proto") == "mp4" else ARCHIVE


def _row(seen: Seen, sighting: Sighting) -> dict[str, Any]:
    return {**seen._asdict(), "at": sighting.at, "ip": sighting.ip, "agent": sighting.agent}


notebook: Book[Seen, Sighting] = Book(WRITE, AGAIN_AFTER, _row)


def note(token: Playback, kind: str, asked: Mapping[str, str]) -> None:
    """Note that somebody was let in."""
    detail = _window(asked) if kind == EXPORT else ""
    seen = Seen(token.domain_id, token.camera_id, token.user_id, kind, token.holder, token.holder_id, detail)
    if notebook.wants(seen):
        notebook.note(seen, Sighting(clock.now(), address(asked.get("ip", "")), agent(asked)))


def address(text: str) -> str | None:
    """An IP address as the database takes it; None for anything else."""
    try:
        return str(ip_address(text))
    except ValueError:
        return None


def agent(asked: Mapping[str, str]) -> str:
    """The player's name for itself; a zero byte, which PostgreSQL refuses, is no part of one."""
    return asked.get("user_agent", "").replace("\0", "")[:300]


def _window(asked: Mapping[str, str]) -> str:
    """The part of the archive a file is made of, as our own streamer says it; others do not."""
    said: dict[str, Any] = dict(parse_qsl(asked.get("qs", "")))
    begun, length = said.get("from", ""), said.get("duration", "")
    known = begun.isascii() and begun.isdigit() and length.isascii() and length.isdigit()
    return f"{begun}-{length}"[:40] if known else ""
