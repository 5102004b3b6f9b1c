"""Which recordings outlive the archive's days, asked by streamers before they clean up (contracts.md 2.1).

What is not in the answer is erased. In any doubt the answer is 501: then nothing is erased that may be protected.
"""

from __future__ import annotations

from datetime import UTC, datetime

import orjson
from psycopg.types.numeric import Int8

from devices.episodes import EPISODES, MOST, document, episode, names_of
from portal import fleet
from portal.api.hooks.callers import caller
from portal.api.hooks.wire import Answer, Refusal, Scope, query
from portal.fleet import DatabaseAway
from tenants import clock

BEGINNING, END = 0.0, 253_370_764_800.0  # the year 9999


async def episodes(scope: Scope, hostname: str) -> Answer:
    """The protected spans of the named streams that touch a window of UTC seconds."""
    asked = query(scope)
    listed = asked.get("name") or asked.get("media") or ""  # newer streamers call it media
    try:
        calling = await caller(scope, hostname)
        names = names_of(listed)
        if not names:
            raise Refusal(501, "Streams have to be named, by names of cameras.")
        since, until = _moment(asked.get("closed_at_gt"), BEGINNING), _moment(asked.get("opened_at_lt"), END)
        parameters = {
            "names": document(names), "streamer": Int8(calling.id), "since": since, "until": until,
            "now": clock.now(), "limit": MOST + 1,
        }  # fmt: skip
        rows = await fleet.fetch(EPISODES, parameters)
    except DatabaseAway as away:
        raise Refusal(501, "The database does not answer.") from away
    if len(rows) > MOST:
        raise Refusal(501, "There are more episodes than one answer holds: ask for fewer streams or a shorter time.")
    return Answer(200, orjson.dumps({"episodes": [episode(row) for row in rows]}))


def _moment(text: str | None, default: float) -> datetime:
    try:
        return datetime.fromtimestamp(float(text) if text else default, UTC)
    except (ValueError, OverflowError, OSError):
        raise Refusal(501, "A bound of the window is no moment in UTC seconds.") from None
