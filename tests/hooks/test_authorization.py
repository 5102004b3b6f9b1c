"""The playback hook: who may have which stream now, and how soon a lost right is felt."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from devices import playback
from devices.models import Camera
from devices.services import cameras, grants, streamers
from portal.sessions import SessionStore
from tenants import clock
from tenants.models import ApiKey, Domain, FolderPermission, Organization, User, UserSession
from tenants.scoping import domain_scope
from tenants.services import folders, keys, memberships, organizations, users
from tests.cast import Cast
from tests.eventually import eventually
from tests.hooks.asking import BASE, Streamer
from tests.server import Server, play_token, sign_in

DAY = 24 * 3600
NO_ARCHIVE: dict[str, Any] = {"allowed_dvr_ranges": []}


def _since(camera: Camera) -> dict[str, Any]:
    """All there is: since the camera was added."""
    return {"allowed_dvr_ranges": [{"opened_at": int(camera.created_at.timestamp())}]}


def _allowed(streamer: Streamer, user: User, camera: Camera) -> int:
    return streamer.may_play(camera, play_token(user, camera, sign_in(user))).status_code


def test_each_of_the_cast_may_watch_what_is_his_and_nothing_else(streamer: Streamer, live_cast: Cast) -> None:
    cast = live_cast
    may = {
        "nora": {"gate", "office", "wheel"},
        "ada": set(),
        "alice": {"gate", "office"},
        "bob": {"gate"},
        "ian": set(),
        "charlie": set(),
        "mallory": {"wheel"},
    }
    for name, allowed in may.items():
        for camera in (cast.gate, cast.office, cast.wheel):
            answer = _allowed(streamer, getattr(cast, name), camera)
            assert answer == (200 if camera.name in allowed else 403), f"{name} at {camera.name}"
    assert _allowed(streamer, cast.olga, cast.tree) == 200
    assert _allowed(streamer, cast.sam, cast.tree) == 200


def test_an_answer_says_how_long_it_holds_and_for_whom(streamer: Streamer, live_cast: Cast) -> None:
    token = play_token(live_cast.alice, live_cast.gate, sign_in(live_cast.alice))
    answer = streamer.may_play(live_cast.gate, token)
    assert answer.headers["X-AuthDuration"] == "5"
    assert answer.headers["X-UserId"] == str(live_cast.alice.pk)
    refused = streamer.may_play(live_cast.gate, "nonsense")
    assert (refused.status_code, refused.headers["X-AuthDuration"]) == (403, "5")
    assert refused.json()["errors"][0]["code"] == "forbidden"


def test_the_archive_is_open_as_far_back_as_the_viewer_may_look(streamer: Streamer, live_cast: Cast) -> None:
    cast = live_cast
    assert streamer.may_play(cast.gate, play_token(cast.alice, cast.gate, sign_in(cast.alice))).json() == _since(
        cast.gate
    )
    bobs = play_token(cast.bob, cast.gate, sign_in(cast.bob))
    ranges = streamer.may_play(cast.gate, bobs).json()["allowed_dvr_ranges"]
    assert ranges == _since(cast.gate)["allowed_dvr_ranges"], "the camera is younger than a week"
    with domain_scope(cast.north):
        memberships.grant_folder(cast.yard, acting_user=None, user=cast.bob, can_view_dvr=False)
    assert streamer.may_play(cast.gate, bobs).json() == NO_ARCHIVE
    with domain_scope(cast.north):
        memberships.grant_folder(cast.yard, acting_user=None, user=cast.bob, can_view_dvr=True, dvr_depth_limit=None)
    assert streamer.may_play(cast.gate, bobs).json() == _since(cast.gate)


def test_an_old_camera_opens_as_many_days_as_were_granted(streamer: Streamer, live_cast: Cast) -> None:
    with domain_scope(live_cast.north):
        Camera.objects.filter(pk=live_cast.gate.pk).update(created_at=clock.now() - timedelta(days=90))
    bobs = play_token(live_cast.bob, live_cast.gate, sign_in(live_cast.bob))
    ranges = streamer.may_play(live_cast.gate, bobs).json()["allowed_dvr_ranges"]
    assert abs(ranges[0]["opened_at"] - (clock.timestamp() - 7 * DAY)) < 60


def test_a_name_used_again_opens_nothing_that_was_recorded_before(streamer: Streamer, live_cast: Cast) -> None:
    with domain_scope(live_cast.north):
        cameras.delete_camera(Camera.objects.get(pk=live_cast.gate.pk), acting_user=None)
        again = cameras.add_camera(
            live_cast.mill, acting_user=None, title="Gate", name="gate", stream_url="fake://clock"
        )
    ranges = streamer.may_play(again, play_token(live_cast.mallory, again, sign_in(live_cast.mallory))).json()
    assert ranges["allowed_dvr_ranges"][0]["opened_at"] >= int(live_cast.gate.created_at.timestamp())
    assert ranges == _since(again)


def test_a_token_for_live_video_never_opens_the_archive(streamer: Streamer, live_cast: Cast) -> None:
    token = play_token(live_cast.alice, live_cast.gate, sign_in(live_cast.alice), archive=False)
    assert streamer.may_play(live_cast.gate, token, dvr="true").json() == NO_ARCHIVE


def test_a_token_opens_its_own_camera_only(streamer: Streamer, live_cast: Cast) -> None:
    cast = live_cast
    token = play_token(cast.nora, cast.gate, sign_in(cast.nora))
    assert streamer.may_play(cast.gate, token).status_code == 200
    assert streamer.may_play(cast.office, token).status_code == 403
    for name in (
        "gate",
        f"gate~{cast.south.pk}",
        "gate~",
        "~1",
        f"gate~{cast.north.pk}~1",
        "gate~99999999999999999999",
    ):
        assert streamer.may_play(cast.gate, token, name=name).status_code in (400, 403), name


def test_the_same_name_at_another_isp_is_another_camera(streamer: Streamer, live_cast: Cast) -> None:
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
    ours = play_token(cast.nora, cast.gate, sign_in(cast.nora))
    assert streamer.may_play(theirs, ours).status_code == 403
    assert streamer.may_play(cast.gate, ours).status_code == 200
    foreign = playback.Issuer(cast.nora.pk, session_id=1).token(theirs)
    assert streamer.may_play(theirs, foreign).status_code == 403


def test_a_token_altered_anywhere_opens_nothing(streamer: Streamer, live_cast: Cast) -> None:
    token = play_token(live_cast.alice, live_cast.gate, sign_in(live_cast.alice))
    assert streamer.may_play(live_cast.gate, token).status_code == 200
    for place in range(len(token)):
        other = "B" if token[place] == "A" else "A"
        altered = token[:place] + other + token[place + 1 :]
        assert streamer.may_play(live_cast.gate, altered).status_code == 403, f"letter {place}"
    for altered in (token[:-1], token[1:], token + "A", token + "=", token.upper(), "", "a" * 5000):
        assert streamer.may_play(live_cast.gate, altered).status_code == 403


def test_a_token_of_another_purpose_opens_nothing(streamer: Streamer, live_cast: Cast) -> None:
    cast, key = live_cast, sign_in(live_cast.alice)
    row = UserSession.objects
    with domain_scope(cast.north):
        number = row.get(user=cast.alice).pk
    other = playback.Issuer(cast.alice.pk, session_id=number, purpose="embed").token(cast.gate)
    playing = playback.Issuer(cast.alice.pk, session_id=number).token(cast.gate)
    assert streamer.may_play(cast.gate, playing).status_code == 200
    for token in (other, key, cast.north_key, cast.streamer_key):
        assert streamer.may_play(cast.gate, token).status_code == 403


def test_a_token_ends_after_two_hours_whatever_it_was_asked_for(streamer: Streamer, live_cast: Cast) -> None:
    cast = live_cast
    with domain_scope(cast.north):
        sign_in(cast.alice)
        number = UserSession.objects.get(user=cast.alice).pk
    with clock.shifted(timedelta(hours=-2, seconds=-1)):
        old = playback.Issuer(cast.alice.pk, session_id=number, lifetime=10 * DAY).token(cast.gate)
    with clock.shifted(timedelta(hours=-2, seconds=60)):
        young = playback.Issuer(cast.alice.pk, session_id=number, lifetime=10 * DAY).token(cast.gate)
    assert streamer.may_play(cast.gate, old).status_code == 403
    assert streamer.may_play(cast.gate, young).status_code == 200


def _log_out(cast: Cast, session_key: str) -> None:
    SessionStore(session_key).delete()


def _sign_in_too_often(cast: Cast, session_key: str) -> None:
    users.change_user(cast.bob, acting_user=None, max_sessions=1)
    sign_in(cast.bob)


def _expire(cast: Cast, session_key: str) -> None:
    UserSession.objects.filter(user=cast.bob).update(expires_at=clock.now())


def _leave(cast: Cast, session_key: str) -> None:
    memberships.remove_member(memberships.membership_of(cast.harbour, cast.bob), acting_user=None)


REVOCATIONS: dict[str, Callable[[Cast, str], object]] = {
    "logout": _log_out,
    "session evicted": _sign_in_too_often,
    "session expired": _expire,
    "password changed": lambda cast, _: users.change_user(cast.bob, acting_user=None, password="another long one 7"),
    "user blocked": lambda cast, _: users.change_user(cast.bob, acting_user=None, is_active=False),
    "user deleted": lambda cast, _: users.delete_user(cast.bob, acting_user=None),
    "folder right taken": lambda cast, _: memberships.revoke_folder(
        FolderPermission.objects.get(user=cast.bob), acting_user=None
    ),
    "left the organization": _leave,
    "camera switched off": lambda cast, _: cameras.set_enabled(cast.gate, False, acting_user=None),
    "privacy mode": lambda cast, _: cameras.set_privacy(cast.gate, True, acting_user=cast.alice),
    "camera deleted": lambda cast, _: cameras.delete_camera(cast.gate, acting_user=None),
    "camera moved to another folder": lambda cast, _: cameras.change_camera(
        cast.gate, acting_user=None, folder=folders.root(cast.harbour)
    ),
    "camera moved to another streamer": lambda cast, _: Camera.objects.filter(pk=cast.gate.pk).update(streamer=None),
    "ISP suspended": lambda cast, _: Domain.objects.filter(pk=cast.north.pk).update(is_active=False),
}


@pytest.mark.parametrize("how", REVOCATIONS)
def test_a_right_that_is_gone_is_refused_at_the_next_question(streamer: Streamer, live_cast: Cast, how: str) -> None:
    cast, session_key = live_cast, sign_in(live_cast.bob)
    token = play_token(cast.bob, cast.gate, session_key)
    assert streamer.may_play(cast.gate, token).status_code == 200
    with domain_scope(cast.north):
        REVOCATIONS[how](cast, session_key)
    assert streamer.may_play(cast.gate, token).status_code == 403


def test_an_owner_who_is_replaced_sees_no_more(streamer: Streamer, live_cast: Cast) -> None:
    token = play_token(live_cast.alice, live_cast.gate, sign_in(live_cast.alice))
    with domain_scope(live_cast.north):
        harbour = Organization.objects.get(pk=live_cast.harbour.pk)
        organizations.change_organization(harbour, acting_user=None, owner=live_cast.charlie)
    assert streamer.may_play(live_cast.gate, token).status_code == 403


def test_a_token_made_with_a_key_lives_as_long_as_the_key(streamer: Streamer, live_cast: Cast) -> None:
    cast = live_cast
    with domain_scope(cast.north):
        system = ApiKey.objects.get(user=None)
        mine, _text = keys.add_key(acting_user=None, user=cast.bob)
        nobody = User(pk=0, domain_id=cast.north.pk)
    by_system = playback.Issuer(nobody.pk, key_id=system.pk).token(cast.wheel)
    for_bob = playback.Issuer(cast.bob.pk, key_id=system.pk).token(cast.gate)
    by_bob = playback.Issuer(cast.bob.pk, key_id=mine.pk).token(cast.gate)
    assert [
        streamer.may_play(camera, token).status_code
        for camera, token in ((cast.wheel, by_system), (cast.gate, for_bob), (cast.gate, by_bob))
    ] == [200, 200, 200]
    with domain_scope(cast.north):
        keys.delete_key(mine, acting_user=None)
    assert streamer.may_play(cast.gate, by_bob).status_code == 403
    with domain_scope(cast.north):
        keys.delete_key(system, acting_user=None)
    assert streamer.may_play(cast.gate, for_bob).status_code == 403
    assert streamer.may_play(cast.wheel, by_system).status_code == 403


def test_a_token_made_with_a_key_ends_with_its_last_day_and_with_its_right_to_video(
    streamer: Streamer, live_cast: Cast
) -> None:
    cast = live_cast
    with domain_scope(cast.north):
        key, _text = keys.add_key(acting_user=None, user=cast.bob, expires_at=clock.now() + timedelta(days=1))
    token = playback.Issuer(cast.bob.pk, key_id=key.pk).token(cast.gate)

    def answer(**limits: Any) -> int:
        with domain_scope(cast.north):
            ApiKey.objects.filter(pk=key.pk).update(**limits)
        return streamer.may_play(cast.gate, token).status_code

    assert answer() == 200
    assert answer(expires_at=clock.now() - timedelta(seconds=1)) == 403
    assert answer(expires_at=None) == 200
    assert answer(rights=["read"]) == 403
    assert answer(rights=["read", "video"]) == 200


def test_a_key_does_not_lend_itself_to_others(streamer: Streamer, live_cast: Cast) -> None:
    cast = live_cast
    with domain_scope(cast.north):
        bobs, _text = keys.add_key(acting_user=None, user=cast.bob)
    with domain_scope(cast.south):
        theirs = ApiKey.objects.get(user=None)
    nobody = User(pk=0, domain_id=cast.north.pk)
    for user, key_id in ((cast.alice, bobs.pk), (nobody, bobs.pk), (nobody, theirs.pk), (cast.alice, theirs.pk)):
        assert streamer.may_play(cast.gate, playback.Issuer(user.pk, key_id=key_id).token(cast.gate)).status_code == 403
    session = sign_in(cast.bob)
    with domain_scope(cast.north):
        number = UserSession.objects.get(user=cast.bob).pk
    assert session
    for user in (cast.alice, nobody):
        token = playback.Issuer(user.pk, session_id=number).token(cast.gate)
        assert streamer.may_play(cast.gate, token).status_code == 403


def test_only_streamers_may_ask(server: Server, streamer: Streamer, live_cast: Cast) -> None:
    cast = live_cast
    token = play_token(cast.alice, cast.gate, sign_in(cast.alice))
    query = {"name": cast.gate.media, "token": token}
    for key in ("wrong", cast.north_key, cast.streamer_key[:-1], ""):
        with server.client(key=key) as stranger:
            assert stranger.get(f"{BASE}/auth", params=query).status_code == 401, key
    with server.client(cast.nora) as browser:
        assert browser.get(f"{BASE}/auth", params=query).status_code == 401


def test_a_streamer_may_ask_for_its_own_cameras_only(server: Server, live_cast: Cast) -> None:
    cast = live_cast
    other, key = streamers.add_streamer(hostname="streamer-2", port=9001)
    token = play_token(cast.alice, cast.gate, sign_in(cast.alice))
    with server.client(key=key) as client:
        stranger = Streamer(client, other.hostname)
        assert stranger.may_play(cast.gate, token).status_code == 403
        with domain_scope(cast.north):
            Camera.objects.filter(pk=cast.gate.pk).update(streamer=other)
        assert stranger.may_play(cast.gate, token).status_code == 200


def test_the_door_answers_whoever_knocks_wrongly_in_its_own_words(server: Server, live_cast: Cast) -> None:
    with server.client(key=live_cast.streamer_key) as client:
        answers = {
            ("GET", f"{BASE}/auth"): 400,
            ("POST", f"{BASE}/auth"): 405,
            ("GET", f"{BASE}/nothing"): 404,
            ("GET", f"{BASE}/streamers/streamer-1"): 404,
            ("GET", f"{BASE}/streamers/streamer-1/status"): 405,
            ("DELETE", f"{BASE}/streamers/streamer-1/streams"): 405,
            ("GET", f"{BASE}/streamers/streamer-1/episodes"): 501,
            ("GET", f"{BASE}/streamers//streams"): 404,
        }
        for (method, path), status in answers.items():
            answer = client.request(method, path)
            assert answer.status_code == status, (method, path)
            assert answer.json()["errors"][0]["status"] == str(status)


def test_files_of_the_archive_need_a_right_of_their_own(streamer: Streamer, live_cast: Cast) -> None:
    cast = live_cast
    token = play_token(cast.bob, cast.gate, sign_in(cast.bob))
    assert streamer.may_play(cast.gate, token, proto="mp4", dvr="true").status_code == 200
    with domain_scope(cast.north):
        memberships.grant_folder(cast.yard, acting_user=None, user=cast.bob, can_export=False)
    refused = streamer.may_play(cast.gate, token, proto="mp4", dvr="true")
    assert (refused.status_code, refused.headers["X-AuthDuration"]) == (403, "5")
    watched = streamer.may_play(cast.gate, token, dvr="true")
    assert (watched.status_code, len(watched.json()["allowed_dvr_ranges"])) == (200, 1)


def test_a_right_that_ends_by_the_clock_is_refused_from_then_on(streamer: Streamer, live_cast: Cast) -> None:
    cast = live_cast
    token = play_token(cast.bob, cast.gate, sign_in(cast.bob))
    with domain_scope(cast.north):
        soon = clock.now() + timedelta(seconds=4)
        memberships.grant_folder(cast.yard, acting_user=None, user=cast.bob, valid_until=soon)
    assert streamer.may_play(cast.gate, token).status_code == 200
    eventually(lambda: streamer.may_play(cast.gate, token).status_code == 403, seconds=10)
    assert clock.now() >= soon
    with domain_scope(cast.north):
        tomorrow = 1 << ((clock.now().astimezone(cast.north.zone).weekday() + 2) % 7)
        memberships.grant_folder(cast.yard, acting_user=None, user=cast.bob, valid_until=None, days=tomorrow)
    assert streamer.may_play(cast.gate, token).status_code == 403
    with domain_scope(cast.north):
        memberships.grant_folder(cast.yard, acting_user=None, user=cast.bob, days=127)
    assert streamer.may_play(cast.gate, token).status_code == 200


def test_a_right_on_one_camera_plays_that_camera(streamer: Streamer, live_cast: Cast) -> None:
    cast = live_cast
    token = play_token(cast.bob, cast.office, sign_in(cast.bob))
    assert streamer.may_play(cast.office, token).status_code == 403
    with domain_scope(cast.north):
        row = grants.grant_camera(cast.office, acting_user=None, user=cast.bob)
    assert streamer.may_play(cast.office, token).json() == NO_ARCHIVE
    with domain_scope(cast.north):
        grants.revoke_camera(row, acting_user=None)
    assert streamer.may_play(cast.office, token).status_code == 403
