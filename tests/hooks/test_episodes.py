"""What streamers are told of protected recordings before they clean up; in any doubt 501 (contracts.md 2.1)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx
import pytest

from devices import episodes
from devices.models import Camera
from devices.services import cameras, presets, protection, streamers
from tenants import clock
from tenants.scoping import domain_scope
from tests.cast import Cast
from tests.hooks.asking import BASE, Streamer

DAY = 86400


def ask(streamer: Streamer, *cameras_asked: Camera | str, **query: Any) -> httpx.Response:
    names = ",".join(one if isinstance(one, str) else one.media for one in cameras_asked)
    path = f"{BASE}/streamers/{streamer.hostname}/episodes"
    return streamer.client.get(path, params={"name": names, **query})


def found(streamer: Streamer, *asked: Camera | str, **query: Any) -> list[tuple[str, str]]:
    answer = ask(streamer, *asked, **query)
    assert answer.status_code == 200, answer.text
    return [(one["media"], one["kind"]) for one in answer.json()["episodes"]]


def protect(cast: Cast, *, ago: float = 0, kind: str = "motion", lock: int | None = None) -> None:
    with domain_scope(cast.north):
        presets.change_preset(cast.basic, acting_user=None, dvr_lock_days=lock)
        camera = Camera.objects.get(name="gate")
        protection.protect_event(camera, clock.now() - timedelta(days=ago), kind=kind)


def test_protected_spans_are_told_in_milliseconds_by_stream(streamer: Streamer, live_cast: Cast) -> None:
    protect(live_cast)
    answer = ask(streamer, live_cast.gate)
    (one,) = answer.json()["episodes"]
    assert one["media"] == live_cast.gate.media
    assert one["closed_at"] - one["opened_at"] == 40_000
    assert abs(one["opened_at"] + 10_000 - clock.timestamp() * 1000) < 60_000
    assert one["updated_at"] >= one["opened_at"]
    assert streamer.streams().headers["X-Config-Server-Episodes"] == "true"


def test_the_window_is_in_seconds(streamer: Streamer, live_cast: Cast) -> None:
    protect(live_cast, ago=1)
    now = int(clock.timestamp())
    assert found(streamer, live_cast.gate, closed_at_gt=now - DAY - 60, opened_at_lt=now - DAY + 60)
    assert not found(streamer, live_cast.gate, closed_at_gt=now - DAY + 60)
    assert not found(streamer, live_cast.gate, opened_at_lt=now - DAY - 60)
    assert found(streamer, media=live_cast.gate.media, name=""), "as newer streamers spell it"


@pytest.mark.parametrize(("lock", "is_told"), [(None, True), (20, True), (19, False), (0, False)])
def test_what_is_kept_no_longer_is_not_told(
    streamer: Streamer, live_cast: Cast, lock: int | None, is_told: bool
) -> None:
    protect(live_cast, ago=19.5, lock=lock)
    assert bool(found(streamer, live_cast.gate)) is is_told


def test_a_camera_that_is_switched_off_or_suspended_keeps_what_is_protected(
    streamer: Streamer, live_cast: Cast
) -> None:
    protect(live_cast)
    with domain_scope(live_cast.north):
        cameras.set_enabled(live_cast.gate, False, acting_user=None)
    live_cast.north.is_active = False
    live_cast.north.save()
    assert found(streamer, live_cast.gate) == [(live_cast.gate.media, "motion")]


def test_cameras_of_another_streamer_and_strangers_are_not_told_of(streamer: Streamer, live_cast: Cast) -> None:
    protect(live_cast)
    assert found(streamer, "nobody~1", live_cast.gate.name + "~999") == []
    _other, key = streamers.add_streamer(hostname="s-other", port=8009)
    headers = {"Authorization": f"Bearer {key}"}
    path = f"{BASE}/streamers/s-other/episodes"
    answer = streamer.client.get(path, params={"name": live_cast.gate.media}, headers=headers)
    assert answer.json() == {"episodes": []}


@pytest.mark.parametrize(
    "query", [{}, {"name": ""}, {"name": "gate"}, {"name": "gate~1", "opened_at_lt": "x"}, {"name": "a~1,b"}]
)
def test_a_question_that_is_not_understood_is_not_answered(streamer: Streamer, query: dict[str, str]) -> None:
    answer = streamer.client.get(f"{BASE}/streamers/{streamer.hostname}/episodes", params=query)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (501, "not_implemented")


def test_names_are_read_all_or_none() -> None:
    assert episodes.names_of("gate~1,yard~2") == [("gate", 1), ("yard", 2)]
    assert episodes.names_of("gate") is None


def test_units_on_the_way_to_the_streamer(streamer: Streamer, live_cast: Cast) -> None:
    for lock, seconds in ((3, 3 * DAY), (None, streamers.FOREVER), (0, None)):
        with domain_scope(live_cast.north):
            presets.change_preset(live_cast.basic, acting_user=None, dvr_depth=0.25, dvr_space=2, dvr_lock_days=lock)
        (gate,) = streamer.streams(name=live_cast.gate.media).json()["streams"]
        wanted = {"expiration": DAY // 4, "storage_limit": 2_000_000_000, "episodes_expiration": seconds}
        assert gate["dvr"] == {key: value for key, value in wanted.items() if value is not None}
