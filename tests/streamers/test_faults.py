"""A streamer that hangs, lies or dies: it is said in words where it is seen, and nothing else of Perch notices."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest

from devices.models import Streamer
from devices.services import streamer_reach, streamers
from devices.simulators.server import FAULTS
from tests.eventually import eventually
from tests.server import Server
from tests.streamers.conftest import Site, reach
from tests.streamers.makes import SimulatedMediaMtx

SAID = {
    "hang": {"unreachable"},
    "drip": {"unreachable"},
    "error": {"failed"},
    "nonsense": {"garbled"},
    "huge": {"garbled", "unreachable"},
    "cut": {"unreachable", "garbled"},
}


def _is_in(site: Site, codes: set[str]) -> bool:
    return site.fresh().trouble in codes


def test_every_fault_has_words() -> None:
    assert set(SAID) == set(FAULTS)
    assert set().union(*SAID.values()) <= set(streamer_reach.TROUBLES)


@pytest.mark.parametrize("kind", ["flussonic", "mediamtx"])
def test_each_fault_is_noticed_disturbs_no_other_and_passes(
    kind: str, build_site: Callable[[str, Server], Site], server: Server
) -> None:
    site = build_site(kind, server)
    eventually(lambda: site.make.runs(site.cast.gate))
    other = SimulatedMediaMtx(server, "unused")
    other.simulator.auth_address = ""
    beside, _key = streamers.add_streamer(hostname="beside", kind="mediamtx", **reach("mediamtx", other, server))
    try:
        for fault, codes in SAID.items():
            site.simulator.fault = fault
            streamers.look_again(site.fresh())
            eventually(partial(_is_in, site, codes), seconds=25.0)
            Streamer.objects.filter(pk=beside.pk).update(looked_at=None, last_seen_at=None)
            eventually(lambda: streamers.is_answering(Streamer.objects.get(pk=beside.pk)), seconds=5.0)
            assert site.make.runs(site.cast.gate), "doubt closes nothing"
        site.simulator.fault = ""
        streamers.look_again(site.fresh())
        eventually(lambda: site.fresh().trouble == "", seconds=25.0)
    finally:
        other.stop()


@pytest.mark.parametrize("kind", ["flussonic", "mediamtx"])
def test_a_wrong_login_is_said(kind: str, build_site: Callable[[str, Server], Site], server: Server) -> None:
    site = build_site(kind, server)
    row = site.fresh()
    streamers.change_streamer(row, public_url=row.public_url, is_default=False, api_secret="another")
    if kind == "mediamtx":  # Perch guards that API itself, and knows what it kept: the streamer's other user is refused
        site.simulator.auth_address = site.simulator.auth_address.replace("perch:", "perch:x")
    eventually(lambda: site.fresh().trouble == "unauthorized", seconds=20.0)
