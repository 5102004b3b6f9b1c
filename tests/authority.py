"""An ISP's own authorities on passwords, on loopback: an HTTP backend as the manual shows it, and a RADIUS server.

Both know people, note what they were asked, and have faults one can switch on.
"""

from __future__ import annotations

import hashlib
import hmac
import io
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import orjson
from pyrad import packet
from pyrad.dictionary import Dictionary

SECRET = "a shared secret of some length"
RADIUS_WORDS = "ATTRIBUTE User-Name 1 string\nATTRIBUTE User-Password 2 octets\nATTRIBUTE NAS-Identifier 32 string\n"


@dataclass
class Backend:
    """The manual's own backend (6.1.6): 200, 403, 404, 400. `fault`: a status to answer, `hang`, `drip` or `cut`."""

    port: int = 0
    people: dict[str, str] = field(default_factory=dict)
    asked: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    fault: str = ""
    stop: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/auth"

    def status(self, who: dict[str, Any]) -> int:
        """What it thinks of a login and password."""
        login, password = who.get("login"), who.get("password")
        if not login or not password:
            return 400
        if login not in self.people:
            return 404
        return 200 if self.people[login] == password else 403


def _handler(backend: Backend) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._judge(dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True)))

        def do_POST(self) -> None:
            self._judge(orjson.loads(self.rfile.read(int(self.headers["Content-Length"]))))

        def _judge(self, who: dict[str, Any]) -> None:
            backend.asked.append((self.command, self.path, who))
            if backend.fault == "hang":
                backend.stop.wait(20)
                return
            if backend.fault == "cut":
                self.connection.close()
                return
            if backend.fault == "drip":
                self._drip()
                return
            self.send_response(int(backend.fault) if backend.fault else backend.status(who))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def _drip(self) -> None:
            for byte in b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n":
                if backend.stop.wait(0.2):
                    return
                self.wfile.write(bytes([byte]))
                self.wfile.flush()

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing to tell."""

    return Handler


@contextmanager
def http_backend(**people: str) -> Iterator[Backend]:
    """Run one that knows these people."""
    backend = Backend(people=people)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(backend))
    server.daemon_threads = True
    backend.port = server.server_port
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield backend
    finally:
        backend.stop.set()
        server.shutdown()
        server.server_close()


@dataclass
class Radius:
    """A RADIUS server. `fault`: how its answers are forged or broken, or `silent`."""

    port: int = 0
    people: dict[str, str] = field(default_factory=dict)
    asked: list[packet.AuthPacket] = field(default_factory=list)
    fault: str = ""
    slow: float = 0.0

    def answers(self, raw: bytes) -> list[bytes]:
        """Its datagrams for one request."""
        request = packet.AuthPacket(secret=SECRET.encode(), dict=Dictionary(io.StringIO(RADIUS_WORDS)), packet=raw)
        self.asked.append(request)
        assert request.verify_message_authenticator(), "every request is signed"
        login = request["User-Name"][0]
        right = self.people.get(login) == request.PwDecrypt(request["User-Password"][0])
        code = packet.AccessAccept if right else packet.AccessReject
        if self.fault == "silent":
            return []
        if not self.fault:
            return [signed(code, raw)]
        return [forged(self.fault, raw)]


def signed(
    code: int, request: bytes, *, secret: str = SECRET, authenticator: bool = True, attributes: bytes = b""
) -> bytes:
    """An answer by who knows the secret, with or without Message-Authenticator."""
    if authenticator:
        blank = attributes + struct.pack("!BB16s", 80, 18, b"")
        head = struct.pack("!BBH", code, request[1], 20 + len(blank))
        mac = hmac.digest(secret.encode(), head + request[4:20] + blank, "md5")
        attributes += struct.pack("!BB16s", 80, 18, mac)
    head = struct.pack("!BBH", code, request[1], 20 + len(attributes))
    proof = hashlib.md5(head + request[4:20] + attributes + secret.encode()).digest()
    return head + proof + attributes


def forged(fault: str, request: bytes) -> bytes:
    """An acceptance nobody should believe."""
    yes = packet.AccessAccept
    if fault == "no authenticator":
        return signed(yes, request, authenticator=False)
    if fault == "wrong authenticator":
        broken = struct.pack("!BB16s", 80, 18, b"\x01" * 16)
        return signed(yes, request, authenticator=False, attributes=broken)
    if fault == "wrong secret":
        return signed(yes, request, secret="another secret of some length")
    if fault == "another id":
        return signed(yes, request[:1] + bytes([request[1] ^ 1]) + request[2:])
    if fault == "another request":
        return signed(yes, request[:4] + bytes(16) + request[20:])
    if fault == "altered":
        good = signed(packet.AccessReject, request)
        return bytes([yes]) + good[1:]
    if fault == "cut off":
        return signed(yes, request)[:17]
    if fault == "proxy state":
        return signed(yes, request, attributes=struct.pack("!BB4s", 33, 6, b"evil"))
    assert fault == "garbage"
    return b"\x02" + bytes([request[1]]) + b"\xff" * 60


@contextmanager
def radius_server(**people: str) -> Iterator[Radius]:
    """Run one that knows these people."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listening:
        listening.bind(("127.0.0.1", 0))
        listening.settimeout(0.05)
        radius, stop = Radius(port=listening.getsockname()[1], people=people), threading.Event()

        def serve() -> None:
            while not stop.is_set():
                try:
                    raw, sender = listening.recvfrom(4096)
                except TimeoutError:
                    continue
                for answer in radius.answers(raw):
                    time.sleep(radius.slow)
                    listening.sendto(answer, sender)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield radius
        finally:
            stop.set()
            thread.join(5)
