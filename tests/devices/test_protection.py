"""What outlives the archive's days: moments kept by hand and events, and who sees and decides it (109, 113, 114)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from devices.models import Camera, CameraStatus, ModeSpan, ProtectedSpan
from devices.services import cameras, presets, protection, storage
from portal import tasks
from tenants import clock
from tenants.models import AuditEntry, FolderPermission, User
from tenants.scoping import domain_scope
from tests.api.v3.calls import as_user, with_key
from tests.cast import Cast

PATH = "streams/gate/dvr/protected"
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def window(began: datetime, seconds: float = 40) -> dict[str, int]:
    return {"opened_at": ms(began), "closed_at": ms(began + timedelta(seconds=seconds))}


def lock(cast: Cast, days: int | None) -> None:
    with domain_scope(cast.north):
        presets.change_preset(cast.basic, acting_user=None, dvr_lock_days=days)


def gate(cast: Cast) -> Camera:
    found: Camera = Camera.objects.select_related("preset").get(name="gate")
    return found


def keep(cast: Cast, user: User, began: datetime) -> Any:
    return as_user(user).post(PATH, window(began))


def test_a_moment_is_kept_told_and_released(cast: Cast) -> None:
    lock(cast, 30)
    now = clock.now()
    with clock.shifted(HOUR):
        made = keep(cast, cast.alice, now).ok(201)
        assert made.items() >= {**window(now), "kind": "manual", "source": cast.alice.login}.items()
        assert as_user(cast.alice).get(PATH).ok()["protected"] == [made]
        assert as_user(cast.bob).get(PATH).ok()["protected"][0]["source"] is None, "he does not run the camera"
        as_user(cast.alice).delete(f"{PATH}/{made['id']}").ok(204)
        as_user(cast.alice).delete(f"{PATH}/{made['id']}").refused(404, "not_found")
        assert as_user(cast.alice).get(PATH).ok()["protected"] == []
    with domain_scope(cast.north):
        entries = AuditEntry.objects.filter(object_type="ProtectedSpan").order_by("id")
        assert [(row.action, row.user_login) for row in entries] == [
            ("create", cast.alice.login), ("delete", cast.alice.login),
        ]  # fmt: skip


def test_only_who_edits_the_camera_keeps_or_releases(cast: Cast) -> None:
    lock(cast, 30)
    now = clock.now()
    with clock.shifted(HOUR):
        number = keep(cast, cast.ian, now).ok(201)["id"]
        keep(cast, cast.bob, now).refused(403, "forbidden")
        as_user(cast.bob).delete(f"{PATH}/{number}").refused(403, "forbidden")
        keep(cast, cast.mallory, now).refused(404, "not_found")
        as_user(cast.sam, "south.localhost").delete(f"{PATH}/{number}").refused(404, "not_found")
        assert with_key(cast.north_key).post(PATH, window(now)).ok(201)["kind"] == "manual"


@pytest.mark.parametrize(
    ("began", "seconds", "pointer"),
    [(0, 0, "closed_at"), (0, 3601, "closed_at"), (3600, 60, "closed_at"), (-90000, 60, "opened_at")],
)
def test_a_window_that_cannot_be_kept_is_refused_by_its_field(
    cast: Cast, began: int, seconds: int, pointer: str
) -> None:
    lock(cast, 30)
    start = clock.now() + timedelta(seconds=began)
    with clock.shifted(HOUR):
        answer = as_user(cast.alice).post(PATH, window(start, seconds))
        answer.refused(400, "validation_error", pointer=f"/{pointer}")
        as_user(cast.alice).post(PATH, {"opened_at": "x", "closed_at": 10**18}).refused(400, "validation_error")
        with domain_scope(cast.north):
            assert not ProtectedSpan.objects.exists()


def test_where_the_preset_keeps_nothing_longer_nothing_is_kept(cast: Cast) -> None:
    lock(cast, 0)
    with clock.shifted(HOUR):
        keep(cast, cast.alice, clock.now() - HOUR / 2).refused(409, "conflict")
        page = cast.client(cast.alice)
        assert "data-keep" not in page.get("/cameras/watch/gate").content.decode()


def test_a_camera_keeps_so_many_moments_by_hand_and_no_more(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    lock(cast, None)
    monkeypatch.setattr(protection, "MOST", 2)
    now = clock.now()
    with clock.shifted(HOUR):
        for _ in range(2):
            keep(cast, cast.alice, now).ok(201)
        keep(cast, cast.alice, now).refused(402, "limit_reached")


def test_an_event_is_kept_from_ten_seconds_before_to_thirty_after(cast: Cast) -> None:
    with domain_scope(cast.north):
        at = clock.now()
        protection.protect_event(gate(cast), at, source="onvif")
        protection.protect_event(gate(cast), at + timedelta(seconds=35))
        protection.protect_event(gate(cast), at + timedelta(seconds=120))
        spans = [(row.began_at - at, row.ended_at - at) for row in ProtectedSpan.objects.all()]
    second = timedelta(seconds=1)
    assert spans == [(-10 * second, 65 * second), (110 * second, 150 * second)]


def test_a_person_cannot_release_what_an_event_keeps(cast: Cast) -> None:
    with domain_scope(cast.north):
        number = protection.protect_event(gate(cast), clock.now()).pk
    as_user(cast.alice).delete(f"{PATH}/{number}").refused(404, "not_found")


def test_the_archive_of_a_viewer_is_as_deep_for_what_is_kept(cast: Cast) -> None:
    """Bob may look back three days; what is kept for longer is not shown to him."""
    lock(cast, None)
    with domain_scope(cast.north):
        at = clock.now() + HOUR
        protection.protect_event(gate(cast), at)
        FolderPermission.objects.filter(user=cast.bob).update(dvr_depth_limit=3)
    with clock.shifted(4 * DAY):
        asked = f"?from={(at - HOUR).timestamp()}&to={(at + HOUR).timestamp()}"
        assert as_user(cast.bob).get(PATH).ok()["protected"] == []
        assert cast.client(cast.bob).get(f"/cameras/reasons/gate{asked}").json()["kept"] == []
        assert len(as_user(cast.alice).get(PATH).ok()["protected"]) == 1
        assert len(cast.client(cast.alice).get(f"/cameras/reasons/gate{asked}").json()["kept"]) == 1


def test_the_timeline_says_what_is_kept_longer(cast: Cast) -> None:
    lock(cast, 30)
    at = clock.now() + HOUR
    with domain_scope(cast.north):
        protection.protect_event(gate(cast), at)
    asked = f"?from={(at - HOUR).timestamp() + 1}&to={(at + HOUR).timestamp()}"
    for days, wanted in ((10, ["retention", "kept", "retention"]), (31, ["retention"])):
        with clock.shifted(days * DAY):
            found = as_user(cast.alice).get(f"streams/gate/dvr/reasons{asked}").ok()["reasons"]
            assert [span["reason"] for span in found] == wanted
            assert "kept" not in wanted or found[1]["duration"] == 40


def test_pages_keep_and_release_and_say_why_not(cast: Cast) -> None:
    lock(cast, 30)
    began = clock.timestamp()
    with clock.shifted(HOUR):
        alice = cast.client(cast.alice)
        assert "data-keep" in alice.get("/cameras/watch/gate").content.decode()
        assert "data-keep" not in cast.client(cast.bob).get("/cameras/watch/gate").content.decode()
        said = alice.post("/cameras/keep/gate", {"from": began, "to": began + 40})
        assert (said.status_code, said.json()["kind"]) == (200, "manual")
        refused = alice.post("/cameras/keep/gate", {"from": began, "to": began})
        assert (refused.status_code, "hour" in refused.json()["message"]) == (400, True)
        with domain_scope(cast.north):
            number = ProtectedSpan.objects.get().pk
        assert f'value="{number}"' in alice.get("/cameras/watch/gate").content.decode()
        assert alice.post("/cameras/release/gate", {"moment": number, "back": "/"}).status_code == 302
        assert alice.post("/cameras/release/gate", {"moment": "x", "back": "/"}).status_code == 404


def test_spans_go_when_their_recordings_have_gone(cast: Cast) -> None:
    lock(cast, 20)
    with domain_scope(cast.north):
        protection.protect_event(gate(cast), clock.now() - 19 * DAY)
        protection.protect_event(gate(cast), clock.now() - 21 * DAY)
    tasks.keep_house()
    with domain_scope(cast.north):
        assert ProtectedSpan.objects.count() == 1
        presets.change_preset(cast.basic, acting_user=None, dvr_lock_days=None)
    with clock.shifted(3000 * DAY):
        tasks.keep_house()
    with domain_scope(cast.north):
        assert ProtectedSpan.objects.count() == 1, "it stays while there is room"
        cameras.delete_camera(gate(cast), acting_user=None)
        assert not ProtectedSpan.objects.exists()


def test_what_is_kept_longer_is_part_of_what_will_be_needed(cast: Cast) -> None:
    with domain_scope(cast.north):
        now = clock.now()
        ModeSpan.objects.filter(camera_id=gate(cast).pk).update(began_at=now - 30 * DAY)
        CameraStatus.objects.update_or_create(
            domain_id=cast.north.pk, camera=gate(cast),
            defaults={"dvr_from": int((now - 3 * DAY).timestamp()), "dvr_duration": 4 * 86400, "alive": True,
                      "dvr_bytes": 4 * storage.GB, "dvr_kept_bytes": storage.GB},
        )  # fmt: skip
        promise = storage.promise()
    assert promise.full_bytes == 8 * storage.GB
    assert [row.name for row in promise.shortages] == ["gate"], "a kept moment of last month hides no shortage"
