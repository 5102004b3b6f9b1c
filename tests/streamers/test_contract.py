"""The streamer contract, held by every make: what Perch wants runs there, who may not watch does not, and doubt closes
nothing."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from devices.models import Camera
from devices.services import cameras, presets
from tenants.models import Folder
from tenants.scoping import domain_scope
from tenants.services import isps, memberships
from tests.eventually import eventually
from tests.hooks.test_database_away import Cable, cable, portal
from tests.server import Server, play_token, sign_in
from tests.streamers.conftest import SOURCE, Site

__all__ = ["cable", "portal"]


def test_cameras_run_where_they_are_and_with_what_they_were_given(site: Site) -> None:
    cast, make = site.cast, site.make
    everything = (cast.gate, cast.office, cast.wheel, cast.tree)
    eventually(lambda: all(make.runs(camera) for camera in everything))
    assert make.source(cast.gate) == SOURCE
    assert (make.depth(cast.gate), make.depth(cast.tree)) == (7 * 86400, 30 * 86400)
    with domain_scope(cast.north):
        added = cameras.add_camera(
            cast.harbour, acting_user=None, title="Lane", name="lane/1", stream_url=SOURCE, preset=cast.basic
        )
        Camera.objects.filter(pk=added.pk).update(streamer=site.row)
    eventually(lambda: make.runs(added))


@pytest.mark.parametrize("how", ["switched off", "private", "suspended", "deleted"])
def test_what_is_not_wanted_any_more_ends(site: Site, how: str) -> None:
    cast, make = site.cast, site.make
    eventually(lambda: make.runs(cast.gate) and make.runs(cast.tree))
    if how == "suspended":
        isps.set_active(cast.north, False, administrator=None)
    else:
        with domain_scope(cast.north):
            gate = Camera.objects.get(pk=cast.gate.pk)
            if how == "switched off":
                cameras.set_enabled(gate, False, acting_user=None)
            elif how == "private":
                cameras.set_privacy(gate, True, acting_user=cast.alice)
            else:
                cameras.delete_camera(gate, acting_user=None)
    eventually(lambda: not make.runs(cast.gate))
    assert make.runs(cast.tree), "the neighbour's go on"


def test_new_settings_and_passwords_arrive(site: Site) -> None:
    cast, make = site.cast, site.make
    eventually(lambda: make.runs(cast.gate) and make.depth(cast.gate) == 7 * 86400)
    with domain_scope(cast.north):
        presets.change_preset(cast.basic, acting_user=None, dvr_depth=3)
    eventually(lambda: make.depth(cast.gate) == 3 * 86400)
    second = SOURCE.replace("first", "second")
    with domain_scope(cast.north):
        cameras.change_camera(Camera.objects.get(pk=cast.gate.pk), acting_user=None, stream_url=second)
    eventually(lambda: make.source(cast.gate) == second)
    assert make.source(cast.office) == SOURCE


def test_a_lost_right_ends_what_runs_and_opens_nothing_new(site: Site) -> None:
    cast, make = site.cast, site.make
    eventually(lambda: make.runs(cast.gate) and make.runs(cast.wheel))
    token = play_token(cast.bob, cast.gate, sign_in(cast.bob))
    assert make.watch(cast.wheel, token) is None, "another camera's"
    assert make.watch(cast.gate, "nonsense") is None
    viewing = eventually(lambda: make.watch(cast.gate, token))
    others = make.watch(cast.gate, play_token(cast.alice, cast.gate, sign_in(cast.alice)))
    with domain_scope(cast.north):
        yard = Folder.objects.get(pk=cast.yard.pk)
        memberships.revoke_folder(yard.permissions.get(user=cast.bob), acting_user=None)
    eventually(lambda: not make.watches(viewing), seconds=10.0)
    assert make.watch(cast.gate, token) is None
    assert make.watches(others)


def test_the_archive_is_a_right_of_its_own(site: Site) -> None:
    cast, make = site.cast, site.make
    eventually(lambda: make.runs(cast.gate))
    session = sign_in(cast.bob)
    assert make.may_see_archive(cast.gate, play_token(cast.bob, cast.gate, session))
    assert not make.may_see_archive(cast.gate, play_token(cast.bob, cast.gate, session, archive=False))
    with domain_scope(cast.north):
        memberships.grant_folder(cast.yard, acting_user=None, user=cast.bob, can_view_dvr=False)
    assert not make.may_see_archive(cast.gate, play_token(cast.bob, cast.gate, session))


def test_the_state_of_cameras_arrives(site: Site) -> None:
    def told() -> bool:
        status = site.status(site.cast.gate)
        return status is not None and status.alive

    eventually(told, seconds=25.0)


@pytest.mark.parametrize("kind", ["embedded", "flussonic", "mediamtx"])
def test_while_the_database_is_away_nothing_is_closed(
    kind: str, build_site: Callable[[str, Server], Site], portal: Server, cable: Cable
) -> None:
    site = build_site(kind, portal)
    cast, make = site.cast, site.make
    eventually(lambda: make.runs(cast.gate))
    token = play_token(cast.alice, cast.gate, sign_in(cast.alice))
    viewing = eventually(lambda: make.watch(cast.gate, token))
    cable.cut()
    try:
        eventually(lambda: make.watch(cast.gate, token) is None, seconds=10.0)
        eventually(lambda: portal.client().get("/healthz").status_code == 503, seconds=10.0)
        assert make.runs(cast.gate)
        assert make.watches(viewing)
    finally:
        cable.mend()
    eventually(lambda: make.watch(cast.gate, token), seconds=20.0)
    assert make.watches(viewing)
