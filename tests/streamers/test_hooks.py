"""What other makes ask: events and questions in each dialect, letter by letter."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx
import pytest

from devices.models import Streamer
from devices.services import streamers
from tenants import clock
from tenants.scoping import domain_scope
from tenants.services import memberships
from tests.cast import Cast
from tests.eventually import eventually
from tests.server import Server, live_cast, play_token, server, sign_in, web_process
from tests.streamers.conftest import Site

__all__ = ["live_cast", "server", "web_process"]
HOOKS = "/central/api/v3/streamers/streamer-1"


@pytest.fixture
def ask(server: Server, live_cast: Cast) -> httpx.Client:
    return server.client(key=live_cast.streamer_key)


def _proof(cast: Cast) -> str:
    return streamers.proof_of(cast.streamer.pk, cast.streamer.key_digest)


def test_the_question_is_answered_by_get_and_post_with_key_or_proof(
    ask: httpx.Client, server: Server, live_cast: Cast
) -> None:
    cast = live_cast
    token = play_token(cast.alice, cast.gate, sign_in(cast.alice))
    asked: dict[str, Any] = {"name": cast.gate.media, "proto": "hls", "ip": "192.0.2.7", "token": token, "dvr": True}
    plain = server.client()
    for answer in (
        ask.get(f"{HOOKS}/auth", params={**asked, "dvr": "true"}),
        ask.post(f"{HOOKS}/auth", json={**asked, "request_number": 0}),
        plain.get(f"{HOOKS}/auth/{_proof(cast)}", params=asked),
        plain.get(f"{HOOKS}/auth", params=asked, auth=(cast.streamer_key, "")),
        plain.get(f"{HOOKS}/auth", params=asked, auth=("perch", cast.streamer_key)),
    ):
        assert answer.status_code == 200, answer.text
        assert (answer.headers["X-AuthDuration"], answer.headers["X-UserId"]) == ("5", str(cast.alice.pk))
        assert answer.json()["allowed_dvr_ranges"][0]["opened_at"] > 0
    assert ask.get(f"{HOOKS}/auth", params={**asked, "name": cast.wheel.media}).status_code == 403
    assert plain.get(f"{HOOKS}/auth/{'0' * 64}", params=asked).status_code == 403
    assert plain.get(f"{HOOKS}/auth", params=asked).status_code == 401
    assert ask.post(f"{HOOKS}/auth", json=[1]).status_code == 400


@pytest.mark.parametrize("call", ["streams", "update-streams", "dynamic-streams", "episodes", "auth", "mediamtx"])
def test_a_wrong_key_opens_nothing(call: str, server: Server, live_cast: Cast) -> None:
    method = "POST" if call == "mediamtx" else "GET"
    with server.client(key="st-wrong") as stranger:
        assert stranger.request(method, f"{HOOKS}/{call}", params={"name": "x~1"}, json={}).status_code == 403
        assert stranger.request(method, f"{HOOKS}x/{call}", params={"name": "x~1"}, json={}).status_code == 404


def test_no_port_is_resolved(ask: httpx.Client) -> None:
    assert ask.get(f"{HOOKS}/srt_port_resolve/9000?mode=play").status_code == 404


EVENT = {"event": "source_closed", "event_id": 7, "utc_ms": 1_790_000_000_000, "media": "gate~1"}


@pytest.mark.parametrize("body", [EVENT, [EVENT, EVENT], [{"event": "ad_injected"}, EVENT]])
def test_an_event_or_a_list_makes_it_look_soon(body: Any, ask: httpx.Client, live_cast: Cast) -> None:
    row = Streamer.objects.filter(pk=live_cast.streamer.pk)
    now = clock.now()
    row.update(looked_at=now)
    for _again in range(2):
        assert ask.post(f"{HOOKS}/events", json=body).status_code == 200
    assert row.filter(looked_at__lt=now - timedelta(seconds=5)).exists()


def test_unknown_events_change_nothing_and_odd_bodies_are_refused(ask: httpx.Client, live_cast: Cast) -> None:
    row = Streamer.objects.filter(pk=live_cast.streamer.pk)
    now = clock.now()
    row.update(looked_at=now)
    assert ask.post(f"{HOOKS}/events", json=[{"event": "chassis_probe"}, {}]).status_code == 200
    assert row.get().looked_at == now
    assert ask.post(f"{HOOKS}/events", json=["x"]).status_code == 400
    assert ask.post(f"{HOOKS}/events", content=b"{").status_code == 400
    assert ask.post(f"{HOOKS}/events", content=b" " * (1024 * 1024 + 1)).status_code == 413


def test_a_camera_that_fails_is_told_before_the_next_round(build_site: Any, server: Server) -> None:
    site: Site = build_site("flussonic", server)
    gate = site.cast.gate

    def state() -> bool | None:
        status = site.status(gate)
        return status.alive if status else None

    eventually(lambda: site.simulator.sinks and state() is True, seconds=25.0)
    site.simulator.fail(gate.media)
    eventually(lambda: state() is False, seconds=8.0)
    status = site.status(gate)
    assert status is not None
    assert status.error_code == "stalled"


def test_who_loses_a_right_is_asked_about_at_once(build_site: Any, server: Server) -> None:
    site: Site = build_site("flussonic", server)
    cast = site.cast
    eventually(lambda: site.make.runs(cast.gate))
    viewing = site.make.watch(cast.gate, play_token(cast.bob, cast.gate, sign_in(cast.bob)))

    def is_seen() -> bool:
        streamers.look_again(site.row)
        status = site.status(cast.gate)
        return bool(status and status.online_clients)

    eventually(is_seen, seconds=25.0)
    with domain_scope(cast.north):
        memberships.grant_folder(cast.yard, acting_user=None, user=cast.bob, can_view_dvr=False)
    asked = eventually(lambda: site.simulator.asked("POST", "/streamer/api/v3/sessions/reauth"))
    assert asked[0].query == {"name": cast.gate.media}
    assert site.make.watches(viewing), "he may still watch live"


def _mediamtx(ask: httpx.Client, cast: Cast, **more: Any) -> int:
    asked = {"action": "read", "path": cast.gate.media, "protocol": "hls", "ip": "192.0.2.7", "query": "", **more}
    return ask.post(f"{HOOKS}/mediamtx", json=asked).status_code


def test_mediamtx_asks_with_the_token_in_the_query_alone(ask: httpx.Client, live_cast: Cast) -> None:
    cast = live_cast
    session = sign_in(cast.bob)
    query = f"token={play_token(cast.bob, cast.gate, session)}"
    for protocol in ("hls", "webrtc", "rtsp"):
        assert _mediamtx(ask, cast, protocol=protocol, query=query) == 200
    assert _mediamtx(ask, cast) == 401, "RTSP clients are asked for credentials first"
    assert _mediamtx(ask, cast, query="token=nonsense") == 403
    assert _mediamtx(ask, cast, query=query, path=cast.wheel.media) == 403
    assert _mediamtx(ask, cast, query=f"{query}&{query}") == 403, "it would take the first of two"
    assert _mediamtx(ask, cast, query=query, path="gate", protocol="rtsp") == 403, "a path of its own"
    assert _mediamtx(ask, cast, query=query, action="publish") == 403
    for action in ("api", "metrics", "pprof"):
        assert _mediamtx(ask, cast, query=query, action=action) == 401
        assert _mediamtx(ask, cast, query=query, action=action, user="bob", password="x") == 403


def test_the_streamers_own_api_is_for_perchs_login(ask: httpx.Client, live_cast: Cast) -> None:
    row = live_cast.streamer
    assert _mediamtx(ask, live_cast, action="api", user="", password="x") == 403
    row.api_login, row.api_secret = "perch", "secret of the api"
    row.save()
    assert _mediamtx(ask, live_cast, action="api", user="perch", password="secret of the api") == 200
    assert _mediamtx(ask, live_cast, action="api", user="perch", password="other") == 403
    assert "secret of the api" not in row.api_secret_sealed


def test_mediamtx_shows_the_archive_as_far_back_as_one_may_look(ask: httpx.Client, live_cast: Cast) -> None:
    cast = live_cast
    with domain_scope(cast.north):
        type(cast.gate).objects.filter(pk=cast.gate.pk).update(created_at=clock.now() - timedelta(days=30))
    token = play_token(cast.bob, cast.gate, sign_in(cast.bob))

    def may(days: float, **more: str) -> int:
        start = (clock.now() - timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")
        query = "&".join(f"{name}={value}" for name, value in {"token": token, "start": start, **more}.items())
        return _mediamtx(ask, cast, action="playback", protocol="", query=query)

    assert may(1) == 200
    assert may(8) == 403, "he may look back a week"
    assert may(1, format="mp4", duration="60") == 200
    assert _mediamtx(ask, cast, action="playback", query=f"token={token}") == 403, "the whole list"
    assert _mediamtx(ask, cast, action="playback", query=f"token={token}&start=yesterday") == 403
    early, late = ((clock.now() - timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ") for days in (20, 1))
    twice = f"token={token}&start={early}&start={late}"
    assert _mediamtx(ask, cast, action="playback", query=twice) == 403, "it would serve the first of two"
