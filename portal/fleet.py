"""Connections of the machines' role, for the hot hooks and the live hub: one pool a process, in its event loop.

The role `fleet` sees the few tables it needs across ISPs (streamers serve many) and no others.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any, TypeVar

import psycopg
from psycopg import AsyncConnection
from psycopg.rows import AsyncRowFactory, DictRow, TupleRow, dict_row, tuple_row
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from portal.embedded.database import database_url

logger = logging.getLogger(__name__)

WAIT = 3.0  # seconds for a connection; a streamer asks again sooner than it would wait longer
# The pool's own back-off doubles up to this: an hour without a database must not mean minutes without one afterwards.
RECONNECT = 4.0
# Generic plans always: planning a question anew costs four times what answering it does, and the parameters of all our
# statements are equally selective. The page cost is that of disks without a head: with PostgreSQL's default of 4 the
# playback question reads whole small tables instead of their indexes and takes twice as long.
OPTIONS = "-c statement_timeout=5s -c plan_cache_mode=force_generic_plan -c random_page_cost=1.1"

Connection = AsyncConnection[DictRow]
Pool = AsyncConnectionPool[Connection]

Row = TypeVar("Row")

AWAY = (psycopg.OperationalError, psycopg.InterfaceError, PoolTimeout)

_pools: dict[asyncio.AbstractEventLoop, Pool] = {}


class DatabaseAway(Exception):
    """The database does not answer, or not in time. Nothing is known, so nothing may be concluded."""


async def pool() -> Pool:
    """This event loop's pool, opened at the first call; opening waits for no connection."""
    loop = asyncio.get_running_loop()
    if loop not in _pools:
        # autocommit: a single statement is a transaction by itself, without two more round trips.
        made: Pool = AsyncConnectionPool(
            database_url("fleet"),
            connection_class=AsyncConnection[DictRow],
            kwargs={"autocommit": True, "row_factory": dict_row, "options": OPTIONS},
            min_size=1,
            max_size=int(os.environ.get("PERCH_FLEET_POOL") or 8),
            timeout=WAIT,
            reconnect_timeout=RECONNECT,
            open=False,
            name="fleet",
        )
        _pools[loop] = made
        await made.open(wait=False)
    return _pools[loop]


async def close() -> None:
    """Close this event loop's pool."""
    made = _pools.pop(asyncio.get_running_loop(), None)
    if made:
        await made.close()


@contextlib.asynccontextmanager
async def connection() -> AsyncIterator[Connection]:
    """A connection for as long as the block lasts. Raises DatabaseAway for whatever the database's absence causes."""
    try:
        async with (await pool()).connection() as held:
            yield held
    except AWAY as error:
        raise DatabaseAway(str(error).strip()) from error


async def fetch(sql: str, parameters: Mapping[str, Any]) -> list[DictRow]:
    """All rows of one statement. Raises DatabaseAway.

    Planned each time: a plan kept from when tables were small reads all of them for every row once they are not.
    """
    return await _tried_twice(sql.encode(), parameters, dict_row, prepare=False)


async def fetch_plain(sql: bytes, parameters: Mapping[str, Any]) -> list[TupleRow]:
    """The same without names and with a kept plan, for the one statement that every player waits for.

    It reads a handful of rows, whatever the plan. Raises DatabaseAway.
    """
    return await _tried_twice(sql, parameters, tuple_row, prepare=True)


async def _tried_twice(
    sql: bytes, parameters: Mapping[str, Any], factory: AsyncRowFactory[Row], *, prepare: bool
) -> list[Row]:
    """After a restart of the server every pooled connection is dead, and each is found out by its use only."""
    try:
        return await _fetch(sql, parameters, factory, prepare)
    except AWAY as error:
        if isinstance(error, PoolTimeout) or not await _cleaned():
            raise DatabaseAway(str(error).strip()) from error
    try:
        return await _fetch(sql, parameters, factory, prepare)
    except AWAY as error:
        raise DatabaseAway(str(error).strip()) from error


async def _fetch(sql: bytes, parameters: Mapping[str, Any], factory: AsyncRowFactory[Row], prepare: bool) -> list[Row]:
    found = _pools.get(asyncio.get_running_loop()) or await pool()
    async with found.connection() as held:
        cursor = held.cursor(row_factory=factory)
        await cursor.execute(sql, parameters, prepare=prepare)
        return await cursor.fetchall()


async def _cleaned() -> bool:
    """Drop the dead connections of the pool; False if that takes longer than anybody waits."""
    try:
        async with asyncio.timeout(WAIT):
            await (await pool()).check()
            return True
    except (TimeoutError, psycopg.OperationalError, PoolTimeout):
        return False


@contextlib.contextmanager
def reading() -> Iterator[psycopg.Connection[DictRow]]:
    """A connection for one question of a page, which may read many rows and change none. Raises DatabaseAway."""
    options = "-c statement_timeout=60s -c default_transaction_read_only=on"
    try:
        with psycopg.connect(database_url("fleet"), row_factory=dict_row, connect_timeout=5, options=options) as held:
            held.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            yield held
    except AWAY as error:
        raise DatabaseAway(str(error).strip()) from error


async def connect() -> Connection:
    """A connection of its own, outside the pool: for LISTEN. Raises DatabaseAway."""
    try:
        return await AsyncConnection.connect(
            database_url("fleet"), autocommit=True, row_factory=dict_row, connect_timeout=5
        )
    except psycopg.OperationalError as error:
        raise DatabaseAway(str(error).strip()) from error
