"""Who watches, noted from the questions of streamers (item 317) without making a viewer wait for it.

A question is noted in memory and written a second later, all of them in one statement: a row a person, camera, kind,
sign-in and day. Who goes on watching is written again once a minute, so `last_at` is true to that.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

import orjson
import psycopg

from devices.models import Viewing
from devices.playback import Playback
from portal import fleet
from portal.fleet import DatabaseAway
from tenants import clock

logger = logging.getLogger(__name__)

LIVE, ARCHIVE, EXPORT = Viewing.Kind.LIVE.value, Viewing.Kind.ARCHIVE.value, Viewing.Kind.EXPORT.value
WRITE_EVERY = 1.0  # seconds
AGAIN_AFTER = 60.0
MOST = 20_000  # noted and not yet written: while the database is away longer than that lasts, the oldest are kept
ATTEMPTS = 3
# Pictures of a list and questions about the archive are nobody's watching.
NO_VIDEO = {"jpeg", "api"}

WRITE = """
INSERT INTO devices_viewing (domain_id, camera_id, user_id, user_login, kind, holder, holder_id, detail, day,
                             began_at, last_at, ip, user_agent)
SELECT c.domain_id, c.id, v."user", coalesce(u.login, ''), v.kind, v.holder, v.holder_id, v.detail,
       (v.at AT TIME ZONE d.timezone)::date, v.at, v.at, v.ip, v.agent
FROM jsonb_to_recordset(%(seen)s::jsonb) AS v(domain bigint, camera bigint, "user" bigint, kind text, holder smallint,
                                              holder_id bigint, detail text, at timestamptz, ip inet, agent text)
JOIN devices_camera c ON c.id = v.camera AND c.domain_id = v.domain
JOIN tenants_domain d ON d.id = v.domain
LEFT JOIN tenants_user u ON u.id = v."user" AND u.domain_id = v.domain
ORDER BY c.id, v."user", v.kind, v.holder_id, v.detail
ON CONFLICT (domain_id, camera_id, user_id, kind, holder, holder_id, detail, day)
    DO UPDATE SET last_at = greatest(devices_viewing.last_at, excluded.last_at)
"""


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


class Notebook:
    """Notes viewers of this process, and writes them down; `run` it as a task."""

    def __init__(self) -> None:
        self._due: dict[Seen, Sighting] = {}
        self._written: dict[Seen, float] = {}

    def note(self, token: Playback, kind: str, asked: Mapping[str, str]) -> None:
        """Note that somebody was let in."""
        detail = _window(asked) if kind == EXPORT else ""
        seen = Seen(token.domain_id, token.camera_id, token.user_id, kind, token.holder, token.holder_id, detail)
        if seen in self._due or len(self._due) >= MOST:
            return
        if clock.monotonic() - self._written.get(seen, -AGAIN_AFTER) >= AGAIN_AFTER:
            self._due[seen] = Sighting(clock.now(), _address(asked.get("ip", "")), asked.get("user_agent", "")[:300])

    async def run(self) -> None:
        while True:
            await asyncio.sleep(WRITE_EVERY)
            try:
                await self.write()
            except DatabaseAway as away:
                logger.warning("who watches is written later: %s", away)

    async def write(self) -> None:
        """Write what is noted; it stays noted when the database is away. Raises DatabaseAway."""
        now = clock.monotonic()
        self._written = {seen: at for seen, at in self._written.items() if now - at < AGAIN_AFTER}
        taken = dict(self._due)
        if not taken:
            return
        await _store(taken)
        for seen in taken:
            self._due.pop(seen, None)
            self._written[seen] = now


async def _store(taken: Mapping[Seen, Sighting]) -> None:
    rows = [{**seen._asdict(), "at": one.at, "ip": one.ip, "agent": one.agent} for seen, one in taken.items()]
    document = orjson.dumps(rows).decode()
    for attempt in range(ATTEMPTS):
        try:
            async with fleet.connection() as held, held.transaction():
                await held.execute(WRITE, {"seen": document}, prepare=False)
            return
        except psycopg.errors.ForeignKeyViolation:
            # A camera was deleted between our look and our commit; the next look will not find it.
            if attempt == ATTEMPTS - 1:
                raise


def _address(text: str) -> str | None:
    try:
        return str(ip_address(text))
    except ValueError:
        return None


def _window(asked: Mapping[str, str]) -> str:
    """The part of the archive a file is made of, as our own streamer says it; others do not."""
    said: dict[str, Any] = dict(parse_qsl(asked.get("qs", "")))
    begun, length = said.get("from", ""), said.get("duration", "")
    known = begun.isascii() and begun.isdigit() and length.isascii() and length.isdigit()
    return f"{begun}-{length}"[:40] if known else ""


notebook = Notebook()
