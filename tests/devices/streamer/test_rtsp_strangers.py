"""Whoever is not let in, says nothing or reads nothing cannot take RTSP from others (item 155). No camera is needed."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable, Iterator

import pytest

from tests.devices.streamer.conftest import Running, eventually, launch
from tests.devices.streamer.perch import FakePerch
from tests.devices.streamer.test_rtsp import Talk, url
from tests.rtsp import free_port

OPTIONS = b"OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n"


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A streamer without cameras that waits for nobody for long."""
    perch = FakePerch()
    more = {"rtsp_port": free_port(), "rtsp_stranger": 1.5, "rtsp_silence": 3.0}
    running = launch(perch, tmp_path_factory.mktemp("strict"), **more)
    eventually(lambda: is_open(running))
    yield running
    running.kill()
    perch.close()


def known(running: Running) -> Talk:
    """A connection that Perch has let in; that there is no such stream is another matter."""
    made = Talk(running)
    assert made.ask("DESCRIBE", url(running, "nobody~1"))[0] == 404
    return made


def has_ended(one: Talk) -> bool:
    """Whether the connection is closed; until then it is made use of."""
    try:
        one.socket.sendall(OPTIONS)
        return one.file.readline() == b""
    except ConnectionError:
        return True


def test_who_is_not_let_in_does_not_stay_by_talking(strict: Running) -> None:
    friend, silent, refused = known(strict), Talk(strict), Talk(strict)
    assert refused.ask("DESCRIBE", url(strict, "nobody~1", "stolen"))[0] == 403

    def is_alone() -> bool:
        assert friend.ask("OPTIONS", "*")[0] == 200, "who was let in may stay"
        return has_ended(silent) and has_ended(refused)

    eventually(is_alone)
    for one in (friend, silent, refused):
        one.socket.close()


@pytest.mark.parametrize("beginning", [b"", b"$", b"$\0\xff\xffsome", b"OPTIONS * RT", OPTIONS[:-2]])
def test_what_is_begun_and_not_ended_is_not_waited_for(strict: Running, beginning: bytes) -> None:
    talk = known(strict)
    with contextlib.closing(talk.socket):
        talk.socket.sendall(beginning)
        with contextlib.suppress(ConnectionResetError):
            assert talk.file.read() == b""


def test_who_asks_and_does_not_read_is_cut(strict: Running) -> None:
    talk = known(strict)
    with contextlib.closing(talk.socket), pytest.raises(ConnectionError):
        while True:
            talk.socket.sendall(OPTIONS * 1000)


def test_one_host_cannot_take_all_connections(start: Callable[..., Running]) -> None:
    running = start(rtsp_port=free_port(), rtsp_each=3)
    eventually(lambda: is_open(running))
    with contextlib.ExitStack() as opened:

        def is_served(address: str) -> bool:
            """Whether a connection from this address is answered. It stays open."""
            where = ("127.0.0.1", running.rtsp_port)
            one = opened.enter_context(socket.create_connection(where, timeout=20, source_address=(address, 0)))
            try:
                one.sendall(OPTIONS)
                return one.recv(4) == b"RTSP"
            except ConnectionError:
                return False

        def are_three_served() -> bool:
            opened.close()
            return all(is_served("127.0.0.1") for _ in range(3))

        eventually(are_three_served)
        assert not is_served("127.0.0.1"), "it has three already"
        assert is_served("127.0.0.2")
        opened.close()
        eventually(lambda: is_served("127.0.0.1"))


def is_open(running: Running) -> bool:
    """Whether it listens for RTSP yet."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", running.rtsp_port)) == 0
