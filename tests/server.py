"""The real web process on a free port of loopback, against this worker's test database: for whoever needs a socket.

`live_cast` is the cast committed for real, because another process reads it; it is cleared away afterwards.
`server` is the running portal with that cast inside; the process itself is started once a worker.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from websockets.sync.client import ClientConnection, connect

from devices import playback
from devices.models import Camera
from portal.embedded import processes
from portal.sessions import SessionStore
from tenants.models import User, UserSession
from tenants.scoping import domain_scope
from tenants.secrets import digest
from tests.cast import NORTH, SOUTH, Cast, build
from tests.eventually import eventually

REPOSITORY = Path(__file__).resolve().parent.parent
READY_SECONDS = 120.0  # two cores may be starting a dozen such processes at once


def free_port() -> int:
    """A port of loopback that nobody uses just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Server:
    """A web process: the portal, or another ASGI application to compare it with."""

    def __init__(self, log: Path, *, application: str = "portal.asgi:application", **environment: str) -> None:
        self.port = free_port()
        self.log = log
        self._application = application
        self._environment = environment
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None, "not started"
        return self._process.pid

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def host(self, name: str = NORTH) -> str:
        """The Host header of an ISP."""
        return f"{name}:{self.port}"

    def start(self) -> None:
        options = f"--host 127.0.0.1 --port {self.port} --loop uvloop --http httptools --no-access-log"
        options += " --ws-max-size 65536 --timeout-graceful-shutdown 2"
        with self.log.open("ab") as log:
            # It dies with us, however we die.
            self._process = processes.spawn(
                [sys.executable, "-m", "uvicorn", self._application, *options.split()],
                log=log,
                folder=REPOSITORY,
                environment={
                    **os.environ,
                    "DJANGO_SETTINGS_MODULE": "tests.settings",
                    "PORT": str(self.port),
                    "PERCH_STREAMER_NETWORKS": "127.0.0.1/32",  # where simulators of other makes are
                    **self._environment,
                },
            )
        try:
            eventually(self._answers, seconds=READY_SECONDS)
        except BaseException:
            self.stop()
            raise

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self.log.read_text()[-3000:]
        try:
            httpx.get(f"{self.url}/central/api/v3/nothing")
        except httpx.TransportError:
            return False
        return True

    def stop(self) -> None:
        if self._process:
            self._process.terminate()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    def client(self, user: User | None = None, *, host: str = NORTH, key: str = "") -> httpx.Client:
        """An HTTP client at an ISP's address: of somebody signed in, of a machine with a bearer key, or of nobody."""
        headers = {"Host": self.host(host), **({"Authorization": f"Bearer {key}"} if key else {})}
        cookies = {settings.SESSION_COOKIE_NAME: sign_in(user)} if user else {}
        return httpx.Client(base_url=self.url, headers=headers, cookies=cookies, timeout=15)

    def socket(
        self, session_key: str, *, host: str = NORTH, origin: str | None = "own", path: str = "/ws/live"
    ) -> ClientConnection:
        """A WebSocket as a page of this ISP opens it, to be used in a `with`; raises InvalidStatus when refused."""
        own = f"http://{self.host(host)}"
        return connect(
            f"ws://{self.host(host)}{path}",
            sock=socket.create_connection(("127.0.0.1", self.port)),
            origin=own if origin == "own" else origin,  # type: ignore[arg-type]  # a NewType of str
            additional_headers={"Cookie": f"{settings.SESSION_COOKIE_NAME}={session_key}"},
            max_size=None,
            proxy=None,
        )


def sign_in(user: User) -> str:
    """A session of this user, as a successful sign-in leaves it; returns the cookie's value."""
    with domain_scope(user.domain_id):
        store = SessionStore()
        store[SESSION_KEY] = str(user.pk)
        store[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
        store[HASH_SESSION_KEY] = user.get_session_auth_hash()
        store.create()
        return str(store.session_key)


def session_id(user: User, session_key: str) -> int:
    """The number of a session's row."""
    with domain_scope(user.domain_id):
        found: int = UserSession.objects.values_list("pk", flat=True).get(digest=digest(session_key))
        return found


def play_token(user: User, camera: Camera, session_key: str, *, archive: bool = True) -> str:
    """A playback token as pages and API give it out."""
    return playback.Issuer(user.pk, session_id=session_id(user, session_key)).token(camera, archive=archive)


@pytest.fixture
def live_cast(transactional_db: None) -> Cast:
    """The cast, committed."""
    return build()


@pytest.fixture(scope="session")
def web_process(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The web process of this worker."""
    # Tests move cameras themselves, at times of their own.
    process = Server(tmp_path_factory.mktemp("web") / "web.log", PERCH_FAILOVER="off")
    process.start()
    yield process
    process.stop()


@pytest.fixture
def server(web_process: Server, live_cast: Cast) -> Server:
    """The portal, running, with `live_cast` inside."""
    return web_process


__all__ = ["NORTH", "SOUTH", "Server", "free_port", "live_cast", "play_token", "server", "sign_in", "web_process"]
