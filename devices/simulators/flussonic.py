"""A Flussonic Media Server as its API and its questions go: it pulls its configuration, asks before and during
playback, tells events, and answers its API v3. There is no video in it."""

from __future__ import annotations

import base64
import hashlib
import json
import time
import uuid
from dataclasses import dataclass, field
from threading import Thread
from typing import Any
from urllib.parse import quote, unquote, urlencode, urlsplit

from devices.simulators.server import Call, Reply, Simulator, request

API = "/streamer/api/v3"
FORBIDDEN = ("disabled", "position", "named_by", "template", "srt_port_resolve", "config_on_disk", "stats")
POLL = 0.3  # seconds; a real one takes longer
NOT_FOUND = Reply(404, {"errors": [{"status": "404", "code": "not_found", "title": "not found"}]})


@dataclass
class Session:
    """Somebody who plays a stream."""

    name: str
    token: str
    dvr: bool
    proto: str
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    number: int = 0
    asks_at: float = 0.0
    ranges: list[dict[str, int]] | None = None
    is_open: bool = True


class Flussonic(Simulator):
    """Configure it with `config_external`, a base address with the key as its user, like the real setting."""

    def __init__(self, port: int = 0, *, config_external: str = "", cluster_key: str = "", login: str = "") -> None:
        super().__init__(port)
        self.config_external, self.cluster_key, self.login = config_external, cluster_key, login
        self.streams: dict[str, dict[str, Any]] = {}
        self.on_disk: dict[str, dict[str, Any]] = {}
        self.stats: dict[str, dict[str, Any]] = {}
        self.sinks: dict[str, dict[str, Any]] = {}
        self.sessions: dict[str, Session] = {}
        self.complaints: list[str] = []

    def start(self) -> None:
        super().start()
        Thread(target=self._work, daemon=True).start()

    def running(self) -> dict[str, dict[str, Any]]:
        """What runs: what it was told, and over it what was set on its disk."""
        with self.state:
            return {**self.streams, **self.on_disk}

    # -- it asks

    def _work(self) -> None:
        while not self.ended.wait(POLL):
            if self.config_external and not self.fault:
                self.pull()
            for session in [one for one in self.sessions.values() if one.is_open and one.asks_at <= time.time()]:
                self._recheck(session)

    def _base(self) -> tuple[str, dict[str, str]]:
        parts = urlsplit(self.config_external)
        base = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
        return base, {"Authorization": f"Bearer {unquote(parts.username or '')}"}

    def pull(self) -> None:
        """One refresh: all pages, then those that run and were not named. Trouble leaves everything as it is."""
        told, separate = self._pages("streams", {})
        if told is None:
            return
        with self.state:
            missing = [name for name in self.streams if name not in told]
        if missing:
            again, _separate = self._pages("update-streams" if separate else "streams", {"name": ",".join(missing)})
            if again is None:
                return
            told |= again
        with self.state:
            for name in [name for name in self.streams if name not in told]:
                self._close(name)
            self.streams = told

    def _pages(self, call: str, query: dict[str, str]) -> tuple[dict[str, dict[str, Any]] | None, bool]:
        base, headers = self._base()
        found: dict[str, dict[str, Any]] = {}
        cursor, separate = "", False
        while True:
            asked = {"host": "sim", **query, **({"cursor": cursor} if cursor else {})}
            reply = request("GET", f"{base}/{call}?{urlencode(asked)}", headers=headers)
            if reply.status != 200 or not isinstance(reply.body, dict):
                return None, False
            separate = reply.headers.get("x-config-server-separate-endpoints") == "true"
            for stream in reply.body["streams"]:
                self.complaints += [f"{stream['name']}: {name}" for name in FORBIDDEN if name in stream]
                found[stream["name"]] = stream
            if "next" not in reply.body or reply.body["next"] is None:  # an empty one would loop for ever
                return found, separate
            cursor = reply.body["next"]

    def _close(self, name: str) -> None:
        for session in self.sessions.values():
            if session.name == name:
                session.is_open = False

    def play(self, name: str, token: str, *, dvr: bool = False, proto: str = "hls") -> Session | None:
        """Somebody opens a stream; None if he may not."""
        if name not in self.running():
            return None
        session = Session(name, token, dvr, proto)
        if not self._ask(session, "new_session"):
            return None
        self.sessions[session.id] = session
        return session

    def _recheck(self, session: Session) -> None:
        session.is_open = self._ask(session, "update_session") and session.name in self.running()

    def _ask(self, session: Session, kind: str) -> bool:
        """Ask the stream's backend; while it does not answer, a session goes on and a new one gets nothing."""
        backend = self.running().get(session.name, {}).get("on_play", {}).get("url", "")
        if not backend:
            return True
        asked: dict[str, Any] = {
            "name": session.name, "proto": session.proto, "ip": "192.0.2.7", "request_type": kind,
            "request_number": session.number, "session_id": session.id, "stream_clients": 1, "total_clients": 1,
            "token": session.token, "qs": quote(f"token={session.token}"), "user_agent": "simulator",
        }  # fmt: skip
        if session.dvr:
            asked["dvr"] = "true"
        session.number += 1
        reply = request("GET", f"{backend}?{urlencode(asked)}")
        session.asks_at = time.time() + float(reply.headers.get("x-authduration", "1"))
        if reply.status == 0 or reply.status >= 500:
            return kind == "update_session"
        session.ranges = (reply.body or {}).get("allowed_dvr_ranges") if reply.status == 200 else []
        return reply.status == 200 and not (session.dvr and session.ranges == [])

    def tell(self, event: str, name: str, *, together: bool = True) -> int:
        """Post an event to the sinks that want it, in a list or alone; returns the last answer's status."""
        told = {"event": event, "event_id": 1, "utc_ms": int(time.time() * 1000), "server": "sim", "media": name}
        status = 0
        for sink in self.sinks.values():
            wanted = [one for rule in sink.get("only", []) for one in rule.get("event", [])]
            if not wanted or event in wanted:
                body = json.dumps([told] if together else told).encode()
                status = request("POST", sink["url"], body=body).status
        return status

    def fail(self, name: str) -> None:
        """A camera stops sending."""
        self.stats[name] = {"alive": False, "status": "error"}
        self.tell("source_closed", name)

    # -- it is asked

    def answer(self, call: Call) -> Reply:
        if not call.path.startswith(API):
            return self._media(call)
        if not self._knows(call.headers.get("authorization", "")):
            return Reply(401, {"errors": [{"status": "401", "code": "unauthorized", "title": "who are you"}]})
        with self.state:
            return self._api(call, call.raw.removeprefix(API).strip("/"))

    def _knows(self, shown: str) -> bool:
        kind, _, rest = shown.partition(" ")
        if kind == "Basic":
            return base64.b64decode(rest).decode() == f"{self.login}:{self.cluster_key}"
        moment, _, proof = rest.partition(":")
        right = hashlib.sha1(f"{moment}:{self.cluster_key}".encode()).hexdigest()  # noqa: S324 - the real one's scheme
        return kind == "Cluster" and moment.isdigit() and abs(int(moment) - time.time()) < 60 and proof == right

    def _api(self, call: Call, path: str) -> Reply:
        noun, _, rest = path.partition("/")
        if path == "config/stats":
            return Reply(200, {"server_version": "24.11"})
        if path == "sessions/reauth":
            return self._reauth(call.query.get("name", ""))
        if noun == "streams":
            return self._streams(call, unquote(rest))
        if noun == "event_sinks":
            return self._sink(call, unquote(rest))
        return NOT_FOUND

    def _streams(self, call: Call, name: str) -> Reply:
        if not name:
            return self._list(call)
        if call.method == "PUT":
            self.on_disk[name] = {
                **self.running().get(name, {}),
                **call.json,
                "name": name,
                "config_on_disk": {"title": 1},
            }
        elif call.method == "DELETE":
            self.on_disk.pop(name, None)
            return Reply(204)
        found = self.running().get(name)
        return Reply(200, self._shown(found)) if found else NOT_FOUND

    def _list(self, call: Call) -> Reply:
        names, start, limit = (
            sorted(self.running()),
            int(call.query.get("cursor", "0")),
            int(call.query.get("limit", "100")),
        )
        shown = [self._shown(self.running()[name]) for name in names[start : start + limit]]
        more = {"next": str(start + limit)} if start + limit < len(names) else {}
        return Reply(200, {"streams": shown, "estimated_count": len(names), **more})

    def _shown(self, stream: dict[str, Any]) -> dict[str, Any]:
        now = int(time.time())
        playing = [one for one in self.sessions.values() if one.name == stream["name"] and one.is_open]
        track = {"track_id": "v1", "content": "video", "codec": "h264", "width": 1920, "height": 1080}
        stats = {
            "id": str(uuid.uuid4()), "status": "running", "alive": True, "ts_delay": 40, "bitrate": 2000,
            "bytes_in": 1000, "last_dts_at": now * 1000, "opened_at": (now - 60) * 1000, "online_clients": len(playing),
            "media_info": {"tracks": [track]},
        }  # fmt: skip
        if "dvr" in stream:
            stats["dvr_info"] = {"from": now - 3600, "depth": 3600, "duration": 3500, "bytes": 10**9}
        return {**stream, "stats": {**stats, **self.stats.get(stream["name"], {})}}

    def _reauth(self, name: str) -> Reply:
        found = [one for one in self.sessions.values() if one.name == name and one.is_open]
        for session in found:
            session.asks_at = 0.0
        return Reply(200, {"estimated_count": len(found)}) if found else NOT_FOUND

    def _sink(self, call: Call, name: str) -> Reply:
        if call.method == "PUT":
            self.sinks[name] = call.json
        return Reply(200, self.sinks[name]) if name in self.sinks else NOT_FOUND

    def _media(self, call: Call) -> Reply:
        """`/{name}/index.m3u8` and the archive's addresses, each a session of its own."""
        name, _, file = call.path.strip("/").rpartition("/")
        is_archive = file.startswith("archive-") or file == "recording_status.json"
        session = self.play(name, call.query.get("token", ""), dvr=is_archive)
        if session is None:
            return Reply(403)
        if file == "recording_status.json":
            asked = int(call.query.get("from", "0"))
            return Reply(200, [{"stream": name, "ranges": [{"from": asked, "duration": 600}]}])
        return Reply(200, b"#EXTM3U\n", {"Content-Type": "application/vnd.apple.mpegurl"})
