"""What a streamer is told to run, how cheaply it learns that nothing changed; and doubt never looks like an order."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import psycopg
import pytest

from devices.models import Camera, StreamerSpan
from devices.models import Streamer as StreamerRow
from devices.playback import Issuer
from devices.services import cameras, placements, presets, streamers
from tenants import clock
from tenants.models import Domain, UserSession
from tenants.scoping import domain_scope
from tests.cast import NORTH, SOUTH, Cast
from tests.hooks.asking import BASE, Streamer
from tests.server import Server, sign_in

WEEK = 7 * 24 * 3600
FOREVER = streamers.FOREVER  # the cast's presets keep what is protected while there is room


def _names(streamer: Streamer) -> set[str]:
    return {stream["name"] for stream in streamer.streams().json()["streams"]}


def test_a_streamer_learns_everything_it_has_to_run(
    streamer: Streamer, live_cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PERCH_CAMERA_NETWORKS", "10.0.0.0/8")
    cast = live_cast
    with domain_scope(cast.north):
        cameras.change_camera(
            Camera.objects.get(name="gate"),
            acting_user=None,
            stream_url="rtsp://user:päss@10.0.0.5/main",
            substream_url="rtsp://user:päss@10.0.0.5/sub",
            static=False,
            thumbnails=False,
            video_only=True,
            transcode_audio=True,
        )
    answer = streamer.streams()
    assert answer.headers["X-Config-Server-Separate-Endpoints"] == "true"
    assert answer.headers["X-Config-Server-Dynamic-Streams"] == "false"
    body = answer.json()
    assert body["hosts"] == {NORTH: cast.north.pk, SOUTH: cast.south.pk}
    assert body["estimated_count"] == 4
    assert "next" not in body
    found = {stream["name"]: stream for stream in body["streams"]}
    assert found[f"gate~{cast.north.pk}"] == {
        "name": f"gate~{cast.north.pk}",
        "title": "Gate",
        "static": False,
        "inputs": [
            {"url": "rtsp://user:päss@10.0.0.5/main"},
            {"url": "rtsp://user:päss@10.0.0.5/sub", "rendition": "sub"},
        ],
        "thumbnails": {"enabled": False},
        "video_only": True,
        "transcode_audio": True,
        "dvr": {"expiration": WEEK, "episodes_expiration": FOREVER},
    }
    assert found[f"tree~{cast.south.pk}"]["dvr"] == {"expiration": 30 * 24 * 3600, "episodes_expiration": FOREVER}


def test_the_archive_follows_the_preset_or_the_camera_when_the_preset_lets_it(
    streamer: Streamer, live_cast: Cast
) -> None:
    with domain_scope(live_cast.north):
        free = presets.add_preset(
            acting_user=None, title="Free", dvr_depth=3, dvr_space=10, is_adjustable=True, is_everywhere=True
        )
        gate = Camera.objects.get(name="gate")
        cameras.change_camera(gate, acting_user=None, preset=free)
        cameras.change_camera(gate, acting_user=None, dvr_depth=1.5)
        none = presets.add_preset(acting_user=None, title="Live only", dvr_depth=0, is_everywhere=True)
        cameras.change_camera(Camera.objects.get(name="office"), acting_user=None, preset=none)
    found = {stream["title"]: stream for stream in streamer.streams().json()["streams"]}
    kept = {"episodes_expiration": FOREVER}
    assert found["Gate"]["dvr"] == {**kept, "expiration": 129_600, "storage_limit": 10_000_000_000}
    assert "dvr" not in found["Office"]
    with domain_scope(live_cast.north):
        presets.change_preset(live_cast.basic, acting_user=None, dvr_depth=14, dvr_space=100)
    found = {stream["title"]: stream for stream in streamer.streams().json()["streams"]}
    assert found["Wheel"]["dvr"] == {**kept, "expiration": 2 * WEEK, "storage_limit": 100_000_000_000}


def _token(cast: Cast) -> str:
    sign_in(cast.alice)
    with domain_scope(cast.north):
        number = UserSession.objects.get(user=cast.alice).pk
    return Issuer(cast.alice.pk, session_id=number).token(cast.gate)


def _move(cast: Cast) -> str:
    """The gate moves to another streamer, whose key is returned."""
    row, key = streamers.add_streamer(hostname="s-new", port=8002, public_url="https://new.example.org")
    with domain_scope(cast.north):
        Camera.objects.filter(name="gate").update(streamer=row)
        placements.settle([cast.gate.pk])
    return key


def test_a_camera_that_moved_is_an_archive_where_it_was_and_has_a_peer_where_it_is(
    streamer: Streamer, live_cast: Cast, server: Server
) -> None:
    before = streamer.streams().headers["ETag"]
    key = _move(live_cast)
    answer = streamer.streams(before)
    found = {stream["name"]: stream for stream in answer.json()["streams"]}
    gate = found[live_cast.gate.media]
    assert (gate["archive_only"], gate["inputs"], gate["static"]) == (True, [], False)
    assert gate["dvr"]["expiration"] == WEEK
    with server.client(key=key) as client:
        (now,) = Streamer(client, "s-new").streams().json()["streams"]
    (peer,) = now["dvr"]["peers"]
    assert now["inputs"]
    assert (peer["url"], peer["port"]) == (live_cast.streamer.public_url, live_cast.streamer.port)
    assert peer["from"] <= live_cast.gate.created_at.timestamp() + 1
    assert peer["until"] >= peer["from"]
    with domain_scope(live_cast.north):
        presets.change_preset(live_cast.basic, acting_user=None, dvr_lock_days=0)
        StreamerSpan.objects.filter(ended_at__isnull=False).update(ended_at=clock.now() - timedelta(days=8))
        cameras.change_camera(Camera.objects.get(name="gate"), acting_user=None, comment="a change of the version")
    assert live_cast.gate.media not in _names(streamer), "its archive is over"
    with server.client(key=key) as client:
        assert "peers" not in Streamer(client, "s-new").streams().json()["streams"][0]["dvr"]


def test_where_a_camera_was_its_archive_may_be_watched_and_nothing_else(
    streamer: Streamer, live_cast: Cast, server: Server
) -> None:
    token = _token(live_cast)
    assert streamer.may_play(live_cast.gate, token).status_code == 200
    key = _move(live_cast)
    assert streamer.may_play(live_cast.gate, token).status_code == 403
    assert streamer.may_play(live_cast.gate, token, dvr="true").status_code == 200
    assert streamer.may_play(live_cast.office, token, dvr="true").status_code == 403
    with server.client(key=key) as client:
        new = Streamer(client, "s-new")
        assert new.may_play(live_cast.gate, token).status_code == 200
        assert new.may_play(live_cast.office, token, dvr="true").status_code == 403
    with domain_scope(live_cast.north):
        cameras.set_privacy(Camera.objects.get(name="gate"), True, acting_user=live_cast.alice)
    assert streamer.may_play(live_cast.gate, token, dvr="true").status_code == 403


def test_switched_off_deleted_and_suspended_cameras_are_left_out(streamer: Streamer, live_cast: Cast) -> None:
    north, south = live_cast.north.pk, live_cast.south.pk
    assert _names(streamer) == {f"gate~{north}", f"office~{north}", f"wheel~{north}", f"tree~{south}"}
    with domain_scope(live_cast.north):
        cameras.set_enabled(Camera.objects.get(name="gate"), False, acting_user=None)
        cameras.delete_camera(Camera.objects.get(name="office"), acting_user=None)
    assert _names(streamer) == {f"wheel~{north}", f"tree~{south}"}
    with domain_scope(live_cast.north):
        cameras.set_enabled(Camera.objects.get(name="gate"), True, acting_user=None)
        cameras.set_privacy(Camera.objects.get(name="gate"), True, acting_user=live_cast.alice)
    assert _names(streamer) == {f"wheel~{north}", f"tree~{south}"}, "in privacy mode it does not run"
    south_row = Domain.objects.get(pk=south)
    south_row.is_active = False
    south_row.save()
    answer = streamer.streams().json()
    assert {stream["name"] for stream in answer["streams"]} == {f"wheel~{north}"}
    assert answer["hosts"] == {NORTH: north}


def test_nothing_is_sent_when_nothing_changed(streamer: Streamer, live_cast: Cast) -> None:
    first = streamer.streams()
    etag = first.headers["ETag"]
    again = streamer.streams(etag)
    assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", etag)
    streamer.report(live_cast.gate)
    assert streamer.streams(etag).status_code == 304, "a status is no change of what has to run"
    with domain_scope(live_cast.north):
        cameras.change_camera(Camera.objects.get(name="gate"), acting_user=None, title="Front gate")
    changed = streamer.streams(etag)
    assert changed.status_code == 200
    assert changed.headers["ETag"] != etag
    assert "Front gate" in changed.text


def test_a_rolled_back_change_changes_nothing(streamer: Streamer, live_cast: Cast) -> None:
    etag = streamer.streams().headers["ETag"]
    with pytest.raises(RuntimeError, match="changed my mind"), domain_scope(live_cast.north):
        cameras.change_camera(Camera.objects.get(name="gate"), acting_user=None, title="Never")
        raise RuntimeError("changed my mind")
    assert streamer.streams(etag).status_code == 304


def test_many_streams_come_in_pages_without_a_gap(streamer: Streamer, live_cast: Cast) -> None:
    with domain_scope(live_cast.north):
        gate = Camera.objects.get(name="gate")
        copies = [
            Camera(
                domain_id=gate.domain_id, name=f"copy-{number}", title="Copy", organization_id=gate.organization_id,
                folder_id=gate.folder_id, preset_id=gate.preset_id, streamer_id=gate.streamer_id,
            )
            for number in range(2100)
        ]  # fmt: skip
        for copy in copies:
            copy.stream_url = "fake://clock"
        Camera.objects.bulk_create(copies)
    pages, cursor = [], ""
    while True:
        body = streamer.streams(**({"cursor": cursor} if cursor else {})).json()
        pages.append([stream["name"] for stream in body["streams"]])
        cursor = body.get("next", "")
        if not cursor:
            break
    assert [len(page) for page in pages] == [1000, 1000, 104]
    assert len({name for page in pages for name in page}) == 2104
    for wrong in ("x", "AAAA", "!!", "AAAAAAAAAAAAAAAA"):
        assert streamer.streams(cursor=wrong).status_code == 400


def test_streams_may_be_asked_for_by_name(streamer: Streamer, live_cast: Cast) -> None:
    north = live_cast.north.pk
    body = streamer.streams(name=f"gate~{north},wheel~{north},nothing~{north}").json()
    assert {stream["title"] for stream in body["streams"]} == {"Gate", "Wheel"}
    answer = streamer.client.get(f"{BASE}/streamers/streamer-1/update-streams", params={"name": f"gate~{north}"})
    assert [stream["title"] for stream in answer.json()["streams"]] == ["Gate"]


def test_only_the_streamer_itself_is_told(server: Server, streamer: Streamer, live_cast: Cast) -> None:
    other, key = streamers.add_streamer(hostname="streamer-2", port=9001)
    path = f"{BASE}/streamers/streamer-1/streams"
    for shown, status in (("", 401), ("wrong", 403), (key, 403), (live_cast.north_key, 403)):
        with server.client(key=shown) as stranger:
            answer = stranger.get(path)
            assert (answer.status_code, "rtsp" in answer.text) == (status, False)
    with server.client(live_cast.nora) as admin:
        assert admin.get(path).status_code == 401
    with server.client(key=key) as second:
        assert second.get(f"{BASE}/streamers/{other.hostname}/streams").json()["streams"] == []
        assert second.get(f"{BASE}/streamers/unknown/streams").status_code == 404


def test_a_new_key_ends_the_old_one_and_every_kept_answer(server: Server, streamer: Streamer, live_cast: Cast) -> None:
    etag = streamer.streams().headers["ETag"]
    streamers.ensure_streamer(hostname="streamer-1", port=8001, key="a new key of the streamer")
    assert streamer.streams(etag).status_code == 403
    with server.client(key="a new key of the streamer") as client:
        assert Streamer(client, "streamer-1").streams(etag).status_code == 200


def test_whoever_asks_is_seen_but_not_noted_every_time(
    streamer: Streamer, live_cast: Cast, superuser_connection: psycopg.Connection
) -> None:
    def seen() -> object:
        return StreamerRow.objects.get(pk=live_cast.streamer.pk).last_seen_at

    assert seen() is None
    streamer.streams()
    first = seen()
    assert first is not None
    streamer.streams()
    assert seen() == first
    superuser_connection.execute("UPDATE devices_streamer SET last_seen_at = last_seen_at - interval '11 s'")
    streamer.streams()
    assert seen() > first  # type: ignore[operator]  # instants


def test_addresses_that_no_key_opens_stop_nobody(
    streamer: Streamer, live_cast: Cast, superuser_connection: psycopg.Connection
) -> None:
    superuser_connection.execute("UPDATE devices_camera SET stream_url_sealed = 'k1.AAAA' WHERE name = 'gate'")
    assert len(_names(streamer)) == 3, "one damaged row is left out"
    superuser_connection.execute("UPDATE devices_camera SET stream_url_sealed = 'k1.AAAA'")
    assert streamer.streams().status_code == 503, "a lost key is no order to stop everything"


def test_a_thousand_questions_at_once_get_one_answer(streamer: Streamer, live_cast: Cast) -> None:
    def ask(number: int) -> str:
        if number == 20:
            with domain_scope(live_cast.north):
                cameras.change_camera(Camera.objects.get(name="gate"), acting_user=None, title="Changed")
        answer = streamer.streams()
        return answer.headers["ETag"] + json.dumps(answer.json())

    with ThreadPoolExecutor(8) as pool:
        answers = set(pool.map(ask, range(100)))
    assert len(answers) == 2, "before and after; one version never has two contents"
