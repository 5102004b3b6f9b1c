"""What the token of a third party opens, and what it does not (item 155)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from devices import playback
from devices.models import PlaybackGrant, Viewing, ViewingSession
from devices.models import Streamer as StreamerRow
from devices.services import cameras, playback_grants, sessions, streamers
from tenants import clock
from tenants.scoping import domain_scope
from tests.cast import Cast
from tests.eventually import eventually
from tests.hooks.asking import BASE, Streamer
from tests.server import Server, play_token, sign_in


def let_in(cast: Cast, **values: Any) -> tuple[PlaybackGrant, str]:
    """A third party at the gate, and its token."""
    with domain_scope(cast.north):
        grant = playback_grants.add_grant(cast.gate, acting_user=None, title="Police", **values)
    return grant, playback.grant_token(grant, cast.gate)


def ask(streamer: Streamer, cast: Cast, token: str, **query: str) -> int:
    return streamer.may_play(cast.gate, token, **{"proto": "rtsp", **query}).status_code


def test_it_opens_rtsp_and_nothing_else_at_its_camera_and_no_other(streamer: Streamer, live_cast: Cast) -> None:
    grant, token = let_in(live_cast)
    answer = streamer.may_play(live_cast.gate, token, proto="rtsp")
    assert (answer.status_code, answer.json()) == (200, {"allowed_dvr_ranges": []})
    assert answer.headers["X-UserId"] == f"grant-{grant.pk}"
    for proto in ("hls", "mp4", "jpeg", "api", "webrtc", "RTSP", ""):
        assert ask(streamer, live_cast, token, proto=proto) == 403, proto
        assert ask(streamer, live_cast, token, proto=proto, dvr="true") == 403, proto
    for camera in (live_cast.office, live_cast.wheel, live_cast.tree):
        assert streamer.may_play(camera, token, proto="rtsp").status_code == 403, camera
    assert playback.grant_token(grant, live_cast.gate) == token, "it is the same whenever it is shown"


def test_an_altered_or_borrowed_token_opens_nothing(streamer: Streamer, live_cast: Cast) -> None:
    grant, token = let_in(live_cast, can_view_dvr=True)
    assert ask(streamer, live_cast, token) == 200
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    for place in range(len(token)):
        other = letters[(letters.find(token[place]) + 1) % len(letters)]
        assert ask(streamer, live_cast, token[:place] + other + token[place + 1 :]) == 403, place
    players = play_token(live_cast.alice, live_cast.gate, sign_in(live_cast.alice))
    assert ask(streamer, live_cast, players) == 200, "a person's own token opens RTSP as well"
    for wrong in (token[2:], "g." + players, token + "A", "g.", f"g.{token}"):
        assert ask(streamer, live_cast, wrong) == 403
    elsewhere = playback.grant_token(grant, live_cast.office)
    assert streamer.may_play(live_cast.office, elsewhere, proto="rtsp").status_code == 403
    assert ask(streamer, live_cast, playback.grant_token(PlaybackGrant(pk=grant.pk + 1), live_cast.gate)) == 403


def test_the_archive_is_open_as_far_as_the_grant_says(streamer: Streamer, live_cast: Cast) -> None:
    _grant, token = let_in(live_cast, can_view_dvr=True)
    _short, short = let_in(live_cast, can_view_dvr=True, dvr_depth_limit=1)
    with domain_scope(live_cast.north):
        live_cast.gate.__class__.objects.filter(pk=live_cast.gate.pk).update(created_at=clock.now() - timedelta(days=9))
    for text, days in ((token, 9), (short, 1)):
        (found,) = streamer.may_play(live_cast.gate, text, proto="rtsp", dvr="true").json()["allowed_dvr_ranges"]
        assert abs(found["opened_at"] - clock.timestamp() + days * 86400) < 60


def test_it_ends_with_its_day_its_row_the_camera_and_privacy(streamer: Streamer, live_cast: Cast) -> None:
    grant, token = let_in(live_cast, expires_at=clock.now() + timedelta(days=1))

    def at(**values: Any) -> int:
        with domain_scope(live_cast.north):
            live_cast.gate.__class__.objects.filter(pk=live_cast.gate.pk).update(**values)
        return ask(streamer, live_cast, token)

    assert ask(streamer, live_cast, token) == 200
    assert [at(is_private=True), at(is_private=False)] == [403, 200]
    assert [at(enabled=False), at(enabled=True)] == [403, 200]
    with domain_scope(live_cast.north):
        PlaybackGrant.objects.update(expires_at=clock.now() - timedelta(seconds=1))
    assert ask(streamer, live_cast, token) == 403
    with domain_scope(live_cast.north):
        PlaybackGrant.objects.update(expires_at=None)
    assert ask(streamer, live_cast, token) == 200
    with domain_scope(live_cast.north):
        playback_grants.revoke_grant(PlaybackGrant.objects.get(pk=grant.pk), acting_user=live_cast.alice)
    assert ask(streamer, live_cast, token) == 403


def test_a_name_used_again_opens_nothing_by_an_old_token(streamer: Streamer, live_cast: Cast) -> None:
    _grant, token = let_in(live_cast)
    with domain_scope(live_cast.north):
        gate = live_cast.gate.__class__.objects.get(pk=live_cast.gate.pk)
        cameras.delete_camera(gate, acting_user=None)
        again = cameras.add_camera(
            live_cast.mill, acting_user=None, title="Gate", name="gate", stream_url="fake://clock"
        )
    assert streamer.may_play(again, token, proto="rtsp").status_code == 403


def test_it_is_seen_watching_by_its_title_and_can_be_ended(streamer: Streamer, live_cast: Cast) -> None:
    grant, token = let_in(live_cast)
    ask(streamer, live_cast, token, session_id="s")

    def look() -> ViewingSession | None:
        with domain_scope(live_cast.north):
            return ViewingSession.objects.first()

    row = eventually(look)
    assert row is not None
    assert (row.user_login, row.protocol, row.holder_id) == ("Police", "rtsp", grant.pk)
    with domain_scope(live_cast.north):
        sessions.end_session(row, acting_user=live_cast.alice)
        assert eventually(lambda: playback_grants.last_used([grant]))
        assert Viewing.objects.get().user_login == "Police"
    assert ask(streamer, live_cast, token, session_id="t") == 403


def test_any_streamer_leads_to_the_one_that_has_the_camera(server: Server, streamer: Streamer, live_cast: Cast) -> None:
    _grant, token = let_in(live_cast)
    with domain_scope(live_cast.north):
        _second, key = streamers.add_streamer(hostname="streamer-2", port=8001)
    asked = {"proto": "rtsp", "token": token, "name": live_cast.gate.media, "host": "video2.example.org:8554"}
    with server.client(key=key) as other:
        answer = other.get(f"{BASE}/auth", params=asked)
        assert (answer.status_code, answer.content) == (302, b"")
        assert answer.headers["Location"] == f"rtsp://video2.example.org:8554/{live_cast.gate.media}"
        assert other.get(f"{BASE}/auth", params={**asked, "token": "g.x"}).status_code == 403
        assert other.get(f"{BASE}/auth", params={**asked, "proto": "hls"}).status_code == 403
        mine = play_token(live_cast.alice, live_cast.gate, sign_in(live_cast.alice))
        assert other.get(f"{BASE}/auth", params={**asked, "token": mine, "proto": "hls"}).status_code == 403
        StreamerRow.objects.filter(pk=live_cast.streamer.pk).update(
            public_url="https://video1.example.org", rtsp_port=554
        )
        answer = other.get(f"{BASE}/auth", params=asked)
        assert answer.headers["Location"] == f"rtsp://video1.example.org:554/{live_cast.gate.media}"
    plain = streamer.may_play(live_cast.gate, token, proto="rtsp", name="gate", host="10.0.0.1")
    assert plain.headers["Location"] == f"rtsp://video1.example.org:554/{live_cast.gate.media}"
    for name in ("office", "tree", "gate~", "~", "a" * 200):
        refused = streamer.may_play(live_cast.gate, token, proto="rtsp", name=name)
        assert refused.status_code in (400, 403), name
