"""One rendition of one camera: open, run, judge by bytes, retry with back-off. Never by whether a process lives."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import secrets
from collections import deque
from collections.abc import Callable

from devices.sources import Source, SourceRefused, parse_source
from devices.streamer import ffmpeg
from devices.streamer.archive import DiskFull
from devices.streamer.boxes import BoxSplitter, Fragment, Init, Malformed, parse_fragment, parse_init
from devices.streamer.deadline import before
from devices.streamer.errors import SourceError
from devices.streamer.inputs import Input, Inputs, RtspInput, Wishes
from devices.streamer.live import LiveWindow
from devices.streamer.segments import ClockTorn, Segment, Segmenter, Timeline
from devices.streamer.settings import Settings
from devices.streamer.writer import BlockWriter
from tenants import clock

log = logging.getLogger("perch.streamer")

PLAYABLE = ("h264", "h265")
RATE_WINDOW = 10.0


class Health:
    """What the status report says of a rendition. Times are seconds since the epoch."""

    def __init__(self) -> None:
        self.error: SourceError | None = None
        self.disk_full = False
        self.opened_at: float | None = None
        self.last_data: float | None = None  # on the monotonic clock
        self.bytes_in = 0
        self.retries = 0
        self.init: Init | None = None
        self.fps = 0.0
        self.note = ""
        self._recent: deque[tuple[float, int]] = deque()  # (seconds of video, bytes)

    def received(self, size: int, seconds: float) -> None:
        """Bytes that hold so many seconds of video."""
        self.last_data, self.bytes_in = clock.monotonic(), self.bytes_in + size
        self._recent.append((seconds, size))
        while len(self._recent) > 1 and sum(length for length, _ in self._recent) > RATE_WINDOW:
            self._recent.popleft()

    @property
    def kilobits(self) -> int:
        """Kilobits a second over the last seconds."""
        seconds = sum(length for length, _ in self._recent)
        if seconds <= 0 or self.silence > RATE_WINDOW:
            return 0
        return round(sum(size for _, size in self._recent) * 8 / seconds / 1000)

    @property
    def silence(self) -> float:
        """Seconds since the last bytes."""
        return clock.monotonic() - self.last_data if self.last_data is not None else float("inf")

    def closed(self) -> None:
        self.opened_at = self.last_data = None
        self._recent.clear()


class Recorder:
    """Keeps one rendition running until `stop`; `writer` is None where nothing is recorded."""

    def __init__(
        self, label: str, url: str, wishes: Wishes, inputs: Inputs, settings: Settings, changed: Callable[[], None]
    ) -> None:
        self.label, self.url, self.wishes = label, url, wishes
        self._inputs, self._settings, self._changed = inputs, settings, changed
        self.health = Health()
        self.live = LiveWindow(settings.window)
        self.writer: BlockWriter | None = None
        self._task: asyncio.Task[None] | None = None
        self._is_first = True

    @property
    def is_running(self) -> bool:
        return self._task is not None and not self._task.done()

    @property
    def is_alive(self) -> bool:
        """Video came lately."""
        return self.is_running and self.health.silence <= self._settings.stall and self.live.latest is not None

    def start(self) -> None:
        if not self.is_running:
            self._task = asyncio.create_task(self._keep_running(), name=f"recorder {self.label}")

    async def stop(self) -> None:
        task, self._task = self._task, None
        if task:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        self.health.closed()
        self.health.error = None
        self.live.clear()

    # -- supervision

    async def _keep_running(self) -> None:
        try:
            while True:
                began = clock.monotonic()
                try:
                    await self._run_once()
                except SourceError as error:
                    self._note_failure(error)
                except Exception:
                    # Nobody else would start it again: a disk or an index that fails, or a fault of ours in what a
                    # camera makes of its video, must cost this run and not the camera.
                    log.exception("%s: the recorder failed", self.label)
                    self._note_failure(SourceError("unknown"))
                self.health.retries = 0 if self._was_healthy(began) else self.health.retries + 1
                self.health.opened_at = None
                await asyncio.sleep(pause(self.health.retries, self._settings))
        finally:
            if self.writer:
                await asyncio.shield(self.writer.close())

    def _was_healthy(self, began: float) -> bool:
        return self.health.opened_at is not None and clock.monotonic() - began >= self._settings.healthy

    def _note_failure(self, error: SourceError) -> None:
        if self.health.error is None or self.health.error.code != error.code:
            log.info("%s: %s %s", self.label, error.code, error.message)
        self.health.error = error
        self._changed()

    # -- one run

    async def _run_once(self) -> None:
        source = self._source()
        feed = self._inputs.of(source, self.wishes)
        child: ffmpeg.Child | None = None
        try:
            arguments = ffmpeg.recorder_arguments(await feed.open(), self._sound(feed))
            fragment = str(int(self._settings.fragment * 1_000_000))
            child = await ffmpeg.start(
                [*arguments, "-frag_duration", fragment, "pipe:1"], stdin=not isinstance(feed, RtspInput)
            )
            await self._record(child, feed)
        finally:
            try:
                if child:
                    await asyncio.shield(child.stop(self._settings.grace if self.is_running else 0.5))
            finally:
                # Taken away while it was ending by itself, it still hangs up.
                await feed.close()

    def _source(self) -> Source:
        try:
            return parse_source(self.url)
        except SourceRefused as error:
            raise SourceError("refused_address", message=error.message) from error

    def _sound(self, feed: Input) -> list[str]:
        sound = feed.audio()
        self.health.note = feed.note
        return [*sound, "-tag:v", "hvc1"] if isinstance(feed, RtspInput) and feed.is_hevc else sound

    async def _record(self, child: ffmpeg.Child, feed: Input) -> None:
        """Read until the end, the stall or the failure; always raises SourceError."""
        run = Run(self._settings, feed.late_frames)
        pumping = asyncio.create_task(feed.pump(child))
        # A source that has ended ends the recorder: what was fed is written, and then the reason is asked for.
        pumping.add_done_callback(lambda _: child.end_input())
        try:
            while data := await self._read(child):
                for kind, box in run.boxes.feed(data):
                    await self._take(run, kind, box)
                if clock.monotonic() - run.last_video > self._settings.stall:
                    raise SourceError("stalled" if self.health.opened_at else "no_video")
            raise await self._why_it_ended(child, feed, pumping)
        except TimeoutError:
            raise feed.failure() or SourceError("stalled" if self.health.opened_at else "no_video") from None
        except Malformed as error:
            raise SourceError("unknown", str(error)) from error
        finally:
            pumping.cancel()
            await asyncio.gather(pumping, return_exceptions=True)
            done = run.segmenter.finish()
            if done:
                await asyncio.shield(self._finish(run, *done))

    async def _read(self, child: ffmpeg.Child) -> bytes:
        return await before(child.stdout.read(262144), self._settings.stall)

    async def _why_it_ended(self, child: ffmpeg.Child, feed: Input, pumping: asyncio.Task[None]) -> SourceError:
        """The first of: what the gateway saw, what the feed saw, what ffmpeg said."""
        await child.wait()
        await asyncio.wait([pumping], timeout=0.5)
        if failure := feed.failure():
            return failure
        if pumping.done() and not pumping.cancelled() and isinstance(pumping.exception(), SourceError):
            return pumping.exception()  # type: ignore[return-value]  # narrowed above
        said = child.errors
        if "matches no streams" in said:
            return SourceError("no_video")
        if "Could not find tag for codec" in said or "aac_adtstoasc" in said:
            return self._without_copied_sound(said)
        if self.health.opened_at:
            return SourceError("stalled")
        log.info("%s: ffmpeg said: %s", self.label, said.strip()[-400:])
        return SourceError("unknown")

    def _without_copied_sound(self, said: str) -> SourceError:
        """The sound cannot be copied into MP4: the next run converts it or leaves it out; the video is kept."""
        if self.wishes.cannot_copy:
            return SourceError("unsupported_codec")
        self.wishes.cannot_copy = True
        return SourceError("unknown", "its sound cannot be copied")

    async def _take(self, run: Run, kind: bytes, box: bytes) -> None:
        if kind in (b"ftyp", b"moov"):
            run.head += box
            if kind == b"moov":
                self._begin(run, parse_init(bytes(run.head)))
        elif kind == b"moof":
            run.moof = box
        elif kind == b"mdat" and run.init:
            fragment = parse_fragment(run.init, run.moof, box)
            if fragment is None:
                run.segmenter.add_sound(run.moof + box)
            else:
                self.health.received(len(fragment.data), fragment.duration)
                run.last_video = clock.monotonic()
                await self._add(run, fragment)

    def _begin(self, run: Run, init: Init) -> None:
        video = init.video
        if video is None:
            raise SourceError("no_video")
        if video.name not in PLAYABLE:
            raise SourceError("unsupported_codec", video.name)
        run.init, self.health.init = init, init
        self._is_first = True

    async def _add(self, run: Run, fragment: Fragment) -> None:
        held_back = run.late_frames * fragment.duration / max(1, fragment.frames)
        if run.is_torn and fragment.is_key:
            await self._date_anew(run)
        before = run.timeline.offset
        try:
            run.timeline.observe(fragment.start + fragment.duration, clock.timestamp() - held_back)
        except ClockTorn as error:
            if not run.is_torn:
                log.warning("%s: new dates from the next key frame: %s", self.label, error)
            run.is_torn = True
        after = run.timeline.offset
        if before is not None and after is not None and before - after > 0.02:
            await self._redate(run, after - before)
        done = run.segmenter.add(fragment)
        if done:
            await self._finish(run, *done)

    async def _date_anew(self, run: Run) -> None:
        """A clock was set: what comes is a new run with dates of its own, and nothing of the video is lost."""
        if done := run.segmenter.finish():
            await self._finish(run, *done)
        run.id, run.timeline, run.is_torn = secrets.token_hex(6), Timeline(), False
        self._is_first = True

    async def _redate(self, run: Run, shift: float) -> None:
        for segment in self.live.segments:
            if segment.run == run.id:
                segment.start += shift
        if self.writer:
            await self.writer.redate(run.id, shift)

    async def _finish(self, run: Run, fragments: list[Fragment], data: bytes) -> None:
        """A segment is complete: date it, write it, show it."""
        first, last = fragments[0], fragments[-1]
        start = run.timeline.date(first.start)
        duration = last.start + last.duration - first.start
        if run.init is None or duration <= 0:
            return
        segment = Segment(
            self.live.next_number, start, duration, len(data), run.init, run.id, self._is_first, first.is_key, data
        )
        self.health.fps = run.segmenter.fps
        await self._write(segment)
        self.live.append(segment)
        self._is_first = False
        self._came_alive()

    async def _write(self, segment: Segment) -> None:
        if not self.writer:
            return
        try:
            await self.writer.write(segment)
        except DiskFull as error:
            if not self.health.disk_full:
                log.error("%s: not recorded, the disk is full: %s", self.label, error)
                self.health.disk_full = True
                self._changed()
        else:
            if self.health.disk_full:
                log.info("%s: recording again", self.label)
                self.health.disk_full = False
                self._changed()

    def _came_alive(self) -> None:
        if self.health.opened_at is None or self.health.error:
            if self.health.opened_at is None:
                self.health.opened_at = clock.timestamp()
            self.health.error = None
            self._changed()

    @property
    def error(self) -> SourceError | None:
        """What to tell the subscriber now."""
        if self.health.error:
            return self.health.error
        return SourceError("disk_full") if self.health.disk_full else None


def pause(retries: int, settings: Settings) -> float:
    """Seconds until the next attempt: doubled each time up to the slowest, with jitter against a stampede."""
    step = min(settings.slowest_retry, settings.first_retry * 2.0 ** min(30, max(0, retries - 1)))
    return step * random.uniform(0.7, 1.0)  # noqa: S311


class Run:
    """What one ffmpeg produced so far."""

    def __init__(self, settings: Settings, late_frames: int) -> None:
        self.late_frames = late_frames
        self.id = secrets.token_hex(6)
        self.boxes = BoxSplitter()
        self.timeline = Timeline()
        self.segmenter = Segmenter(shortest=settings.segment, longest=settings.longest_segment)
        self.head = bytearray()
        self.init: Init | None = None
        self.moof = b""
        self.last_video = clock.monotonic()
        self.is_torn = False
