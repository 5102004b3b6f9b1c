"""Where a camera belongs, and putting one there at once when it is added or its rule changes; the rest of the fleet
follows by itself (devices.moves)."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Count, F, Q

from devices.models import Camera, Streamer, StreamerSpan
from devices.placement import Machine, Placed, Rule, first_choice, health, may_be, plan
from tenants import clock


def place(camera: Camera) -> None:
    """Choose the streamer of a camera by its rule, if it has none or may not stay; the caller saves it."""
    rule, machines = rule_of(camera), fleet()
    here = next((one for one in machines if one.id == camera.streamer_id), None)
    if here is None or not may_be(rule, here):
        camera.streamer_id, camera.home_id = first_choice(machines, rule), None
        return
    for move in plan(machines, [Placed(camera.pk, rule, camera.streamer_id, camera.home_id)]):
        camera.streamer_id, camera.home_id = move.target, move.home


def rule_of(camera: Camera) -> Rule:
    """A camera's own zone, else its preset's; and the labels of its preset."""
    preset = camera.preset
    by = camera if camera.zone_id else preset
    labels = frozenset(preset.labels.items())
    if by.zone is None:
        return Rule(labels=labels)
    return Rule(by.zone_id, by.zone_mode == "required", labels, by.zone.returns)


def fleet() -> list[Machine]:
    """The streamers as they were last counted, with what this ISP added to them since."""
    rows = list(Streamer.objects.filter(role=Streamer.Role.STREAMER).prefetch_related("zones").order_by("id"))
    return _machines(rows, _added(rows))


def _added(rows: Iterable[Streamer]) -> dict[int, int]:
    """How many cameras came to each streamer after it was counted."""
    since = Q()
    for row in rows:
        since |= Q(streamer_id=row.pk, began_at__gt=row.counted_at) if row.counted_at else Q(streamer_id=row.pk)
    found = StreamerSpan.objects.filter(since, ended_at=None).order_by()
    return dict(found.values("streamer_id").annotate(n=Count("pk")).values_list("streamer_id", F("n")))


def _machines(rows: Iterable[Streamer], added: dict[int, int]) -> list[Machine]:
    now = clock.now()
    return [
        Machine(
            id=row.pk,
            health=health(now, row.last_seen_at, row.steady_since, row.losses, row.lost_at),
            zones=frozenset(zone.pk for zone in row.zones.all()),
            labels=frozenset(row.labels.items()),
            is_default=row.is_default,
            channel_limit=row.channel_limit,
            bandwidth=row.total_bandwidth,
            channels=row.figures.get("cameras", 0) + added.get(row.pk, 0),
            kilobits=row.figures.get("bitrate", 0),
        )
        for row in rows
    ]
