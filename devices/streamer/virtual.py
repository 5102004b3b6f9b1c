"""Virtual cameras: one generator a kind, started for its first camera and stopped after its last.

Making a test picture costs 3.5 % of a core; copying it costs a tenth of that. So `fake://fake` is made once, and every
camera that names it is an ordinary recorder that copies from here.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging

from devices.streamer import ffmpeg
from devices.streamer.deadline import before
from devices.streamer.errors import SourceError

log = logging.getLogger("perch.streamer")

PACKET = 188
LINGER = 2.0
SILENCE = 3.0
QUEUE = 256
RATE = 15

_CLOCK = "%{gmtime\\:%Y-%m-%d %H\\\\\\:%M\\\\\\:%S} UTC"
_TEXT = f"drawtext=fontfile=DejaVuSansMono-Bold.ttf:text='{_CLOCK}':fontcolor=white"
PICTURES = {
    "fake": (
        f"testsrc2=size=640x360:rate={RATE}",
        f"{_TEXT}:fontsize=26:box=1:boxcolor=black@0.6:boxborderw=8:x=(w-tw)/2:y=h-56",
    ),
    # Its ground stands still: half the work of a moving one, and the dot shows that the picture is alive.
    "clock": (
        f"color=c=0x102a43:size=640x360:rate={RATE}",
        f"{_TEXT}:fontsize=40:x=(w-tw)/2:y=(h-th)/2,"
        "drawtext=fontfile=DejaVuSansMono-Bold.ttf:text=*:fontsize=48:fontcolor=0xffb000:x=mod(t*64\\,w):y=h-70",
    ),
}
# A tick a second, so that sound can be checked by ear.
SOUND = "aevalsrc=0.15*sin(2*PI*880*t)*lt(mod(t\\,1)\\,0.06):s=44100"


def generator_arguments(kind: str) -> list[str]:
    """A moving picture with the running clock, H.264 and AAC, a key frame a second, as an endless transport stream."""
    picture, text = PICTURES[kind]
    return [
        *ffmpeg.QUIET, "-re", "-f", "lavfi", "-i", picture, "-re", "-f", "lavfi", "-i", SOUND, "-vf", text,
        "-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-profile:v", "baseline",
        "-pix_fmt", "yuv420p", "-g", str(RATE), "-keyint_min", str(RATE), "-sc_threshold", "0",
        "-b:v", "400k", "-maxrate", "500k", "-bufsize", "500k", "-threads", "1",
        "-c:a", "aac", "-b:a", "48k", "-ac", "1", "-muxdelay", "0", "-muxpreload", "0", "-flush_packets", "1",
        "-max_interleave_delta", "1",
        "-f", "mpegts", "-pes_payload_size", "0", "-mpegts_flags", "+resend_headers+pat_pmt_at_frames", "pipe:1",
    ]  # fmt: skip


class Generator:
    """The one source of a kind of virtual camera, and the queues it feeds."""

    def __init__(self, kind: str, grace: float) -> None:
        self._kind, self._grace = kind, grace
        self._queues: set[asyncio.Queue[bytes]] = set()
        self._task: asyncio.Task[None] | None = None

    def join(self) -> asyncio.Queue[bytes]:
        queue: asyncio.Queue[bytes] = asyncio.Queue(QUEUE)
        self._queues.add(queue)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run())
        return queue

    def leave(self, queue: asyncio.Queue[bytes]) -> None:
        self._queues.discard(queue)

    async def stop(self) -> None:
        if self._task:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _run(self) -> None:
        quiet = 0.0
        while quiet < LINGER or self._queues:  # who joined while the last one was ended gets a new one
            child = await ffmpeg.start(generator_arguments(self._kind))
            try:
                quiet = await self._fan_out(child)
            finally:
                await child.stop(self._grace)
            if quiet < LINGER:
                log.warning("the generator of fake://%s ended: %s", self._kind, child.errors.strip()[-300:])
                await asyncio.sleep(1.0)

    async def _read(self, child: ffmpeg.Child) -> bytes:
        """The next bytes; a generator that makes none for a while has ended."""
        try:
            return await before(child.stdout.read(65536), SILENCE)
        except TimeoutError:
            return b""

    async def _fan_out(self, child: ffmpeg.Child) -> float:
        """Hand every whole transport packet to every camera; returns the seconds nobody listened."""
        rest, quiet, loop = b"", None, asyncio.get_running_loop()
        while data := await self._read(child):
            data = rest + data
            whole = len(data) - len(data) % PACKET
            data, rest = data[:whole], data[whole:]
            for queue in list(self._queues):
                if queue.full():
                    self._queues.discard(queue)
                    queue.get_nowait()
                    queue.put_nowait(b"")
                else:
                    queue.put_nowait(data)
            quiet = None if self._queues else quiet or loop.time()
            if quiet and loop.time() - quiet > LINGER:
                return LINGER
        return 0.0


class VirtualCameras:
    """All generators of the streamer."""

    def __init__(self, grace: float) -> None:
        self._generators = {kind: Generator(kind, grace) for kind in PICTURES}

    def join(self, kind: str) -> asyncio.Queue[bytes]:
        return self._generators[kind].join()

    def leave(self, kind: str, queue: asyncio.Queue[bytes]) -> None:
        self._generators[kind].leave(queue)

    async def stop(self) -> None:
        await asyncio.gather(*(generator.stop() for generator in self._generators.values()))


async def next_packets(queue: asyncio.Queue[bytes]) -> bytes:
    """The next bytes of a generator; raises SourceError for a camera that fell behind."""
    data = await queue.get()
    if not data:
        raise SourceError("stalled", "the recorder fell behind")
    return data
