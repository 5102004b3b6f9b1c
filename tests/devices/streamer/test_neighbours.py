"""What one streamer asks another for: with each viewer's own token, and a failure is not for ever (item 92)."""

from __future__ import annotations

import asyncio
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from devices.streamer import playlists
from devices.streamer.neighbours import Neighbours
from devices.streamer.settings import Settings
from devices.streamer.wire import Peer, Wanted
from tests.devices.streamer.peers import peer

AT = 1767225600
WINDOW = (float(AT), AT + 100.0)


class Other:
    """A streamer that puts the token of whoever asks into its playlist, as ours do."""

    def __init__(self) -> None:
        self.is_down = False
        self.asked: list[str] = []

    def __call__(self, request: bytes) -> bytes:
        address = urlsplit(request.split(b" ")[1].decode())
        token = parse_qs(address.query)["token"][0]
        self.asked.append(f"{address.path} {token}")
        if self.is_down:
            return b"HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n"
        lines = ["#EXTM3U", f'#EXT-X-MAP:URI="dvr/init-1.mp4?token={token}"', playlists.date_time(AT)]
        text = "\n".join([*lines, "#EXTINF:2.000,", f"dvr/1-0-2.m4s?token={token}", ""])
        return f"HTTP/1.1 200 OK\r\nContent-Length: {len(text)}\r\n\r\n{text}".encode()


async def grown(neighbours: Neighbours, wanted: Wanted, token: str) -> str:
    """The growing playlist that a viewer gets."""
    cut, _ = await neighbours.chunks(wanted, [WINDOW], token, grows=True)
    return playlists.archive(cut, token, grows=True, name=wanted.name, host="127.0.0.1")


def settings(folder: Path) -> Settings:
    return Settings("s", "http://127.0.0.1", "key", folder)


def test_no_viewer_gets_the_token_of_another(tmp_path: Path) -> None:
    other = Other()

    async def look(port: int) -> None:
        neighbours, wanted = Neighbours(settings(tmp_path)), Wanted("yard~1", peers=(Peer("", port, 0, 10**10),))
        first, second = [await grown(neighbours, wanted, token) for token in ("first", "sec&ond")]
        assert f"http://127.0.0.1:{port}/yard~1/dvr/1-0-2.m4s?token=first\n" in first
        assert f'URI="http://127.0.0.1:{port}/yard~1/dvr/init-1.mp4?token=sec%26ond"' in second
        assert second.count("token=sec%26ond") == 2
        assert "first" not in second
        assert len(other.asked) == 1, "what was recorded is the same for both"
        cut, _ = await neighbours.chunks(wanted, [WINDOW], "first", grows=True)
        away = cut[0].away
        assert away
        await neighbours.fetch(wanted.name, "third", away, away.segment)
        assert other.asked[-1] == "/yard~1/dvr/1-0-2.m4s third"
        await neighbours.close()

    with peer(other) as server:
        asyncio.run(look(server.port))


def test_a_failure_stays_a_gap_for_the_playback_that_saw_it_and_for_nobody_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Other()

    async def look(port: int) -> None:
        neighbours, wanted = Neighbours(settings(tmp_path)), Wanted("yard~1", peers=(Peer("", port, 0, 10**10),))
        other.is_down = True
        assert "m4s" not in await grown(neighbours, wanted, "early")
        other.is_down = False
        assert "m4s" in await grown(neighbours, wanted, "late")
        assert "m4s" not in await grown(neighbours, wanted, "early"), "a growing playlist only ever appends"
        monkeypatch.setattr("devices.streamer.neighbours.PLAYBACK", 0.0)
        assert "m4s" in await grown(neighbours, wanted, "early"), "that playback has ended"
        await neighbours.close()

    with peer(other) as server:
        asyncio.run(look(server.port))
