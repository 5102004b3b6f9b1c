"""While the database is away machines are put off, never told "no" or "nothing"; and all is well when it returns."""

from __future__ import annotations

import contextlib
import select
import shutil
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from portal.embedded import database
from tests.cast import Cast
from tests.eventually import eventually
from tests.hooks.asking import Streamer
from tests.server import Server, play_token, sign_in

SOCKET = ".s.PGSQL.5432"


class Cable:
    """The way to PostgreSQL: a socket in a folder of its own, which can be cut and mended like a cable."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._target = str(database.socket_folder() / SOCKET)
        self._ends: list[socket.socket] = []
        self._listener: socket.socket | None = None

    def mend(self) -> None:
        path = self.folder / "pg" / SOCKET
        path.unlink(missing_ok=True)
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen(64)
        threading.Thread(target=self._accept, args=[self._listener], daemon=True).start()

    def cut(self) -> None:
        assert self._listener is not None
        (self.folder / "pg" / SOCKET).unlink()
        for end in [self._listener, *self._ends]:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
        self._ends.clear()

    def _accept(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                here, _ = listener.accept()
                there = socket.socket(socket.AF_UNIX)
                there.connect(self._target)
                self._ends += [here, there]
                threading.Thread(target=self._carry, args=[here, there], daemon=True).start()

    @staticmethod
    def _carry(here: socket.socket, there: socket.socket) -> None:
        with contextlib.suppress(OSError, ValueError):
            while True:
                for end in select.select([here, there], [], [])[0]:
                    data = end.recv(65536)
                    if not data:
                        return
                    (there if end is here else here).sendall(data)


@pytest.fixture
def cable() -> Iterator[Cable]:
    folder = Path(tempfile.mkdtemp(prefix="perch-cable-", dir="/tmp"))  # short: socket paths have 107 bytes
    (folder / "pg").mkdir()
    cable = Cable(folder)
    cable.mend()
    yield cable
    cable.cut()
    shutil.rmtree(folder)


@pytest.fixture
def portal(cable: Cable, live_cast: Cast, tmp_path: Path) -> Iterator[Server]:
    server = Server(tmp_path / "web.log", PERCH_RUN_DIR=str(cable.folder))
    server.start()
    yield server
    server.stop()


def test_doubt_is_never_an_answer_and_passes_with_its_cause(portal: Server, cable: Cable, live_cast: Cast) -> None:
    token = play_token(live_cast.alice, live_cast.gate, sign_in(live_cast.alice))
    with portal.client(key=live_cast.streamer_key) as client:
        streamer = Streamer(client, "streamer-1")
        etag = streamer.streams().headers["ETag"]
        assert streamer.may_play(live_cast.gate, token).status_code == 200
        assert client.get("/healthz").status_code == 200
        cable.cut()
        assert client.get("/healthz").status_code == 503
        asked: dict[str, Callable[[], httpx.Response]] = {
            "streams": lambda: streamer.streams(),
            "streams it has": lambda: streamer.streams(etag),
            "a player": lambda: streamer.may_play(live_cast.gate, token),
            "a player with nonsense": lambda: streamer.may_play(live_cast.gate, "nonsense"),
            "a report": lambda: streamer.report(live_cast.gate),
        }
        for what, ask in asked.items():
            answer = ask()
            assert answer.status_code == 503, what
            assert answer.json()["errors"][0]["code"] == "unavailable"
            assert answer.headers["Retry-After"] == "1"
        cable.mend()

        def is_well() -> bool:
            with contextlib.suppress(httpx.ReadTimeout):
                return streamer.may_play(live_cast.gate, token).status_code == 200
            return False

        eventually(is_well, seconds=10.0)
        eventually(lambda: portal.client().get("/healthz").status_code == 200, seconds=10.0)
        assert streamer.streams(etag).status_code == 304
        assert streamer.report(live_cast.gate).status_code == 204


def test_a_web_process_starts_without_a_database_and_finds_it_later(
    cable: Cable, live_cast: Cast, tmp_path: Path
) -> None:
    cable.cut()
    server = Server(tmp_path / "web.log", PERCH_RUN_DIR=str(cable.folder))
    server.start()
    try:
        with server.client(key=live_cast.streamer_key) as client:
            streamer = Streamer(client, "streamer-1")
            assert streamer.streams().status_code == 503
            cable.mend()
            eventually(lambda: streamer.streams().status_code == 200, seconds=10.0)
    finally:
        server.stop()
