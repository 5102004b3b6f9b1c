"""What cameras are told to do, kept as facts (item 301): settled after every change of a camera or of its preset.

One statement each closes the spans that no longer say what is so and opens those that do, for one camera or for all
cameras of a preset alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Q

from devices.models import Camera, ModeSpan, OutageSpan
from tenants import clock
from tenants.models import User

KEEP = timedelta(days=2 * 366)

WANTED = """
WITH wanted AS (
    SELECT c.id, c.domain_id, c.name, c.organization_id, r.dvr_depth, r.dvr_space,
           CASE WHEN NOT c.enabled THEN 'disabled'
                WHEN c.is_private THEN 'privacy'
                WHEN r.dvr_depth = 0 THEN 'live_only'
                WHEN NOT c.static THEN 'on_demand'
                ELSE 'recording' END AS mode
    FROM devices_camera c
    JOIN devices_preset p ON p.id = c.preset_id AND p.domain_id = c.domain_id
    CROSS JOIN LATERAL (
        SELECT CASE WHEN p.is_adjustable THEN c.dvr_depth ELSE p.dvr_depth END AS dvr_depth,
               CASE WHEN p.is_adjustable THEN c.dvr_space ELSE p.dvr_space END AS dvr_space
    ) AS r
    WHERE c.domain_id = %(domain)s AND (c.id = ANY(%(cameras)s) OR c.preset_id = %(preset)s)
)
"""
OTHER = """
s.camera_id = w.id AND s.domain_id = w.domain_id AND s.ended_at IS NULL
    AND (s.mode, s.organization_id, s.camera_name, s.dvr_depth, s.dvr_space)
        IS DISTINCT FROM (w.mode, w.organization_id, w.name, w.dvr_depth, w.dvr_space)
"""
# A span that would be empty never was.
FORGET = f"{WANTED} DELETE FROM devices_modespan s USING wanted w WHERE {OTHER} AND s.began_at >= %(now)s"  # noqa: S608
CLOSE = f"{WANTED} UPDATE devices_modespan s SET ended_at = %(now)s FROM wanted w WHERE {OTHER}"  # noqa: S608
OPEN = f"""{WANTED}
INSERT INTO devices_modespan (
    domain_id, camera_id, camera_name, organization_id, mode, dvr_depth, dvr_space, user_login, began_at)
SELECT w.domain_id, w.id, w.name, w.organization_id, w.mode, w.dvr_depth, w.dvr_space, %(login)s, %(now)s
FROM wanted w
WHERE NOT EXISTS (SELECT FROM devices_modespan s
                  WHERE s.domain_id = w.domain_id AND s.camera_id = w.id AND s.ended_at IS NULL)
"""  # noqa: S608 - constants of this code base


def settle(camera: Camera, *, acting_user: User | None, at: datetime | None = None) -> None:
    """Make a camera's open span say what it is told now."""
    _settle(camera.domain_id, [camera.pk], 0, acting_user, at)


def settle_preset(domain_id: int, preset_id: int, *, acting_user: User | None) -> None:
    """The same for all cameras of a preset that has changed."""
    _settle(domain_id, [], preset_id, acting_user, None)


def _settle(domain_id: int, cameras: Sequence[int], preset: int, acting_user: User | None, at: datetime | None) -> None:
    values: dict[str, Any] = {
        "domain": domain_id, "cameras": list(cameras), "preset": preset, "now": at or clock.now(),
        "login": acting_user.login if acting_user else "",
    }  # fmt: skip
    with connection.cursor() as cursor:
        for statement in (FORGET, CLOSE, OPEN):
            cursor.execute(statement, values)


def end(camera: Camera, *, acting_user: User | None) -> None:
    """Note that a camera is deleted, by whom and when."""
    now = clock.now()
    ModeSpan.objects.filter(camera_id=camera.pk, ended_at=None).update(ended_at=now)
    OutageSpan.objects.filter(camera_id=camera.pk, ended_at=None).update(ended_at=now)
    ModeSpan.objects.create(
        domain_id=camera.domain_id,
        camera_id=camera.pk,
        camera_name=camera.name,
        organization_id=camera.organization_id,
        mode=ModeSpan.Mode.DELETED,
        dvr_depth=0,
        user_login=acting_user.login if acting_user else "",
        began_at=now,
    )


def private_time(
    organization_id: int, camera_ids: Sequence[int], since: datetime, until: datetime
) -> dict[int, timedelta]:
    """How long cameras of an organization were in privacy mode within a window; those that never were are absent."""
    now, spent = clock.now(), dict[int, timedelta]()
    rows = ModeSpan.objects.filter(
        Q(ended_at=None) | Q(ended_at__gt=since), organization_id=organization_id,
        camera_id__in=list(camera_ids), mode=ModeSpan.Mode.PRIVACY,
        began_at__lt=until,
    )  # fmt: skip
    for number, began, ended in rows.values_list("camera_id", "began_at", "ended_at"):
        length = min(ended or now, until, now) - max(began, since)
        spent[number] = spent.get(number, timedelta()) + max(length, timedelta())
    return spent


def forget_old() -> int:
    """Remove outages that ended longer ago than any window that is asked for; returns how many. What a camera was told
    to do stays."""
    return int(OutageSpan.objects.filter(ended_at__lt=clock.now() - KEEP).delete()[0])
