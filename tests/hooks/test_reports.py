"""What streamers report: kept as said, of their own cameras only, and worth a word to browsers only when it changes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import orjson
import psycopg
import pytest

from devices.broadcast import LIVE, status_notices
from devices.models import Camera, CameraStatus
from devices.services import streamers
from tenants.scoping import domain_scope
from tests.cast import Cast
from tests.hooks.asking import BASE, Streamer
from tests.server import Server

FULL = {
    "status": "running",
    "alive": True,
    "ts_delay": 120,
    "bitrate": 400,
    "lifetime": 10_000,
    "opened_at": 1_790_000_000_000,
    "last_dts_at": 1_790_000_010_000,
    "bytes_in": 10,
    "bytes_out": 20,
    "online_clients": 2,
    "error": None,
    "media_info": {"tracks": [{"content": "video", "codec": "h264", "width": 640, "height": 360, "fps": 15}]},
    "dvr_info": {"from": 1_789_000_000, "depth": 1_000_000, "duration": 900_000, "bytes": 5_000_000_000},
}


class News:
    """Everything said on the live channel since the last look."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection
        connection.execute(f"LISTEN {LIVE}")

    def since(self) -> list[dict[str, Any]]:
        self._connection.execute("SELECT 1")
        return [json.loads(notice.payload) for notice in self._connection.notifies(timeout=0)]


@pytest.fixture
def news(fleet_connection: psycopg.Connection) -> News:
    return News(fleet_connection)


def _status(camera: Camera) -> CameraStatus:
    with domain_scope(camera.domain_id):
        found: CameraStatus = CameraStatus.objects.get(camera=camera)
        return found


def test_a_report_is_kept_as_it_was_said(streamer: Streamer, live_cast: Cast) -> None:
    assert streamer.report(live_cast.gate, **FULL).status_code == 204
    status = _status(live_cast.gate)
    assert (status.alive, status.status, status.error_code, status.bitrate) == (True, "running", "", 400)
    assert (status.online_clients, status.opened_at) == (2, datetime.fromtimestamp(1_790_000_000, UTC))
    assert status.media_info == FULL["media_info"]
    assert (status.dvr_from, status.dvr_duration, status.dvr_bytes) == (1_789_000_000, 900_000, 5_000_000_000)
    streamer.report(
        live_cast.gate,
        alive=False,
        status="error",
        error={"code": "unauthorized", "message": "401 Unauthorized"},
        bitrate=0,
    )
    status = _status(live_cast.gate)
    assert (status.alive, status.error_code, status.error_message) == (False, "unauthorized", "401 Unauthorized")


def test_a_password_in_an_error_message_goes_no_further(streamer: Streamer, live_cast: Cast) -> None:
    quoting = "cannot open rtsp://admin:hunter2@10.0.0.5/main: timed out"
    streamer.report(live_cast.gate, alive=False, error={"code": "unreachable", "message": quoting})
    assert _status(live_cast.gate).error_message == "cannot open rtsp://admin:***@10.0.0.5/main: timed out"


def test_only_what_a_viewer_would_see_is_news(streamer: Streamer, live_cast: Cast, news: News) -> None:
    gate, office = live_cast.gate, live_cast.office
    streamer.report(gate)
    assert news.since() == [{"d": gate.domain_id, "c": [gate.pk]}]
    streamer.report(gate, bitrate=512, online_clients=7)
    assert news.since() == []
    error = {"code": "unreachable", "message": "timed out"}
    running = {"status": "running", "alive": True, "error": None}
    streamer.report_all(
        [
            {"name": gate.media, "stats": {"status": "error", "alive": False, "error": error}},
            {"name": office.media, "stats": running},
            {"name": live_cast.tree.media, "stats": running},
        ]
    )
    told = news.since()
    assert sorted((item["d"], sorted(item["c"])) for item in told) == [
        (live_cast.north.pk, sorted([gate.pk, office.pk])),
        (live_cast.south.pk, [live_cast.tree.pk]),
    ]


def test_the_moment_of_a_change_stays_while_nothing_changes(streamer: Streamer, live_cast: Cast) -> None:
    streamer.report(live_cast.gate)
    first = _status(live_cast.gate)
    streamer.report(live_cast.gate, bitrate=5)
    again = _status(live_cast.gate)
    assert again.changed_at == first.changed_at
    assert again.reported_at != first.reported_at
    streamer.report(live_cast.gate, alive=False)
    assert _status(live_cast.gate).changed_at != first.changed_at


def test_a_streamer_speaks_of_its_own_cameras_only(server: Server, streamer: Streamer, live_cast: Cast) -> None:
    other, key = streamers.add_streamer(hostname="streamer-2", port=9001)
    streamer.report(live_cast.gate)
    with server.client(key=key) as client:
        second = Streamer(client, other.hostname)
        assert second.report(live_cast.gate, alive=False).status_code == 204
        assert Streamer(client, "streamer-1").report(live_cast.gate, alive=False).status_code == 403
    assert _status(live_cast.gate).alive is True


ODD: list[Any] = [
    None,
    7,
    "gate",
    [],
    {},
    {"name": "gate~1"},
    {"name": "gate", "stats": {"alive": True}},
    {"name": 5, "stats": {"alive": True}},
    {"name": "gate~1", "stats": []},
    {"name": "gate~99999999999999999999999", "stats": {"alive": True}},
    {"name": "x" * 5000 + "~1", "stats": {"alive": True}},
    {"name": "ga\0te~1", "stats": {"alive": True}},
]
STRANGE: dict[str, Any] = {
    "status": "x\0" * 50,
    "alive": "yes",
    "bitrate": -5,
    "online_clients": 10**30,
    "opened_at": 10**25,
    "error": {"code": "c" * 500, "message": "m\0" * 500},
    "media_info": {"text": "\0", "tracks": "a" * 20_000},
    "dvr_info": {"from": "now", "duration": 1e300, "bytes": True},
}


def test_one_odd_entry_does_not_lose_the_others(streamer: Streamer, live_cast: Cast) -> None:
    good = {"name": live_cast.office.media, "stats": FULL}
    assert streamer.report_all([*ODD, {"name": live_cast.gate.media, "stats": STRANGE}, good]).status_code == 204
    assert _status(live_cast.office).bitrate == 400
    strange = _status(live_cast.gate)
    assert (strange.alive, strange.bitrate, strange.online_clients) == (False, 0, 2**31 - 1)
    assert (strange.media_info, strange.dvr_bytes, strange.dvr_from) == ({}, 0, None)
    assert len(strange.error_code) == 32


def test_a_stream_named_twice_counts_once(streamer: Streamer, live_cast: Cast) -> None:
    twice = [{"name": live_cast.gate.media, "stats": FULL}] * 2
    assert streamer.report_all(twice).status_code == 204
    assert _status(live_cast.gate).alive


def test_what_is_no_report_is_refused(streamer: Streamer, live_cast: Cast) -> None:
    for body in (b"", b"{", b"[]", b'"x"', b"{}", b'{"streams": 5}', b"\xff\xfe", b'{"streams":{}}'):
        answer = streamer.client.post(f"{BASE}/streamers/streamer-1/status", content=body)
        assert answer.status_code == 400, body
        assert answer.json()["errors"][0]["code"] == "bad_request"


def test_a_body_over_five_megabytes_is_not_read(streamer: Streamer, live_cast: Cast) -> None:
    path = f"{BASE}/streamers/streamer-1/status"
    assert streamer.client.post(path, content=b" " * (5 * 1024 * 1024 + 1)).status_code == 413

    def endless() -> Iterator[bytes]:
        yield from (b" " * 65536 for _ in range(100))

    assert streamer.client.post(path, content=endless()).status_code == 413


def test_ten_thousand_ids_fit_into_notices_that_postgresql_takes() -> None:
    changed = [(1, 2**63 - 1 - number) for number in range(10_000)] + [(2, 5)]
    notices = list(status_notices(changed))
    assert max(map(len, notices)) < 8000
    told = [(payload["d"], camera) for payload in map(orjson.loads, notices) for camera in payload["c"]]
    assert told == changed
