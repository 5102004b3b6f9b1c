"""The one place that starts ffmpeg.

An argument list and never a shell; no text of a user's among the arguments; no network but our own loopback gateway,
and none at all where the input comes through the standard input; a recorder may write no file. When we die, it dies.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import functools
import resource
import signal
from asyncio.subprocess import PIPE, Process
from pathlib import Path

import imageio_ffmpeg

from devices.streamer.deadline import before

FONTS = Path(__file__).parent / "fonts"
QUIET = ["-nostdin", "-hide_banner", "-loglevel", "warning"]
PIPE_ONLY = ["-protocol_whitelist", "pipe"]
KEPT_ERRORS = 4000
PIPE_BUFFER = 1024 * 1024

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


@functools.cache
def executable() -> str:
    """The ffmpeg that pip package imageio-ffmpeg carries."""
    return str(imageio_ffmpeg.get_ffmpeg_exe())  # type: ignore[attr-defined,no-untyped-call]  # has no types


def recorder_arguments(source: list[str], audio: list[str]) -> list[str]:
    """Copy the first video track, and the sound as told, into fragments on the standard output."""
    return [
        *QUIET, *source, "-map", "0:v:0", *audio, "-c:v", "copy", "-sn", "-dn", "-map_metadata", "-1",
        "-video_track_timescale", "90000", "-max_interleave_delta", "100000", "-flush_packets", "1",
        "-f", "mp4", "-movflags", "+delay_moov+default_base_moof+frag_keyframe+skip_trailer",
    ]  # fmt: skip


def _confine(file_size: int) -> None:
    """In the child, before exec: limits, and a signal when the parent dies."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
    resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
    resource.setrlimit(resource.RLIMIT_FSIZE, (file_size, file_size))


class Child:
    """A running ffmpeg. Read `stdout`, write `stdin`; `stop()` always ends it."""

    def __init__(self, process: Process) -> None:
        self.process = process
        self.errors = ""
        self._draining = asyncio.create_task(self._drain())

    @property
    def stdout(self) -> asyncio.StreamReader:
        if self.process.stdout is None:
            raise RuntimeError("no standard output")
        return self.process.stdout

    @property
    def stdin(self) -> asyncio.StreamWriter:
        if self.process.stdin is None:
            raise RuntimeError("no standard input")
        return self.process.stdin

    def end_input(self) -> None:
        """Nothing more will be written to the standard input."""
        if self.process.stdin:
            self.process.stdin.close()

    async def _drain(self) -> None:
        stream = self.process.stderr
        while stream and (data := await stream.read(4096)):
            self.errors = (self.errors + data.decode("utf-8", "replace"))[-KEPT_ERRORS:]

    async def stop(self, grace: float = 3.0) -> None:
        """SIGTERM, and SIGKILL after `grace` seconds: blocked on a dead peer ffmpeg ignores the first."""
        if self.process.returncode is None and grace > 0:
            self._signal(signal.SIGTERM)
            with contextlib.suppress(TimeoutError):
                await before(self.process.wait(), grace)
        if self.process.returncode is None:
            self._signal(signal.SIGKILL)
        await self.wait()

    async def wait(self) -> int:
        """The exit code, after the last words were read."""
        code = await self.process.wait()
        with contextlib.suppress(TimeoutError):
            await before(self._draining, 1.0)
        return code

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(number)


async def start(arguments: list[str], *, stdin: bool = False, stdout: bool = True, file_size: int = 0) -> Child:
    """Start ffmpeg with these arguments; `file_size` is the largest file it may write."""
    process = await asyncio.create_subprocess_exec(
        executable(),
        *arguments,
        stdin=PIPE if stdin else asyncio.subprocess.DEVNULL,
        stdout=PIPE if stdout else asyncio.subprocess.DEVNULL,
        stderr=PIPE,
        env={"LC_ALL": "C.UTF-8", "TZ": "UTC"},
        cwd=FONTS,
        limit=PIPE_BUFFER,
        preexec_fn=functools.partial(_confine, file_size),
    )
    return Child(process)


async def convert(arguments: list[str], data: bytes, *, timeout: float) -> tuple[bytes, str]:
    """Run to the end with `data` on the standard input; returns (output, errors). Killed after `timeout` seconds."""
    child = await start(arguments, stdin=True)
    feeding = asyncio.create_task(_feed(child, data))
    try:
        output = await before(child.stdout.read(-1), timeout)
        await child.wait()
        return output, child.errors
    except TimeoutError:
        return b"", "timeout"
    finally:
        feeding.cancel()
        await child.stop(0)


async def _feed(child: Child, data: bytes) -> None:
    with contextlib.suppress(ConnectionError, BrokenPipeError):
        child.stdin.write(data)
        await child.stdin.drain()
        child.stdin.close()
