"""HLS playlists (RFC 8216) as text. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote

from devices.streamer.index import Block, Entry
from devices.streamer.segments import Segment
from devices.streamer.wire import Peer

HEAD = ["#EXTM3U", "#EXT-X-VERSION:7"]
SEAM = 500  # ms between two segments that still count as without a gap


@dataclass(frozen=True)
class Variant:
    """One line of a master playlist."""

    rendition: str
    kilobits: int
    width: int = 0
    height: int = 0
    codecs: str = ""


@dataclass(frozen=True)
class Away:
    """Where a segment of another streamer is: its peer, and addresses below the stream there. They hold no
    token: a chunk may be kept, and every viewer asks with their own."""

    peer: Peer
    segment: str
    init: str

    def address(self, path: str, name: str, host: str, token: str) -> str:
        """For the viewer with this token, who reached us by this host name."""
        return f"{self.peer.base(host)}/{name}/{path}{ask(token)}"


@dataclass(frozen=True)
class Chunk:
    """Neighbouring segments of one block that are fetched together."""

    block: Block
    first: int
    entries: tuple[Entry, ...]
    away: Away | None = None  # on another streamer

    @property
    def start(self) -> int:
        return self.entries[0].start

    @property
    def end(self) -> int:
        return self.entries[-1].end

    @property
    def seconds(self) -> float:
        return sum(entry.duration for entry in self.entries) / 1000


def ask(token: str) -> str:
    """The query every address of a playlist carries."""
    return f"?token={quote(token, safe='')}" if token else ""


def date_time(seconds: float) -> str:
    """EXT-X-PROGRAM-DATE-TIME, in UTC with milliseconds."""
    text = datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
    return "#EXT-X-PROGRAM-DATE-TIME:" + text.replace("+00:00", "Z")


def master(variants: list[Variant], token: str) -> str:
    """The master playlist: the main rendition first."""
    lines = list(HEAD)
    for variant in variants:
        said = [f"BANDWIDTH={max(variant.kilobits, 1) * 1200}"]
        said += [f"RESOLUTION={variant.width}x{variant.height}"] if variant.width else []
        said += [f'CODECS="{variant.codecs}"'] if variant.codecs else []
        lines.append("#EXT-X-STREAM-INF:" + ",".join(said))
        lines.append(f"index.m3u8{ask(token) or '?'}{'&' if token else ''}stream={variant.rendition}")
    return "\n".join(lines) + "\n"


def live(segments: list[Segment], rendition: str, token: str, discontinuities: int) -> str:
    """The live playlist; `discontinuities` happened before the first segment shown."""
    target = max((_rounded(segment.duration) for segment in segments), default=1)
    first = segments[0].number if segments else 0
    lines = [*HEAD, f"#EXT-X-TARGETDURATION:{max(1, target)}", f"#EXT-X-MEDIA-SEQUENCE:{first}"]
    lines.append(f"#EXT-X-DISCONTINUITY-SEQUENCE:{discontinuities}")
    lines += ["#EXT-X-INDEPENDENT-SEGMENTS"] if all(segment.is_key for segment in segments) else []
    run = ""
    for segment in segments:
        if segment.is_first:
            lines.append("#EXT-X-DISCONTINUITY")
        if segment.run != run:
            run = segment.run
            lines.append(f'#EXT-X-MAP:URI="live/{rendition}/{run}/init.mp4{ask(token)}"')
        lines += [date_time(segment.start), f"#EXTINF:{segment.duration:.5f},"]
        lines.append(f"live/{rendition}/{run}/{segment.number}.m4s{ask(token)}")
    return "\n".join(lines) + "\n"


def chunks(blocks: list[Block], start: int, end: int, length: float, *, grows: bool) -> list[Chunk]:
    """Cut what was recorded in a range into chunks of about `length` seconds.

    Cuts depend only on what is closed, so a growing playlist only ever appends: its last, unfinished chunk is left out.
    """
    found: list[Chunk] = []
    for block in blocks:
        picked: list[Entry] = []
        first = 0
        for number, entry in enumerate(block.entries):
            if entry.end <= start or entry.start >= end:
                continue
            if picked and (entry.start - picked[-1].end > SEAM or _seconds(picked) >= length):
                found.append(Chunk(block, first, tuple(picked)))
                picked = []
            first = number if not picked else first
            picked.append(entry)
        if picked and not (grows and block is blocks[-1] and _seconds(picked) < length):
            found.append(Chunk(block, first, tuple(picked)))
    return found


def archive(cut: list[Chunk], token: str, *, grows: bool, name: str = "", host: str = "") -> str:
    """The archive playlist: a discontinuity and a new date at every gap and every new run. What another streamer has
    is named by its whole address, for the stream `name` and whoever reached us as `host`."""
    target = max((_rounded(chunk.seconds) for chunk in cut), default=1)
    lines = [*HEAD, f"#EXT-X-TARGETDURATION:{max(1, target)}", "#EXT-X-MEDIA-SEQUENCE:0"]
    lines.append(f"#EXT-X-PLAYLIST-TYPE:{'EVENT' if grows else 'VOD'}")
    before: Chunk | None = None
    for chunk in cut:
        if before is None or is_seam(before, chunk):
            lines += ["#EXT-X-DISCONTINUITY"] if before else []
            init = f"dvr/init-{chunk.block.init}.mp4{ask(token)}"
            if chunk.away:
                init = chunk.away.address(chunk.away.init, name, host, token)
            lines.append(f'#EXT-X-MAP:URI="{init}"')
            lines.append(date_time(chunk.start / 1000))
        lines.append(f"#EXTINF:{chunk.seconds:.3f},")
        segment = f"dvr/{chunk.block.id}-{chunk.first}-{len(chunk.entries)}.m4s{ask(token)}"
        lines.append(chunk.away.address(chunk.away.segment, name, host, token) if chunk.away else segment)
        before = chunk
    if not grows:
        lines.append("#EXT-X-ENDLIST")
    return "\n".join(lines) + "\n"


def is_seam(before: Chunk, after: Chunk) -> bool:
    """Whether the media clock or the time of day jumps between two chunks."""
    return before.block.run != after.block.run or abs(after.start - before.end) > SEAM


def _rounded(seconds: float) -> int:
    """A length as EXT-X-TARGETDURATION counts it: 1.04 is 1. One more would keep players a segment further behind."""
    return math.floor(seconds + 0.5)


def _seconds(entries: list[Entry]) -> float:
    return sum(entry.duration for entry in entries) / 1000
