"""What lives as long as a web process: the pool of the hooks, the listener, the guard, the rounds, the books."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
from collections.abc import Coroutine
from typing import Any

from portal import fleet
from portal.api.hooks.sessions import register
from portal.api.hooks.viewers import notebook
from portal.api.hooks.wire import Receive, Send
from portal.live import rounds
from portal.live.converging import converger
from portal.live.guard import Guard
from portal.live.hub import hub
from portal.live.listener import Listener
from portal.live.moving import Mover

logger = logging.getLogger(__name__)

RESTART_DELAY = 1.0


async def run(receive: Receive, send: Send) -> None:
    """The ASGI lifespan. Starting waits for no database: the process must come up to say that there is none."""
    await receive()
    guard = Guard(hub)
    tasks = [
        asyncio.create_task(_kept_alive(name, work))
        for name, work in {
            "listener": Listener(hub, guard, converger).run,
            "guard": guard.run,
            "settling": rounds.settle_rounds,
            "counting": rounds.count_rounds,
            "moving": Mover().rounds,
            "refreshing": lambda: rounds.refresh_rounds(hub),
            "beating": lambda: rounds.beat_rounds(hub),
            "viewers": notebook.run,
            "sessions": register.run,
            "converging": converger.run,
        }.items()
    ]
    await fleet.pool()
    # What is loaded now stays: the collector need not walk through Django again and again while players wait.
    gc.collect()
    gc.freeze()
    await send({"type": "lifespan.startup.complete"})
    await receive()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    with contextlib.suppress(Exception):  # we end; a pool that cannot say goodbye ends with us
        await notebook.write()
        await register.write()
    with contextlib.suppress(Exception):
        await fleet.close()
    await send({"type": "lifespan.shutdown.complete"})


async def _kept_alive(name: str, work: Any) -> None:
    """A background task that a bug must not end for good: it is logged and begun again."""
    while True:
        try:
            coroutine: Coroutine[Any, Any, None] = work()
            await coroutine
        except Exception:
            logger.exception("the %s of live status failed", name)
        await asyncio.sleep(RESTART_DELAY)
