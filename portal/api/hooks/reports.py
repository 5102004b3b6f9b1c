"""What a streamer says of its streams: stored at once, and told to the browsers that may see it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import orjson
import psycopg
from psycopg.types.numeric import Int8

from devices.reports import DISKS, SILENCE, UPSERT, Report, decode, disks_of, document
from devices.services.replacements import CONNECTING, HEARD, TRIAL
from portal import fleet
from portal.api.hooks.callers import caller
from portal.api.hooks.wire import Answer, Receive, Refusal, Scope, json_body
from portal.live.news import announce
from tenants import clock

ATTEMPTS = 3


async def accept(scope: Scope, receive: Receive, hostname: str) -> Answer:
    """Take a report. Streams that are no camera of this streamer, and entries that say nothing, are passed over."""
    calling = await caller(scope, hostname)
    body = await json_body(scope, receive)
    entries = body.get("streams") if isinstance(body, dict) else None
    if not isinstance(entries, list):
        raise Refusal(400, "A report is an object with a list of streams.")
    disks = disks_of(body)
    if disks is not None:
        await fleet.fetch(DISKS, {"disks": orjson.dumps(disks).decode(), "streamer": Int8(calling.id)})
    await take(calling.id, entries)
    return Answer(204)


async def take(streamer_id: int, entries: list[Any]) -> None:
    """Keep what a streamer said, or was asked, of its streams. Raises DatabaseAway."""
    reports = [report for report in map(decode, entries) if report is not None]
    if reports:
        now = clock.now()
        spoken = {"now": now, "silent_since": now - timedelta(seconds=SILENCE)}
        await _store({"reports": document(reports), "streamer": Int8(streamer_id), **spoken})
        await _hear_trials([report for report in reports if report.name.startswith(TRIAL)], streamer_id)


async def _hear_trials(reports: list[Report], streamer: int) -> None:
    """New cameras that are tried before they take another one's place."""
    if reports:
        async with fleet.connection() as held:
            said = {"reports": document(reports), "connected_by": clock.now() - CONNECTING}
            await held.execute(HEARD, {**said, "streamer": Int8(streamer)})


async def _store(parameters: dict[str, Any]) -> None:
    for attempt in range(ATTEMPTS):
        try:
            async with fleet.connection() as held, held.transaction():
                # Planned each time: a plan kept from when the table was empty reads all of it for every stream.
                await held.execute("SET LOCAL plan_cache_mode = force_custom_plan")
                cursor = await held.execute(UPSERT, parameters, prepare=False)
                await announce(held, await cursor.fetchall())
            return
        except (psycopg.errors.ForeignKeyViolation, psycopg.errors.DeadlockDetected):
            # A camera was deleted between our look and our commit; the next look will not find it. Or the round that
            # settles silent cameras met us half-way.
            if attempt == ATTEMPTS - 1:
                raise
