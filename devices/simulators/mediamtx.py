"""A MediaMTX as its control API, its playback server and its questions go, all on one port. There is no video in it."""

from __future__ import annotations

import base64
import json
import time
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote, urlencode, urlsplit, urlunsplit

from devices.simulators.server import Call, Reply, Simulator, request

SOURCES = ("rtsp://", "rtsps://", "rtmp://", "http://", "https://", "srt://", "udp://", "publisher")
NOT_FOUND = Reply(404, {"status": "error", "error": "not found"})
KINDS = ("rtspsessions", "webrtcsessions", "hlssessions")


@dataclass
class Session:
    """Somebody who reads a path."""

    path: str
    query: str
    kind: str = "hlssessions"
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    is_open: bool = True


class MediaMtx(Simulator):
    """`auth_address` is authHTTPAddress, login included; its own API asks there too, as with an empty exclude list."""

    def __init__(self, port: int = 0, *, auth_address: str = "") -> None:
        super().__init__(port)
        self.auth_address = auth_address
        self.began = time.time()
        self.video = b"\0\0\0\x18ftypiso5"  # what its playback server gives
        self.restart()

    def restart(self) -> None:
        """All it was told is gone: nothing is written to its disk."""
        with self.state:
            self.paths: dict[str, dict[str, Any]] = {}
            self.sessions: dict[str, Session] = {}
            self.down: set[str] = set()
            self.started = datetime.now(UTC).isoformat()

    # -- it asks

    def _may(
        self, action: str, path: str, query: str, *, login: str = "", password: str = "", protocol: str = ""
    ) -> bool:
        asked = {
            "ip": "192.0.2.7", "user": login, "password": password, "token": "", "action": action, "path": path,
            "protocol": protocol, "id": None, "query": query, "userAgent": "simulator",
        }  # fmt: skip
        parts = urlsplit(self.auth_address)
        pair = base64.b64encode(f"{unquote(parts.username or '')}:{unquote(parts.password or '')}".encode()).decode()
        bare = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
        headers = {"Authorization": f"Basic {pair}", "Content-Type": "application/json"}
        return 200 <= request("POST", bare, headers=headers, body=json.dumps(asked).encode()).status < 300

    def read(self, path: str, token: str, *, kind: str = "hlssessions") -> Session | None:
        """Somebody opens a path; None if he may not, or if there is no such path."""
        query = urlencode({"token": token}) if token else ""
        protocol = {"hlssessions": "hls", "webrtcsessions": "webrtc", "rtspsessions": "rtsp"}[kind]
        if path not in self.paths or not self._may("read", path, query, protocol=protocol):
            return None
        session = Session(path, query, kind)
        self.sessions[session.id] = session
        return session

    # -- it is asked

    def answer(self, call: Call) -> Reply:
        if not call.path.startswith("/v3/"):
            return self._media(call)
        kind, _, pair = call.headers.get("authorization", "").partition(" ")
        login, _, password = base64.b64decode(pair).decode().partition(":") if kind == "Basic" else ("", "", "")
        if self.auth_address and not self._may("api", "", "", login=login, password=password):
            return Reply(401, {"status": "error", "error": "authentication error"})
        with self.state:
            return self._api(call)

    def _api(self, call: Call) -> Reply:
        path = call.path.removeprefix("/v3/")
        if path == "info":
            return Reply(200, {"version": "v1.20.1", "started": self.started})
        if path.startswith("config/paths/"):
            return self._config(call, path.removeprefix("config/paths/"))
        if path == "paths/list":
            return self._page(call, [self._path(name) for name in sorted(self.paths)])
        if path == "recordings/list":
            return self._page(
                call, [self._recording(name) for name in sorted(self.paths) if self.paths[name].get("record")]
            )
        noun, _, rest = path.partition("/")
        return self._sessions(call, noun, rest) if noun in KINDS else NOT_FOUND

    def _config(self, call: Call, path: str) -> Reply:
        verb, _, name = path.partition("/")
        if verb == "list":
            return self._page(call, [self._redacted(name) for name in sorted(self.paths)])
        if verb == "delete":
            found = self.paths.pop(name, None)
            self._end(name)
            return Reply(200, {"status": "ok"}) if found is not None else NOT_FOUND
        if verb == "get":
            return Reply(200, self._redacted(name)) if name in self.paths else NOT_FOUND
        return self._write(verb, name, call.json)

    def _write(self, verb: str, name: str, conf: dict[str, Any]) -> Reply:
        if verb == "add" and name in self.paths:
            return Reply(400, {"status": "error", "error": "path already exists"})
        if verb == "patch" and name not in self.paths:
            return NOT_FOUND
        made = {**(self.paths.get(name, {}) if verb == "patch" else {}), **conf}
        source = made.get("source", "publisher")
        if not source.startswith(SOURCES):
            return Reply(400, {"status": "error", "error": f"invalid source: '{source}'"})
        self.paths[name] = made
        return Reply(200, {"status": "ok"})

    def _redacted(self, name: str) -> dict[str, Any]:
        conf = dict(self.paths[name])
        parts = urlsplit(conf.get("source", ""))
        if parts.username:
            conf["source"] = urlunsplit(parts._replace(netloc="***:***@" + parts.netloc.rpartition("@")[2]))
        return {"name": name, "recordDeleteAfter": "24h0m0s", "sourceOnDemand": False, "record": False, **conf}

    def _path(self, name: str) -> dict[str, Any]:
        is_up = name not in self.down
        readers = [one for one in self.sessions.values() if one.path == name and one.is_open]
        return {
            "name": name, "confName": name, "source": {"type": "rtspSource", "id": ""}, "available": is_up,
            "availableTime": datetime.now(UTC).isoformat().replace("+00:00", ".123456789Z") if is_up else None,
            "inboundBytes": int((time.time() - self.began) * 250_000) if is_up else 0,
            "tracks2": [{"codec": "H264"}, {"codec": "MPEG-4 Audio"}] if is_up else [],
            "readers": [{"type": one.kind, "id": one.id} for one in readers],
        }  # fmt: skip

    def _recording(self, name: str) -> dict[str, Any]:
        starts = [time.time() - ago for ago in (7200, 3600)]
        return {"name": name, "segments": [{"start": datetime.fromtimestamp(at, UTC).isoformat()} for at in starts]}

    @staticmethod
    def _page(call: Call, found: list[dict[str, Any]]) -> Reply:
        size, page = int(call.query.get("itemsPerPage", "100")), int(call.query.get("page", "0"))
        pages = -(-len(found) // size)
        return Reply(
            200, {"pageCount": pages, "itemCount": len(found), "items": found[page * size : (page + 1) * size]}
        )

    def _sessions(self, call: Call, kind: str, rest: str) -> Reply:
        verb, _, found = rest.partition("/")
        there = [one for one in self.sessions.values() if one.kind == kind and one.is_open]
        if verb == "list":
            shown = [{"id": one.id, "path": one.path, "query": one.query, "state": "read"} for one in there]
            return self._page(call, shown)
        session = self.sessions.get(found)
        if verb != "kick" or session is None or not session.is_open:
            return NOT_FOUND
        session.is_open = False
        return Reply(200, {"status": "ok"})

    def _end(self, name: str) -> None:
        for session in self.sessions.values():
            if session.path == name:
                session.is_open = False

    def _media(self, call: Call) -> Reply:
        """The playback server's two calls, and the live playlist."""
        if call.path in ("/list", "/get"):
            name = call.query.get("path", "")
            if name not in self.paths or not self._may("playback", name, urlencode(call.query)):
                return Reply(401)
            if call.path == "/get":
                return Reply(200, self.video, {"Content-Type": "video/mp4"})
            begun = call.query.get("start", "")
            return Reply(200, [{"start": begun, "duration": 600.5, "url": f"{self.url}/get?path={name}"}])
        name, _, _file = call.path.strip("/").rpartition("/")
        session = self.read(name, call.query.get("token", ""))
        return Reply(200, b"#EXTM3U\n", {"Content-Type": "application/vnd.apple.mpegurl"}) if session else Reply(401)
