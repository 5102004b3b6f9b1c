"""Waiting with a deadline."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

T = TypeVar("T")


async def before(awaitable: Awaitable[T], seconds: float | None) -> T:
    """The answer, or TimeoutError after so many seconds (None: no deadline).

    `asyncio.wait_for` of Python 3.11 loses a cancellation that comes in the same moment as the answer. What was to
    stop would then run on, with whoever waits for its end.
    """
    async with asyncio.timeout(seconds):
        return await awaitable
