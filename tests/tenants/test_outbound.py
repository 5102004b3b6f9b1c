"""The one way out survives peers that hang, drip, lie and redirect, and never dials what it may not."""

from __future__ import annotations

import gzip
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from tenants import outbound
from tenants.addresses import AddressPolicy, AddressRefused
from tenants.errors import Unavailable

LOOPBACK = AddressPolicy.parse("127.0.0.1/32")
CLOSED = AddressPolicy.parse("")
BOMB = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + gzip.compress(b"0" * 10_000_000)
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"


@contextmanager
def peer(behave: Callable[[socket.socket], None]) -> Iterator[tuple[str, list[bytes]]]:
    """A TCP server on loopback that does one thing to everybody who connects; yields its URL and what it heard."""
    server = socket.create_server(("127.0.0.1", 0))
    heard: list[bytes] = []
    stop = threading.Event()

    def serve() -> None:
        while not stop.is_set():
            try:
                client, _address = server.accept()
            except OSError:
                return
            with client:
                heard.append(client.recv(65536))
                try:
                    behave(client)
                except OSError:
                    continue

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.getsockname()[1]}/", heard
    finally:
        stop.set()
        server.close()


def _drip(client: socket.socket) -> None:
    client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    for _ in range(200):
        client.sendall(b"x")
        time.sleep(0.05)


def test_it_brings_the_answer_and_says_whom_it_means() -> None:
    with peer(lambda client: client.sendall(OK)) as (url, heard):
        answer = outbound.fetch(url, policy=LOOPBACK, headers={"X-Asked": "yes"})
    assert (answer.status, answer.body) == (200, b"hello")
    assert b"accept-encoding: identity" in heard[0].lower()


@pytest.mark.parametrize(
    ("behave", "expected"),
    [
        (lambda client: time.sleep(10), outbound.Unreachable),
        (_drip, outbound.Unreachable),
        (lambda client: client.sendall(b"\x00\xffgarbage\r\n\r\n"), outbound.Unreachable),
        (lambda client: client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhalf"), outbound.Unreachable),
        (lambda client: client.sendall(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 200_000), outbound.Garbled),
        (
            lambda client: client.sendall(BOMB),
            outbound.Garbled,
        ),
    ],
    ids=["hangs", "drips", "garbage", "cut off", "too long", "bomb"],
)
def test_a_faulty_peer_costs_at_most_the_deadline(
    behave: Callable[[socket.socket], None], expected: type[Exception]
) -> None:
    with peer(behave) as (url, _heard):
        begun = time.monotonic()
        with pytest.raises(expected):
            outbound.fetch(url, policy=LOOPBACK, deadline=0.8, largest=100_000)
        assert time.monotonic() - begun < 5, "and not until the peer is done"


def test_a_redirect_is_an_answer_and_not_followed() -> None:
    with peer(lambda client: client.sendall(OK)) as (inner, inner_heard):
        move = f"HTTP/1.1 302 Found\r\nLocation: {inner}\r\nContent-Length: 0\r\n\r\n".encode()
        with peer(lambda client: client.sendall(move)) as (url, _heard):
            assert outbound.fetch(url, policy=LOOPBACK).status == 302
    assert inner_heard == []


# Each spells an address on loopback or beside it; the listener below must never hear of any.
SPELLINGS = [
    "127.0.0.1", "127.1", "127.0.1", "0x7f000001", "0x7f.0.0.1", "2130706433", "017700000001", "0177.0.0.1", "0.0.0.0",
    "0", "localhost", "LOCALHOST", "localhost.", "a.localhost", "[::1]", "[::]", "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]", "[::127.0.0.1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[fe80::1]", "[fc00::1]", "[ff02::1]",
    "10.0.0.1", "172.16.0.1", "192.168.0.1", "169.254.169.254", "100.64.0.1", "192.0.0.192", "192.88.99.1",
    "198.18.0.1", "224.0.0.1", "239.255.255.250", "255.255.255.255", "①②⑦.⓪.⓪.①", "127.0.0.1.", "[fec0::1]",
]  # fmt: skip


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_no_spelling_of_an_inner_address_is_dialled(spelling: str) -> None:
    with peer(lambda client: client.sendall(OK)) as (url, heard):
        port = url.rsplit(":", 1)[1]
        with pytest.raises((AddressRefused, Unavailable)):
            outbound.fetch(f"http://{spelling}:{port}", policy=CLOSED, deadline=2)
        assert heard == []
