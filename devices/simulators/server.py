"""A machine on loopback that speaks HTTP: a journal of what it was asked, and faults that can be switched on.

The next simulator: a subclass with `answer`, written from the vendor's guide.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

HUGE = 64 * 1024 * 1024
PATIENCE = 5.0  # seconds it waits for whom it asks
FAULTS = ("hang", "drip", "error", "nonsense", "huge", "cut")


@dataclass(frozen=True)
class Call:
    """One request: `path` is decoded, `raw` is not."""

    method: str
    raw: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return unquote(self.raw)

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Reply:
    """What is answered."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)


class Simulator:
    """A server in threads of its own; `fault` is one of FAULTS or empty."""

    def __init__(self, port: int = 0) -> None:
        self.journal: list[Call] = []
        self.fault = ""
        self.state = threading.RLock()
        self.ended = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", port), _handler(self))
        self._server.daemon_threads = True
        self.port = self._server.server_port

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Serve until `stop`."""
        threading.Thread(target=self._server.serve_forever, args=[0.1], daemon=True).start()

    def stop(self) -> None:
        self.ended.set()
        self._server.shutdown()
        self._server.server_close()

    def answer(self, call: Call) -> Reply:
        """What the machine says to one request."""
        raise NotImplementedError

    def asked(self, method: str, path: str) -> list[Call]:
        """The journal's entries of one method whose path begins so."""
        return [call for call in list(self.journal) if call.method == method and call.path.startswith(path)]


def request(method: str, url: str, *, headers: dict[str, str] | None = None, body: bytes | None = None) -> Reply:
    """Ask somebody; `status` 0 when nobody answers. The body is JSON where it is any."""
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=PATIENCE)
    target = f"{parts.path}?{parts.query}" if parts.query else parts.path
    try:
        connection.request(method, target, body=body, headers=headers or {})
        answer = connection.getresponse()
        text = answer.read()
    except (OSError, http.client.HTTPException):
        return Reply(0)
    finally:
        connection.close()
    try:
        parsed = json.loads(text) if text else None
    except ValueError:
        parsed = None
    return Reply(answer.status, parsed, {name.lower(): value for name, value in answer.getheaders()})


def _handler(simulator: Simulator) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: Any) -> None:
            """The journal is enough."""

        def handle_any(self) -> None:
            parts = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            call = Call(self.command, parts.path, dict(parse_qsl(parts.query)), headers, body)
            simulator.journal.append(call)
            if simulator.fault:
                self._fail(simulator.fault)
            else:
                self._reply(simulator.answer(call))

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any  # noqa: N815 - the library's names

        def _reply(self, reply: Reply) -> None:
            text = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
            body = b"" if reply.body is None else text
            self.send_response(reply.status)
            typed = {"Content-Type": "application/json", "Access-Control-Allow-Origin": "*", **reply.headers}
            for name, value in typed.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def _fail(self, fault: str) -> None:
            self.close_connection = True
            with contextlib.suppress(OSError):  # whoever asked has given up, which is what a fault is for
                self._misbehave(fault)

        def _misbehave(self, fault: str) -> None:
            if fault == "hang":
                simulator.ended.wait(60)
            elif fault == "error":
                self._reply(Reply(500, {"errors": [{"status": "500", "title": "out of order"}]}))
            elif fault == "nonsense":
                self._reply(Reply(200, b"<html>{not json"))
            else:
                self._partly(fault)

        def _partly(self, fault: str) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(HUGE))
            self.end_headers()
            if fault == "huge":
                for _part in range(HUGE // 65536):
                    self.wfile.write(b" " * 65536)
            elif fault == "drip":
                while not simulator.ended.wait(0.2):
                    self.wfile.write(b" ")
                    self.wfile.flush()
            else:
                self.wfile.write(b'{"streams": [')

    return Handler
