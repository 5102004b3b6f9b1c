"""Every kind of address at which the embedded streamer gives video or facts of a camera, and knocking at them.

doors = house.doors(camera, token)      all of them, learnt with a token that opens them
house.knock(door, token)                what a token gets there
"""

from __future__ import annotations

import contextlib
import re
import socket
from dataclasses import dataclass

from devices.models import Camera
from tests.cast import Cast
from tests.devices.streamer.conftest import Running, eventually
from tests.devices.streamer.media import Playlist
from tests.server import Server

LIVE, ARCHIVE, FILE, FACTS = "live", "archive", "file", "facts"
LONG_AGO = 20 * 24 * 3600  # seconds: inside what the owner may see, outside a week
RTSP = "rtsp:"
YES = 200


@dataclass(frozen=True)
class Door:
    """An address without its token, of a kind; `kind` is also the right that opens it (FACTS: the archive's)."""

    name: str
    address: str
    kind: str

    @property
    def is_rtsp(self) -> bool:
        return self.address.startswith(RTSP)


@dataclass
class House:
    """The portal and a streamer with the cameras of the cast, all of them recorded."""

    cast: Cast
    portal: Server
    streamer: Running
    shed: Camera

    def knock(self, door: Door, token: str) -> tuple[int, str]:
        """(status, the error's code); a list of recordings that is empty is a 403, because it says nothing."""
        if door.is_rtsp:
            return self._describe(door.address.removeprefix(RTSP), token), ""
        answer = self.streamer.get(door.address, token=token)
        if answer.status_code >= 400:
            return answer.status_code, str(answer.json()["errors"][0]["code"])
        if door.kind == FACTS and not answer.json()[0]["ranges"]:
            return 403, "no_ranges"
        assert answer.content
        return YES, ""

    def knocks(self, doors: list[Door], token: str) -> dict[str, int]:
        """The status at each door."""
        return {door.name: self.knock(door, token)[0] for door in doors}

    def _describe(self, path: str, token: str) -> int:
        """The status of a DESCRIBE, word by word over a socket of its own."""
        mark = "&" if "?" in path else "?"
        url = f"rtsp://127.0.0.1:{self.streamer.rtsp_port}/{path}{mark}token={token}"
        with contextlib.closing(socket.create_connection(("127.0.0.1", self.streamer.rtsp_port), timeout=20)) as line:
            line.sendall(f"DESCRIBE {url} RTSP/1.0\r\nCSeq: 1\r\n\r\n".encode())
            with line.makefile("rb") as answer:
                return int(answer.readline().split()[1])

    def doors(self, camera: Camera, token: str) -> list[Door]:
        """All doors of a camera, as they are now: pieces of a live stream are gone after some seconds."""
        since, length = self.recorded(camera, token)
        window = f"{since}-{min(length, 4)}"
        live = self._playlist(f"{camera.media}/index.m3u8?stream=main", token)
        past = self._playlist(f"{camera.media}/archive-{window}.m3u8", token)
        found = [
            ("live master", "index.m3u8", LIVE),
            ("live playlist", "index.m3u8?stream=main", LIVE),
            ("live init", live.maps[-1], LIVE),
            ("live segment", live.segments[-1], LIVE),
            ("media info", "media_info.json", LIVE),
            ("live preview", "preview.jpg", LIVE),
            ("archive playlist", f"archive-{window}.m3u8", ARCHIVE),
            ("archive playlist to now", f"archive-{since}-now.m3u8", ARCHIVE),
            ("archive init", past.maps[0], ARCHIVE),
            ("archive segment", past.segments[0], ARCHIVE),
            ("archive preview", f"{since + 1}-preview.jpg", ARCHIVE),
            ("mp4 prepared", f"archive-{since}-2.mp4?prepare=true", FILE),
            ("mp4", f"archive-{since}-2.mp4", FILE),
            ("recording status", f"recording_status.json?from={since}&to={since + 60}", FACTS),
        ]
        doors = [Door(name, f"{camera.media}/{bare(address)}", kind) for name, address, kind in found]
        doors.append(Door("rtsp live", f"{RTSP}{camera.media}", LIVE))
        doors.append(Door("rtsp archive", f"{RTSP}{camera.media}?from={since}&duration=2", ARCHIVE))
        return doors

    def _playlist(self, address: str, token: str) -> Playlist:
        answer = self.streamer.get(address, token=token)
        assert answer.status_code == YES, f"{address}: {answer.text}"
        return Playlist(answer.text)

    def recorded(self, camera: Camera, token: str) -> tuple[int, int]:
        """(from, seconds) of the first recording, once it has some."""

        def look() -> tuple[int, int] | None:
            answer = self.streamer.get(f"{camera.media}/recording_status.json", token=token)
            ranges = answer.json()[0]["ranges"] if answer.is_success else []
            long = ranges and ranges[0]["duration"] >= 3
            return (ranges[0]["from"], ranges[0]["duration"]) if long else None

        found = eventually(look)
        assert found
        return found


def bare(address: str) -> str:
    """An address of a playlist without the token that stands in it."""
    return re.sub(r"[?&]token=[^&]*", "", address)
