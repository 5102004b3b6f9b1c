"""A client of the v2 dialect plays a camera with nothing but what the camera list told it (item 199).

The whole product runs: portal, streamer and a virtual camera that shows the clock.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import httpx
import pytest

from tests.embedded.running import free_port, perch
from tests.eventually import eventually

KEY = "the-isps-own-system-key-1"
PASSWORD = "correct horse battery"
NAME = "north.localhost"


class Client:
    """An application: it knows the portal's address, and dials loopback for the names under .localhost."""

    def __init__(self, port: int, **headers: str) -> None:
        self.port = port
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        answer = self.fetch(method, f"http://{NAME}:{self.port}/vsaas/api/v2/{path}", body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def fetch(self, method: str, url: str, body: Any = None) -> httpx.Response:
        address = httpx.URL(url)
        headers = {**self.headers, "Host": f"{address.host}:{address.port}"}
        return httpx.request(method, address.copy_with(host="127.0.0.1"), json=body, headers=headers, timeout=20)

    def playlist(self) -> tuple[str, httpx.Response]:
        """The one camera's playlist, its address made as Watcher's applications make it."""
        (camera,) = self.ask("GET", "cameras?limit=65")
        status, token = camera["stream_status"], camera["playback_config"]["token"]
        url = f"http://{status['server']}:{status['http_port']}/{camera['name']}/index.m3u8?token={token}"
        return url, self.fetch("GET", url)

    def plays(self) -> bool:
        """Whether there is a playlist."""
        return self.playlist()[1].status_code == 200


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    port = free_port()
    settings = {"PORT": str(port), "PERCH_DEMO": "0", "PERCH_API_KEY": KEY, "PERCH_HOSTS": f"{NAME},127.0.0.1"}
    with perch(tmp_path / "var", "portal.embedded", **settings) as running:
        running.wait_line(f"Perch is ready at http://127.0.0.1:{port}")
        yield port


def test_a_client_plays_what_the_list_told_it(port: int) -> None:
    crm = Client(port, x_vsaas_api_key=KEY)
    camera = crm.ask("POST", "cameras", {"title": "Quay", "stream_url": "fake://clock"})
    viewer = crm.ask("POST", "users", {"login": "bob", "password": PASSWORD})
    folder = f"organizations/{camera['organization_id']}/folders/{camera['folder_id']}/users"
    crm.ask("POST", folder, {"user_id": viewer["id"]})
    session = Client(port).ask("POST", "auth/login", {"login": "bob", "password": PASSWORD})["session"]
    bob = Client(port, x_vsaas_session=session)
    for client in (crm, bob):
        eventually(client.plays, seconds=40)
        assert _segment(client).content[4:8] in (b"styp", b"moof", b"ftyp", b"sidx")
    eventually(lambda: bob.ask("GET", "cameras")[0]["stream_status"]["alive"], seconds=20)
    status = bob.ask("GET", "cameras")[0]["stream_status"]
    assert (status["source_error"], status["https_port"]) == (None, None)
    assert status["bitrate"] > 0
    url, _answer = bob.playlist()
    crm.ask("DELETE", f"{folder}/{viewer['id']}")
    assert bob.ask("GET", "cameras") == []
    eventually(lambda: bob.fetch("GET", url).status_code == 403, seconds=15)


def _segment(client: Client) -> httpx.Response:
    """The newest segment of the first rendition."""
    url, answer = client.playlist()
    while (
        line := [text for text in answer.text.splitlines() if text and not text.startswith("#")][-1]
    ) and "m3u8" in line:
        url = urljoin(url, line)
        answer = client.fetch("GET", url)
    segment = client.fetch("GET", urljoin(url, line))
    assert segment.status_code == 200, (url, line, segment.text)
    return segment
