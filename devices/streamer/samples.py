"""Single pictures and sounds out of fragments (ISO/IEC 14496-12), for whoever sends them one by one."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from devices.streamer.boxes import Init, Malformed, children, find

DATA_OFFSET, FIRST_FLAGS, DURATION, SIZE, FLAGS, COMPOSITION = 0x1, 0x4, 0x100, 0x200, 0x400, 0x800


@dataclass(frozen=True)
class Sample:
    """One picture or sound. `at` and `shown` are when it is decoded and shown, in units of its track's clock."""

    track: int
    at: int
    shown: int
    data: bytes = field(repr=False)


@dataclass(frozen=True)
class _Defaults:
    duration: int
    size: int


def read_samples(data: bytes, init: Init) -> list[Sample]:
    """All samples of a segment, in the order of time. Raises Malformed."""
    scales = {track.id: track.timescale for track in init.tracks}
    try:
        defaults = _defaults(init.data)
        found = [
            sample
            for kind, first, last in children(data)
            if kind == b"moof"
            for sample in _of_fragment(data, first, last, defaults)
            if sample.track in scales
        ]
    except (struct.error, IndexError) as error:
        raise Malformed(str(error)) from error
    return sorted(found, key=lambda sample: sample.at / scales[sample.track])


def _defaults(init: bytes) -> dict[int, _Defaults]:
    """trex: what samples are where their fragment does not say."""
    place = find(init, b"moov", b"mvex")
    found = {}
    for kind, first, _ in children(init, *place) if place else ():
        if kind == b"trex":
            track, _description, duration, size = struct.unpack_from(">IIII", init, first + 4)
            found[track] = _Defaults(duration, size)
    return found


def _of_fragment(data: bytes, first: int, last: int, defaults: dict[int, _Defaults]) -> Iterator[Sample]:
    start = first - 8  # offsets count from the moof box, header included
    for kind, begin, end in children(data, first, last):
        if kind == b"traf":
            yield from _of_track(data, begin, end, start, defaults)


def _of_track(data: bytes, begin: int, end: int, start: int, defaults: dict[int, _Defaults]) -> Iterator[Sample]:
    head, time = find(data, b"tfhd", start=begin, end=end), find(data, b"tfdt", start=begin, end=end)
    if not head or not time:
        raise Malformed("a track without its header")
    track, mine = _header(data, head[0], defaults)
    (at,) = struct.unpack_from(">Q" if data[time[0]] else ">I", data, time[0] + 4)
    place = start
    for kind, first, _ in children(data, begin, end):
        if kind == b"trun":
            for sample in _of_run(data, first, track, mine, at, start, place):
                at, place = sample[1], sample[2]
                yield sample[0]


def _header(data: bytes, at: int, defaults: dict[int, _Defaults]) -> tuple[int, _Defaults]:
    flags, track = struct.unpack_from(">II", data, at)
    known = defaults.get(track, _Defaults(0, 0))
    duration, size = known.duration, known.size
    at += 8 + 8 * bool(flags & 1) + 4 * bool(flags & 2)
    if flags & 8:
        (duration,) = struct.unpack_from(">I", data, at)
        at += 4
    if flags & 16:
        (size,) = struct.unpack_from(">I", data, at)
    return track, _Defaults(duration, size)


def _of_run(
    data: bytes, first: int, track: int, mine: _Defaults, at: int, start: int, place: int
) -> Iterator[tuple[Sample, int, int]]:
    """(sample, time of the next, place of the next)."""
    flags, count = struct.unpack_from(">II", data, first)
    version, flags, cursor = flags >> 24, flags & 0xFFFFFF, first + 8
    if flags & DATA_OFFSET:
        place = start + int(struct.unpack_from(">i", data, cursor)[0])
        cursor += 4
    cursor += 4 * bool(flags & FIRST_FLAGS)
    for _ in range(count):
        duration, size, composition = mine.duration, mine.size, 0
        if flags & DURATION:
            (duration,) = struct.unpack_from(">I", data, cursor)
            cursor += 4
        if flags & SIZE:
            (size,) = struct.unpack_from(">I", data, cursor)
            cursor += 4
        cursor += 4 * bool(flags & FLAGS)
        if flags & COMPOSITION:
            (composition,) = struct.unpack_from(">i" if version else ">I", data, cursor)
            cursor += 4
        if place < 0 or place + size > len(data):
            raise Malformed("a sample lies outside its segment")
        sample = Sample(track, at, at + composition, data[place : place + size])
        at, place = at + duration, place + size
        yield sample, at, place
