"""Looking at video with ffmpeg: what a viewer would see."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from datetime import datetime

from devices.streamer.ffmpeg import executable

DATE = re.compile(r"#EXT-X-PROGRAM-DATE-TIME:(\S+)")


@dataclass
class Playlist:
    """A media playlist, read for a test."""

    text: str

    @property
    def maps(self) -> list[str]:
        return re.findall(r'#EXT-X-MAP:URI="([^"]+)"', self.text)

    @property
    def segments(self) -> list[str]:
        return [line for line in self.text.splitlines() if line and not line.startswith("#")]

    @property
    def durations(self) -> list[float]:
        return [float(found) for found in re.findall(r"#EXTINF:([\d.]+)", self.text)]

    @property
    def dates(self) -> list[float]:
        return [datetime.fromisoformat(found).timestamp() for found in DATE.findall(self.text)]

    @property
    def seams(self) -> int:
        return self.text.count("#EXT-X-DISCONTINUITY\n")


def frames(data: bytes, *, torn: bool = False) -> int:
    """How many pictures a player decodes from these bytes; an undecodable one fails the test.

    `torn`: the camera was cut off in the middle of a picture, which may be missing.
    """
    done = subprocess.run(
        [executable(), "-nostdin", "-v", "error", "-i", "pipe:0", "-map", "0:v", "-f", "framemd5", "-"],
        input=data,
        capture_output=True,
        check=True,
    )
    assert torn or not done.stderr, done.stderr.decode()
    return sum(not line.startswith(b"#") for line in done.stdout.splitlines())


def brightness(data: bytes) -> list[tuple[float, int]]:
    """(seconds from the start, mean brightness) of every picture."""
    done = subprocess.run(
        [executable(), "-nostdin", "-copyts", "-i", "pipe:0", "-map", "0:v", "-vf", "scale=1:1,format=gray,showinfo",
         "-fps_mode", "passthrough",
         "-f", "rawvideo", "-loglevel", "info", "-"],
        input=data,
        capture_output=True,
        check=True,
    )  # fmt: skip
    times = [float(found) for found in re.findall(r"pts_time:([\d.]+)", done.stderr.decode())]
    return list(zip(times, done.stdout, strict=True))
