"""Whether a streamer that does not hear Perch goes on recording, or leaves its cameras to others (docs/placement.md).

Where there are several streamers, Perch gives the cameras of one that fell silent to others. Whoever cannot reach Perch
must therefore stop, unless Perch itself is away: then nobody was given anything. A refused connection and an answer of
500 say so; where there is only silence, the other streamers are asked whether they hear Perch.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from urllib.parse import urlsplit

import httpx

from devices.streamer.errors import CutOff, Trouble
from devices.streamer.settings import Settings
from devices.streamer.wire import Configuration, Place
from tenants import clock

PATH = "/streamer/api/v3/monitoring/perch"
DEADLINE = 3.0  # seconds


class Lease:
    """When Perch last answered, and what that means. `seconds` is None where nobody else could have our cameras."""

    def __init__(self, settings: Settings) -> None:
        self._host = urlsplit(settings.perch_url).hostname or "127.0.0.1"
        self.seconds: float | None = None
        self.witnesses: Sequence[Place] = ()
        self._held_at = self._heard_at = clock.monotonic()

    @property
    def silence(self) -> float:
        """Seconds since Perch last told us what to run."""
        return clock.monotonic() - self._heard_at

    def hear(self, asked_at: float, told: Configuration | None) -> None:
        """Perch has answered: this, or that nothing has changed."""
        self._held_at = self._heard_at = asked_at
        if told:
            self.seconds, self.witnesses = told.lease, told.witnesses

    async def is_over(self, trouble: Trouble, asked_at: float) -> bool:
        """Whether others have our cameras by now, after a question that got no answer to go by."""
        if not isinstance(trouble, CutOff):
            self._held_at = asked_at
        if not self.seconds or clock.monotonic() - self._held_at <= self.seconds:
            return False
        return _is_answer(trouble) or await self._others_hear(self.seconds)

    async def _others_hear(self, seconds: float) -> bool:
        """Whether another streamer hears Perch. If nobody can be asked, it is we who are cut off."""
        async with httpx.AsyncClient(timeout=DEADLINE, follow_redirects=False, trust_env=False) as client:
            told = await asyncio.gather(*(self._ask(client, place) for place in self.witnesses))
        silences = [silence for silence in told if silence is not None]
        return not silences or min(silences) < seconds / 2

    async def _ask(self, client: httpx.AsyncClient, place: Place) -> float | None:
        try:
            async with asyncio.timeout(DEADLINE):
                answer = await client.get(place.base(self._host) + PATH)
            return float(answer.json()["silence"])
        except (httpx.HTTPError, TimeoutError, ValueError, KeyError, TypeError):
            return None


def _is_answer(trouble: Trouble) -> bool:
    return isinstance(trouble, CutOff) and trouble.answered
