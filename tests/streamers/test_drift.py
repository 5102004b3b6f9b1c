"""What somebody changes on a streamer itself is found, told and undone; what is the operator's own is left alone."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from devices.models import Camera, CameraDrift
from devices.services import cameras, streamers
from tenants.scoping import domain_scope
from tests.eventually import eventually
from tests.server import Server
from tests.streamers.conftest import Site


def _in_line(site: Site) -> bool:
    """Whether it was looked at since the last change and found as wanted."""
    row = site.fresh()
    return row.applied_version == row.version and bool(row.drift) and not row.drift["counts"]


def _found(site: Site) -> set[tuple[str, str]]:
    with domain_scope(site.cast.north):
        return set(CameraDrift.objects.values_list("camera_name", "kind"))


def _look(site: Site) -> bool:
    """Let the streamer be looked at; always true, so that it can be asked for before what is waited for."""
    streamers.look_again(site.row)
    return True


@pytest.fixture
def mediamtx(build_site: Callable[[str, Server], Site], server: Server) -> Site:
    site = build_site("mediamtx", server)
    eventually(lambda: site.make.runs(site.cast.gate))
    eventually(lambda: _look(site) and _in_line(site), seconds=25.0)
    return site


def test_paths_changed_by_hand_are_found_and_put_right(mediamtx: Site) -> None:
    cast, paths = mediamtx.cast, mediamtx.simulator.paths
    paths["operators-own"] = {"source": "publisher"}
    paths[f"stray~{cast.north.pk}"] = {"source": "rtsp://camera.example.org/1"}
    paths[cast.gate.media] = {**paths[cast.gate.media], "recordDeleteAfter": "1h0m0s"}
    del paths[cast.office.media]
    _look(mediamtx)
    found = {("gate", "different"), ("office", "missing"), ("stray", "extra")}
    eventually(lambda: _found(mediamtx) == found, seconds=20.0)
    eventually(lambda: mediamtx.make.runs(cast.office))
    assert mediamtx.make.depth(cast.gate) == 7 * 86400
    assert f"stray~{cast.north.pk}" not in mediamtx.simulator.paths
    assert "operators-own" in mediamtx.simulator.paths
    eventually(lambda: _look(mediamtx) and _in_line(mediamtx), seconds=20.0)
    with domain_scope(cast.north):
        assert not CameraDrift.objects.filter(repaired_at=None).exists()
        detail = CameraDrift.objects.get(kind="different").detail
    assert detail == "depth", "settings are named, values are not"


def test_after_a_restart_everything_is_written_again(mediamtx: Site) -> None:
    mediamtx.simulator.restart()
    _look(mediamtx)
    cast = mediamtx.cast
    eventually(lambda: mediamtx.make.runs(cast.gate) and mediamtx.make.runs(cast.tree), seconds=20.0)
    assert mediamtx.make.source(cast.gate).startswith("rtsp://viewer:first@"), "with its password"


def test_what_perch_itself_changes_is_no_drift(mediamtx: Site) -> None:
    cast = mediamtx.cast
    with domain_scope(cast.north):
        cameras.delete_camera(Camera.objects.get(pk=cast.office.pk), acting_user=None)
    eventually(lambda: not mediamtx.make.runs(cast.office))
    eventually(lambda: _look(mediamtx) and _in_line(mediamtx), seconds=20.0)
    assert _found(mediamtx) == set()


def test_a_source_that_the_make_cannot_take_is_said_without_its_address(mediamtx: Site) -> None:
    cast = mediamtx.cast
    with domain_scope(cast.north):
        cameras.change_camera(Camera.objects.get(pk=cast.gate.pk), acting_user=None, stream_url="fake://clock")
    eventually(lambda: _look(mediamtx) and ("gate", "refused") in _found(mediamtx), seconds=20.0)
    with domain_scope(cast.north):
        assert "://" not in CameraDrift.objects.get(kind="refused").detail


def test_a_flussonic_stream_edited_on_its_disk_is_found_and_let_go(
    build_site: Callable[[str, Server], Site], server: Server
) -> None:
    site = build_site("flussonic", server)
    cast, simulator = site.cast, site.simulator
    eventually(lambda: site.make.runs(cast.gate))
    eventually(lambda: _look(site) and _in_line(site), seconds=25.0)
    edited = {**simulator.streams[cast.gate.media], "static": False, "config_on_disk": {"static": False}}
    simulator.on_disk[cast.gate.media] = edited
    eventually(lambda: _look(site) and cast.gate.media not in simulator.on_disk, seconds=20.0)
    assert simulator.complaints == [], "nothing that config_external forbids was sent"


def test_administrators_read_of_their_own_cameras_only(mediamtx: Site, server: Server) -> None:
    cast = mediamtx.cast
    del mediamtx.simulator.paths[cast.gate.media]
    del mediamtx.simulator.paths[cast.tree.media]
    _look(mediamtx)
    eventually(lambda: ("gate", "missing") in _found(mediamtx), seconds=20.0)
    with server.client(cast.nora) as nora:
        page = nora.get("/storage/drift").text
    assert "gate" in page
    assert "did not run" in page
    assert "tree" not in page
    headers = {"Host": server.host(), "x-vsaas-api-key": cast.north_key}
    told = httpx.get(f"{server.url}/watcher/admin-api/v3/drifts", headers=headers).json()["drifts"]
    assert {(one["name"], one["kind"]) for one in told} == {("gate", "missing")}
