"""Which streamer has which camera: kept as facts from a camera's first moment to its last."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from devices.models import Camera, StreamerSpan
from devices.services import cameras, placements, streamers
from tenants import clock
from tenants.scoping import domain_scope
from tests.cast import Cast


def spans_of(camera_id: int) -> list[StreamerSpan]:
    return list(StreamerSpan.objects.filter(camera_id=camera_id))


def test_where_a_camera_was_is_known_from_its_first_moment_to_its_last(cast: Cast) -> None:
    other, _key = streamers.add_streamer(hostname="streamer-2", port=8002)
    with domain_scope(cast.north):
        gate = Camera.objects.get(name="gate")
        assert [(span.hostname, span.ended_at) for span in spans_of(gate.pk)] == [("streamer-1", None)]
        Camera.objects.filter(pk=gate.pk).update(streamer=other)
        placements.settle([gate.pk])
        camera_id = gate.pk
        cameras.delete_camera(Camera.objects.get(pk=gate.pk), acting_user=cast.alice)
        first, second = spans_of(camera_id)
        assert (first.streamer_id, second.streamer_id) == (cast.streamer.pk, other.pk)
        assert first.ended_at == second.began_at
        assert second.ended_at is not None


def test_a_camera_without_a_streamer_has_no_open_span(cast: Cast) -> None:
    with domain_scope(cast.north):
        gate = Camera.objects.get(name="gate")
        Camera.objects.filter(pk=gate.pk).update(streamer=None)
        placements.settle([gate.pk])
        assert [span.ended_at is None for span in spans_of(gate.pk)] == [False]


def test_settling_twice_changes_nothing_and_a_new_name_is_noted(cast: Cast) -> None:
    with domain_scope(cast.north):
        gate = Camera.objects.get(name="gate")
        placements.settle([gate.pk])
        cameras.change_camera(gate, acting_user=cast.alice, name="portal")
        assert [span.camera_name for span in spans_of(gate.pk)] == ["gate", "portal"]


def test_a_camera_is_in_one_place_at_a_time(cast: Cast) -> None:
    with domain_scope(cast.north):
        gate = Camera.objects.get(name="gate")
        with pytest.raises(IntegrityError), transaction.atomic():
            StreamerSpan.objects.create(
                camera_id=gate.pk, camera_name="gate", streamer_id=1, hostname="elsewhere", began_at=clock.now()
            )
