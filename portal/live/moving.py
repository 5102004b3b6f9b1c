"""Cameras follow the health of streamers: who fell silent gives his to others, who is back takes his own again."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Mapping
from typing import Any

from psycopg.types.numeric import Int8

from devices.moves import (
    FACTS,
    HEARD,
    LOAD_PARAMETERS,
    LOADS,
    LOSE,
    MACHINES,
    MOVE,
    NOWHERE,
    RESTLESS,
    UNSAID,
    health_parameters,
    machine_of,
    machines_of,
    move_parameters,
    placed_of,
)
from devices.placement import LOST, Health, Machine, Move, plan
from devices.services.placements import SETTLE
from portal import fleet
from portal.fleet import DatabaseAway
from portal.live.news import announce
from tenants import clock

logger = logging.getLogger(__name__)

EVERY = 2.0  # seconds
# All cameras are looked at again after so long, though no streamer changed: rules and limits may have.
AGAIN_AFTER = 10.0
# Perch was away itself: streamers that could not speak to it are given the time to, before they are taken for lost.
PATIENCE = LOST.total_seconds() + 10.0
LONGEST_GAP = 10.0
LOCK = 0x70657263686D  # of the process that moves cameras just now


class Mover:
    """The rounds of one web process; of several, whichever comes first does what there is to do."""

    def __init__(self) -> None:
        self._watching_since = self._last_round = clock.monotonic()
        self._seen: list[Machine] = []
        self._looked_at = -AGAIN_AFTER

    async def rounds(self) -> None:
        """Look again and again. An absent database begins the wait anew: nobody was heard while it was away."""
        while os.environ.get("PERCH_FAILOVER") == "off":
            await asyncio.sleep(3600)
        while True:
            await asyncio.sleep(EVERY)
            try:
                await self._round()
            except DatabaseAway as away:
                self._watching_since = clock.monotonic()
                logger.warning("cameras are not moved for now: %s", away)

    async def _round(self) -> None:
        now, last = clock.monotonic(), self._last_round
        self._last_round = now
        if now - last > LONGEST_GAP:
            self._watching_since = now
        if now - self._watching_since < PATIENCE:
            return
        machines = await look()
        if machines != self._seen or now - self._looked_at >= AGAIN_AFTER:
            await move()
            self._seen, self._looked_at = machines, now


async def look() -> list[Machine]:
    """Note which streamers were lost or are heard again; returns all as they are now. Raises DatabaseAway."""
    now = clock.now()
    parameters = health_parameters(now)
    for row in await fleet.fetch(MACHINES, {}):
        if row["last_seen_at"] is None:
            continue
        is_silent = row["last_seen_at"] < parameters["silent_since"]
        if is_silent == (row["steady_since"] is not None):
            await _note(LOSE if is_silent else HEARD, {**parameters, "streamer": Int8(row["id"])})
    return [machine_of(row, now) for row in await fleet.fetch(MACHINES, {})]


async def _note(statement: str, parameters: Mapping[str, Any]) -> None:
    async with fleet.connection() as held:
        await held.execute(statement, parameters, prepare=False)


async def move() -> list[Move]:
    """Put every camera where it belongs, in one transaction with the facts and the news. Raises DatabaseAway."""
    async with fleet.connection() as held, held.transaction():
        await held.execute("SET LOCAL statement_timeout = '60s'")
        await held.execute("SET LOCAL plan_cache_mode = force_custom_plan")
        locked = await (await held.execute("SELECT pg_try_advisory_xact_lock(%s) AS ours", [Int8(LOCK)])).fetchone()
        if not locked or not locked["ours"]:
            return []
        machines = await _machines(held)
        doubtful = [one.id for one in machines if one.health == Health.LOST or one.is_overfull]
        rows = await (await held.execute(RESTLESS, {"doubtful": doubtful}, prepare=False)).fetchall()
        lost = {one.id for one in machines if one.health == Health.LOST}
        moves = await asyncio.to_thread(lambda: plan(machines, [placed_of(row) for row in rows]))
        if moves:
            await _carry_out(held, moves, [one.camera for one in moves if one.source in lost or one.source is None])
        await _say_who_is_nowhere(held)
        return moves


async def _say_who_is_nowhere(held: fleet.Connection) -> None:
    found = await (await held.execute(NOWHERE, prepare=False)).fetchall()
    if found:
        cameras = [row["camera_id"] for row in found]
        for statement in UNSAID:
            parameters = {"cameras": cameras, "interrupted": cameras, "now": clock.now()}
            await held.execute(statement, parameters, prepare=False)
        await announce(held, found)


async def _machines(held: fleet.Connection) -> list[Machine]:
    rows = await (await held.execute(MACHINES, prepare=False)).fetchall()
    loads = await (await held.execute(LOADS, LOAD_PARAMETERS, prepare=False)).fetchall()
    return machines_of(rows, loads, clock.now())


async def _carry_out(held: fleet.Connection, moves: list[Move], interrupted: list[int]) -> None:
    """Move, and write down where cameras were and since when they gave no video; `interrupted` are those whose old
    streamer does not record them any more."""
    cursor = await held.execute(MOVE, move_parameters(moves), prepare=False)
    moved = await cursor.fetchall()
    parameters = {
        "cameras": [row["camera_id"] for row in moved], "interrupted": interrupted, "now": clock.now(),
    }  # fmt: skip
    for statement in (*FACTS, *SETTLE):
        await held.execute(statement, parameters, prepare=False)
    await announce(held, moved)
    logger.info("cameras moved", extra={"moved": len(moved), "planned": len(moves)})
