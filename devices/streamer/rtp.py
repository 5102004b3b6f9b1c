"""Samples as RTP packets: H.264 (RFC 6184), H.265 (RFC 7798), AAC (RFC 3640), and what SDP says of them. Pure."""

from __future__ import annotations

import base64
import secrets
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from devices.streamer.boxes import Init, Malformed, Track, children, find

LARGEST = 1400  # bytes of payload: fits every network that viewers come through
NTP_EPOCH = 2_208_988_800  # seconds from 1900 to 1970
PAYLOADS = {"video": 96, "audio": 97}
RATES = (96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350)


@dataclass(frozen=True)
class Coding:
    """What is known of a track from its initialization segment.

    `parameters` are the parameter sets (VPS, SPS, PPS) a decoder needs before a key picture; `config` an AAC track's
    AudioSpecificConfig. `clock` is the RTP clock, ticks a second.
    """

    track: Track
    clock: int
    prefix: int = 4  # bytes of a NAL unit's length
    parameters: tuple[bytes, ...] = ()
    config: bytes = b""

    @property
    def is_hevc(self) -> bool:
        return self.track.name == "h265"

    def same_decoder(self, other: Coding) -> bool:
        """Whether a player that was described the one can go on with the other."""
        ours = (self.track.name, self.clock, self.config)
        return ours == (other.track.name, other.clock, other.config)


def codings(init: Init) -> list[Coding]:
    """The tracks that can be sent, video first. Raises Malformed."""
    try:
        found = [_coding(init, track) for track in init.tracks]
    except (struct.error, IndexError) as error:
        raise Malformed(str(error)) from error
    return sorted((one for one in found if one), key=lambda one: one.track.content != "video")


def _coding(init: Init, track: Track) -> Coding | None:
    boxes = _entry(init.data, track)
    if b"avcC" in boxes:
        return Coding(track, 90000, *_avc(boxes[b"avcC"]))
    if b"hvcC" in boxes:
        return Coding(track, 90000, *_hevc(boxes[b"hvcC"]))
    config = _audio_config(boxes[b"esds"]) if b"esds" in boxes else b""
    return Coding(track, track.timescale, config=config) if config else None


def _entry(data: bytes, track: Track) -> dict[bytes, bytes]:
    """The boxes inside a track's sample entry."""
    moov = find(data, b"moov")
    for kind, first, last in children(data, *moov) if moov else ():
        if kind == b"trak" and _number(data, first, last) == track.id:
            stsd = find(data, b"mdia", b"minf", b"stbl", b"stsd", start=first, end=last)
            if stsd:
                _, begin, end = next(iter(children(data, stsd[0] + 8, stsd[1])))
                inside = begin + (78 if track.content == "video" else 28)
                return {name: data[start:stop] for name, start, stop in children(data, inside, end)}
    return {}


def _number(data: bytes, first: int, last: int) -> int:
    tkhd = find(data, b"tkhd", start=first, end=last)
    if not tkhd:
        raise Malformed("no tkhd")
    return int(struct.unpack_from(">I", data, tkhd[0] + (20 if data[tkhd[0]] else 12))[0])


def _avc(box: bytes) -> tuple[int, tuple[bytes, ...]]:
    """(bytes of a length, SPS and PPS) of an avcC box."""
    sets, at = [], 5
    for mask in (0x1F, 0xFF):
        count, at = box[at] & mask, at + 1
        for _ in range(count):
            (size,) = struct.unpack_from(">H", box, at)
            sets.append(box[at + 2 : at + 2 + size])
            at += 2 + size
    return (box[4] & 3) + 1, tuple(sets)


def _hevc(box: bytes) -> tuple[int, tuple[bytes, ...]]:
    """The same of an hvcC box: VPS, SPS and PPS."""
    sets, at = [], 23
    for _ in range(box[22]):
        kind, count, at = box[at] & 0x3F, struct.unpack_from(">H", box, at + 1)[0], at + 3
        for _unit in range(count):
            (size,) = struct.unpack_from(">H", box, at)
            if kind in (32, 33, 34):
                sets.append(box[at + 2 : at + 2 + size])
            at += 2 + size
    return (box[21] & 3) + 1, tuple(sets)


def _audio_config(esds: bytes) -> bytes:
    """The DecoderSpecificInfo (tag 5) of an esds box."""
    at = esds.find(b"\x05", 4 + 5)
    while 0 <= at < len(esds) - 2:
        size, place = 0, at + 1
        while esds[place] & 0x80 and place < at + 4:
            size, place = (size << 7) | (esds[place] & 0x7F), place + 1
        size, place = (size << 7) | esds[place], place + 1
        if 2 <= size <= 64 and place + size <= len(esds) and esds[place] >> 3:
            return esds[place : place + size]
        at = esds.find(b"\x05", at + 1)
    return b""


def channels_of(config: bytes) -> int:
    """Channels of an AudioSpecificConfig."""
    bits = int.from_bytes(config[:2], "big")
    return max(1, (bits >> 3) & 15) if (bits >> 7) & 15 != 15 else 1


def describe(coding: Coding, number: int) -> list[str]:
    """The lines of SDP about one track; `trackID=N` is how the player will ask for it."""
    content = coding.track.content
    payload = PAYLOADS[content]
    lines = [f"m={content} 0 RTP/AVP {payload}", *_words(coding, payload)]
    return [*lines, f"a=control:trackID={number}"]


def _words(coding: Coding, payload: int) -> list[str]:
    if coding.config:
        words = "streamtype=5;profile-level-id=1;mode=AAC-hbr;sizelength=13;indexlength=3;indexdeltalength=3"
        map_ = f"a=rtpmap:{payload} MPEG4-GENERIC/{coding.clock}/{channels_of(coding.config)}"
        return [map_, f"a=fmtp:{payload} {words};config={coding.config.hex()}"]
    if coding.is_hevc:
        names = {32: "sprop-vps", 33: "sprop-sps", 34: "sprop-pps"}
        sets = {names[(unit[0] >> 1) & 0x3F]: _text(unit) for unit in reversed(coding.parameters)}
        said = ";".join(f"{name}={value}" for name, value in sets.items())
        return [f"a=rtpmap:{payload} H265/90000", f"a=fmtp:{payload} {said}"]
    sps = next((unit for unit in coding.parameters if unit[0] & 31 == 7), b"")
    sets_ = ",".join(_text(unit) for unit in coding.parameters)
    said = f"packetization-mode=1;profile-level-id={sps[1:4].hex()};sprop-parameter-sets={sets_}"
    return [f"a=rtpmap:{payload} H264/90000", f"a=fmtp:{payload} {said}"]


def _text(unit: bytes) -> str:
    return base64.b64encode(unit).decode()


def units(coding: Coding, data: bytes) -> list[bytes]:
    """The NAL units of a picture, with the parameter sets before a key picture that brings none. Raises Malformed."""
    found, at = [], 0
    while at + coding.prefix <= len(data):
        size = int.from_bytes(data[at : at + coding.prefix], "big")
        at += coding.prefix
        if size == 0 or at + size > len(data):
            raise Malformed("a NAL unit does not fit its sample")
        found.append(data[at : at + size])
        at += size
    kinds = {_kind(coding, unit) for unit in found}
    keys, sets = (set(range(16, 22)), 33) if coding.is_hevc else ({5}, 7)
    return [*coding.parameters, *found] if kinds & keys and sets not in kinds else found


def _kind(coding: Coding, unit: bytes) -> int:
    return (unit[0] >> 1) & 0x3F if coding.is_hevc else unit[0] & 0x1F


def payloads(coding: Coding, data: bytes) -> Iterator[bytes]:
    """The payloads of one sample; the last of them ends it. Raises Malformed."""
    if coding.config:
        yield struct.pack(">HH", 16, len(data) << 3 & 0xFFFF) + data
        return
    for unit in units(coding, data):
        if len(unit) <= LARGEST:
            yield unit
        elif coding.is_hevc:
            yield from _pieces(unit, 2, bytes([(unit[0] & 0x81) | 49 << 1, unit[1]]), (unit[0] >> 1) & 0x3F)
        else:
            yield from _pieces(unit, 1, bytes([(unit[0] & 0xE0) | 28]), unit[0] & 0x1F)


def _pieces(unit: bytes, head: int, indicator: bytes, kind: int) -> Iterator[bytes]:
    """Fragmentation units: the indicator, a byte that marks the first and the last, a piece."""
    body, step = unit[head:], LARGEST - len(indicator) - 1
    for at in range(0, len(body), step):
        mark = (0x80 if at == 0 else 0) | (0x40 if at + step >= len(body) else 0)
        yield indicator + bytes([mark | kind]) + body[at : at + step]


@dataclass
class Sender:
    """Numbers and dates the packets of one track to one player."""

    coding: Coding
    ssrc: int = field(default_factory=lambda: secrets.randbits(32))
    sequence: int = field(default_factory=lambda: secrets.randbits(16))
    offset: int = field(default_factory=lambda: secrets.randbits(32))
    packets: int = 0
    octets: int = 0

    def stamp(self, seconds: float) -> int:
        """The RTP timestamp of a moment on the player's own clock."""
        return (self.offset + round(seconds * self.coding.clock)) & 0xFFFFFFFF

    def packed(self, data: bytes, seconds: float) -> Iterator[bytes]:
        """The packets of a sample that is shown at a moment."""
        stamp, payload = self.stamp(seconds), PAYLOADS[self.coding.track.content]
        made = list(payloads(self.coding, data))
        for number, body in enumerate(made, 1):
            mark = 0x80 if number == len(made) else 0
            self.sequence = (self.sequence + 1) & 0xFFFF
            self.packets, self.octets = self.packets + 1, self.octets + len(body)
            yield struct.pack(">BBHII", 0x80, mark | payload, self.sequence, stamp, self.ssrc) + body

    def report(self, seconds: float, date: float) -> bytes:
        """An RTCP sender report: the moment of the player's clock, and its date in seconds since 1970."""
        whole = int(date)
        moment = struct.pack(">II", (whole + NTP_EPOCH) & 0xFFFFFFFF, int((date - whole) * 2**32) & 0xFFFFFFFF)
        counted = struct.pack(">III", self.stamp(seconds), self.packets & 0xFFFFFFFF, self.octets & 0xFFFFFFFF)
        return struct.pack(">BBHI", 0x80, 200, 6, self.ssrc) + moment + counted + self._name()

    def goodbye(self) -> bytes:
        """RTCP: nothing more will come."""
        return struct.pack(">BBHI", 0x81, 203, 1, self.ssrc)

    def _name(self) -> bytes:
        """The CNAME every report carries, one for all tracks of a player."""
        item = bytes([1, 5]) + b"perch" + b"\0"
        item += b"\0" * (-(len(item) + 4) % 4)
        return struct.pack(">BBHI", 0x81, 202, (len(item) + 4) // 4, self.ssrc) + item
