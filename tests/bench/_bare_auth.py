"""The limit of the playback hook: the same token and the same statement, and nothing else around them.

No routing, no errors, no status codes by meaning, no reconnecting: what is left is ASGI, AEAD and PostgreSQL.
"""

# ruff: noqa: E402 - Django is set up before anything that knows models
from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import parse_qsl

import django

django.setup()

from psycopg.types.numeric import Int8
from psycopg_pool import AsyncConnectionPool

from devices.playback import open_any
from portal.api.hooks.authorization import QUESTION
from portal.embedded.database import database_url
from portal.fleet import OPTIONS
from tenants import clock

_pools: list[AsyncConnectionPool] = []
Message = MutableMapping[str, Any]
STATEMENT = QUESTION.encode()


async def application(
    scope: Message, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]
) -> None:
    """One door, one answer."""
    if scope["type"] == "lifespan":
        await receive()
        pool = AsyncConnectionPool(
            database_url("fleet"), kwargs={"autocommit": True, "options": OPTIONS}, min_size=1, max_size=8, open=False
        )
        _pools.append(pool)
        await pool.open()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await pool.close()
        await send({"type": "lifespan.shutdown.complete"})
        return
    asked = dict(parse_qsl(scope["query_string"].decode()))
    key = dict(scope["headers"]).get(b"authorization", b"").removeprefix(b"Bearer ")
    token = open_any(asked["token"])
    parameters = {
        "key": hashlib.sha256(key).hexdigest(),
        "now": clock.now(),
        "domain": Int8(token.domain_id),
        "camera": Int8(token.camera_id),
        "user": Int8(token.user_id),
        "holder": Int8(token.holder),
        "holder_id": Int8(token.holder_id),
    }
    async with _pools[0].connection() as connection:
        row = await (await connection.execute(STATEMENT, parameters, prepare=True)).fetchone()
    status = 200 if row and row[1] else 403
    await send({"type": "http.response.start", "status": status, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"{}"})
