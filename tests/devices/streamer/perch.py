"""A Perch as small as the streamer contract allows, written from the contract and not from the streamer's client.

A real HTTP server on loopback. A test sets what is configured and who may watch, and reads what was asked.
"""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

KEY = "streamer-key-7c1f"
HOSTNAME = "s1.test"
PREFIX = "/central/api/v3"


@dataclass
class FakePerch:
    """What the fake answers, and what it was asked."""

    streams: dict[str, dict[str, Any]] = field(default_factory=dict)
    hosts: dict[str, int] = field(default_factory=lambda: {"127.0.0.1": 1})
    version: int = 1
    page_size: int = 1000
    allowed: set[str] = field(default_factory=lambda: {"good"})
    ranges: list[dict[str, int]] | None = None
    auth_duration: int = 2
    max_sessions: int | None = None
    down: set[str] = field(
        default_factory=set
    )  # "streams", "auth", "status": answer 500; "key": it is void; "line": it hangs up
    lease: int | None = None
    witnesses: list[dict[str, Any]] = field(default_factory=list)
    stumbles_over: str = ""  # a report that names this stream is answered 500
    episodes: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    disks: list[dict[str, Any]] = field(default_factory=list)
    polls: list[int] = field(default_factory=list)
    questions: list[dict[str, str]] = field(default_factory=list)
    reports: list[dict[str, Any]] = field(default_factory=list)
    latest: dict[str, dict[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Asked", (Handler,), {"perch": self}))
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def put(self, name: str, url: str, *, sub: str = "", dvr: dict[str, Any] | None = None, **more: Any) -> None:
        """Configure a stream."""
        inputs = [{"url": url}] + ([{"url": sub, "rendition": "sub"}] if sub else [])
        self.streams[name] = {"name": name, "title": name, "static": True, "inputs": inputs, **more}
        if dvr is not None:
            self.streams[name]["dvr"] = dvr
        self.version += 1

    def leave(self, name: str) -> None:
        """The stream runs elsewhere now: here it is its archive only."""
        kept = self.streams[name]
        self.streams[name] = {"name": name, "static": False, "inputs": [], "dvr": kept["dvr"], "archive_only": True}
        self.version += 1

    def remove(self, name: str) -> None:
        del self.streams[name]
        self.version += 1

    def stats(self, name: str) -> dict[str, Any]:
        """The latest status the streamer reported."""
        return self.latest.get(name, {})

    def error(self, name: str) -> str:
        return str((self.stats(name).get("error") or {}).get("code", ""))


class Handler(BaseHTTPRequestHandler):
    """One request to the fake."""

    protocol_version = "HTTP/1.1"
    perch: FakePerch

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        query = {key: values[0] for key, values in parse_qs(parts.query, keep_blank_values=True).items()}
        if "line" in self.perch.down and parts.path.endswith("/streams"):
            self.close_connection = True
        elif "key" in self.perch.down and parts.path.endswith("/streams"):
            self.answer(403, {"errors": []})
        elif self.headers.get("Authorization") != f"Bearer {KEY}":
            self.answer(401, {"errors": []})
        elif parts.path == f"{PREFIX}/streamers/{HOSTNAME}/streams":
            self.configuration(query)
        elif parts.path == f"{PREFIX}/streamers/{HOSTNAME}/episodes":
            self.protected(query["name"].split(","))
        elif parts.path == f"{PREFIX}/auth":
            self.decide(query)
        else:
            self.answer(404, {"errors": []})

    def do_POST(self) -> None:
        report = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))))
        names = [one["name"] for one in report["streams"]]
        if "status" in self.perch.down or self.perch.stumbles_over in names:
            self.answer(500, {})
            return
        if "disks" in report:
            self.perch.disks = report["disks"]
        self.perch.reports.append(report)
        self.perch.latest.update({one["name"]: one["stats"] for one in report["streams"]})
        self.answer(204, None)

    def configuration(self, query: dict[str, str]) -> None:
        if "streams" in self.perch.down:
            self.answer(500, {})
            return
        tag = f'"{self.perch.version}"'
        if self.headers.get("If-None-Match") == tag:
            self.perch.polls.append(304)
            self.answer(304, None, {"ETag": tag})
            return
        self.perch.polls.append(200)
        page = self.page(int(query.get("cursor", "0")))
        self.answer(200, page, {"ETag": tag, "X-Config-Server-Episodes": "true"})

    def page(self, start: int) -> dict[str, Any]:
        """The streams from a number on, and where the next page begins."""
        streams, end = list(self.perch.streams.values()), start + self.perch.page_size
        body: dict[str, Any] = {
            "streams": streams[start:end], "hosts": self.perch.hosts, "lease": self.perch.lease,
            "witnesses": self.perch.witnesses,
        }  # fmt: skip
        return body | ({"next": str(end)} if end < len(streams) else {})

    def protected(self, names: list[str]) -> None:
        if "episodes" in self.perch.down:
            self.answer(501, {"errors": []})
            return
        found = [one | {"media": name} for name in names for one in self.perch.episodes.get(name, [])]
        self.answer(200, {"episodes": found})

    def decide(self, query: dict[str, str]) -> None:
        perch = self.perch
        perch.questions.append(query)
        if "auth" in perch.down:
            self.answer(500, {})
            return
        headers = {"X-AuthDuration": str(perch.auth_duration), "X-UserId": "7"}
        if perch.max_sessions is not None:
            headers["X-Max-Sessions"] = str(perch.max_sessions)
        if query.get("token") not in perch.allowed:
            self.answer(403, {"errors": [{"status": "403"}]}, headers)
            return
        self.answer(200, {} if perch.ranges is None else {"allowed_dvr_ranges": perch.ranges}, headers)

    def answer(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        data = b"" if body is None else json.dumps(body).encode()
        self.send_response(status)
        for key, value in (headers or {}).items():
            self.send_header(key, value)
        if status not in (204, 304):
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: Any) -> None:
        """Not on the test's output."""
