"""Who watches is written down from the streamers' questions, once a person, kind, sign-in and day (item 317)."""

from __future__ import annotations

from datetime import UTC, datetime

from devices import playback
from devices.models import Viewing
from devices.services import viewings
from tenants import clock
from tenants.models import ApiKey, User
from tenants.scoping import domain_scope
from tests.cast import Cast
from tests.eventually import eventually
from tests.hooks.asking import Streamer
from tests.server import play_token, sign_in

HOUR = "from=1790000000&duration=3600"


def _written(cast: Cast, count: int) -> list[Viewing]:
    """The rows, once there are as many."""

    def look() -> list[Viewing]:
        with domain_scope(cast.north):
            rows = list(Viewing.objects.order_by("id"))
        return rows if len(rows) == count else []

    return eventually(look)


def test_watching_is_written_once_a_kind(streamer: Streamer, live_cast: Cast) -> None:
    cast = live_cast
    token = play_token(cast.bob, cast.gate, sign_in(cast.bob))
    for _again in range(3):
        streamer.may_play(cast.gate, token, user_agent="Firefox")
        streamer.may_play(cast.gate, token, dvr="true")
        streamer.may_play(cast.gate, token, proto="mp4", dvr="true", qs=HOUR)
    rows = {row.kind: row for row in _written(cast, 3)}
    assert set(rows) == {"live", "archive", "export"}
    live = rows["live"]
    assert (live.user_login, live.user_id, live.camera_id) == (cast.bob.login, cast.bob.pk, cast.gate.pk)
    assert (live.ip, live.user_agent, live.window) == ("192.0.2.7", "Firefox", None)
    assert live.day == clock.local_date(cast.north.timezone)
    assert rows["export"].window == (1790000000, 1790003600)


def test_each_download_is_a_line_of_its_own(streamer: Streamer, live_cast: Cast) -> None:
    token = play_token(live_cast.bob, live_cast.gate, sign_in(live_cast.bob))
    for part in (HOUR, "from=1790007200&duration=60", "from=nonsense&duration=-1"):
        streamer.may_play(live_cast.gate, token, proto="mp4", dvr="true", qs=part)
    assert {row.detail for row in _written(live_cast, 3)} == {"", "1790000000-3600", "1790007200-60"}


def test_nobody_who_was_refused_has_watched(streamer: Streamer, live_cast: Cast) -> None:
    cast = live_cast
    refused = play_token(cast.bob, cast.office, sign_in(cast.bob))
    live_only = play_token(cast.alice, cast.gate, sign_in(cast.alice), archive=False)
    streamer.may_play(cast.office, refused)
    streamer.may_play(cast.gate, live_only, dvr="true")
    streamer.may_play(cast.gate, live_only, proto="jpeg")
    streamer.may_play(cast.gate, live_only, proto="api", dvr="true")
    streamer.may_play(cast.gate, live_only)
    (row,) = _written(cast, 1)
    assert (row.user_login, row.kind) == (cast.alice.login, "live")


def test_a_system_key_watches_without_a_name(streamer: Streamer, live_cast: Cast) -> None:
    with domain_scope(live_cast.north):
        key = ApiKey.objects.get(user=None)
    nobody = User(pk=0, domain_id=live_cast.north.pk)
    streamer.may_play(live_cast.wheel, playback.Issuer(nobody.pk, key_id=key.pk).token(live_cast.wheel))
    (row,) = _written(live_cast, 1)
    assert (row.user_id, row.user_login) == (0, "")


def test_what_is_older_than_a_year_is_forgotten(cast: Cast) -> None:
    with domain_scope(cast.north):
        now = clock.now()
        for number, at in enumerate((now, now - viewings.KEEP, datetime(2020, 1, 1, tzinfo=UTC))):
            Viewing.objects.create(
                camera=cast.gate, kind="live", holder=1, holder_id=number, day=at.date(), began_at=at, last_at=at
            )
        viewings.forget_old()
        assert [row.holder_id for row in viewings.viewings_of(cast.gate)] == [0]
