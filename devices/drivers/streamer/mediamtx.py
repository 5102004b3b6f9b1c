"""MediaMTX (contracts.md 6): we write its paths over its control API, and it asks us once before anybody watches.

It keeps nothing of what it is told: after a restart everything is written again. It hides passwords, so a changed one
is noticed by what this process wrote last. It never asks again, so whoever watches is judged by us every few seconds.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote

import orjson

from devices.drivers.streamer.base import (
    Addresses,
    Difference,
    Driver,
    Entry,
    Seen,
    Session,
    at,
    bare,
    items,
    ours,
)
from devices.drivers.streamer.http import Reach, Trouble, ask, basic
from tenants import clock

PAGE = 500
MOST_PAGES = 400
AT_ONCE = 8  # paths written at a time
ARCHIVE_EVERY = 60.0  # seconds between two looks at what is recorded
VIEWERS = (
    "rtspsessions", "rtspssessions", "rtmpconns", "rtmpsconns", "srtconns", "webrtcsessions", "hlssessions",
    "moqsessions",
)  # fmt: skip
FILES = "%path/%Y-%m-%d_%H-%M-%S-%f"
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|d|h|m|s)")
_UNITS = {"d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}


class MediaMtx(Driver):
    """A MediaMTX and its control API."""

    has_viewers = True

    def __init__(self, reach: Reach, *, storage: str = "") -> None:
        super().__init__(reach, storage=storage)
        self._written: dict[str, bytes] = {}
        self._received: dict[str, tuple[float, int]] = {}
        self._archives: dict[str, tuple[int, int]] = {}
        self._archives_at = 0.0

    @staticmethod
    def addresses(base: str, playback: str, name: str) -> Addresses:
        """Live by HLS; the archive by the playback server, which gives MP4 in pieces and no pictures."""
        path = quote(name, safe="~")
        file = f"{playback}/get?path={path}&start={{from_time}}&duration={{duration}}"
        return Addresses(
            live=f"{at(base, name)}/index.m3u8",
            archive=f"{file}&format=fmp4" if playback else "",
            ranges=f"{playback}/list?path={path}&start={{from_time}}&end={{to_time}}" if playback else "",
            file=f"{file}&format=mp4" if playback else "",
            info=f"{at(base, name)}/index.m3u8",
            archive_as="file",
        )

    async def check(self) -> str:
        info = await self._ask("GET", "/v3/info")
        return str(info.get("version") or "")[:40] if isinstance(info, dict) else ""

    async def look(self) -> Seen:
        seen = Seen()
        for conf in await self._all("/v3/config/paths/list"):
            if ours([conf.get("name")]):
                seen.running[conf["name"]] = _settings(conf)
        paths = {path["name"]: path for path in await self._all("/v3/paths/list") if ours([path.get("name")])}
        await self._look_at_archives()
        seen.reports = [self._report(name, paths.get(name, {}), running) for name, running in seen.running.items()]
        return seen

    def settings(self, entry: Entry) -> dict[str, Any]:
        return _settings(self.path(entry))

    def path(self, entry: Entry) -> dict[str, Any]:
        """A wanted stream as a path of MediaMTX. Gigabytes it does not know."""
        depth = entry.get("dvr", {}).get("expiration", 0)
        is_elsewhere = not entry["inputs"]  # only its archive is here; nobody may publish to it
        made: dict[str, Any] = {
            "source": "publisher" if is_elsewhere else entry["inputs"][0]["url"],
            "sourceOnDemand": not entry["static"] and not is_elsewhere,
            "record": bool(depth) and not is_elsewhere,
        }
        if depth:
            made |= {"recordDeleteAfter": f"{depth}s", "recordFormat": "fmp4"}
            if self.storage:
                made["recordPath"] = f"{self.storage.rstrip('/')}/{FILES}"
        return made

    async def converge(self, wanted: Mapping[str, Entry], seen: Seen) -> list[Difference]:
        for name in ours(seen.running):
            if name not in wanted:
                await self._delete(name)
        differing = {found.name for found in self.differences(wanted, seen)}
        due = [name for name, entry in wanted.items() if name in differing or self._written.get(name) != _mark(entry)]
        refused: list[Difference] = []
        for start in range(0, len(due), AT_ONCE):
            part = due[start : start + AT_ONCE]
            found = await asyncio.gather(*(self._write(name, wanted[name]) for name in part))
            refused += [difference for difference in found if difference is not None]
        return refused

    async def _write(self, name: str, entry: Entry) -> Difference | None:
        try:
            await self._ask("POST", f"/v3/config/paths/replace/{quote(name, safe='/~')}", body=self.path(entry))
        except Trouble as trouble:
            if trouble.code != "failed":
                raise
            self._written.pop(name, None)
            return Difference(name, "refused", bare_words(trouble.detail))
        self._written[name] = _mark(entry)
        return None

    async def _delete(self, name: str) -> None:
        self._written.pop(name, None)
        try:
            await self._ask("DELETE", f"/v3/config/paths/delete/{quote(name, safe='/~')}")
        except Trouble as trouble:
            if trouble.code != "not_found":
                raise

    async def sessions(self) -> list[Session]:
        """Who reads. A path that only its source fills has no session of ours here."""
        found = []
        lists = await asyncio.gather(*(self._all(f"/v3/{kind}/list", missing_is_none=True) for kind in VIEWERS))
        for kind, listed in zip(VIEWERS, lists, strict=True):
            for item in listed:
                name = str(item.get("path") or "").strip("/")
                if item.get("state", "read") == "read" and ours([name]) and isinstance(item.get("id"), str):
                    found.append(Session(kind, item["id"], name, str(item.get("query") or "")))
        return found

    async def cut(self, session: Session) -> None:
        try:
            await self._ask("POST", f"/v3/{session.kind}/kick/{quote(session.id, safe='')}")
        except Trouble as trouble:
            if trouble.code != "not_found":  # he left by himself
                raise

    async def _look_at_archives(self) -> None:
        now = clock.monotonic()
        if self._archives_at and now - self._archives_at < ARCHIVE_EVERY:
            return
        found = {}
        for item in await self._all("/v3/recordings/list", missing_is_none=True):
            starts = sorted(filter(None, (_instant(segment.get("start")) for segment in items(item, "segments"))))
            if starts and isinstance(item.get("name"), str):
                found[item["name"]] = (starts[0], starts[-1])
        self._archives, self._archives_at = found, now

    def _report(self, name: str, path: Mapping[str, Any], running: Mapping[str, Any]) -> dict[str, Any]:
        """One path in the words of the status report; newer fields first, the older ones where they are missing."""
        alive = bool(path.get("available", path.get("ready", False)))
        waiting = not alive and not running["static"]
        opened = _instant(path.get("availableTime") or path.get("readyTime"))
        return {
            "name": name,
            "stats": {
                "alive": alive,
                "status": "running" if alive else "waiting" if waiting else "error",
                "error": None if alive or waiting else {"code": "unknown", "message": ""},
                "bitrate": self._bitrate(name, path.get("inboundBytes", path.get("bytesReceived"))),
                "online_clients": len(items(path, "readers")),
                "opened_at": opened * 1000 if opened else None,
                "media_info": {"tracks": _tracks(path)},
                "dvr_info": self._recorded(name, is_growing=alive and running["record"]),
            },
        }

    def _bitrate(self, name: str, received: Any) -> int:
        """kbit/s since the last look; bytes begin anew when the path does."""
        now, count = clock.monotonic(), received if isinstance(received, int) else 0
        before, had = self._received.get(name, (now, count))
        self._received[name] = (now, count)
        return int((count - had) * 8 / 1000 / (now - before)) if now > before and count >= had else 0

    def _recorded(self, name: str, *, is_growing: bool) -> dict[str, int]:
        if name not in self._archives:
            return {}
        first, last = self._archives[name]
        until = int(clock.timestamp()) if is_growing else last
        return {"from": first, "duration": max(0, until - first)}

    async def _all(self, path: str, *, missing_is_none: bool = False) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        for page in range(MOST_PAGES):
            try:
                body = await self._ask("GET", path, query={"page": page, "itemsPerPage": PAGE})
            except Trouble as trouble:
                if missing_is_none and trouble.code == "not_found":  # an older one, or a server that is switched off
                    return found
                raise
            if not isinstance(body, dict) or not isinstance(body.get("items"), list):
                raise Trouble("garbled")
            found += items(body, "items")
            if page + 1 >= (body.get("pageCount") or 0):
                break
        return found

    async def _ask(self, method: str, path: str, **more: Any) -> Any:
        shown = basic(self.reach) if self.reach.login else {}
        return await ask(self.reach, method, path, shown, **more)


def _settings(conf: Mapping[str, Any]) -> dict[str, Any]:
    record = conf.get("record") is True
    return {
        "source": bare(conf.get("source", "")),
        "static": conf.get("sourceOnDemand") is not True,
        "record": record,
        "depth": seconds(conf.get("recordDeleteAfter")) if record else 0,
    }


def seconds(text: Any) -> int:
    """A duration as `168h0m0s`, `7d` or `604800s`; 0 for what is none."""
    return round(sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(str(text or ""))))


def bare_words(text: str) -> str:
    """A refusal without the address it may quote, which holds a password."""
    return re.sub(r"\S*://\S*", "…", text)[:200]


def _mark(entry: Entry) -> bytes:
    return hashlib.sha256(orjson.dumps(entry, option=orjson.OPT_SORT_KEYS)).digest()


def _instant(text: Any) -> int:
    """Unix seconds of an RFC 3339 moment, which may have nine digits after the point; 0 for what is none."""
    try:
        return int(datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", str(text))).timestamp()) if text else 0
    except (ValueError, OverflowError):
        return 0


def _tracks(path: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Tracks as the status report has them; the older list holds names of codecs only."""
    newer = items(path, "tracks2")
    older = path.get("tracks")
    codecs = [str(one.get("codec")) for one in newer] or [str(one) for one in older or [] if isinstance(one, str)]
    return [{"content": _content(codec), "codec": codec.lower().replace(".", "").split(" ")[0]} for codec in codecs[:8]]


def _content(codec: str) -> str:
    return "video" if codec.upper().startswith(("H26", "AV1", "VP", "M-JPEG", "MPEG-4 VIDEO", "MPEG-1")) else "audio"
