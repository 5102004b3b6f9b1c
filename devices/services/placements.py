"""Which streamer has which camera, kept as facts: settled after every change of a camera's streamer or name.

One statement each closes the spans that no longer say what is so and opens those that do, for any number of cameras:
the machines' role runs the same statements for cameras of many ISPs at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import connection

from devices.models import Camera, StreamerSpan
from tenants import clock

CLOSE = """
UPDATE devices_streamerspan s SET ended_at = greatest(%(now)s, s.began_at)
FROM devices_camera c LEFT JOIN devices_streamer t ON t.id = c.streamer_id
WHERE c.id = ANY(%(cameras)s) AND s.domain_id = c.domain_id AND s.camera_id = c.id AND s.ended_at IS NULL
    AND (s.streamer_id, s.hostname, s.camera_name) IS DISTINCT FROM (t.id, t.hostname, c.name)
"""
OPEN = """
INSERT INTO devices_streamerspan (domain_id, camera_id, camera_name, streamer_id, hostname, began_at)
SELECT c.domain_id, c.id, c.name, t.id, t.hostname, %(now)s
FROM devices_camera c JOIN devices_streamer t ON t.id = c.streamer_id
WHERE c.id = ANY(%(cameras)s)
    AND NOT EXISTS (SELECT FROM devices_streamerspan s
                    WHERE s.domain_id = c.domain_id AND s.camera_id = c.id AND s.ended_at IS NULL)
"""
SETTLE = (CLOSE, OPEN)


def settle(camera_ids: Sequence[int], *, at: datetime | None = None) -> None:
    """Make the open spans of cameras say where they are now."""
    values: dict[str, Any] = {"cameras": list(camera_ids), "now": at or clock.now()}
    with connection.cursor() as cursor:
        for statement in SETTLE:
            cursor.execute(statement, values)


def end(camera: Camera) -> None:
    """Note that no streamer has a camera any more: it is about to go."""
    StreamerSpan.objects.filter(camera_id=camera.pk, ended_at=None).update(ended_at=clock.now())
