"""Cameras through their services: what is kept, what is counted, what is refused."""

from __future__ import annotations

import pytest
from django.db import connection

from devices.models import Camera, CameraAction, PlaybackGrant, PresetSpan
from devices.services import actions, cameras, playback_grants, presets, replacements
from tenants.errors import Invalid
from tenants.models import AuditEntry
from tenants.scoping import domain_scope
from tests.cast import Cast


def test_a_camera_is_counted_from_its_first_moment_to_its_last(cast: Cast) -> None:
    with domain_scope(cast.north):
        gate = Camera.objects.get(name="gate")
        month = presets.add_preset(acting_user=None, title="Month", dvr_depth=30, is_everywhere=True)
        cameras.change_camera(gate, acting_user=cast.alice, preset=month)
        cameras.set_enabled(gate, False, acting_user=cast.alice)
        camera_id = gate.pk
        cameras.delete_camera(gate, acting_user=cast.alice)
        spans = PresetSpan.objects.filter(camera_id=camera_id).order_by("during")
        assert [span.preset_id for span in spans] == [cast.basic.pk, month.pk]
        assert not any(span.during.upper_inf for span in spans)


def test_every_change_leaves_one_row_that_says_who_and_what(cast: Cast) -> None:
    with domain_scope(cast.north):
        gate = Camera.objects.get(name="gate")
        cameras.change_camera(gate, acting_user=cast.alice, title="Main gate")
        entry = AuditEntry.objects.all()[0]
        assert (entry.user_login, entry.object_id) == ("alice@example.org", "gate")
        assert entry.changed == {"title": ["Gate", "Main gate"]}


def test_a_password_in_a_stream_address_is_never_shown_nor_stored_readable(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PERCH_CAMERA_NETWORKS", "10.0.0.0/8")
    with domain_scope(cast.north):
        gate = Camera.objects.get(name="gate")
        cameras.change_camera(gate, acting_user=cast.alice, stream_url="rtsp://admin:hunter2@10.1.1.1/main")
        shown = cameras.shown(gate.stream_url)
        assert shown == "rtsp://admin:***@10.1.1.1/main"
        cameras.change_camera(gate, acting_user=cast.alice, stream_url=shown)
        assert Camera.objects.get(name="gate").stream_url == "rtsp://admin:hunter2@10.1.1.1/main"
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM devices_camera c WHERE c::text LIKE '%%hunter2%%'")
            assert cursor.fetchone() == (0,)
            cursor.execute("SELECT count(*) FROM tenants_auditentry c WHERE c::text LIKE '%%hunter2%%'")
            assert cursor.fetchone() == (0,)


@pytest.mark.parametrize("url", ["file:///etc/passwd", "rtsp://127.0.0.1/x", "concat:a|b", "", "rtsp://a b/"])
def test_an_address_that_cannot_be_a_camera_is_refused_by_its_field(cast: Cast, url: str) -> None:
    with domain_scope(cast.north):
        gate = Camera.objects.get(name="gate")
        with pytest.raises(Invalid) as refused:
            cameras.change_camera(gate, acting_user=cast.alice, stream_url=url)
        assert refused.value.field == "stream_url"
        assert refused.value.message


def test_what_was_set_up_for_a_camera_stays_behind_when_it_moves_to_another_organization(cast: Cast) -> None:
    with domain_scope(cast.north):
        gate = Camera.objects.get(name="gate")
        playback_grants.add_grant(gate, acting_user=None, title="Guards")
        actions.add_action(gate, acting_user=cast.alice, title="Open", method="GET", url="http://93.184.216.34/")
        replacements.begin(gate, acting_user=cast.alice, stream_url="rtsp://93.184.216.34/new")
        replacements.swap(gate, acting_user=cast.alice, unheard=True)
        gate.refresh_from_db()
        cameras.change_camera(gate, acting_user=cast.nora, organization=cast.mill)
        assert not PlaybackGrant.objects.filter(camera=gate)
        assert not CameraAction.objects.filter(camera=gate)
        assert replacements.history(gate) == []
