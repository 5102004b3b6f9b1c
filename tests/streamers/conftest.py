"""A streamer of each make beside the running portal, with all cameras of the cast on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from devices.models import Camera, CameraStatus, Streamer
from devices.services import cameras, streamers
from tenants.addresses import STREAMER_NETWORKS
from tenants.scoping import domain_scope
from tenants.secrets import new_secret
from tests.cast import Cast
from tests.server import Server, live_cast, server, web_process
from tests.streamers.makes import HOSTNAME, MAKES, Make

__all__ = ["live_cast", "server", "web_process"]
SOURCE = "rtsp://viewer:first@camera.example.org/stream"


@dataclass
class Site:
    """The portal with one streamer of some make."""

    make: Make
    kind: str
    row: Streamer
    cast: Cast
    server: Server

    @property
    def simulator(self) -> Any:
        return self.make.simulator  # type: ignore[attr-defined]  # of the makes that are simulated

    def status(self, camera: Camera) -> CameraStatus | None:
        with domain_scope(camera.domain_id):
            return CameraStatus.objects.filter(camera=camera).first()

    def fresh(self) -> Streamer:
        return Streamer.objects.get(pk=self.row.pk)


def reach(kind: str, make: Any, server: Server) -> dict[str, Any]:
    """What an operator writes into the form."""
    if kind == "embedded":
        return {}
    url = make.simulator.url
    login = {"flussonic": "", "mediamtx": "perch"}[kind]
    return {
        "api_url": url, "public_url": url, "perch_url": server.url, "api_login": login, "api_secret": "cluster secret",
        **({"playback_url": url} if kind == "mediamtx" else {}),
    }  # fmt: skip


@pytest.fixture
def build_site(live_cast: Cast, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str, Server], Site]]:
    """Makes a site of one make beside a running portal."""
    monkeypatch.setenv(STREAMER_NETWORKS, "127.0.0.1/32")
    made: list[Make] = []

    def build(kind: str, server: Server) -> Site:
        key = new_secret("st-")
        make = MAKES[kind](server, key)
        made.append(make)
        row, _key = streamers.add_streamer(hostname=HOSTNAME, key=key, kind=kind, **reach(kind, make, server))
        for domain in (live_cast.north, live_cast.south):
            with domain_scope(domain):
                for camera in Camera.objects.all():
                    cameras.change_camera(camera, acting_user=None, stream_url=SOURCE)
                Camera.objects.update(streamer=row)
        return Site(make, kind, row, live_cast, server)

    yield build
    for make in made:
        make.stop()


@pytest.fixture(params=list(MAKES))
def site(request: pytest.FixtureRequest, build_site: Callable[[str, Server], Site], server: Server) -> Site:
    return build_site(request.param, server)


@pytest.fixture(params=["flussonic", "mediamtx"])
def asked_site(request: pytest.FixtureRequest, build_site: Callable[[str, Server], Site], server: Server) -> Site:
    """The makes that Perch asks over their own API."""
    return build_site(request.param, server)
