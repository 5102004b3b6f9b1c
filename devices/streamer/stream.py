"""One camera as Perch wants it: its renditions, its recording, and who watches."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from devices.streamer.archive import Archive
from devices.streamer.index import Held, Totals
from devices.streamer.inputs import Inputs, Wishes
from devices.streamer.recorder import Recorder
from devices.streamer.settings import Settings
from devices.streamer.wire import Wanted
from devices.streamer.writer import BlockWriter
from tenants import clock

MAIN, SUB = "main", "sub"


class Stream:
    """Runs what is wanted; `changed` is called when the status report has news of it."""

    def __init__(
        self,
        wanted: Wanted,
        held: Held,
        *,
        archive: Archive,
        inputs: Inputs,
        settings: Settings,
        changed: Callable[[str], None],
    ) -> None:
        self.wanted, self.held = wanted, held
        self._archive, self._inputs, self._settings = archive, inputs, settings
        self._tell = changed
        self.recorders: dict[str, Recorder] = {}
        self.bytes_out = 0
        self.last_viewer: float | None = None
        self._build()

    def _changed(self) -> None:
        self._tell(self.wanted.name)

    def _build(self) -> None:
        wanted = self.wanted
        addresses = {MAIN: wanted.main} | ({SUB: wanted.sub} if wanted.sub else {})
        for rendition, url in addresses.items():
            wishes = Wishes(video_only=wanted.video_only, transcode=wanted.transcode_audio)
            label = f"{wanted.name} {rendition}"
            self.recorders[rendition] = Recorder(label, url, wishes, self._inputs, self._settings, self._changed)
        self._set_writer()

    def _set_writer(self) -> None:
        """Only the main rendition is recorded: the sub-stream is for live on a poor link."""
        main = self.main
        if self.wanted.archive_only:
            return
        if self.wanted.expiration and main.writer is None:
            main.writer = BlockWriter(self._archive, self.held)
        elif not self.wanted.expiration:
            main.writer = None

    @property
    def main(self) -> Recorder:
        return self.recorders[MAIN]

    def start(self) -> None:
        """Open what is always open; an on-demand camera waits for a viewer."""
        if self.wanted.static:
            self._open()

    def _open(self) -> None:
        for recorder in self.recorders.values():
            recorder.start()

    async def stop(self) -> None:
        await asyncio.gather(*(recorder.stop() for recorder in self.recorders.values()))

    async def adjust(self, wanted: Wanted, held: Held) -> None:
        """Take new settings that need no restart (title, retention, thumbnails)."""
        self.wanted, self.held = wanted, held
        old = self.main.writer
        self._set_writer()
        if old and not self.main.writer:
            await old.close()

    async def watched(self) -> None:
        """A viewer asks for the live picture: open an on-demand camera and wait a little for its first segment."""
        self.last_viewer = clock.monotonic()
        if not self.wanted.static and not self.main.is_running and not self.wanted.archive_only:
            self._open()
            self._changed()

    async def first_segment(self, rendition: str, patience: float | None = None) -> bool:
        """Whether there is something to play, at the latest after the patience (seconds) of a viewer."""
        wait = self._settings.patience if patience is None else patience
        recorder, end = self.recorders[rendition], clock.monotonic() + wait
        while recorder.live.latest is None:
            left = end - clock.monotonic()
            if left <= 0 or not recorder.is_running or (recorder.health.error and recorder.health.retries > 1):
                return False
            await recorder.live.wait(min(left, 0.5))
        return True

    async def close_if_idle(self) -> None:
        """Close an on-demand camera some time after its last viewer asked for the playlist."""
        if self.wanted.static or not self.main.is_running:
            return
        if self.last_viewer is None or clock.monotonic() - self.last_viewer > self._settings.idle:
            await self.stop()
            self._changed()

    # -- the status report

    @property
    def state(self) -> str:
        """running, waiting (for a viewer, or for the first answer) or error."""
        if self.main.health.error:
            return "error"
        return "running" if self.main.is_alive else "waiting"

    def tracks(self) -> list[dict[str, Any]]:
        init, found = self.main.health.init, []
        for track in init.tracks if init else ():
            fact: dict[str, Any] = {"content": track.content, "codec": track.name}
            if track.content == "video":
                fact |= {"width": track.width, "height": track.height, "fps": self.main.health.fps}
            else:
                fact |= {"sample_rate": track.sample_rate}
            found.append(fact)
        return found

    def stats(self, viewers: int, archived: Totals | None) -> dict[str, Any]:
        """The stats of the status report; `archived` is (first ms, last ms, recorded ms, bytes, bytes that
        are kept longer than the days)."""
        health, now = self.main.health, clock.timestamp()
        silence = health.silence if health.last_data is not None else None
        error = self.main.error
        report: dict[str, Any] = {
            "status": self.state,
            "alive": self.main.is_alive,
            "ts_delay": round(silence * 1000) if silence is not None else None,
            "bitrate": health.kilobits,
            "lifetime": round((now - health.opened_at) * 1000) if health.opened_at else 0,
            "opened_at": round(health.opened_at * 1000) if health.opened_at else None,
            "last_dts_at": round((now - silence) * 1000) if silence is not None else None,
            "bytes_in": sum(recorder.health.bytes_in for recorder in self.recorders.values()),
            "bytes_out": self.bytes_out,
            "online_clients": viewers,
            "retry_count": health.retries,
            "error": error.as_json() if error else None,
            "media_info": {"tracks": self.tracks()} | ({"note": health.note} if health.note else {}),
        }
        if archived:
            first, last, recorded, size, kept = archived
            report["dvr_info"] = {
                "from": first // 1000,
                "depth": (last - first) // 1000,
                "duration": recorded // 1000,
                "bytes": size,
                "kept_bytes": kept,
            }
        return report

    def news(self) -> tuple[Any, ...]:
        """What must be reported at once when it changes."""
        tracks = [{key: value for key, value in track.items() if key != "fps"} for track in self.tracks()]
        error = self.main.error
        return (self.state, self.main.is_alive, error.code if error else None, str(tracks))
