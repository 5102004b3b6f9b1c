"""Flussonic Media Server (contracts.md 2): it pulls what to run and asks before playback; we pull how it fares.

What it runs comes from config_external, so bringing it in line is waiting for its next question. Only what somebody
set on the streamer itself stands in the way, and is deleted there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from devices.drivers.streamer.base import Addresses, Difference, Driver, Entry, Seen, bare, items, ours
from devices.drivers.streamer.embedded import Embedded
from devices.drivers.streamer.http import Trouble, ask, basic, cluster

API = "/streamer/api/v3"
PAGE = 500
MOST_PAGES = 400
DVR = ("expiration", "episodes_expiration", "storage_limit")
FIELDS = "name,static,inputs,dvr,config_on_disk,stats"


class Flussonic(Driver):
    """A Flussonic and its API v3."""

    @staticmethod
    def addresses(base: str, playback: str, name: str) -> Addresses:
        """The same as our own streamer's, which copies them; but a file is made while it is downloaded."""
        return replace(Embedded.addresses(base, playback, name), prepares=False)

    async def check(self) -> str:
        stats = await self._ask("GET", "/config/stats")
        return str(stats.get("server_version") or "")[:40] if isinstance(stats, dict) else ""

    async def look(self) -> Seen:
        seen = Seen()
        cursor, known = "", set[str]()
        for _page in range(MOST_PAGES):
            query = {"select": FIELDS, "limit": PAGE, **({"cursor": cursor} if cursor else {})}
            body = await self._ask("GET", "/streams", query=query)
            if not isinstance(body, dict) or not isinstance(body.get("streams"), list):
                raise Trouble("garbled")
            for stream in items(body, "streams"):
                _note(seen, stream)
            cursor = body.get("next") or ""
            if not cursor or cursor in known:
                return seen
            known.add(cursor)
        raise Trouble("garbled")

    def settings(self, entry: Entry) -> dict[str, Any]:
        return _settings(config(entry, storage=self.storage))

    async def converge(self, wanted: Mapping[str, Entry], seen: Seen) -> list[Difference]:
        for found in self.differences(wanted, seen):
            if found.kind != "missing" and seen.running[found.name].get("edited"):
                await self._forget(found.name)
        return []

    async def _forget(self, name: str) -> None:
        try:
            await self._ask("DELETE", f"/streams/{quote(name, safe='~')}")
        except Trouble as trouble:
            if trouble.code != "not_found":
                raise

    async def recheck(self, name: str) -> None:
        try:
            await self._ask("POST", "/sessions/reauth", query={"name": name})
        except Trouble as trouble:
            if trouble.code != "not_found":  # nobody watches
                raise

    async def events_to(self, url: str) -> None:
        """Let it tell us of streams that come and go, at once instead of at our next look."""
        sink = await self._sink()
        if sink.get("url") != url:
            await self._ask("PUT", "/event_sinks/perch", body={"url": url, "only": [{"event": EVENTS}]})

    async def _sink(self) -> dict[str, Any]:
        try:
            sink = await self._ask("GET", "/event_sinks/perch")
        except Trouble as trouble:
            if trouble.code != "not_found":
                raise
            return {}
        return sink if isinstance(sink, dict) else {}

    async def _ask(self, method: str, path: str, **more: Any) -> Any:
        shown = basic(self.reach) if self.reach.login else cluster(self.reach)
        return await ask(self.reach, method, f"{API}{path}", shown, **more)


ON_LINE = ("source_started", "stream_opened")
OFF_LINE = ("source_closed", "stream_closed")
EVENTS = [*ON_LINE, *OFF_LINE]


def config(entry: Entry, *, storage: str = "", on_play: str = "") -> dict[str, Any]:
    """A wanted stream as Flussonic's stream_config; nothing that config_external forbids, nothing only ours knows.

    `storage` with a slash at its beginning is a folder, else a DVR that is defined on the streamer.
    """
    made: dict[str, Any] = {
        "name": entry["name"],
        "title": entry["title"],
        "static": entry["static"],
        "inputs": [{"url": one["url"]} for one in entry["inputs"][:1]],  # none: only its archive is here
        "thumbnails": {"enabled": entry["thumbnails"]["enabled"]},
    }
    if on_play:
        made["on_play"] = {"url": on_play}
    if "dvr" in entry:
        where = {"root" if storage.startswith("/") else "reference": storage} if storage else {}
        made["dvr"] = {**where, **{name: entry["dvr"][name] for name in DVR if name in entry["dvr"]}}
    return made


def _settings(stream: Mapping[str, Any]) -> dict[str, Any]:
    inputs = items(stream, "inputs")
    dvr = stream.get("dvr") if isinstance(stream.get("dvr"), dict) else {}
    return {
        "source": [bare(item.get("url", "")) for item in inputs],
        "static": stream.get("static", True) is not False,
        "depth": dvr.get("expiration"),  # type: ignore[union-attr]  # a dictionary by now
        "space": dvr.get("storage_limit"),  # type: ignore[union-attr]
    }


def _note(seen: Seen, stream: dict[str, Any]) -> None:
    """Take one stream of the list, if Perch made its name."""
    if not ours([stream.get("name")]):
        return
    name = stream["name"]
    edited = stream.get("config_on_disk")
    seen.running[name] = {**_settings(stream), "edited": bool(edited)}
    stats = stream.get("stats")
    if isinstance(stats, dict):
        seen.reports.append({"name": name, "stats": {**stats, "error": _error(stats)}})


def _error(stats: Mapping[str, Any]) -> dict[str, str] | None:
    """Flussonic says that it fails, not why; what is known of a picture that stands still is that it did come."""
    if stats.get("alive") is True or stats.get("status") == "waiting":
        return None
    came = stats.get("last_dts_at") or stats.get("bytes_in")
    return {"code": "stalled" if came else "unknown", "message": ""}
