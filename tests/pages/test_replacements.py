"""A new camera in a broken one's place: tried by the streamer, then it takes over, and all but the device stays."""

from __future__ import annotations

import html

import pytest
from django.test import Client

from devices.models import Camera, CameraReplacement, ModeSpan, PresetSpan
from tenants.models import AuditEntry
from tenants.scoping import domain_scope
from tests.cast import Cast
from tests.hooks.asking import Streamer, streamer

__all__ = ["streamer"]
PAGE, STATE = "/cameras/replace/gate", "/cameras/replacing/gate"
NEW = {
    "step": "check", "stream_url": "rtsp://u:pa55word@93.184.216.34/new", "agent_model": "Dome 4",
    "agent_serial": "S-2",
}  # fmt: skip


def gate(cast: Cast) -> Camera:
    with domain_scope(cast.north):
        found: Camera = Camera.objects.get(name="gate")
        return found


def trial(cast: Cast) -> CameraReplacement:
    with domain_scope(cast.north):
        found: CameraReplacement = CameraReplacement.objects.get()
        return found


def begun(cast: Cast) -> Client:
    """Alice at her browser, who tries a new camera."""
    client = cast.client(cast.alice)
    assert client.post(PAGE, NEW).status_code == 302
    return client


def heard(cast: Cast, state: str, **more: object) -> None:
    """What the streamer said of the trial."""
    with domain_scope(cast.north):
        CameraReplacement.objects.update(state=state, **more)


def page(client: Client) -> str:
    return html.unescape(client.get(PAGE).content.decode())


def test_nothing_changes_before_somebody_says_so(cast: Cast) -> None:
    client = begun(cast)
    assert gate(cast).stream_url == "fake://clock"
    assert 'data-trial="checking"' in client.get(STATE).content.decode()
    assert client.post(PAGE, {"step": "swap"}).status_code == 302
    assert gate(cast).stream_url == "fake://clock"
    assert "The new camera has not answered." in page(client)


def test_the_new_camera_takes_over_and_all_but_the_device_stays(cast: Cast) -> None:
    with domain_scope(cast.north):
        spans = list(PresetSpan.objects.order_by("pk").values_list("pk", "during"))
        modes = list(ModeSpan.objects.order_by("pk").values_list("pk", "ended_at"))
    client = begun(cast)
    tracks = [{"content": "video", "codec": "h264", "width": 1920, "height": 1080}]
    heard(cast, "answered", media_info={"tracks": tracks})
    assert "1920×1080" in client.get(STATE).content.decode()
    client.post(PAGE, {"step": "swap"})
    found = gate(cast)
    assert (found.stream_url, found.agent_model, found.agent_serial) == (NEW["stream_url"], "Dome 4", "S-2")
    assert (found.pk, found.title, found.preset_id, found.folder_id) == (
        cast.gate.pk, "Gate", cast.basic.pk, cast.yard.pk,
    )  # fmt: skip
    with domain_scope(cast.north):
        assert list(PresetSpan.objects.order_by("pk").values_list("pk", "during")) == spans
        assert list(ModeSpan.objects.order_by("pk").values_list("pk", "ended_at")) == modes
        told = AuditEntry.objects.filter(object_type="Camera", object_id="gate").latest("pk")
    assert told.user_login == "alice@example.org"
    assert told.changed["stream_url_sealed"] == ["***", "***"]
    shown = page(client)
    assert "rtsp://u:***@93.184.216.34/new" in shown
    assert "Dome 4" in shown
    assert "pa55word" not in shown


def test_a_swap_is_taken_back_once(cast: Cast) -> None:
    client = begun(cast)
    heard(cast, "answered")
    client.post(PAGE, {"step": "swap"})
    number = trial(cast).pk
    assert client.post(PAGE, {"step": "undo", "replacement": number}).status_code == 302
    assert (gate(cast).stream_url, gate(cast).agent_serial) == ("fake://clock", "")
    assert "Taken back" in page(client)
    assert client.post(PAGE, {"step": "undo", "replacement": number}).status_code == 404


def test_one_that_does_not_answer_says_why_and_may_be_meant(cast: Cast) -> None:
    client = begun(cast)
    heard(cast, "failed", error_code="unauthorized")
    assert "The camera refused the login or password." in client.get(STATE).content.decode()
    client.post(PAGE, {"step": "swap", "unheard": "1"})
    assert gate(cast).stream_url == NEW["stream_url"]


def test_another_address_ends_the_trial(cast: Cast) -> None:
    client = begun(cast)
    client.post(PAGE, {"step": "drop"})
    with domain_scope(cast.north):
        assert not CameraReplacement.objects.exists()
    assert 'name="stream_url"' in page(client)
    assert client.post(PAGE, {"step": "swap"}).status_code == 404


@pytest.mark.parametrize("url", ["", "file:///etc/passwd", "rtsp://127.0.0.1/x", "rtsp://u:***@93.184.216.34/y"])
def test_a_bad_address_is_refused_beside_its_field(cast: Cast, url: str) -> None:
    client = cast.client(cast.alice)
    assert client.post(PAGE, {**NEW, "stream_url": url}).status_code == 422
    with domain_scope(cast.north):
        assert not CameraReplacement.objects.exists()


def test_nobody_is_tried_in_privacy_mode(cast: Cast) -> None:
    client = cast.client(cast.alice)
    client.post("/cameras/privacy/gate", {"is_private": "1", "back": "/cameras/"})
    assert client.post(PAGE, NEW).status_code == 422
    with domain_scope(cast.north):
        assert not CameraReplacement.objects.exists()


def test_viewers_and_strangers_replace_nothing(cast: Cast) -> None:
    for user, status in ((cast.bob, 403), (cast.mallory, 404)):
        assert cast.client(user).post(PAGE, NEW).status_code == status
        assert cast.client(user).get(STATE).status_code == status


def test_its_streamer_tries_it_without_archive_and_ends_with_the_first_word(
    streamer: Streamer, live_cast: Cast
) -> None:
    client = begun(live_cast)
    before = streamer.streams().json()["streams"]
    [entry] = [stream for stream in before if stream["name"].startswith("trial-")]
    assert entry["inputs"] == [{"url": NEW["stream_url"]}]
    assert "dvr" not in entry
    assert entry["name"].endswith(f"~{live_cast.north.pk}")
    streamer.report(entry["name"], alive=False, status="waiting")
    assert trial(live_cast).state == "checking"
    tracks = [{"content": "video", "codec": "h264", "width": 640, "height": 360}]
    assert streamer.report(entry["name"], media_info={"tracks": tracks}).status_code == 204
    assert trial(live_cast).state == "answered"
    after = streamer.streams().json()["streams"]
    assert entry["name"] not in [stream["name"] for stream in after]
    assert "640×360" in client.get(STATE).content.decode()


def test_privacy_mode_ends_a_trial_at_its_streamer(streamer: Streamer, live_cast: Cast) -> None:
    client = begun(live_cast)
    client.post("/cameras/privacy/gate", {"is_private": "1", "back": "/cameras/"})
    names = [stream["name"] for stream in streamer.streams().json()["streams"]]
    assert not [name for name in names if name.startswith(("trial-", "gate~"))]


def test_a_streamer_speaks_of_its_own_trials_only(streamer: Streamer, live_cast: Cast) -> None:
    begun(live_cast)
    with domain_scope(live_cast.north):
        CameraReplacement.objects.update(streamer=None)
        name = f"trial-{CameraReplacement.objects.get().secret_id}~{live_cast.north.pk}"
    streamer.report(name)
    assert trial(live_cast).state == "checking"
