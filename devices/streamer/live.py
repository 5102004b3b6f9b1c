"""The last seconds of a rendition: what a live playlist shows, and who waits for the next segment."""

from __future__ import annotations

import asyncio
import os
from collections import deque

from devices.streamer.boxes import Init
from devices.streamer.deadline import before
from devices.streamer.segments import Place, Segment
from tenants import clock

SPARE = 6  # segments kept past the window for players that are late


class LiveWindow:
    """A ring of segments with numbers that never go back, also not over a restart of the process."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.segments: deque[Segment] = deque(maxlen=size + SPARE)
        self.next_number = int(clock.timestamp())
        self.discontinuities = 0
        self._changed = asyncio.Event()

    def append(self, segment: Segment) -> None:
        if len(self.segments) == self.segments.maxlen and self.segments[0].is_first:
            self.discontinuities += 1
        self.segments.append(segment)
        self.next_number = segment.number + 1
        self._changed.set()
        self._changed = asyncio.Event()

    def clear(self) -> None:
        """The camera was switched off: nothing of it may be shown any more."""
        self.discontinuities += sum(segment.is_first for segment in self.segments)
        self.segments.clear()

    def shown(self) -> list[Segment]:
        return list(self.segments)[-self.size :]

    def discontinuities_before_shown(self) -> int:
        hidden = list(self.segments)[: -self.size] if len(self.segments) > self.size else []
        return self.discontinuities + sum(segment.is_first for segment in hidden)

    def find(self, number: int) -> Segment | None:
        return next((segment for segment in self.segments if segment.number == number), None)

    def init(self, key: str) -> Init | None:
        """The initialization segment of a run that is still shown."""
        return next((segment.init for segment in reversed(self.segments) if segment.run == key), None)

    @property
    def latest(self) -> Segment | None:
        return self.segments[-1] if self.segments else None

    async def wait(self, timeout: float) -> bool:
        """Wait for the next segment."""
        try:
            await before(self._changed.wait(), timeout)
        except TimeoutError:
            return False
        return True


def read_place(place: Place) -> bytes:
    """The bytes of a segment on disk; raises FileNotFoundError after clean-up has taken it."""
    with open(place.path, "rb", buffering=0) as file:
        return os.pread(file.fileno(), place.size, place.offset)


async def bytes_of(segment: Segment) -> bytes:
    """A segment's bytes from memory or from disk."""
    data, place = segment.data, segment.place
    if data is not None:
        return data
    if place is None:
        raise FileNotFoundError(segment.number)
    return await asyncio.to_thread(read_place, place)
