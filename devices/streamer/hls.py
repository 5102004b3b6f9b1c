"""A camera that speaks HLS: our own fetcher, so that ffmpeg gets bytes on its standard input and no network at all.

A playlist may point anywhere; so every address in it is judged and dialled like the first one, redirects are not
followed, and every body has a cap and a deadline.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from urllib.parse import urljoin

import httpx
from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from devices.sources import Source, SourceRefused, parse_source
from devices.streamer.errors import SourceError
from devices.streamer.settings import Settings
from tenants import clock
from tenants.addresses import AddressRefused, NameUnknown, resolve_async

LARGEST_PLAYLIST, LARGEST_SEGMENT = 1024 * 1024, 64 * 1024 * 1024
FIRST_SEGMENTS = 2  # begin this far from the live edge
_ATTRIBUTE = re.compile(r'([A-Z0-9-]+)=("[^"]*"|[^,]*)')


@dataclass
class Piece:
    """A media segment of a playlist, with what is needed to read it."""

    number: int
    url: str
    seconds: float
    byte_range: tuple[int, int] | None = None
    key_url: str = ""
    iv: bytes = b""
    map_url: str = ""


@dataclass
class Playlist:
    """A parsed playlist: either variants (best first) or pieces."""

    variants: list[str] = field(default_factory=list)
    pieces: list[Piece] = field(default_factory=list)
    target: float = 2.0
    ended: bool = False


def parse_playlist(text: str, base: str) -> Playlist:
    """Read a playlist (RFC 8216); raises SourceError when it is none or needs what we do not do."""
    if not text.lstrip("\ufeff").startswith("#EXTM3U"):
        raise SourceError("unknown", "it is no HLS playlist")
    found, reading, ranked = Playlist(), _Reading(base), []
    for line in (line.strip() for line in text.splitlines()):
        if line.startswith("#EXT-X-STREAM-INF:"):
            reading.bandwidth = int(re.sub(r"\D", "", _attributes(line).get("BANDWIDTH", "")) or 0)
        elif line.startswith("#EXT-X-TARGETDURATION:"):
            found.target = min(60.0, max(0.5, _number(line)))
        elif line == "#EXT-X-ENDLIST":
            found.ended = True
        elif line.startswith("#"):
            reading.tag(line)
        elif line and reading.bandwidth is not None:
            ranked.append((reading.bandwidth, urljoin(base, line)))
            reading.bandwidth = None
        elif line:
            found.pieces.append(reading.piece(line))
    found.variants = [url for _, url in sorted(ranked, key=lambda one: -one[0])]
    return found


class _Reading:
    """What the tags said so far."""

    def __init__(self, base: str) -> None:
        self.base = base
        self.bandwidth: int | None = None
        self.number = 0
        self.seconds = 2.0
        self.map_url = self.key_url = ""
        self.iv = b""
        self.range: tuple[int, int] | None = None
        self._range_end = 0

    def tag(self, line: str) -> None:
        if line.startswith("#EXTINF:"):
            self.seconds = max(0.1, _number(line))
        elif line.startswith("#EXT-X-MEDIA-SEQUENCE:"):
            self.number = int(_number(line))
        elif line.startswith("#EXT-X-MAP:"):
            self.map_url = urljoin(self.base, _attributes(line).get("URI", ""))
        elif line.startswith("#EXT-X-BYTERANGE:"):
            length, _, start = line.partition(":")[2].partition("@")
            begin = int(start) if start.isdigit() else self._range_end
            self._range_end = begin + int(length if length.isdigit() else 0)
            self.range = (begin, self._range_end - 1)
        elif line.startswith("#EXT-X-KEY:"):
            self._key(_attributes(line))

    def _key(self, said: dict[str, str]) -> None:
        method = said.get("METHOD", "NONE")
        if method not in ("NONE", "AES-128"):
            raise SourceError("unsupported_codec", f"encrypted with {method[:20]}")
        self.key_url = urljoin(self.base, said.get("URI", "")) if method == "AES-128" else ""
        text = said.get("IV", "")
        self.iv = bytes.fromhex(text[2:].zfill(32)) if re.fullmatch(r"0[xX][0-9a-fA-F]{1,32}", text) else b""

    def piece(self, line: str) -> Piece:
        iv = self.iv or self.number.to_bytes(16, "big")
        made = Piece(self.number, urljoin(self.base, line), self.seconds, self.range, self.key_url, iv, self.map_url)
        self.number, self.range = self.number + 1, None
        return made


def _attributes(line: str) -> dict[str, str]:
    return {key: value.strip('"') for key, value in _ATTRIBUTE.findall(line.partition(":")[2])}


def _number(line: str) -> float:
    found = re.match(r"\d{1,12}(?:\.\d{1,9})?", line.partition(":")[2])
    return float(found[0]) if found else 0.0


class HlsFetcher:
    """Follows one live playlist and yields its bytes in order."""

    def __init__(self, source: Source, settings: Settings) -> None:
        self._source, self._settings = source, settings
        self._client = httpx.AsyncClient(follow_redirects=False, trust_env=False, timeout=settings.connect)
        self._keys: dict[str, bytes] = {}
        self._media = source.address
        self._is_first_host = (source.scheme, source.host, source.port)

    async def open(self) -> None:
        """Find the media playlist; raises SourceError when the camera's answer is none."""
        playlist = await self._playlist(self._media)
        for _ in range(2):
            if not playlist.variants:
                return
            self._media = playlist.variants[0]
            playlist = await self._playlist(self._media)
        raise SourceError("unknown", "its playlists never end")

    async def close(self) -> None:
        await self._client.aclose()

    async def pieces(self) -> AsyncGenerator[bytes, None]:
        """The bytes of each new segment, initialization included; ends with SourceError."""
        last, last_map, news = -1, "", clock.monotonic()
        while True:
            playlist = await self._playlist(self._media)
            fresh = [piece for piece in playlist.pieces if piece.number > last]
            if last < 0 and not playlist.ended:
                fresh = fresh[-FIRST_SEGMENTS:]
            for piece in fresh:
                if piece.map_url and piece.map_url != last_map:
                    last_map = piece.map_url
                    yield await self._get(piece.map_url, LARGEST_SEGMENT)
                yield await self._segment(piece)
                last, news = piece.number, clock.monotonic()
            if playlist.ended or clock.monotonic() - news > max(self._settings.stall, 3 * playlist.target):
                raise SourceError("stalled", "its playlist has ended" if playlist.ended else "")
            await asyncio.sleep(playlist.target / 2 if fresh else min(1.0, playlist.target / 4))

    async def _playlist(self, url: str) -> Playlist:
        body = await self._get(url, LARGEST_PLAYLIST)
        return parse_playlist(body.decode("utf-8", "replace"), url)

    async def _segment(self, piece: Piece) -> bytes:
        data = await self._get(piece.url, LARGEST_SEGMENT, piece.byte_range)
        if not piece.key_url:
            return data
        if piece.key_url not in self._keys:
            self._keys = {piece.key_url: await self._get(piece.key_url, 64)}
        try:
            decryptor = Cipher(algorithms.AES128(self._keys[piece.key_url]), modes.CBC(piece.iv)).decryptor()
            remover = padding.PKCS7(128).unpadder()
            return remover.update(decryptor.update(data) + decryptor.finalize()) + remover.finalize()
        except ValueError as error:
            raise SourceError("unknown", "its key does not fit") from error

    async def _get(self, url: str, cap: int, byte_range: tuple[int, int] | None = None) -> bytes:
        """One body from a vetted address; raises SourceError."""
        try:
            source = parse_source(url)
        except SourceRefused as error:
            raise SourceError("refused_address", "its playlist points elsewhere") from error
        if source.scheme not in ("http", "https"):
            raise SourceError("refused_address", "its playlist points elsewhere")
        try:
            async with asyncio.timeout(self._settings.connect * 3):
                return await self._fetch(source, cap, byte_range)
        except TimeoutError as error:
            raise SourceError("unreachable", "no answer") from error
        except httpx.HTTPError as error:
            detail = "connection refused" if isinstance(error, httpx.ConnectError) else "no answer"
            raise SourceError("unreachable", detail) from error

    async def _fetch(self, source: Source, cap: int, byte_range: tuple[int, int] | None) -> bytes:
        try:
            there = await resolve_async(source.host, source.port, self._settings.networks)
        except AddressRefused as error:
            raise SourceError("refused_address") from error
        except NameUnknown as error:
            raise SourceError("unreachable", "its name has no address") from error
        headers = {"Host": httpx.URL(source.address).netloc.decode(), "Accept-Encoding": "identity"}
        if byte_range:
            headers["Range"] = f"bytes={byte_range[0]}-{byte_range[1]}"
        at_home = (source.scheme, source.host, source.port) == self._is_first_host
        login = (self._source.username, self._source.password) if at_home and self._source.username else None
        url = httpx.URL(source.address).copy_with(host=there.address)
        extensions = {"sni_hostname": source.host}
        async with self._client.stream("GET", url, headers=headers, auth=login, extensions=extensions) as answer:
            _judge(answer.status_code)
            return await _capped(answer, cap)


def _judge(status: int) -> None:
    if status in (401, 403):
        raise SourceError("unauthorized")
    if 300 <= status < 400:
        raise SourceError("refused_address", "it sends us to another address")
    if status in (404, 410):
        raise SourceError("not_found")
    if not 200 <= status < 300:
        raise SourceError("unknown", f"HTTP {status}")


async def _capped(answer: httpx.Response, cap: int) -> bytes:
    body = bytearray()
    async for data in answer.aiter_raw():
        body += data
        if len(body) > cap:
            raise SourceError("unknown", "its answer is too long")
    return bytes(body)
