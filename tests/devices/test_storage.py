"""The storage promise: what is kept, what will be, and who is told when that is less than was sold (item 316)."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from devices.models import Camera, CameraStatus, ModeSpan, OutageSpan
from devices.services import cameras, presets, storage
from portal import tasks
from tenants import clock
from tenants.models import Message
from tenants.scoping import domain_scope
from tests.api.v3.calls import ADMIN, with_key
from tests.cast import Cast

DAY = timedelta(days=1)


def recorded(
    cast: Cast, name: str, *, since: datetime, began: datetime, gigabytes: float = 7, seconds: int = 0
) -> None:
    """A camera of a preset of seven days that was told to record at some time, with its oldest footage of another."""
    with domain_scope(cast.north):
        camera = Camera.objects.get(name=name)
        ModeSpan.objects.filter(camera_id=camera.pk).update(began_at=began)
        CameraStatus.objects.update_or_create(
            domain_id=cast.north.pk,
            camera=camera,
            defaults={
                "dvr_from": int(since.timestamp()),
                "dvr_duration": seconds or int((clock.now() - since).total_seconds()),
                "dvr_bytes": int(gigabytes * storage.GB),
                "alive": True,
            },
        )


def short(cast: Cast) -> list[str]:
    with domain_scope(cast.north):
        return [row.name for row in storage.promise().shortages]


def test_an_archive_as_long_as_it_was_sold_is_kept(cast: Cast) -> None:
    now = clock.now()
    recorded(cast, "gate", since=now - 7 * DAY, began=now - 30 * DAY)
    recorded(cast, "office", since=now - 6.9 * DAY, began=now - 30 * DAY)  # the hourly clean-up is no breach
    recorded(cast, "wheel", since=now - 2 * DAY, began=now - 2 * DAY)  # nobody owes what was before
    assert short(cast) == []


def test_less_than_that_is_short_for_the_reason_there_is(cast: Cast) -> None:
    now = clock.now()
    recorded(cast, "gate", since=now - 3 * DAY, began=now - 30 * DAY)
    with domain_scope(cast.north):
        presets.change_preset(cast.basic, acting_user=None, dvr_space=10)
    recorded(cast, "office", since=now - 3 * DAY, began=now - 30 * DAY, gigabytes=9.5)
    recorded(cast, "wheel", since=now - 7 * DAY, began=now - 30 * DAY, gigabytes=8)
    with domain_scope(cast.north):
        found = {row.name: row for row in storage.promise().shortages}
    assert found.keys() == {"gate", "office"}
    assert (round(found["gate"].owed / 86400), round((found["gate"].kept or 0) / 86400)) == (7, 3)
    assert not found["gate"].is_by_space
    assert found["office"].is_by_space


def test_a_camera_that_was_down_at_the_edge_is_not_short(cast: Cast) -> None:
    now = clock.now()
    recorded(cast, "gate", since=now - 3 * DAY, began=now - 30 * DAY)
    with domain_scope(cast.north):
        gate = Camera.objects.get(name="gate")
        outage = OutageSpan.objects.create(
            domain_id=cast.north.pk,
            camera_id=gate.pk,
            code="unreachable",
            began_at=now - 9 * DAY,
            ended_at=now - 3 * DAY,
        )
        assert storage.promise().short == 0
        outage.ended_at = now - 5 * DAY
        outage.save()
        assert storage.promise().short == 1
        outage.ended_at = None
        outage.save()
        assert storage.promise().short == 0


@pytest.mark.parametrize("how", ["off", "private", "live only", "on demand"])
def test_what_does_not_record_is_promised_nothing(cast: Cast, how: str) -> None:
    now = clock.now()
    with domain_scope(cast.north):
        gate = Camera.objects.select_related("organization", "preset").get(name="gate")
        if how == "private":
            cameras.set_privacy(gate, True, acting_user=cast.alice)
        elif how == "live only":
            bare = presets.add_preset(acting_user=None, title="Live")
            cameras.change_camera(gate, acting_user=None, preset=bare)
        else:
            cameras.change_camera(gate, acting_user=None, **({"enabled": False} if how == "off" else {"static": False}))
    recorded(cast, "gate", since=now - DAY, began=now - 30 * DAY)
    assert short(cast) == []


def test_the_forecast_is_the_rate_of_now_over_all_days_within_the_gigabytes(cast: Cast) -> None:
    now = clock.now()
    recorded(cast, "gate", since=now - DAY, began=now - DAY, gigabytes=10, seconds=86_400)  # ten a day, seven days
    with domain_scope(cast.north):
        rows = {row.title: row for row in storage.promise().holdings}
    assert round(rows["Harbour"].full_bytes / storage.GB) == 70
    assert (rows["Harbour"].cameras, rows["Mill"].cameras, rows["Mill"].full_bytes) == (2, 1, 0)
    with domain_scope(cast.north):
        presets.change_preset(cast.basic, acting_user=None, dvr_space=20)
        assert round(storage.promise().full_bytes / storage.GB) == 20


def test_administrators_are_told_once_until_they_have_read_it(cast: Cast) -> None:
    now = clock.now()
    recorded(cast, "gate", since=now - DAY, began=now - 30 * DAY)
    tasks.watch_storage()
    tasks.watch_storage()
    nora = cast.client(cast.nora)
    page = nora.get("/cameras/").content.decode()
    assert page.count("1 camera keeps less archive than its preset promises.") == 1
    assert "keeps less archive" not in cast.client(cast.alice).get("/cameras/").content.decode()
    with domain_scope(cast.north):
        assert Message.objects.count() == 1
    with domain_scope(cast.south):
        assert not Message.objects.exists()
    nora.post("/messages/read")
    tasks.watch_storage()
    with domain_scope(cast.north):
        assert Message.objects.count() == 2, "read, and still so"


def test_the_page_and_the_api_say_the_same(cast: Cast) -> None:
    now = clock.now()
    recorded(cast, "gate", since=now - 3 * DAY, began=now - 30 * DAY, gigabytes=3)
    page = cast.client(cast.nora).get("/storage/").content.decode()
    assert "The streamer made room on its disk, or lost it." in page
    assert ">7 d<" in page
    said = with_key(cast.north_key, base=ADMIN).get("storage").ok()
    assert (said["cameras"], said["short"], said["bytes"]) == (3, 1, 3 * storage.GB)
    assert [row["name"] for row in said["short_streams"]] == ["gate"]
    assert said["short_streams"][0]["reason"] == "disk"
    only = cast.client(cast.nora).get("/storage/?short=1").content.decode()
    assert "Harbour" in only
    assert ">Mill<" not in only


def test_an_isp_without_archive_is_told_what_to_do(cast: Cast) -> None:
    with domain_scope(cast.north):
        presets.change_preset(cast.basic, acting_user=None, dvr_depth=0)
    assert "Nothing is recorded" in cast.client(cast.nora).get("/storage/").content.decode()


def test_days_that_were_raised_are_owed_as_they_pass(cast: Cast) -> None:
    now = clock.now()
    recorded(cast, "gate", since=now - 7 * DAY, began=now - 30 * DAY)
    with domain_scope(cast.north):
        presets.change_preset(cast.basic, acting_user=None, dvr_depth=14)
        assert storage.promise().short == 0, "the older week had gone already"
        with clock.shifted(5 * DAY):
            CameraStatus.objects.update(dvr_from=int((now - 2 * DAY).timestamp()))
            gate = next(row for row in storage.promise().shortages if row.name == "gate")
        assert (round(gate.owed / 86400), round((gate.kept or 0) / 86400)) == (12, 7)


def test_a_pause_is_no_debt_and_ends_none(cast: Cast) -> None:
    """Ten hours of privacy three days ago: footage of before is owed all the same, that of the pause is not."""
    now = clock.now()
    recorded(cast, "gate", since=now - 7 * DAY, began=now - 30 * DAY)
    with domain_scope(cast.north):
        gate = Camera.objects.select_related("organization").get(name="gate")
        for hours, private in ((80, True), (70, False)):
            with clock.shifted(timedelta(hours=-hours)):
                cameras.set_privacy(gate, private, acting_user=cast.alice)
        assert storage.promise().short == 0
        CameraStatus.objects.update(dvr_from=int((now - timedelta(hours=70)).timestamp()))
        assert storage.promise().short == 1
