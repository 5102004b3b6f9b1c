"""What a web process does on its own every few seconds for live status: the safety net under the notices."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta

from devices.reports import CARRIED, NOTE, SETTLE, SILENCE
from portal import fleet
from portal.fleet import DatabaseAway
from portal.live.hub import Hub
from portal.live.news import announce
from tenants import clock

logger = logging.getLogger(__name__)

REFRESH_EVERY = 10.0  # seconds: a browser is wrong for no longer, even if every notice were lost
BEAT_EVERY = 15.0
SETTLE_EVERY = 5.0
COUNT_EVERY = 30.0


async def settle() -> None:
    """Mark cameras off line that nobody speaks for: switched off, or their streamer silent. Raises DatabaseAway."""
    now = clock.now()
    async with fleet.connection() as held, held.transaction():
        parameters = {"now": now, "silent_since": now - timedelta(seconds=SILENCE)}
        cursor = await held.execute(SETTLE, parameters, prepare=False)
        await announce(held, await cursor.fetchall())


async def count() -> None:
    """Count what each streamer carries, unless another process has just done so. Raises DatabaseAway."""
    now = clock.now()
    async with fleet.connection() as held:
        cursor = await held.execute(CARRIED, {"before": now - timedelta(seconds=COUNT_EVERY / 2)}, prepare=False)
        for row in await cursor.fetchall():
            await held.execute(NOTE, {"now": now, **row}, prepare=False)


async def every(seconds: float, work: Callable[[], Awaitable[None]]) -> None:
    """Do it again and again; an absent database costs one round and a line in the log."""
    while True:
        await asyncio.sleep(seconds)
        try:
            await work()
        except DatabaseAway as away:
            logger.warning("a round of live status was missed: %s", away)


async def settle_rounds() -> None:
    """`settle`, beginning late: after a pause of the portal, streamers must have had the time to report again."""
    await asyncio.sleep(SILENCE)
    await every(SETTLE_EVERY, settle)


async def count_rounds() -> None:
    await every(COUNT_EVERY, count)


async def refresh_rounds(hub: Hub) -> None:
    await every(REFRESH_EVERY, hub.refresh_all)


async def beat_rounds(hub: Hub) -> None:
    async def beat() -> None:
        hub.beat()

    await every(BEAT_EVERY, beat)
