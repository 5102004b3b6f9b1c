"""A television set plays by v3 as its public clients do: a token in the address, refreshed when 401 comes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from devices import playback
from devices.models import Camera, CameraStatus
from tenants import clock
from tenants.scoping import domain_scope
from tests.api.v3.calls import Caller, as_user, basic, bearer, nobody
from tests.cast import NORTH, Cast


class Television:
    """It keeps a pair of tokens and knows one rule: on 401 get the next pair, and ask again."""

    def __init__(self, login: str) -> None:
        self.pair = nobody().post("login", **basic(login)).ok()
        self.renewals = 0

    def get(self, path: str) -> Any:
        """A GET with the token in the address."""
        join = "&" if "?" in path else "?"
        answer = nobody().get(f"{path}{join}token={self.pair['access_token']}")
        if answer.status == 401:
            self.renewals += 1
            self.pair = nobody().post("login", **bearer(self.pair["refresh_token"])).ok()
            answer = nobody().get(f"{path}{join}token={self.pair['access_token']}")
        return answer.ok()


def _on_air(cast: Cast) -> None:
    with domain_scope(cast.north):
        camera = Camera.objects.get(name="gate")
        now = clock.now()
        CameraStatus.objects.update_or_create(
            domain_id=camera.domain_id,
            camera=camera,
            defaults={
                "alive": True, "status": "running", "bitrate": 400, "online_clients": 2, "reported_at": now,
                "opened_at": now - timedelta(minutes=5), "dvr_from": int(now.timestamp()) - 3600, "dvr_duration": 3000,
                "dvr_bytes": 10**9, "media_info": {"tracks": [{"content": "video", "codec": "h264"}]},
            },
        )  # fmt: skip


def test_an_evening_in_front_of_the_television(cast: Cast) -> None:
    _on_air(cast)
    television = Television("bob@example.org")
    (stream,) = television.get("streams?select=name,title,stats,permissions&sort=-stats.bitrate")["streams"]
    stats = stream["stats"]
    assert (stream["name"], stats["alive"], stats["status"], stats["bitrate"]) == ("gate", True, "running", 400)
    assert 300_000 <= stats["lifetime"] < 400_000, "milliseconds"
    assert stats["streaming_endpoint"] == "http://north.localhost:8001"
    said = playback.open_token(stats["playback_token"])
    assert (said.user_id, said.camera_id) == (cast.bob.pk, cast.gate.pk)
    assert (stats["dvr_info"]["duration"], stats["dvr_info"]["bytes"]) == (3000, 10**9)
    with clock.shifted(timedelta(hours=1)):
        television.get("streams/gate")
        television.get("profile")
    assert television.renewals == 1


def test_the_television_is_switched_off_from_the_sofa(cast: Cast) -> None:
    """Bob ends its session on his telephone: the token is dead at once, and so is what it was to be renewed with."""
    television = Television("bob@example.org")
    television.get("streams")
    telephone = as_user(cast.bob)
    rows = telephone.get("profile/sessions").ok()["sessions"]
    (other,) = [row for row in rows if not row["is_current"]]
    telephone.delete(f"profile/sessions/{other['id']}").ok(204)
    nobody().get(f"streams?token={television.pair['access_token']}").refused(401, "wrong_credentials")
    nobody().post("login", **bearer(television.pair["refresh_token"])).refused(401, "unauthenticated")


def test_a_dark_camera_says_so_and_gives_no_numbers(cast: Cast) -> None:
    bob = as_user(cast.bob)
    stats = bob.get("streams/gate").ok()["stats"]
    assert (stats["alive"], stats["bitrate"], stats["lifetime"], stats["dvr_info"]) == (False, None, None, None)
    _on_air(cast)
    with clock.shifted(timedelta(minutes=5)):  # the streamer has not spoken since
        stats = as_user(cast.bob).get("streams/gate").ok()["stats"]
    assert (stats["alive"], stats["bitrate"]) == (False, None)


def test_whoever_edits_but_may_not_watch_gets_no_way_to_play(cast: Cast) -> None:
    stats = as_user(cast.ian).get("streams/gate").ok()["stats"]
    assert (stats["playback_token"], stats["streaming_endpoint"], stats["dvr_info"]) == (None, None, None)
    caller: Caller = as_user(cast.alice)
    assert caller.host == NORTH
    assert caller.get("streams/gate").ok()["stats"]["playback_token"]
