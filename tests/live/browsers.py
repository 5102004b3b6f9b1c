"""Browsers that follow cameras over a WebSocket, without the browser."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection

from devices.models import Camera
from tenants.models import User
from tests.cast import NORTH
from tests.server import Server, sign_in

Message = dict[str, Any]


class Browser:
    """One open page: what it was told, and what it therefore shows."""

    def __init__(self, connection: ClientConnection, session_key: str) -> None:
        self.connection, self.session_key = connection, session_key
        self.shown: dict[str, Message] = {}
        self.told: list[Message] = []
        self.until(lambda: any(message["type"] == "snapshot" for message in self.told))

    def listen(self, seconds: float) -> bool:
        """Take one message; False when none came in time."""
        try:
            message = json.loads(self.connection.recv(timeout=seconds))
        except TimeoutError:
            return False
        self.told.append(message)
        if message["type"] == "snapshot":
            self.shown = {}
        self.shown |= {camera["name"]: camera for camera in message["cameras"]}
        return True

    def until(self, seen: Callable[[], bool], seconds: float = 10.0) -> float:
        """Listen until something is seen; how long that took."""
        begun = time.monotonic()
        while not seen():
            left = begun + seconds - time.monotonic()
            assert left > 0, f"not seen within {seconds} s; told {self.told}"
            self.listen(min(left, 0.5))
        return time.monotonic() - begun

    def drain(self) -> None:
        """Take whatever is on its way already."""
        while self.listen(0.2):
            pass

    def shows(self, camera: Camera, **values: Any) -> bool:
        shown = self.shown.get(camera.name, {})
        return bool(shown) and all(shown[name] == value for name, value in values.items())

    def closed_with(self, seconds: float = 10.0) -> tuple[int, float]:
        """The code the server closes with, and how long that took."""
        begun = time.monotonic()
        while time.monotonic() - begun < seconds:
            try:
                self.listen(0.5)
            except ConnectionClosed as closed:
                return closed.rcvd.code if closed.rcvd else 1006, time.monotonic() - begun
        raise AssertionError(f"still open after {seconds} s")

    def next_snapshot(self) -> None:
        """Forget what was told and wait for a fresh account of everything."""
        self.told.clear()
        self.until(lambda: any(message["type"] == "snapshot" for message in self.told))


@pytest.fixture
def open_page(server: Server) -> Iterator[Callable[..., Browser]]:
    """Opens pages for users; they are closed afterwards."""
    opened = ExitStack()

    def page(user: User, *, host: str = NORTH, session_key: str = "") -> Browser:
        session_key = session_key or sign_in(user)
        return Browser(opened.enter_context(server.socket(session_key, host=host)), session_key)

    with opened:
        yield page
