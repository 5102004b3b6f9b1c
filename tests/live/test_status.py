"""A camera going on or off line: seen within three seconds by whoever may know it, and by nobody else."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial

import psycopg
import pytest

from devices.models import Camera
from devices.services import cameras
from tenants import clock
from tenants.models import FolderPermission
from tenants.scoping import domain_scope
from tenants.services import memberships, users
from tests.cast import SOUTH, Cast
from tests.hooks.asking import Streamer
from tests.live.browsers import Browser

SOON = 3.0
OpenPage = Callable[..., Browser]
UNREACHABLE = {"code": "unreachable", "message": "timed out"}


def test_a_page_learns_at_once_how_things_are(streamer: Streamer, live_cast: Cast, open_page: OpenPage) -> None:
    streamer.report(live_cast.gate)
    streamer.report(live_cast.office, status="error", alive=False, error=UNREACHABLE)
    page = open_page(live_cast.alice)
    assert set(page.shown) == {"gate", "office"}
    assert page.shown["gate"] == {
        "name": "gate",
        "alive": True,
        "enabled": True,
        "private": False,
        "static": True,
        "status": "running",
        "error": None,
    }
    assert page.shown["office"]["error"] == UNREACHABLE


def test_everybody_knows_of_what_the_resolver_lets_him(
    streamer: Streamer, live_cast: Cast, open_page: OpenPage
) -> None:
    known = {
        "nora": {"gate", "office", "wheel"},
        "ada": set(),
        "alice": {"gate", "office"},
        "bob": {"gate"},
        "ian": {"gate", "office"},
        "charlie": set(),
        "mallory": {"wheel"},
    }
    for name, names in known.items():
        assert set(open_page(getattr(live_cast, name)).shown) == names, name
    for user in (live_cast.sam, live_cast.olga):
        assert set(open_page(user, host=SOUTH).shown) == {"tree"}


def test_a_change_reaches_the_permitted_within_seconds_and_nobody_else(
    streamer: Streamer, live_cast: Cast, open_page: OpenPage
) -> None:
    cast = live_cast
    permitted = [open_page(user) for user in (cast.nora, cast.alice, cast.bob, cast.ian)]
    others = [open_page(user) for user in (cast.ada, cast.charlie, cast.mallory)]
    others += [open_page(user, host=SOUTH) for user in (cast.sam, cast.olga)]
    for page in others:
        page.drain()
        page.told.clear()
    streamer.report(cast.gate)
    for page in permitted:
        assert page.until(partial(page.shows, cast.gate, alive=True, error=None)) < SOON
    streamer.report(cast.gate, status="error", alive=False, error=UNREACHABLE)
    for page in permitted:
        assert page.until(partial(page.shows, cast.gate, alive=False, error=UNREACHABLE)) < SOON
    for page in others:
        page.drain()
        assert "gate" not in str(page.told)


def test_cameras_of_one_name_at_two_isps_are_told_apart(
    streamer: Streamer, live_cast: Cast, open_page: OpenPage
) -> None:
    cast = live_cast
    with domain_scope(cast.south):
        theirs = cameras.add_camera(
            cast.orchard,
            acting_user=None,
            title="Gate",
            name="gate",
            stream_url="fake://clock",
            preset=cast.tree.preset,
        )
    north, south = open_page(cast.nora), open_page(cast.sam, host=SOUTH)
    streamer.report(theirs)
    south.until(lambda: south.shows(theirs, alive=True), SOON)
    north.drain()
    assert north.shows(cast.gate, alive=False)


def test_what_did_not_change_is_not_told(streamer: Streamer, live_cast: Cast, open_page: OpenPage) -> None:
    streamer.report(live_cast.gate)
    page = open_page(live_cast.alice)
    page.drain()
    page.told.clear()
    streamer.report(live_cast.gate, bitrate=999)
    streamer.report(live_cast.office)
    page.until(lambda: page.shows(live_cast.office, alive=True), SOON)
    assert [camera["name"] for message in page.told for camera in message["cameras"]] == ["office"]


def test_a_camera_switched_off_is_seen_switched_off(streamer: Streamer, live_cast: Cast, open_page: OpenPage) -> None:
    streamer.report(live_cast.gate)
    page = open_page(live_cast.bob)
    with domain_scope(live_cast.north):
        cameras.set_enabled(Camera.objects.get(name="gate"), False, acting_user=None)
    off = page.until(lambda: page.shows(live_cast.gate, enabled=False, alive=False, status="disabled"))
    assert off < SOON


def test_new_rights_bring_new_cameras_and_lost_ones_take_them(
    streamer: Streamer, live_cast: Cast, open_page: OpenPage
) -> None:
    cast = live_cast
    page, other = open_page(cast.bob), open_page(cast.charlie)
    with domain_scope(cast.north):
        memberships.revoke_folder(FolderPermission.objects.get(user=cast.bob), acting_user=None)
        memberships.add_member(cast.harbour, acting_user=None, user=cast.charlie)
        memberships.grant_folder(cast.yard, acting_user=None, user=cast.charlie)
    assert other.until(lambda: "gate" in other.shown) < SOON
    page.until(lambda: not page.shown)
    page.told.clear()
    streamer.report(cast.gate)
    other.until(lambda: other.shows(cast.gate, alive=True), SOON)
    page.drain()
    assert "gate" not in str(page.told)


def test_a_new_camera_appears_to_those_it_belongs_to(streamer: Streamer, live_cast: Cast, open_page: OpenPage) -> None:
    cast = live_cast
    pages = [open_page(cast.nora), open_page(cast.alice)]
    with domain_scope(cast.north):
        fresh = cameras.add_camera(
            cast.harbour, acting_user=None, title="Pier", name="pier", stream_url="fake://clock", preset=cast.basic
        )
    streamer.report(fresh)
    for page in pages:
        page.until(partial(page.shows, fresh, alive=True))


def test_an_administrator_made_or_unmade_sees_more_or_less(
    streamer: Streamer, live_cast: Cast, open_page: OpenPage
) -> None:
    cast = live_cast
    page = open_page(cast.charlie)
    with domain_scope(cast.north):
        users.change_user(cast.charlie, acting_user=None, is_admin=True)
    page.until(lambda: set(page.shown) == {"gate", "office", "wheel"})
    with domain_scope(cast.north):
        users.change_user(cast.charlie, acting_user=None, is_admin=False)
    page.until(lambda: not page.shown)
    watcher = open_page(cast.nora)
    page.told.clear()
    streamer.report(cast.wheel)
    watcher.until(lambda: watcher.shows(cast.wheel, alive=True), SOON)
    page.drain()
    assert "wheel" not in str(page.told)


def test_a_lost_notice_is_made_good(
    live_cast: Cast, open_page: OpenPage, superuser_connection: psycopg.Connection
) -> None:
    page = open_page(live_cast.alice)
    superuser_connection.execute(
        "INSERT INTO devices_camerastatus (domain_id, camera_id, alive, status, error_code, error_message, bitrate,"
        " online_clients, media_info, dvr_duration, dvr_bytes, dvr_kept_bytes, reported_at)"
        " VALUES (%s, %s, true, 'running', '', '', 0, 0, '{}', 0, 0, 0, now())",
        [live_cast.north.pk, live_cast.gate.pk],
    )
    page.until(lambda: page.shows(live_cast.gate, alive=True), 15.0)


def test_the_listener_comes_back_after_its_connection_was_cut(
    streamer: Streamer, live_cast: Cast, open_page: OpenPage, superuser_connection: psycopg.Connection
) -> None:
    page = open_page(live_cast.alice)
    cut = superuser_connection.execute(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
        " WHERE datname = current_database() AND usename LIKE '%%fleet'"
    ).fetchone()
    assert cut is not None
    assert cut[0] >= 2
    assert streamer.report(live_cast.gate).status_code in (204, 503)
    assert streamer.report(live_cast.gate).status_code == 204
    page.until(lambda: page.shows(live_cast.gate, alive=True), 5.0)
    assert streamer.report(live_cast.gate, alive=False).status_code == 204
    assert page.until(lambda: page.shows(live_cast.gate, alive=False)) < SOON


def test_a_page_may_ask_for_everything_again(streamer: Streamer, live_cast: Cast, open_page: OpenPage) -> None:
    page = open_page(live_cast.alice)
    page.drain()
    page.connection.send('{"type":"resync"}')
    page.next_snapshot()
    assert set(page.shown) == {"gate", "office"}
    versions = [message["version"] for message in page.told]
    assert versions == sorted(versions)


def test_a_page_hears_that_the_portal_is_there(live_cast: Cast, open_page: OpenPage) -> None:
    page = open_page(live_cast.charlie)
    page.until(lambda: any(message["type"] == "beat" for message in page.told), 20.0)


@pytest.mark.parametrize("number", [1, 2, 3])
def test_what_pages_show_is_what_the_database_holds_after_a_storm(
    streamer: Streamer, live_cast: Cast, open_page: OpenPage, number: int
) -> None:
    pages = [open_page(live_cast.nora), open_page(live_cast.alice)]
    for step in range(30):
        for camera in (live_cast.gate, live_cast.office):
            streamer.report(camera, alive=(step * number) % 3 == 0)
    streamer.report(live_cast.gate, alive=True)
    streamer.report(live_cast.office, alive=False, error=UNREACHABLE, status="error")
    for page in pages:
        page.until(partial(page.shows, live_cast.gate, alive=True), SOON)
        page.until(partial(page.shows, live_cast.office, error=UNREACHABLE), SOON)
        page.drain()
        assert page.shows(live_cast.gate, alive=True)


def test_a_right_that_ends_by_the_clock_ends_at_open_pages_too(live_cast: Cast, open_page: OpenPage) -> None:
    with domain_scope(live_cast.north):
        soon = clock.now() + timedelta(seconds=5)
        memberships.grant_folder(live_cast.yard, acting_user=None, user=live_cast.bob, valid_until=soon)
    page = open_page(live_cast.bob)
    assert live_cast.gate.name in page.shown
    page.until(lambda: live_cast.gate.name not in page.shown, 15)
    assert soon <= clock.now() <= soon + timedelta(seconds=10)
