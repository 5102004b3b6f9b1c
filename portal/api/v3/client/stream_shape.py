"""A camera as the v3 dialects show it: a stream with its inputs, archive, statistics, and how to play it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypedDict

from django.db import connection

from devices.access import NONE, CameraRights, rights_on
from devices.models import Camera, CameraStatus
from devices.services import camera_rows
from devices.services.camera_rows import CameraFilter, CameraRow
from devices.services.cameras import shown
from devices.services.recognition import vision
from devices.services.streamers import base_of
from portal.api.v2.camera_shape import sealed_address
from portal.api.v3.client.presets import DvrShape, dvr_shape
from portal.api.v3.credentials import Asked, player_of
from portal.api.v3.shapes import ChangeShape, CoordinatesShape, NamedShape, coordinates_shape, depth_seconds
from portal.api.v3.views import DAY, utc_ms
from portal.hosts import normalize
from portal.playback import Player
from tenants import clock
from tenants.models import Organization
from tenants.scoping import current_domain_id


class InputShape(TypedDict):
    """A source; the first one is the main stream, the second the one of less quality. Passwords are stars."""

    url: str
    priority: int


class StreamPresetShape(TypedDict):
    """The camera's preset."""

    id: int
    title: str
    is_adjustable: bool


class OnvifShape(TypedDict):
    """How the camera is controlled; the address for its editors only."""

    ptz: bool
    url: str | None
    profile: str | None


class DetectorShape(TypedDict):
    """A zone in which something is recognised; corners as fractions of the frame."""

    region_id: str
    detector_type: str
    region_title: str
    region_coordinates: str


class StreamVisionShape(TypedDict):
    """What is recognised and in which zones, as one text and one by one. No zone: in the whole frame."""

    alg: str | None
    areas: str | None
    detectors: list[DetectorShape]


class AudioShape(TypedDict):
    """The sound: whether it is kept, and made into AAC."""

    enabled: bool
    transcode: bool


class ThumbnailsShape(TypedDict):
    """Pictures: made of the video, or fetched from an address."""

    enabled: bool
    url: str | None


class AgentShape(TypedDict):
    """The agent behind the camera."""

    id: str | None
    model: str | None
    serial: str | None


# What is recorded: since which second (UTC), how long and how much. `from` is a word of Python's.
DvrInfo = TypedDict("DvrInfo", {"from": int, "depth": int, "duration": int, "bytes": int})


class StatsShape(TypedDict):
    """What the streamer last said; `bitrate` in kbit/s, `lifetime` in ms since the source was opened. Play
    `{streaming_endpoint}/{name}/index.m3u8?token={playback_token}`; both are null without the right to watch."""

    alive: bool
    status: str
    error: str | None
    bitrate: int | None
    lifetime: int | None
    online_clients: int
    dvr_info: DvrInfo | None
    media_info: dict[str, Any]
    agent_status: str | None
    current_agent_id: str | None
    playback_token: str | None
    streaming_endpoint: str | None
    publish_endpoint: str | None


class StreamPermissionsShape(TypedDict):
    """What the caller may do with the camera; `dvr_depth_limit` in seconds, 0 is the whole archive."""

    can_view: bool
    can_edit: bool
    can_view_dvr: bool
    dvr_depth_limit: int
    can_export: bool
    can_use_ptz: bool
    can_talk: bool
    can_use_actions: bool


class StreamShape(TypedDict):
    """A stream. What only its editors may know (addresses, agent, last change) is null or empty for others."""

    name: str
    title: str
    comment: str
    static: bool
    disabled: bool
    is_private: bool
    inputs: list[InputShape]
    dvr: DvrShape
    preset_id: int
    preset: StreamPresetShape
    organization_id: int
    organization: NamedShape
    folder_id: int
    path: list[NamedShape]
    onvif: OnvifShape
    vision: StreamVisionShape
    audio: AudioShape
    thumbnails: ThumbnailsShape
    thumbnails_expiration: int
    motion_detector_enabled: bool
    agent: AgentShape
    coordinates: CoordinatesShape | None
    postal_address: str
    external_id: str | None
    is_favourite: bool
    notifications_enabled: bool
    can_publish: bool
    permissions: StreamPermissionsShape
    created_at: int | None
    last_episode_at: int | None
    last_change: ChangeShape | None
    streamer: str | None
    stats: StatsShape


# The folders above each of some, from the top down.
ABOVE = """
WITH RECURSIVE path AS (
    SELECT f.id AS leaf, f.id, f.parent_id, f.title, 0 AS up FROM tenants_folder f
    WHERE f.domain_id = %(domain)s AND f.id = ANY(%(folders)s)
  UNION ALL
    SELECT path.leaf, f.id, f.parent_id, f.title, path.up + 1
    FROM path JOIN tenants_folder f ON f.domain_id = %(domain)s AND f.id = path.parent_id
    WHERE path.up < 1000
)
SELECT leaf, id, title FROM path ORDER BY leaf, up DESC
"""


def stream_shapes(request: Asked, cameras: Iterable[Camera]) -> list[StreamShape]:
    """Cameras as one caller may see them, in the order they come; whatever their number, the same few queries."""
    moments = {camera.pk: camera.created_at for camera in cameras}
    if not moments:
        return []
    found = camera_rows.camera_rows(request.user, CameraFilter(ids=tuple(moments)), limit=len(moments))
    rows = {row.pk: row for row in found}
    held = rights_on(request.user, found)
    shaper = Shaper(request, found, any(right.view for right in held.values()))
    return [shaper.shape(rows[pk], held.get(pk, NONE), utc_ms(at)) for pk, at in moments.items() if pk in rows]


def _paths(folders: set[int]) -> dict[int, list[NamedShape]]:
    paths: dict[int, list[NamedShape]] = {folder: [] for folder in folders}
    with connection.cursor() as cursor:
        cursor.execute(ABOVE, {"domain": current_domain_id(), "folders": list(folders)})
        for leaf, pk, title in cursor.fetchall():
            paths[leaf].append({"id": pk, "title": title})
    return paths


class Shaper:
    """Turns a page of rows into answers for one caller at one instant."""

    def __init__(self, request: Asked, rows: list[CameraRow], watches: bool) -> None:
        self.player: Player | None = player_of(request) if watches else None
        self.host = normalize(request.META.get("HTTP_HOST", ""))
        self.now = clock.timestamp()
        ids = {row.organization_id for row in rows}
        self.organizations = dict(Organization.objects.filter(pk__in=ids).values_list("pk", "title"))
        self.paths = _paths({row.folder_id for row in rows})
        status = CameraStatus.objects.filter(camera__in=[row.pk for row in rows])
        self.status = {entry.camera_id: entry for entry in status}

    def shape(self, row: CameraRow, held: CameraRights, created_at: int | None) -> StreamShape:
        """One camera, with nulls where the caller may not look."""
        edit = held.edit
        return {
            "name": row.name,
            "title": row.title,
            "comment": row.comment,
            "static": row.static,
            "disabled": not row.enabled,
            "is_private": row.is_private,
            "inputs": _inputs(row) if edit else [],
            "dvr": dvr_shape(row.dvr_depth, row.dvr_lock_days, row.dvr_space),
            "preset_id": row.preset_id,
            "preset": {"id": row.preset_id, "title": row.preset_title, "is_adjustable": row.preset_is_adjustable},
            "organization_id": row.organization_id,
            "organization": {"id": row.organization_id, "title": self.organizations.get(row.organization_id, "")},
            "folder_id": row.folder_id,
            "path": self.paths.get(row.folder_id, []),
            "onvif": {
                "ptz": row.onvif_ptz,
                "url": (shown(row.onvif_url) or None) if edit else None,
                "profile": (row.onvif_profile or None) if edit else None,
            },
            "vision": _vision(row),
            "audio": {"enabled": not row.video_only, "transcode": row.transcode_audio},
            "thumbnails": {"enabled": row.thumbnails, "url": (shown(row.thumbnails_url) or None) if edit else None},
            "thumbnails_expiration": row.precise_thumbnails_days * DAY,
            "motion_detector_enabled": row.motion_detector_enabled,
            "agent": _agent(row) if edit else {"id": None, "model": None, "serial": None},
            "coordinates": coordinates_shape(row.coordinates),
            "postal_address": row.postal_address,
            "external_id": row.external_id or None,
            "is_favourite": bool(row.favorite),
            "notifications_enabled": bool(row.motion_alarm),
            "can_publish": False,
            "permissions": permissions(held),
            "created_at": created_at,
            "last_episode_at": None,
            "last_change": _last_change(row) if edit else None,
            "streamer": row.streamer_hostname,
            "stats": self._stats(row, held),
        }

    def _stats(self, row: CameraRow, held: CameraRights) -> StatsShape:
        entry = self.status.get(row.pk)
        fresh = row.is_fresh(self.now)
        alive = bool(fresh and row.alive)
        opened = row.opened_at if alive else None
        token = (self.player.token(row) or None) if self.player and held.view else None
        return {
            "alive": alive,
            "status": (entry.status if entry and fresh else "") or ("running" if alive else "waiting"),
            "error": (row.error_code or None) if fresh else None,
            "bitrate": row.bitrate if alive else None,
            "lifetime": int((self.now - opened) * 1000) if opened else None,
            "online_clients": entry.online_clients if entry and alive else 0,
            "dvr_info": self._recorded(entry) if entry and held.dvr else None,
            "media_info": entry.media_info if entry and alive else {},
            "agent_status": None,
            "current_agent_id": (row.agent_id or None) if held.edit else None,
            "playback_token": token,
            "streaming_endpoint": self._endpoint(row) if token else None,
            "publish_endpoint": None,
        }

    def _recorded(self, entry: CameraStatus) -> DvrInfo | None:
        if entry.dvr_from is None:
            return None
        depth = max(0, int(self.now) - entry.dvr_from)
        return {"from": entry.dvr_from, "depth": depth, "duration": entry.dvr_duration, "bytes": entry.dvr_bytes}

    def _endpoint(self, row: CameraRow) -> str | None:
        if row.streamer_id is None:
            return None
        return base_of(row.streamer_url or "", row.streamer_port or 0, self.host)


def permissions(held: CameraRights) -> StreamPermissionsShape:
    """Rights on one camera, on the wire."""
    return {
        "can_view": held.view,
        "can_edit": held.edit,
        "can_view_dvr": held.dvr,
        "dvr_depth_limit": depth_seconds(held.dvr_depth_limit),
        "can_export": held.export,
        "can_use_ptz": held.ptz,
        "can_talk": held.talk,
        "can_use_actions": held.actions,
    }


def _inputs(row: CameraRow) -> list[InputShape]:
    urls = [sealed_address(row, column) for column in ("stream_url_sealed", "substream_url_sealed")]
    return [{"url": url, "priority": number} for number, url in enumerate(urls) if url]


def _agent(row: CameraRow) -> AgentShape:
    return {"id": row.agent_id or None, "model": row.agent_model or None, "serial": row.agent_serial or None}


def _vision(row: CameraRow) -> StreamVisionShape:
    """The camera's own zones, else its preset's."""
    areas = row.vision_areas or row.preset_vision_areas
    told: Any = vision(row.vision_alg, areas)
    detectors: list[DetectorShape] = told["detectors"] if told else []
    return {"alg": row.vision_alg or None, "areas": areas or None, "detectors": detectors}


def _last_change(row: CameraRow) -> ChangeShape | None:
    if row.change_at is None:
        return None
    return {"created_at": int(row.change_at * 1000), "user": row.change_login or ""}
