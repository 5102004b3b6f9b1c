"""How many cameras one person watches at the same time, where the preset says so (docs/rights.md)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx
import pytest

from devices import playback
from devices.models import Camera, Preset, ViewingSession
from devices.services import cameras, playback_grants, presets, sessions
from tenants import clock
from tenants.models import ApiKey
from tenants.scoping import domain_scope
from tests.cast import Cast
from tests.eventually import eventually
from tests.hooks.asking import Streamer
from tests.server import play_token, sign_in


def limit(cast: Cast, number: int | None) -> None:
    with domain_scope(cast.north):
        presets.change_preset(Preset.objects.get(pk=cast.basic.pk), acting_user=None, max_streams=number)


@pytest.fixture
def shed(live_cast: Cast) -> Camera:
    """A third camera of the Harbour, under the same preset."""
    with domain_scope(live_cast.north):
        return cameras.add_camera(
            live_cast.harbour, acting_user=None, title="Shed", name="shed", stream_url="fake://clock",
            preset=live_cast.basic,
        )  # fmt: skip


class Viewer:
    """Somebody with one sign-in; each camera is one player unless it is told otherwise."""

    def __init__(self, streamer: Streamer, cast: Cast, user: Any) -> None:
        self.streamer, self.cast, self.user, self.browser = streamer, cast, user, sign_in(user)

    def ask(self, camera: Camera, **more: str) -> httpx.Response:
        said = {"session_id": f"{self.user.pk}-{camera.name}", **more}
        return self.streamer.may_play(camera, play_token(self.user, camera, self.browser), **said)

    def watch(self, camera: Camera, **more: str) -> int:
        """The status, once who watches has been written."""
        answer = self.ask(camera, **more)
        if answer.status_code == 200:
            eventually(lambda: self.sees(camera))
        return answer.status_code

    def sees(self, camera: Camera, players: int = 1) -> bool:
        with domain_scope(self.cast.north):
            return sessions.alive().filter(user_id=self.user.pk, camera=camera).count() == players


@pytest.fixture
def alice(streamer: Streamer, live_cast: Cast) -> Viewer:
    return Viewer(streamer, live_cast, live_cast.alice)


def reason(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["errors"][0]["code"]


def test_the_newest_is_refused_and_the_others_go_on(alice: Viewer, live_cast: Cast, shed: Camera) -> None:
    limit(live_cast, 2)
    assert [alice.watch(camera) for camera in (live_cast.gate, live_cast.office)] == [200, 200]
    answer = alice.ask(shed)
    assert reason(answer) == (403, "too_many_streams")
    assert answer.json()["errors"][0]["title"].startswith("You are watching as many cameras")
    assert answer.headers["X-AuthDuration"] == "5"
    assert alice.ask(shed, dvr="true").status_code == 403, "the archive is watched, too"
    again = {"request_type": "update_session"}
    assert [alice.watch(camera, **again) for camera in (live_cast.gate, live_cast.office)] == [200, 200]


def test_a_second_player_a_picture_and_a_file_are_not_one_more(alice: Viewer, live_cast: Cast) -> None:
    limit(live_cast, 1)
    gate, office = live_cast.gate, live_cast.office
    assert alice.watch(gate) == 200
    assert alice.ask(gate, session_id="other tab").status_code == 200
    assert alice.ask(gate, session_id="archive", dvr="true").status_code == 200
    assert alice.ask(office, proto="jpeg").status_code == 200
    assert alice.ask(office, proto="mp4", dvr="true", session_id="file").status_code == 200
    assert alice.ask(office).status_code == 403
    other = Viewer(alice.streamer, live_cast, live_cast.alice)
    assert other.ask(office).status_code == 403, "a second device of the same person"
    eventually(lambda: alice.sees(gate, 3) and alice.sees(office), seconds=30)
    with domain_scope(live_cast.north):
        ViewingSession.objects.filter(camera=gate).update(last_at=clock.now() - sessions.SILENT)
    assert alice.ask(office).status_code == 200, "what was closed is free again"


def test_others_and_cameras_without_a_limit_are_not_counted(alice: Viewer, live_cast: Cast, shed: Camera) -> None:
    limit(live_cast, 1)
    with domain_scope(live_cast.north):
        free = presets.add_preset(acting_user=None, title="Free", is_everywhere=True)
        row = Camera.objects.select_related("preset", "folder", "organization").get(pk=shed.pk)
        cameras.change_camera(row, acting_user=None, preset=free)
        key = ApiKey.objects.get(user=None)
        grant = playback_grants.add_grant(live_cast.office, acting_user=None, title="Police")
    assert alice.watch(shed) == 200
    assert alice.watch(live_cast.gate) == 200, "one without a limit and one with"
    assert alice.ask(live_cast.office).status_code == 403
    bob = Viewer(alice.streamer, live_cast, live_cast.bob)
    assert bob.ask(live_cast.gate).status_code == 200
    nora = Viewer(alice.streamer, live_cast, live_cast.nora)
    assert [nora.watch(camera) for camera in (live_cast.gate, live_cast.office)] == [200, 200], "administrators"
    for camera in (live_cast.gate, live_cast.office):
        token = playback.Issuer(0, key_id=key.pk).token(camera)
        assert alice.streamer.may_play(camera, token, session_id=f"key-{camera.name}").status_code == 200
    third = playback.grant_token(grant, live_cast.office)
    assert alice.streamer.may_play(live_cast.office, third, proto="rtsp").status_code == 200


def test_of_two_begun_at_once_the_later_stops_at_its_next_question(alice: Viewer, live_cast: Cast) -> None:
    gate, office = live_cast.gate, live_cast.office
    assert [alice.watch(office), alice.watch(gate)] == [200, 200]
    limit(live_cast, 1)
    with domain_scope(live_cast.north):
        ViewingSession.objects.filter(camera=gate).update(began_at=clock.now() - timedelta(seconds=3))
        ViewingSession.objects.filter(camera=office).update(began_at=clock.now() - timedelta(seconds=2))
    assert [alice.ask(camera).status_code for camera in (gate, office)] == [200, 403]
    limit(live_cast, None)
    assert alice.ask(office).status_code == 200
