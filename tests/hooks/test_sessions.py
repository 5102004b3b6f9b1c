"""Who is watching now: a row a session, written from the streamers' questions, and ended by hand (item 325)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from devices.models import ViewingSession
from devices.services import sessions
from tenants import clock
from tenants.errors import Forbidden
from tenants.models import AuditEntry
from tenants.scoping import domain_scope
from tests.cast import Cast
from tests.eventually import eventually
from tests.hooks.asking import Streamer
from tests.server import play_token, sign_in

FIRST, SECOND = "0f9c7f5e-8c3a-4f51-9d8b-000000000001", "0f9c7f5e-8c3a-4f51-9d8b-000000000002"


def _alive(cast: Cast, count: int) -> list[ViewingSession]:
    """The sessions that go on, once there are as many."""

    def look() -> list[ViewingSession]:
        with domain_scope(cast.north):
            rows = list(sessions.alive().order_by("id"))
        return rows if len(rows) == count else []

    return eventually(look)


def test_a_session_says_who_watches_what_since_when_and_how_much(streamer: Streamer, live_cast: Cast) -> None:
    cast = live_cast
    token = play_token(cast.bob, cast.gate, sign_in(cast.bob))
    said = {"session_id": FIRST, "bytes": "123456", "duration": "90", "user_agent": "VLC/3.0\0"}
    assert streamer.may_play(cast.gate, token, **said).status_code == 200
    (row,) = _alive(cast, 1)
    assert (row.user_login, row.kind, row.protocol, row.bytes) == (cast.bob.login, "live", "hls", 123456)
    assert (row.ip, row.user_agent, row.streamer) == ("192.0.2.7", "VLC/3.0", "streamer-1")
    assert row.last_at - row.began_at == timedelta(seconds=90)


def test_each_player_is_a_session_and_pictures_are_none(streamer: Streamer, live_cast: Cast) -> None:
    cast = live_cast
    token = play_token(cast.alice, cast.gate, sign_in(cast.alice))
    for _again in range(3):
        streamer.may_play(cast.gate, token, proto="jpeg", session_id="p")
        streamer.may_play(cast.gate, token, session_id=FIRST)
        streamer.may_play(cast.gate, token, session_id=SECOND, dvr="true")
        streamer.may_play(cast.office, token, session_id="refused")
        streamer.may_play(cast.gate, token, session_id="f", proto="mp4", dvr="true", bytes="-1", duration="x")
    assert {(row.key, row.kind, row.bytes) for row in _alive(cast, 3)} == {
        (FIRST, "live", 0), (SECOND, "archive", 0), ("f", "export", 0)
    }  # fmt: skip


def test_a_streamer_that_names_no_session_has_one_by_player(streamer: Streamer, live_cast: Cast) -> None:
    token = play_token(live_cast.alice, live_cast.gate, sign_in(live_cast.alice))
    for agent in ("Firefox", "Chrome", "Firefox"):
        streamer.may_play(live_cast.gate, token, user_agent=agent)
    assert {row.user_agent for row in _alive(live_cast, 2)} == {"Firefox", "Chrome"}


def test_what_was_ended_is_refused_also_with_a_fresh_token_and_others_go_on(
    streamer: Streamer, live_cast: Cast
) -> None:
    cast = live_cast
    browser, other = sign_in(cast.bob), sign_in(cast.bob)
    token = play_token(cast.bob, cast.gate, browser)
    beside = play_token(cast.bob, cast.gate, other)
    streamer.may_play(cast.gate, token, session_id=FIRST)
    streamer.may_play(cast.gate, beside, session_id=SECOND)
    first = next(row for row in _alive(cast, 2) if row.key == FIRST)
    with domain_scope(cast.north):
        sessions.end_session(first, acting_user=cast.alice)
        entry = AuditEntry.objects.get(object_type="ViewingSession")
        assert (entry.user_login, entry.action) == (cast.alice.login, "change")
    for again in (token, play_token(cast.bob, cast.gate, browser)):
        answer = streamer.may_play(cast.gate, again, session_id=FIRST, request_type="update_session")
        assert answer.status_code == 403
        assert answer.json()["errors"][0]["code"] == "playback_ended"
        assert answer.headers["X-AuthDuration"] == "5"
    assert streamer.may_play(cast.gate, beside, session_id=SECOND).status_code == 200, "another sign-in goes on"
    assert [row.key for row in _alive(cast, 1)] == [SECOND]


def test_it_may_be_started_again_when_the_ban_is_over(streamer: Streamer, live_cast: Cast) -> None:
    cast = live_cast
    token = play_token(cast.bob, cast.gate, sign_in(cast.bob))
    streamer.may_play(cast.gate, token, session_id=FIRST)
    (row,) = _alive(cast, 1)
    with domain_scope(cast.north):
        sessions.end_session(row, acting_user=None)
        assert ViewingSession.objects.get().banned_until == ViewingSession.objects.get().ended_at + sessions.BAN
        past = clock.now() - timedelta(seconds=1)
        ViewingSession.objects.update(ended_at=past - sessions.BAN, banned_until=past, last_at=past - sessions.BAN)
    assert streamer.may_play(cast.gate, token, session_id=SECOND).status_code == 200
    assert [row.key for row in _alive(cast, 1)] == [SECOND]


def test_who_may_see_and_end_a_session(streamer: Streamer, live_cast: Cast) -> None:
    cast = live_cast
    streamer.may_play(cast.gate, play_token(cast.bob, cast.gate, sign_in(cast.bob)), session_id=FIRST)
    (row,) = _alive(cast, 1)
    with domain_scope(cast.north):
        sees = {name for name in ("nora", "ada", "alice", "bob", "ian", "charlie", "mallory")
                if sessions.sessions_for(getattr(cast, name)).exists()}  # fmt: skip
        assert sees == {"nora", "alice", "bob", "ian"}
        for name in ("bob", "charlie", "mallory", "ada"):
            with pytest.raises(Forbidden):
                sessions.end_session(row, acting_user=getattr(cast, name))


def test_a_session_nobody_asked_about_is_over_and_forgotten(cast: Cast) -> None:
    with domain_scope(cast.north):
        now = clock.now()
        for key, age in (("now", 0), ("silent", 60), ("old", 7200)):
            at = now - timedelta(seconds=age)
            ViewingSession.objects.create(
                camera=cast.gate, key=key, holder=1, holder_id=1, kind="live", protocol="hls", began_at=at, last_at=at
            )
        assert [row.key for row in sessions.alive()] == ["now"]
        assert sessions.forget_old() == 1
