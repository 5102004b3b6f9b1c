"""From fragments to segments with absolute time.

ffmpeg's own EXT-X-PROGRAM-DATE-TIME is about a second late, because probing comes before the header. Here a fragment
is dated by when it was complete: it cannot arrive before its last frame was made, so the smallest (arrival - media
time) seen lately is the distance between the two clocks, and everything above it was buffering.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from pathlib import Path

from devices.streamer.boxes import Fragment, Init

SETTLING = 8.0  # seconds of media during which the distance may still jump; the open block is re-dated with it
BUCKET, BUCKETS = 10.0, 6  # the smallest distance of the last minute counts
SLEW = 0.002  # afterwards it moves by at most 2 ms a second: a camera's clock drifts less
TORN_EARLY = 30.0  # while settling: more than any camera bursts at the start
TOO_LATE = 30.0  # no video comes so late: a run ends when none came for less than this, so the clock was set forward
TORN = 3.0  # the two clocks parted by more: one of them was set, and a new run begins


class ClockTorn(Exception):
    """The wall clock or the camera's clock jumped; dates of this run cannot be continued."""


class Timeline:
    """The distance between the media clock of one run and the wall clock."""

    def __init__(self) -> None:
        self.offset: float | None = None
        self._buckets: deque[tuple[int, float]] = deque(maxlen=BUCKETS)
        self._began: tuple[float, float] | None = None  # on the media clock, on the wall clock

    def observe(self, media_end: float, arrived: float) -> None:
        """A fragment that ends at `media_end` was complete at the wall clock's `arrived`. Raises ClockTorn."""
        distance = arrived - media_end
        bucket = int(media_end // BUCKET)
        if self._buckets and self._buckets[-1][0] == bucket:
            self._buckets[-1] = (bucket, min(distance, self._buckets[-1][1]))
        else:
            self._buckets.append((bucket, distance))
        self._began = self._began or (media_end, arrived)
        # On both clocks: a camera that begins with a burst is through eight seconds of video in one.
        settling = min(media_end - self._began[0], arrived - self._began[1]) < SETTLING
        self._follow(min(value for _, value in self._buckets), distance, settling)

    def _follow(self, best: float, distance: float, settling: bool) -> None:
        torn = TORN_EARLY if settling else TORN
        if self.offset is None:
            self.offset = best
        elif abs(best - self.offset) > torn or distance < self.offset - torn or distance > self.offset + TOO_LATE:
            raise ClockTorn(f"clocks parted by {distance - self.offset:.1f} s")
        elif settling:
            self.offset = best
        else:
            step = SLEW * 0.5
            self.offset += max(-step, min(step, best - self.offset))

    def date(self, media: float) -> float:
        """Seconds since the epoch of a moment of the media clock."""
        if self.offset is None:
            raise RuntimeError("nothing was observed yet")
        return media + self.offset


@dataclass
class Place:
    """Where a segment lies on disk."""

    path: Path
    offset: int
    size: int


@dataclass
class Segment:
    """A playable stretch that begins with a key frame. `data` is dropped once it lies in a file."""

    number: int
    start: float
    duration: float
    size: int
    init: Init
    run: str
    is_first: bool
    is_key: bool
    data: bytes | None = field(default=None, repr=False)
    place: Place | None = None


class Segmenter:
    """Joins fragments into segments of one run: cut at key frames, not shorter than `shortest` seconds."""

    def __init__(self, *, shortest: float, longest: float, largest: int = 48 * 1024 * 1024) -> None:
        self._shortest, self._longest, self._largest = shortest, longest, largest
        self._open: list[Fragment] = []
        self._sound: list[bytes] = []
        self._begun = False
        self.frames = 0
        self.seconds = 0.0

    def add(self, fragment: Fragment) -> tuple[list[Fragment], bytes] | None:
        """Take the next fragment; returns what is complete now as (fragments, bytes)."""
        done = self.finish() if self._is_full(fragment) else None
        self._begun = self._begun or fragment.is_key
        if self._begun:
            self._open.append(fragment)
            self._sound.append(fragment.data)
            self.frames, self.seconds = self.frames + fragment.frames, self.seconds + fragment.duration
        return done

    def add_sound(self, data: bytes) -> None:
        """A fragment without pictures belongs to what is open."""
        if self._open:
            self._sound.append(data)

    def finish(self) -> tuple[list[Fragment], bytes] | None:
        """What is open, complete or not."""
        if not self._open:
            return None
        done = (self._open, b"".join(self._sound))
        self._open, self._sound = [], []
        return done

    def _is_full(self, fragment: Fragment) -> bool:
        if not self._open:
            return False
        length = fragment.start - self._open[0].start
        size = sum(len(data) for data in self._sound)
        return (fragment.is_key and length >= self._shortest * 0.95) or length >= self._longest or size > self._largest

    @property
    def fps(self) -> float:
        """Pictures a second seen so far."""
        return round(self.frames / self.seconds, 2) if self.seconds > 0 else 0.0
