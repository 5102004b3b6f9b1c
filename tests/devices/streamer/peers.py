"""Hostile and broken peers on loopback: a listener that counts who comes, and servers that answer what a test says."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

Answer = Callable[[bytes], bytes]


@dataclass
class Peer:
    """A TCP server; `visits` are the first bytes of each connection."""

    port: int
    visits: list[bytes] = field(default_factory=list)


@contextmanager
def peer(answer: Answer) -> Iterator[Peer]:
    """Answer every request (up to an empty line) of every connection with `answer(request)`; b"" hangs up."""
    listener = socket.create_server(("127.0.0.1", 0))
    made = Peer(listener.getsockname()[1])
    stopped = threading.Event()

    def talk(connection: socket.socket) -> None:
        try:
            connection.settimeout(10)
            with connection as stream:
                first = True
                while not stopped.is_set() and (request := _request(stream)):
                    if first:
                        made.visits.append(request)
                    first = False
                    said = answer(request)
                    if not said:
                        return
                    stream.sendall(said)
        except OSError:
            return

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=talk, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield made
    finally:
        stopped.set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def _request(stream: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        more = stream.recv(4096)
        if not more:
            return data
        data += more
    return data


def certificate(folder: Path) -> ssl.SSLContext:
    """A server's TLS context with a certificate it made itself, as cameras do."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "camera")])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + timedelta(1))
    pem = made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    form = serialization.PrivateFormat.PKCS8
    secret = key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
    file = folder / "camera.pem"
    file.write_bytes(pem + secret)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


@contextmanager
def tls_front(port: int, context: ssl.SSLContext) -> Iterator[int]:
    """A TLS door before a plain server on loopback; yields its port."""
    listener = socket.create_server(("127.0.0.1", 0))

    def copy(source: socket.socket, target: socket.socket) -> None:
        try:
            while data := source.recv(65536):
                target.sendall(data)
        except OSError:
            return
        finally:
            target.close()

    def accept() -> None:
        while True:
            try:
                inner = context.wrap_socket(listener.accept()[0], server_side=True)
            except OSError:
                return
            outer = socket.create_connection(("127.0.0.1", port))
            for pair in ((inner, outer), (outer, inner)):
                threading.Thread(target=copy, args=pair, daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def rtsp(status: str, headers: dict[str, str] | None = None, body: str = "") -> Answer:
    """An RTSP server that says one thing to every DESCRIBE and yes to OPTIONS."""

    def answer(request: bytes) -> bytes:
        sequence = next((line for line in request.decode().split("\r\n") if line.lower().startswith("cseq")), "CSeq: 0")
        if request.startswith(b"OPTIONS"):
            return f"RTSP/1.0 200 OK\r\n{sequence}\r\nPublic: OPTIONS, DESCRIBE\r\n\r\n".encode()
        said = "".join(f"{key}: {value}\r\n" for key, value in (headers or {}).items())
        length = f"Content-Length: {len(body)}\r\n" if body else ""
        return f"RTSP/1.0 {status}\r\n{sequence}\r\n{said}{length}\r\n{body}".encode()

    return answer


def http(pages: dict[str, tuple[str, dict[str, str], bytes]]) -> Answer:
    """A web server: path -> (status, headers, body)."""

    def answer(request: bytes) -> bytes:
        path = request.split(b" ")[1].decode()
        status, headers, body = pages.get(path, ("404 Not Found", {}, b""))
        said = "".join(f"{key}: {value}\r\n" for key, value in headers.items())
        return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{said}\r\n".encode() + body

    return answer
