"""Cameras as an API lists them: everything about a camera in one row, a page in one statement.

Instances with `select_related` cost five times as much (measured.md), and every client asks for this list first. The
statement names the ISP explicitly and runs inside its scope: both walls hold.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from devices.access import KNOWN as KNOWN_CAMERAS
from devices.models import CameraWord
from tenants import clock
from tenants.models import User
from tenants.scoping import current_domain_id
from tenants.statements import prepared_cursor
from tenants.words import LAST, sorted_out

# A report older than this many seconds says nothing about now: the streamer reports every 10 s.
FRESH = 60.0


class CameraRow(NamedTuple):
    """One camera with its preset, status, streamer, last change and one user's marks; the order is that of `PAGE`.

    Instants are Unix seconds: Django reads timestamps in Python, and three of them a row cost more than all else.
    """

    pk: int
    domain_id: int
    name: str
    title: str
    comment: str
    organization_id: int
    folder_id: int
    preset_id: int
    streamer_id: int | None
    enabled: bool
    is_private: bool
    static: bool
    secret_id: str
    stream_url_sealed: str
    substream_url_sealed: str
    video_only: bool
    transcode_audio: bool
    thumbnails: bool
    thumbnails_url: str
    coordinates: str
    postal_address: str
    dvr_depth: float
    dvr_lock_days: int | None
    dvr_space: int | None
    precise_thumbnails_days: int
    motion_detector_enabled: bool
    vision_alg: str
    vision_areas: str
    onvif_url: str
    onvif_profile: str
    onvif_ptz: bool
    agent_id: str
    agent_model: str
    agent_serial: str
    external_id: str
    folder_coordinates: str
    preset_title: str
    preset_is_default: bool
    preset_is_adjustable: bool
    preset_is_deleted: bool
    preset_dvr_depth: float
    preset_dvr_lock_days: int | None
    preset_dvr_space: int | None
    preset_max_streams: int | None
    preset_precise_thumbnails_days: int
    vision_enabled: bool | None
    preset_vision_alg: str
    vision_gpu: int | None
    preset_vision_areas: str
    vision_params: Any
    alive: bool | None
    error_code: str | None
    bitrate: int | None
    opened_at: float | None
    reported_at: float | None
    streamer_hostname: str | None
    streamer_url: str | None
    streamer_port: int | None
    favorite: bool | None
    motion_alarm: bool | None
    has_actions: bool
    change_action: str | None
    change_login: str | None
    change_fields: Any
    change_at: float | None
    change_ip: str | None
    change_agent: str | None

    def is_fresh(self, now: float) -> bool:
        """Whether the camera runs and the streamer spoke of it lately."""
        runs = self.enabled and not self.is_private
        return runs and self.reported_at is not None and now - self.reported_at < FRESH


PAGE = """
SELECT c.id, c.domain_id, c.name, c.title, c.comment, c.organization_id, c.folder_id, c.preset_id, c.streamer_id,
       c.enabled, c.is_private, c.static, c.secret_id, c.stream_url_sealed, c.substream_url_sealed, c.video_only,
       c.transcode_audio, c.thumbnails, c.thumbnails_url, c.coordinates, c.postal_address, c.dvr_depth,
       c.dvr_lock_days, c.dvr_space,
       c.precise_thumbnails_days, c.motion_detector_enabled, c.vision_alg, c.vision_areas, c.onvif_url, c.onvif_profile,
       c.onvif_ptz, c.agent_id, c.agent_model, c.agent_serial, c.external_id, f.coordinates,
       p.title, p.is_default, p.is_adjustable, p.is_deleted, p.dvr_depth, p.dvr_lock_days, p.dvr_space,
       p.max_streams, p.precise_thumbnails_days, p.vision_enabled, p.vision_alg, p.vision_gpu, p.vision_areas,
       p.vision_params::text,
       s.alive, s.error_code, s.bitrate,
       extract(epoch FROM s.opened_at)::float8, extract(epoch FROM s.reported_at)::float8,
       t.hostname, t.public_url, t.port, a.favorite, a.motion_alarm,
       EXISTS (SELECT FROM devices_cameraaction x WHERE x.domain_id = c.domain_id AND x.camera_id = c.id),
       l.action, l.user_login, l.changed::text, extract(epoch FROM l.created_at)::float8, host(l.ip), l.user_agent
FROM (
    SELECT c.* FROM devices_camera c
    WHERE c.domain_id = %(domain)s {where}
    ORDER BY c.title, c.id LIMIT %(limit)s OFFSET %(offset)s
) c
JOIN tenants_folder f ON f.domain_id = c.domain_id AND f.id = c.folder_id
JOIN devices_preset p ON p.domain_id = c.domain_id AND p.id = c.preset_id
LEFT JOIN devices_camerastatus s ON s.domain_id = c.domain_id AND s.camera_id = c.id
LEFT JOIN devices_streamer t ON t.id = c.streamer_id
LEFT JOIN devices_cameraattribute a ON a.domain_id = c.domain_id AND a.user_id = %(user)s AND a.camera_id = c.id
LEFT JOIN LATERAL (
    SELECT e.action, e.user_login, e.changed, e.created_at, e.ip, e.user_agent FROM tenants_auditentry e
    WHERE e.domain_id = c.domain_id AND e.object_type = 'Camera' AND e.object_id = c.name
    ORDER BY e.id DESC LIMIT 1
) l ON true
ORDER BY c.title, c.id
"""
KNOWN = f"AND c.id IN ({KNOWN_CAMERAS})"
MARKED = (
    "AND EXISTS (SELECT FROM devices_cameraattribute m WHERE m.domain_id = c.domain_id AND m.camera_id = c.id"
    " AND m.user_id = %(user)s AND m.favorite)"
)
# A range of words (see `tenants.words`): of rare ones the cameras are taken by their numbers, of common ones looked at.
_RANGE = "w.domain_id = %(domain)s AND w.word >= %(word{0})s AND w.word < %(end{0})s"
_FOUND = f"SELECT w.camera_id FROM devices_cameraword w WHERE {_RANGE}"  # noqa: S608 - constants
RARE = "AND c.id = ANY(ARRAY({0}))"
COMMON = f"AND EXISTS (SELECT FROM devices_cameraword w WHERE w.camera_id = c.id AND {_RANGE})"


@dataclass(frozen=True)
class CameraFilter:
    """What part of the cameras is wanted; empty means all. A folder is that folder alone, without those below it."""

    name: str = ""
    organization_id: int | None = None
    folder_id: int | None = None
    search: str = ""
    favorite: bool = False
    with_agent: bool = False
    after: tuple[str, int] | None = None  # title and number of the row before
    ids: tuple[int, ...] | None = None

    def where(self) -> str:
        """The conditions, with named parameters."""
        conditions = {
            "AND c.name = %(name)s": self.name,
            "AND c.organization_id = %(organization)s": self.organization_id is not None,
            "AND c.folder_id = %(folder)s": self.folder_id is not None,
            MARKED: self.favorite,
            "AND c.agent_id <> ''": self.with_agent,
            "AND c.id = ANY(%(ids)s)": self.ids is not None,
            "AND (c.title, c.id) > (%(after_title)s, %(after_id)s)": self.after is not None,
        }
        return " ".join(sql for sql, wanted in conditions.items() if wanted)

    def parameters(self) -> dict[str, Any]:
        """The values of the named parameters."""
        return {
            "name": self.name,
            "organization": self.organization_id,
            "folder": self.folder_id,
            "ids": list(self.ids or ()),
            "after_title": self.after[0] if self.after else "",
            "after_id": self.after[1] if self.after else 0,
        }


def _searched(text: str) -> tuple[str, dict[str, str]]:
    """The condition of a search, and its values."""
    if not text.strip():
        return "", {}
    rare, common = sorted_out(CameraWord, text)
    if not rare and not common:
        return "AND false", {}
    found = " INTERSECT ".join(_FOUND.format(number) for number in range(len(rare)))
    parts = [RARE.format(found)] if rare else []
    parts += [COMMON.format(len(rare) + number) for number in range(len(common))]
    words = list(enumerate(rare + common))
    ranges = {f"word{number}": word for number, word in words} | {f"end{number}": word + LAST for number, word in words}
    return " ".join(parts), ranges


def camera_rows(user: User, wanted: CameraFilter, *, limit: int, offset: int = 0) -> list[CameraRow]:
    """The cameras a user may know of, by title: those he may watch and those whose settings he may edit."""
    searched, ranges = _searched(wanted.search)
    where = f"{searched} {wanted.where()}" if user.is_admin else f"{KNOWN} {searched} {wanted.where()}"
    scope: dict[str, Any] = {"domain": current_domain_id(), "user": user.pk, "now": clock.now()}
    scope |= {"limit": limit, "offset": offset, **wanted.parameters(), **ranges}
    with prepared_cursor() as cursor:
        cursor.execute(PAGE.format(where=where), scope)
        return [CameraRow._make(row) for row in cursor.fetchall()]
