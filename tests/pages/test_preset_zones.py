"""Nora says on a preset's page where its cameras are recorded (item 106)."""

from __future__ import annotations

from devices.models import Preset
from devices.services import streamers, zones
from tenants.scoping import domain_scope
from tests.cast import Cast

FORM = {"title": "Week", "dvr_depth": "7", "is_everywhere": "on"}


def stored(cast: Cast) -> Preset:
    with domain_scope(cast.north):
        found: Preset = Preset.objects.select_related("zone").get(pk=cast.basic.pk)
        return found


def test_a_preset_asks_for_a_zone_and_for_labels(cast: Cast) -> None:
    ring = zones.add_zone(name="ring", title="North ring")
    streamers.add_streamer(hostname="streamer-2", port=8002, zones=[ring], labels={"gpu": "yes"})
    nora, path = cast.client(cast.nora), f"/presets/{cast.basic.pk}"
    assert "North ring" in nora.get(path).content.decode()
    form = {**FORM, "zone": ring.pk, "zone_mode": "required", "labels": "gpu=yes"}
    assert nora.post(path, form).status_code == 302
    preset = stored(cast)
    assert (preset.zone, preset.zone_mode, preset.labels) == (ring, "required", {"gpu": "yes"})
    answer = nora.get(path)
    assert answer.context["form"]["zone"].value() == ring.pk
    assert "gpu=yes" in answer.content.decode()
    assert nora.post(path, FORM).status_code == 302
    preset = stored(cast)
    assert (preset.zone, preset.zone_mode, preset.labels) == (None, "preferred", {})


def test_a_label_that_is_none_stands_by_its_field(cast: Cast) -> None:
    zones.add_zone(name="ring", title="North ring")
    answer = cast.client(cast.nora).post(f"/presets/{cast.basic.pk}", {**FORM, "labels": "what is this?=no"})
    assert answer.status_code == 422
    assert answer.context["form"].errors.keys() == {"labels"}


def test_without_zones_nothing_is_asked_and_what_is_stored_stays(cast: Cast) -> None:
    with domain_scope(cast.north):
        Preset.objects.filter(pk=cast.basic.pk).update(labels={"gpu": "yes"})
    nora, path = cast.client(cast.nora), f"/presets/{cast.basic.pk}"
    assert 'name="zone"' not in nora.get(path).content.decode()
    assert nora.post(path, FORM).status_code == 302
    assert stored(cast).labels == {"gpu": "yes"}
