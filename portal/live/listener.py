"""The one LISTEN of a web process: news from the database to the hub, and everything read again after a gap."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import orjson
import psycopg

from devices.broadcast import LIVE
from portal import fleet
from portal.fleet import DatabaseAway
from portal.live.converging import Converger
from portal.live.guard import Guard
from portal.live.hub import Hub
from tenants.broadcast import ACCESS, MESSAGES

logger = logging.getLogger(__name__)

QUIET = 20.0  # seconds without news after which the connection is tried
FIRST_DELAY, LAST_DELAY = 0.1, 5.0


class Listener:
    """Feeds one hub, its guard, and who tells streamers; `run` it as a task."""

    def __init__(self, hub: Hub, guard: Guard, converger: Converger) -> None:
        self._hub, self._guard, self._converger = hub, guard, converger

    async def run(self) -> None:
        delay = FIRST_DELAY
        while True:
            try:
                async with await fleet.connect() as held:
                    await held.execute(f"LISTEN {LIVE}")
                    await held.execute(f"LISTEN {ACCESS}")
                    await held.execute(f"LISTEN {MESSAGES}")
                    delay = FIRST_DELAY
                    await self._hub.refresh_all()
                    await self._follow(held)
            except (DatabaseAway, psycopg.Error) as error:
                logger.warning("live news are interrupted, next try in %.1f s: %s", delay, str(error).strip())
            await asyncio.sleep(delay)
            delay = min(delay * 2, LAST_DELAY)

    async def _follow(self, held: fleet.Connection) -> None:
        while True:
            async for news in held.notifies(timeout=QUIET):
                await self._hear(news)
            await held.execute("SELECT 1")

    async def _hear(self, news: psycopg.Notify) -> None:
        payload = _payload(news.payload)
        domain_id = payload.get("d")
        if not isinstance(domain_id, int):
            logger.error("a notice on %s makes no sense", news.channel)
        elif news.channel == LIVE:
            await self._hub.refresh(domain_id, payload.get("c", []))
        elif news.channel == MESSAGES:
            self._hub.tell_of_messages(domain_id, payload.get("u"))
        else:
            self._guard.doubt(domain_id, payload.get("u"))
            self._converger.doubt(domain_id)


def _payload(text: str) -> dict[str, Any]:
    try:
        payload = orjson.loads(text)
    except orjson.JSONDecodeError:
        return {}
    return payload if isinstance(payload, dict) else {}
