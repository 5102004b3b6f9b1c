"""The archive of a stream as one: what was recorded here, and what others recorded before it came here (item 92)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from devices.streamer import playlists
from devices.streamer.archive import Archive
from devices.streamer.index import Index, Span, join_spans
from devices.streamer.neighbours import Neighbours, Window
from devices.streamer.pictures import Pictures
from devices.streamer.playlists import SEAM, Chunk
from devices.streamer.settings import Settings
from devices.streamer.wire import Wanted

LATEST = 9e9  # UTC seconds, for milliseconds that a number of SQLite holds


class Past:
    """Answers by time; which disk or streamer has it is nobody else's business."""

    def __init__(self, archive: Archive, pictures: Pictures, neighbours: Neighbours, settings: Settings) -> None:
        self._archive, self._pictures, self._settings = archive, pictures, settings
        self.neighbours = neighbours

    async def cut(self, wanted: Wanted, parts: Sequence[Window], token: str, *, grows: bool = False) -> list[Chunk]:
        """The segments of some windows, in the order of time, each moment once."""
        here = [chunk for part in parts for chunk in await self._cut(wanted.name, part, grows=grows)]
        if not wanted.peers:
            return here
        elsewhere, _ = await self.neighbours.chunks(wanted, parts, token, grows=grows)
        return one_after_another([*here, *elsewhere])

    async def _cut(self, name: str, part: Window, *, grows: bool) -> list[Chunk]:
        first, last = round(part[0] * 1000), round(min(part[1], LATEST) * 1000)
        blocks = await self._archive.index.read(Index.blocks, name, first, last)
        return playlists.chunks(blocks, first, last, self._settings.chunk, grows=grows)

    async def status(self, wanted: Wanted, parts: Sequence[Window], token: str) -> dict[str, Any]:
        """`recording_status.json` of one stream: what is recorded, and what cannot be had now."""
        spans: list[Span] = []
        for start, end in parts:
            first, last = round(start * 1000), round(min(end, LATEST) * 1000)
            spans += await self._archive.index.read(Index.spans, wanted.name, first, last)
        away: list[dict[str, Any]] = []
        if wanted.peers:
            found, missing = await self.neighbours.ranges(wanted, parts, token)
            pieces = [(span.start, span.end) for span in spans]
            pieces += [(round(first * 1000), round(last * 1000)) for first, last in found]
            # Others answer in whole seconds: what is apart by less is no gap.
            spans = join_spans(sorted(pieces), 1500)
            away = [one.as_json() for one in missing]
        ranges = [{"from": span.start // 1000, "duration": (span.end - span.start) // 1000} for span in spans]
        said: dict[str, Any] = {"stream": wanted.name, "ranges": ranges, "motion_log": []}
        return said | ({"unavailable": away} if away else {})

    async def picture(self, wanted: Wanted, at: float, token: str) -> bytes | None:
        """The frame shown at a moment; None when nothing was recorded then, or not where it can be had."""
        made = await self._pictures.archived(wanted.name, at)
        if made or not wanted.peers:
            return made.data if made else None
        return await self.neighbours.picture(wanted, at, token) or None


def one_after_another(chunks: list[Chunk]) -> list[Chunk]:
    """By time. For the seconds in which a stream was on two streamers, the one that began first is shown."""
    found: list[Chunk] = []
    for chunk in sorted(chunks, key=lambda one: one.start):
        if not found or chunk.start >= found[-1].end - SEAM:
            found.append(chunk)
    return found
