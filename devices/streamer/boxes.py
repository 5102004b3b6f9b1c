"""ISO base media boxes (ISO/IEC 14496-12), as far as a recorder needs them."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

LARGEST = 64 * 1024 * 1024
CONTAINERS = {b"moov", b"trak", b"mdia", b"minf", b"stbl", b"mvex", b"moof", b"traf", b"edts"}
NAMES = {"avc1": "h264", "avc3": "h264", "hvc1": "h265", "hev1": "h265", "mp4a": "aac", "Opus": "opus", "av01": "av1"}


class Malformed(ValueError):
    """Not the boxes we expect."""


class BoxSplitter:
    """Cuts a stream of bytes into top-level boxes."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[tuple[bytes, bytes]]:
        """Yield each box that is complete now as (type, whole box)."""
        self._buffer += data
        while len(self._buffer) >= 8:
            size, kind = struct.unpack_from(">I4s", self._buffer)
            if size == 1 and len(self._buffer) >= 16:
                (size,) = struct.unpack_from(">Q", self._buffer, 8)
            if size < 8 or size > LARGEST:
                raise Malformed(f"box of {size} bytes")
            if len(self._buffer) < size:
                return
            yield kind, bytes(self._buffer[:size])
            del self._buffer[:size]


@dataclass(frozen=True)
class Track:
    """One track of an initialization segment. `codec` is the RFC 6381 name, `name` the word people use."""

    id: int
    content: str
    codec: str
    name: str
    timescale: int
    width: int = 0
    height: int = 0
    sample_rate: int = 0
    default_duration: int = 0
    default_flags: int = 0


@dataclass(frozen=True)
class Init:
    """An initialization segment. Two with the same `key` hold the same codecs: their fragments may share a file."""

    data: bytes = field(repr=False)
    tracks: tuple[Track, ...]
    key: str

    @property
    def video(self) -> Track | None:
        return next((track for track in self.tracks if track.content == "video"), None)

    @property
    def audio(self) -> Track | None:
        return next((track for track in self.tracks if track.content == "audio"), None)

    @property
    def codecs(self) -> str:
        return ",".join(track.codec for track in self.tracks)


@dataclass(frozen=True)
class Fragment:
    """moof + mdat, dated in seconds of its own media clock."""

    data: bytes = field(repr=False)
    start: float
    duration: float
    is_key: bool
    frames: int


def children(data: bytes, start: int = 0, end: int | None = None) -> Iterator[tuple[bytes, int, int]]:
    """Yield (type, first byte of the payload, end) for the boxes in a range."""
    end = len(data) if end is None else end
    while start + 8 <= end:
        size, kind = struct.unpack_from(">I4s", data, start)
        header = 8
        if size == 1:
            (size,) = struct.unpack_from(">Q", data, start + 8)
            header = 16
        elif size == 0:
            size = end - start
        if size < header or start + size > end:
            raise Malformed(f"{kind!r} does not fit its parent")
        yield kind, start + header, start + size
        start += size


def find(data: bytes, *path: bytes, start: int = 0, end: int | None = None) -> tuple[int, int] | None:
    """The payload range of the first box at a path."""
    for kind, first, last in children(data, start, end):
        if kind == path[0]:
            return (first, last) if len(path) == 1 else find(data, *path[1:], start=first, end=last)
    return None


def parse_init(data: bytes) -> Init:
    """Read ftyp + moov; raises Malformed."""
    try:
        return _parse_init(data)
    except (struct.error, IndexError, UnicodeDecodeError) as error:
        raise Malformed(str(error)) from error


def _parse_init(data: bytes) -> Init:
    moov = find(data, b"moov")
    if not moov:
        raise Malformed("no moov")
    defaults = _track_defaults(data, moov)
    tracks, digest = [], hashlib.sha256()
    for kind, first, last in children(data, *moov):
        if kind == b"trak":
            track, description = _parse_track(data, first, last, defaults)
            digest.update(description + struct.pack(">I", track.timescale))
            tracks.append(track)
    return Init(data, tuple(tracks), digest.hexdigest())


def _track_defaults(data: bytes, moov: tuple[int, int]) -> dict[int, tuple[int, int]]:
    mvex = find(data, b"mvex", start=moov[0], end=moov[1])
    found = {}
    for kind, first, _ in children(data, *mvex) if mvex else ():
        if kind == b"trex":
            track, _index, duration, _size, flags = struct.unpack_from(">IIIII", data, first + 4)
            found[track] = (duration, flags)
    return found


def _parse_track(data: bytes, start: int, end: int, defaults: dict[int, tuple[int, int]]) -> tuple[Track, bytes]:
    tkhd, mdhd = _need(data, start, end, b"tkhd"), _need(data, start, end, b"mdia", b"mdhd")
    stsd = _need(data, start, end, b"mdia", b"minf", b"stbl", b"stsd")
    handler = _need(data, start, end, b"mdia", b"hdlr")
    (number,) = struct.unpack_from(">I", data, tkhd[0] + (20 if data[tkhd[0]] else 12))
    (timescale,) = struct.unpack_from(">I", data, mdhd[0] + (20 if data[mdhd[0]] else 12))
    content = {b"vide": "video", b"soun": "audio"}.get(data[handler[0] + 8 : handler[0] + 12], "other")
    entry, first, last = next(iter(children(data, stsd[0] + 8, stsd[1])))
    four = entry.decode("ascii", "replace")
    duration, flags = defaults.get(number, (0, 0))
    facts: dict[str, Any] = {"default_duration": duration, "default_flags": flags}
    if content == "video":
        facts["width"], facts["height"] = struct.unpack_from(">HH", data, first + 24)
    elif content == "audio":
        (facts["sample_rate"],) = struct.unpack_from(">H", data, first + 24)
    codec = _codec(data, four, first, last, content)
    track = Track(number, content, codec, NAMES.get(four, four.strip().lower()), timescale, **facts)
    return track, data[first - 8 : last]


def _need(data: bytes, start: int, end: int, *path: bytes) -> tuple[int, int]:
    found = find(data, *path, start=start, end=end)
    if not found:
        raise Malformed(f"no {path[-1]!r}")
    return found


def _codec(data: bytes, four: str, first: int, last: int, content: str) -> str:
    """The RFC 6381 name of a sample entry."""
    inside = first + (78 if content == "video" else 28)
    boxes = {kind: (begin, end) for kind, begin, end in children(data, inside, last)}
    if b"avcC" in boxes:
        begin = boxes[b"avcC"][0]
        return f"{four}.{data[begin + 1 : begin + 4].hex()}"
    if b"hvcC" in boxes:
        return _hevc(data, four, boxes[b"hvcC"][0])
    if b"esds" in boxes:
        return f"mp4a.40.{_audio_object_type(data[slice(*boxes[b'esds'])])}"
    return "opus" if four == "Opus" else four


def _hevc(data: bytes, four: str, at: int) -> str:
    profile = data[at + 1]
    (compatible,) = struct.unpack_from(">I", data, at + 2)
    reversed_bits = int(f"{compatible:032b}"[::-1], 2)
    constraints = data[at + 6 : at + 12].rstrip(b"\0")
    space = ("", "A", "B", "C")[profile >> 6]
    tier = "H" if profile & 0x20 else "L"
    parts = [four, f"{space}{profile & 31}", f"{reversed_bits:X}", f"{tier}{data[at + 12]}"]
    return ".".join(parts + [f"{byte:X}" for byte in constraints])


def _audio_object_type(esds: bytes) -> int:
    """The first five bits of the DecoderSpecificInfo descriptor (tag 5), 2 (AAC LC) if there is none."""
    at = esds.find(b"\x05", 4 + 5)
    while at >= 0 and at + 2 < len(esds):
        length = at + 1
        while esds[length] & 0x80 and length + 2 < len(esds):
            length += 1
        kind = esds[length + 1] >> 3
        if 0 < esds[length] < 64 and kind:
            return kind
        at = esds.find(b"\x05", at + 1)
    return 2


def parse_fragment(init: Init, moof: bytes, mdat: bytes) -> Fragment | None:
    """Date a fragment by its video track; None when it holds sound only. Raises Malformed."""
    video = init.video
    try:
        for kind, first, last in children(moof, 8):
            if kind == b"traf":
                found = _parse_traf(moof, first, last, video)
                if found:
                    start, duration, is_key, frames = found
                    scale = video.timescale if video else 1
                    return Fragment(moof + mdat, start / scale, duration / scale, is_key, frames)
    except (struct.error, IndexError) as error:
        raise Malformed(str(error)) from error
    return None


def _parse_traf(data: bytes, start: int, end: int, video: Track | None) -> tuple[int, int, bool, int] | None:
    tfhd = _need(data, start, end, b"tfhd")
    flags, number = struct.unpack_from(">II", data, tfhd[0])
    if video is None or number != video.id:
        return None
    at, default_duration, default_flags = tfhd[0] + 8, video.default_duration, video.default_flags
    at += 8 * bool(flags & 1) + 4 * bool(flags & 2)
    if flags & 8:
        (default_duration,) = struct.unpack_from(">I", data, at)
        at += 4
    at += 4 * bool(flags & 16)
    if flags & 32:
        (default_flags,) = struct.unpack_from(">I", data, at)
    duration, first_flags, frames = 0, None, 0
    for kind, first, last in children(data, start, end):
        if kind == b"trun":
            total, flags_of_first, count = _parse_trun(data, first, last, default_duration, default_flags)
            duration, frames = duration + total, frames + count
            first_flags = flags_of_first if first_flags is None else first_flags
    is_key = not (first_flags or 0) & 0x10000
    return _decode_time(data, start, end), duration, is_key, frames


def _parse_trun(data: bytes, first: int, last: int, duration: int, sample_flags: int) -> tuple[int, int, int]:
    """(total duration, flags of the first sample, samples)."""
    flags, count = struct.unpack_from(">II", data, first)
    flags &= 0xFFFFFF
    at = first + 8 + 4 * bool(flags & 1)
    first_flags = sample_flags
    if flags & 4:
        (first_flags,) = struct.unpack_from(">I", data, at)
        at += 4
    width = 4 * sum(bool(flags & bit) for bit in (0x100, 0x200, 0x400, 0x800))
    if at + width * count > last:
        raise Malformed("trun does not fit")
    if flags & 0x400 and count and not flags & 4:
        (first_flags,) = struct.unpack_from(">I", data, at + 4 * bool(flags & 0x100) + 4 * bool(flags & 0x200))
    if not flags & 0x100:
        return duration * count, first_flags, count
    return sum(struct.unpack_from(">I", data, at + width * i)[0] for i in range(count)), first_flags, count


def _decode_time(data: bytes, start: int, end: int) -> int:
    tfdt = _need(data, start, end, b"tfdt")
    value: int = struct.unpack_from(">Q" if data[tfdt[0]] else ">I", data, tfdt[0] + 4)[0]
    return value


def shifted(data: bytes, init: Init, seconds: float) -> bytes:
    """Fragments with their decode times moved by `seconds` on every track: for joining runs in one file."""
    changed = bytearray(data)
    scales = {track.id: track.timescale for track in init.tracks}
    for kind, first, last in children(data):
        if kind != b"moof":
            continue
        for inner, begin, end in children(data, first, last):
            if inner == b"traf":
                _shift_traf(changed, data, begin, end, scales, seconds)
    return bytes(changed)


def _shift_traf(changed: bytearray, data: bytes, begin: int, end: int, scales: dict[int, int], seconds: float) -> None:
    number = struct.unpack_from(">I", data, _need(data, begin, end, b"tfhd")[0] + 4)[0]
    tfdt = _need(data, begin, end, b"tfdt")[0]
    form = ">Q" if data[tfdt] else ">I"
    (time,) = struct.unpack_from(form, data, tfdt + 4)
    struct.pack_into(form, changed, tfdt + 4, max(0, time + round(seconds * scales.get(number, 1))))


def first_decode_time(data: bytes, init: Init) -> float:
    """Seconds of the media clock at which the first fragment's video begins."""
    moof = next(((first, last) for kind, first, last in children(data) if kind == b"moof"), None)
    if moof and init.video:
        for kind, first, last in children(data, *moof):
            if kind == b"traf":
                found = _parse_traf(data, first, last, init.video)
                if found:
                    return found[0] / init.video.timescale
    raise Malformed("no video fragment")


def movie_duration(moov: bytes) -> float:
    """Seconds of video in a finished MP4, from the media header of its video track."""
    for kind, first, last in children(moov, 8):
        if kind == b"trak":
            handler = _need(moov, first, last, b"mdia", b"hdlr")
            if moov[handler[0] + 8 : handler[0] + 12] == b"vide":
                at = _need(moov, first, last, b"mdia", b"mdhd")[0]
                scale, length = struct.unpack_from(">IQ" if moov[at] else ">II", moov, at + (20 if moov[at] else 12))
                return float(length / scale)
    raise Malformed("no video track")
