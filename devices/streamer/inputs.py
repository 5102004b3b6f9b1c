"""What feeds a recorder: three kinds of sources of one shape. `open` finds the video, `pump` keeps it flowing."""

from __future__ import annotations

import asyncio
from typing import Protocol

from devices.sources import Source
from devices.streamer.errors import SourceError
from devices.streamer.ffmpeg import PIPE_ONLY, Child
from devices.streamer.gateway import Gateway, Ticket
from devices.streamer.hls import HlsFetcher
from devices.streamer.settings import Settings
from devices.streamer.virtual import VirtualCameras, next_packets

NO_AUDIO = ["-an"]
COPY_AUDIO = ["-map", "0:a:0?", "-c:a", "copy"]
COPY_AAC = [*COPY_AUDIO, "-bsf:a", "aac_adtstoasc"]
MAKE_AAC = ["-map", "0:a:0?", "-c:a", "aac", "-b:a", "64k", "-ac", "1"]
# Little probing: what the stream is, is known; every probed second is a second of delay at the start.
PROBE = ["-fflags", "+genpts+discardcorrupt", "-analyzeduration", "1500000", "-probesize", "1000000"]
DEMUXERS = "mpegts,mov,mp4,h264,hevc,aac"


class Input(Protocol):
    """A source that has been opened for one run of a recorder."""

    note: str
    late_frames: int  # pictures ffmpeg holds back before it hands one on

    async def open(self) -> list[str]:
        """Reach the source; returns ffmpeg's arguments up to the input. Raises SourceError."""

    def audio(self) -> list[str]:
        """Arguments for the sound, once open."""

    async def pump(self, child: Child) -> None:
        """Feed the recorder until the source ends; raises SourceError when it does."""

    def failure(self) -> SourceError | None:
        """What the source said when it failed behind the recorder's back."""

    async def close(self) -> None:
        """Hang up."""


class Wishes:
    """What the subscriber wants of the sound."""

    def __init__(self, *, video_only: bool = False, transcode: bool = False) -> None:
        self.video_only, self.transcode = video_only, transcode
        self.cannot_copy = False  # learned from a run: the sound is no AAC


class RtspInput:
    """RTSP and RTSPS through the gateway."""

    def __init__(self, source: Source, gateway: Gateway, wishes: Wishes, settings: Settings) -> None:
        self._source, self._gateway, self._wishes, self._settings = source, gateway, wishes, settings
        self._ticket: Ticket | None = None
        self.note = ""
        self.late_frames = 1  # the parser ends a picture where the next begins

    async def open(self) -> list[str]:
        wishes = self._wishes
        self._ticket = ticket = await self._gateway.open(
            self._source, want_audio=not wishes.video_only, convert_audio=wishes.transcode
        )
        if not wishes.video_only and len(ticket.offers) == 1 and ticket.dropped_audio:
            self.note = f"sound left out: {ticket.dropped_audio}"
        tag = ["-protocol_whitelist", "rtsp,rtp,tcp", "-rtsp_transport", "tcp", "-rtsp_flags", "prefer_tcp"]
        timeout = str(int(self._settings.stall * 1_000_000))
        return [*tag, *PROBE, "-timeout", timeout, "-f", "rtsp", "-i", self._gateway.url(ticket)]

    def audio(self) -> list[str]:
        if self._ticket is None or len(self._ticket.offers) < 2:
            return NO_AUDIO
        return COPY_AUDIO if self._ticket.offers[1].is_copied_audio else MAKE_AAC

    @property
    def is_hevc(self) -> bool:
        return self._ticket is not None and self._ticket.offers[0].encoding == "H265"

    async def pump(self, child: Child) -> None:
        await child.process.wait()

    def failure(self) -> SourceError | None:
        return self._ticket.failure if self._ticket else None

    async def close(self) -> None:
        if self._ticket:
            self._gateway.release(self._ticket)


class PipedInput:
    """A source whose bytes we write to the recorder's standard input."""

    def __init__(self, wishes: Wishes) -> None:
        self._wishes = wishes
        self.note = ""
        # In a transport stream a picture ends where the next begins, once for the demuxer and once for the parser.
        self.late_frames = 2

    def arguments(self) -> list[str]:
        return [*PIPE_ONLY, "-format_whitelist", DEMUXERS, *PROBE, "-i", "pipe:0"]

    def audio(self) -> list[str]:
        if self._wishes.video_only:
            return NO_AUDIO
        if self._wishes.cannot_copy:
            self.note = "" if self._wishes.transcode else "sound left out: it is no AAC"
            return MAKE_AAC if self._wishes.transcode else NO_AUDIO
        return COPY_AAC

    def failure(self) -> SourceError | None:
        return None


class HlsInput(PipedInput):
    """HLS over HTTP or HTTPS through our own fetcher."""

    def __init__(self, source: Source, wishes: Wishes, settings: Settings) -> None:
        super().__init__(wishes)
        self._fetcher = HlsFetcher(source, settings)
        self._pieces = self._fetcher.pieces()
        self._first = b""

    async def open(self) -> list[str]:
        """The first bytes say which container it is: left to itself ffmpeg reads a megabyte to be sure."""
        await self._fetcher.open()
        self._first = await anext(self._pieces)
        return ["-f", container(self._first), *self.arguments()]

    async def pump(self, child: Child) -> None:
        child.stdin.write(self._first)
        async for data in self._pieces:
            child.stdin.write(data)
            await child.stdin.drain()

    async def close(self) -> None:
        await self._fetcher.close()


def container(data: bytes) -> str:
    """ffmpeg's name for what HLS segments are made of; raises SourceError for what holds no video."""
    if data[:1] == b"\x47":
        return "mpegts"
    if data[4:8] in (b"ftyp", b"styp", b"moof", b"sidx"):
        return "mp4"
    raise SourceError("no_video")


class VirtualInput(PipedInput):
    """A copy of the shared test picture."""

    def __init__(self, kind: str, cameras: VirtualCameras, wishes: Wishes) -> None:
        super().__init__(wishes)
        self._kind, self._cameras = kind, cameras
        self._queue: asyncio.Queue[bytes] | None = None

    async def open(self) -> list[str]:
        self._queue = self._cameras.join(self._kind)
        return ["-f", "mpegts", *self.arguments()]

    async def pump(self, child: Child) -> None:
        if self._queue is None:
            raise RuntimeError("not open")
        while True:
            child.stdin.write(await next_packets(self._queue))
            await child.stdin.drain()

    async def close(self) -> None:
        if self._queue:
            self._cameras.leave(self._kind, self._queue)


class Inputs:
    """Makes the input for a source."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.gateway = Gateway(settings)
        self.virtual = VirtualCameras(settings.grace)

    async def start(self) -> None:
        await self.gateway.start()

    async def stop(self) -> None:
        await self.virtual.stop()
        await self.gateway.stop()

    def of(self, source: Source, wishes: Wishes) -> Input:
        if source.is_virtual:
            return VirtualInput(source.host, self.virtual, wishes)
        if source.scheme.startswith("rtsp"):
            return RtspInput(source, self.gateway, wishes, self._settings)
        return HlsInput(source, wishes, self._settings)
