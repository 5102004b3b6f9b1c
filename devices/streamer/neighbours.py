"""Recordings of a stream that other streamers have, from before it came here (item 92).

They are asked with the viewer's own token, so each asks Perch itself. One that is away costs its own part and at most
the deadline: the rest is answered.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlsplit

import httpx
import orjson

from devices.streamer.errors import Trouble
from devices.streamer.index import Block, Entry
from devices.streamer.playlists import Away, Chunk
from devices.streamer.settings import Settings
from devices.streamer.wire import Peer, Wanted
from tenants import clock

log = logging.getLogger("perch.streamer")

LARGEST = 64 * 1024 * 1024
BYTES_A_MS = 1000  # what a segment elsewhere is taken for until it was fetched: 8 Mbit/s
REMEMBERED = 200
PLAYBACK = 60.0  # a player asks for a growing playlist every few seconds: one that has not for so long has ended
DOWN = "streamer_down"
# What a playlist of ours names, and the query it asks there with: the token of whoever fetched it.
PATH = re.compile(r"^(dvr/[A-Za-z0-9-]{1,60}\.(?:m4s|mp4))(?:\?[^\s\"]{0,3000})?$")
MAP = re.compile(r'#EXT-X-MAP:URI="([^"]+)"')

Window = tuple[float, float]
Key = tuple[str, Peer, Window]


@dataclass(frozen=True)
class Missing:
    """A part of a window that cannot be had now, in UTC seconds."""

    start: float
    end: float

    def as_json(self) -> dict[str, Any]:
        return {"from": int(self.start), "duration": int(self.end - self.start), "reason": DOWN}


class Neighbours:
    """The other streamers, asked as a viewer asks."""

    def __init__(self, settings: Settings) -> None:
        self._host = urlsplit(settings.perch_url).hostname or "127.0.0.1"
        self._deadline = settings.neighbour
        self._client = httpx.AsyncClient(
            timeout=httpx.Timeout(settings.neighbour, connect=min(2.0, settings.neighbour)),
            follow_redirects=False,
            trust_env=False,
        )
        self._grown: OrderedDict[Key, list[Chunk]] = OrderedDict()
        self._gaps: OrderedDict[tuple[str, Key], float] = OrderedDict()  # by token: when the playback last asked

    async def close(self) -> None:
        await self._client.aclose()

    async def chunks(
        self, wanted: Wanted, parts: Iterable[Window], token: str, *, grows: bool = False
    ) -> tuple[list[Chunk], list[Missing]]:
        """The segments that others have of some windows. A growing playlist only ever appends, so what was once said
        of its past, also that it could not be had, stays said."""
        asked = list(_windows(wanted, parts))
        found = await asyncio.gather(*(self._playlist(wanted.name, *one, token, grows=grows) for one in asked))
        missing = [Missing(*window) for (_, window), part in zip(asked, found, strict=True) if part is None]
        return [chunk for part in found for chunk in part or []], missing

    async def ranges(
        self, wanted: Wanted, parts: Iterable[Window], token: str
    ) -> tuple[list[tuple[float, float]], list[Missing]]:
        """What others have recorded in some windows, as (from, to) in UTC seconds."""
        asked = list(_windows(wanted, parts))
        found = await asyncio.gather(*(self._status(wanted.name, *one, token) for one in asked))
        missing = [Missing(*window) for (_, window), part in zip(asked, found, strict=True) if part is None]
        return [span for part in found for span in part or []], missing

    async def picture(self, wanted: Wanted, at: float, token: str) -> bytes | None:
        """The frame of a moment, from whoever has it."""
        for peer, _ in _windows(wanted, [(at, at + 1)]):
            try:
                return await self._get(peer, wanted.name, f"{int(at)}-preview.jpg", token)
            except Trouble:
                continue
        return None

    async def fetch(self, name: str, token: str, away: Away, path: str) -> bytes:
        """A segment or an initialization segment, for the viewer with this token. Raises Trouble."""
        return await self._read(away.address(path, name, self._host, token))

    async def _playlist(self, name: str, peer: Peer, window: Window, token: str, *, grows: bool) -> list[Chunk] | None:
        key = (name, peer, window)
        if grows and self._is_gap(token, key):
            return []
        if grows and key in self._grown:
            return self._grown[key]
        start, end = window
        try:
            text = await self._get(peer, name, f"archive-{int(start)}-{max(1, round(end - start))}.m3u8", token)
            found = read_playlist(text.decode(), peer, window) if text else []
        except (Trouble, ValueError) as error:
            log.info("%s: its recordings at %s cannot be had: %s", name, peer.base(self._host), error)
            found = None
        if grows:
            self._remember(token, key, found)
        return found

    def _remember(self, token: str, key: Key, found: list[Chunk] | None) -> None:
        """What a playlist that grows was made of. What was found is the same for all viewers. What was not is kept for
        the one playback that was told of a gap, so that its playlist only appends, and no longer than it goes on
        asking (`PLAYBACK`): all others ask the peer themselves, and so does this viewer next time."""
        if not found:
            self._gaps[token, key] = clock.monotonic()
        else:
            self._grown[key] = found
        for kept in (self._grown, self._gaps):
            while len(kept) > REMEMBERED:
                kept.popitem(last=False)

    def _is_gap(self, token: str, key: Key) -> bool:
        """Whether this playback was told that there is nothing."""
        asked = self._gaps.pop((token, key), None)
        if asked is None or clock.monotonic() - asked > PLAYBACK:
            return False
        self._gaps[token, key] = clock.monotonic()
        return True

    async def _status(self, name: str, peer: Peer, window: Window, token: str) -> list[tuple[float, float]] | None:
        start, end = window
        try:
            said = orjson.loads(
                await self._get(peer, name, f"recording_status.json?from={int(start)}&to={int(end)}", token) or b"[]"
            )
            answer = said[0] if isinstance(said, list) and said else said or {}
            spans = [(float(one["from"]), float(one["from"]) + float(one["duration"])) for one in answer["ranges"]]
        except (Trouble, ValueError, KeyError, TypeError) as error:
            log.info("%s: its recordings at %s cannot be had: %s", name, peer.base(self._host), error)
            return None
        return [(max(first, start), min(last, end)) for first, last in spans if first < end and last > start]

    async def _get(self, peer: Peer, name: str, path: str, token: str) -> bytes:
        """An answer of a peer; nothing where it has nothing. Raises Trouble."""
        mark = "&" if "?" in path else "?"
        return await self._read(f"{peer.base(self._host)}/{name}/{path}{mark}token={quote(token, safe='')}")

    async def _read(self, address: str) -> bytes:
        try:
            async with asyncio.timeout(self._deadline), self._client.stream("GET", address) as answer:
                if answer.status_code == 404:
                    return b""
                if answer.status_code != 200:
                    raise Trouble(f"status {answer.status_code}")
                data = b""
                async for piece in answer.aiter_bytes():
                    data += piece
                    if len(data) > LARGEST:
                        raise Trouble("more than a segment holds")
                return data
        except (httpx.HTTPError, TimeoutError) as error:
            raise Trouble(type(error).__name__) from error


def _windows(wanted: Wanted, parts: Iterable[Window]) -> Iterable[tuple[Peer, Window]]:
    """Which peer is asked for which part of some windows."""
    for start, end in parts:
        for peer in wanted.peers:
            first, last = max(start, float(peer.start)), min(end, float(peer.end))
            if first < last:
                yield peer, (first, last)


def read_playlist(text: str, peer: Peer, window: Window) -> list[Chunk]:
    """The segments of an archive playlist of ours (contracts.md 2.4). Raises ValueError for one of another kind."""
    if not text.startswith("#EXTM3U") or "#EXT-X-STREAM-INF" in text:
        raise ValueError("not a playlist of segments")
    found: list[Chunk] = []
    init, at, length, run = "", 0, 0, 0
    for line in text.splitlines():
        if moved := MAP.match(line):
            init, run = moved[1], run + 1
        elif line.startswith("#EXT-X-PROGRAM-DATE-TIME:"):
            at = round(datetime.fromisoformat(line.partition(":")[2]).timestamp() * 1000)
        elif line.startswith("#EXTINF:"):
            length = round(float(line[8:].partition(",")[0]) * 1000)
        elif line and not line.startswith("#"):
            segment, head = PATH.match(line), PATH.match(init)
            if not segment or not head or not at:
                raise ValueError("a segment that is not where segments are")
            if at < window[1] * 1000 and at + length > window[0] * 1000:
                found.append(_chunk(Away(peer, segment[1], head[1]), f"{peer.port}-{run}", at, length))
            at += length
    return found


def _chunk(away: Away, run: str, at: int, length: int) -> Chunk:
    entry = Entry(at, length, 0, length * BYTES_A_MS)
    return Chunk(Block(0, 0, f"{away.peer.base('')} {run}", 0, "", at, at + length, entry.size), 0, (entry,), away)
