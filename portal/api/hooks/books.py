"""What the hooks note in memory and write a moment later in one statement, so that no viewer waits for it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import orjson
import psycopg

from portal import fleet
from portal.fleet import DatabaseAway
from tenants import clock

logger = logging.getLogger(__name__)

WRITE_EVERY = 1.0  # seconds
MOST = 20_000  # noted and not yet written: while the database is away longer than that lasts, the oldest are kept
ATTEMPTS = 3

KeyT = TypeVar("KeyT", bound=Hashable)
FactT = TypeVar("FactT")


@dataclass
class Book(Generic[KeyT, FactT]):
    """Notes of this process by key; `run` it as a task. What was written is noted again after `again` seconds.

    `statement` takes one JSON document, `%(seen)s`, with a row of `shape(key, fact)` for each note.
    """

    statement: str
    again: float
    shape: Callable[[KeyT, FactT], Mapping[str, Any]]

    def __post_init__(self) -> None:
        self._due: dict[KeyT, FactT] = {}
        self._written: dict[KeyT, float] = {}

    def wants(self, key: KeyT) -> bool:
        """Whether this is worth a note now."""
        if key in self._due or len(self._due) >= MOST:
            return False
        return clock.monotonic() - self._written.get(key, -self.again) >= self.again

    def note(self, key: KeyT, fact: FactT) -> None:
        """Note it, to be written within a second."""
        self._due[key] = fact

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
        self._written = {key: at for key, at in self._written.items() if now - at < self.again}
        taken = dict(self._due)
        if not taken:
            return
        await self._store(taken)
        for key in taken:
            self._due.pop(key, None)
            self._written[key] = now

    async def _store(self, taken: Mapping[KeyT, FactT]) -> None:
        document = orjson.dumps([self.shape(key, fact) for key, fact in taken.items()]).decode()
        for attempt in range(ATTEMPTS):
            try:
                async with fleet.connection() as held, held.transaction():
                    await held.execute(self.statement.encode(), {"seen": document}, prepare=False)
                return
            except psycopg.errors.ForeignKeyViolation:
                # A camera was deleted between our look and our commit; the next look will not find it.
                if attempt == ATTEMPTS - 1:
                    raise
