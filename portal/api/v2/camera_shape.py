"""A camera as the v2 dialect shows it (item 199)."""

from __future__ import annotations

from functools import lru_cache
from typing import TypedDict
from urllib.parse import urlsplit

import orjson

from devices.access import NONE, CameraRights, rights_on
from devices.models import Camera
from devices.services.camera_rows import CameraRow
from devices.services.cameras import shown
from devices.services.streamers import base_of
from portal.api.feed import changed_fields
from portal.api.v2.credentials import Asked, player_of
from portal.api.v2.presets import PresetShape
from portal.api.v2.shapes import LastChange
from portal.hosts import normalize
from portal.playback import Player
from tenants import clock
from tenants.encryption import Undecipherable, context_of_column, decrypt

_TABLE = Camera._meta.db_table


class Permissions(TypedDict):
    """What the caller may do with the camera; `dvr_depth_limit` in days, null is the whole archive."""

    view: bool
    edit: bool
    ptz: bool
    dvr: bool
    dvr_depth_limit: int | None
    actions: bool


class PlaybackConfig(TypedDict):
    """`http://{server}:{http_port}/{name}/index.m3u8?token={token}` plays; null without the right to watch."""

    token: str | None


class StreamStatus(TypedDict):
    """What the streamer last said; `bitrate` in kbit/s, `lifetime` in ms since the source was opened."""

    name: str
    alive: bool
    bitrate: int | None
    lifetime: int | None
    source_error: str | None
    server: str | None
    http_port: int | None
    https_port: int | None


class UserAttributes(TypedDict):
    """What the caller marked."""

    favorite: bool
    motion_alarm: bool


class CameraShape(TypedDict):
    """A camera. What only its editors may know (addresses, agent, last change) is null or empty for others."""

    name: str
    title: str
    comment: str
    enabled: bool
    is_private: bool
    static: bool
    organization_id: int
    folder_id: int
    folder_coordinates: str | None
    preset_id: int
    preset: PresetShape
    stream_url: str
    substream_url: str
    video_only: bool
    transcode_audio: bool
    thumbnails: bool
    thumbnails_url: str
    coordinates: str
    postal_address: str
    external_id: str | None
    groups: list[int]
    dvr_depth: float
    dvr_lock_days: int | None
    dvr_space: int | None
    dvr_path: None
    precise_thumbnails: bool
    precise_thumbnails_days: int
    motion_detector_enabled: bool
    onvif_url: str | None
    onvif_profile: str | None
    onvif_ptz: bool
    has_actions: bool
    provision_required: bool
    vision_enabled: bool | None
    vision_alg: str | None
    vision_gpu: int | None
    vision_areas: str | None
    agent_id: str | None
    agent_key: None
    agent_model: str | None
    agent_serial: str | None
    agent_status: None
    streamer_id: int | None
    streamer_hostname: str | None
    permissions: Permissions
    playback_config: PlaybackConfig
    stream_status: StreamStatus
    user_attributes: UserAttributes
    last_event_time: int | None
    last_change: LastChange | None


def camera_shapes(request: Asked, rows: list[CameraRow]) -> list[CameraShape]:
    """A page of cameras as one caller may see them: the rights of all are asked for at once."""
    held = rights_on(request.user, rows)
    rights = [held.get(row.pk, NONE) for row in rows]
    player = player_of(request) if any(right.view for right in rights) else None
    shaper = Shaper(player, normalize(request.META.get("HTTP_HOST", "")), clock.timestamp())
    return [shaper.shape(row, right) for row, right in zip(rows, rights, strict=True)]


class Shaper:
    """Turns rows into answers for one caller at one instant."""

    def __init__(self, player: Player | None, host: str, now: float) -> None:
        self.player, self.host, self.now = player, host, now
        self._presets: dict[int, PresetShape] = {}
        self._addresses: dict[int | None, tuple[str | None, int | None, int | None]] = {None: (None, None, None)}

    def shape(self, row: CameraRow, held: CameraRights) -> CameraShape:
        """One camera, with nulls where the caller may not look."""
        edit = held.edit
        return {
            "name": row.name,
            "title": row.title,
            "comment": row.comment,
            "enabled": row.enabled,
            "is_private": row.is_private,
            "static": row.static,
            "organization_id": row.organization_id,
            "folder_id": row.folder_id,
            "folder_coordinates": row.folder_coordinates or None,
            "preset_id": row.preset_id,
            "preset": self._preset(row),
            "stream_url": sealed_address(row, "stream_url_sealed") if edit else "",
            "substream_url": sealed_address(row, "substream_url_sealed") if edit else "",
            "video_only": row.video_only,
            "transcode_audio": row.transcode_audio,
            "thumbnails": row.thumbnails,
            "thumbnails_url": shown(row.thumbnails_url) if edit else "",
            "coordinates": row.coordinates,
            "postal_address": row.postal_address,
            "external_id": row.external_id or None,
            "groups": [],
            "dvr_depth": row.dvr_depth,
            "dvr_lock_days": row.dvr_lock_days,
            "dvr_space": row.dvr_space,
            "dvr_path": None,
            "precise_thumbnails": row.precise_thumbnails_days > 0,
            "precise_thumbnails_days": row.precise_thumbnails_days,
            "motion_detector_enabled": row.motion_detector_enabled,
            "onvif_url": (shown(row.onvif_url) or None) if edit else None,
            "onvif_profile": (row.onvif_profile or None) if edit else None,
            "onvif_ptz": row.onvif_ptz,
            "has_actions": row.has_actions,
            "provision_required": False,
            "vision_enabled": row.vision_enabled,
            "vision_alg": row.vision_alg or None,
            "vision_gpu": row.vision_gpu,
            "vision_areas": row.vision_areas or row.preset_vision_areas or None,
            "agent_id": (row.agent_id or None) if edit else None,
            "agent_key": None,
            "agent_model": (row.agent_model or None) if edit else None,
            "agent_serial": (row.agent_serial or None) if edit else None,
            "agent_status": None,
            "streamer_id": row.streamer_id,
            "streamer_hostname": self._server(row)[0],
            "permissions": {
                "view": held.view,
                "edit": edit,
                "ptz": held.ptz,
                "dvr": held.dvr,
                "dvr_depth_limit": held.dvr_depth_limit,
                "actions": held.actions,
            },
            "playback_config": {"token": (self.player.token(row) or None) if self.player and held.view else None},
            "stream_status": self._status(row),
            "user_attributes": {"favorite": bool(row.favorite), "motion_alarm": bool(row.motion_alarm)},
            "last_event_time": None,
            "last_change": _last_change(row) if edit else None,
        }

    def _preset(self, row: CameraRow) -> PresetShape:
        """A page has few presets: each is shaped once."""
        if row.preset_id not in self._presets:
            self._presets[row.preset_id] = _preset(row)
        return self._presets[row.preset_id]

    def _server(self, row: CameraRow) -> tuple[str | None, int | None, int | None]:
        """Host, HTTP port and HTTPS port where players reach the camera's streamer; the scheme decides which port."""
        if row.streamer_id not in self._addresses:
            url = urlsplit(base_of(row.streamer_url or "", row.streamer_port or 0, self.host))
            port = url.port or (443 if url.scheme == "https" else 80)
            ports = (None, port) if url.scheme == "https" else (port, None)
            self._addresses[row.streamer_id] = (url.hostname, *ports)
        return self._addresses[row.streamer_id]

    def _status(self, row: CameraRow) -> StreamStatus:
        server, http_port, https_port = self._server(row)
        fresh = row.is_fresh(self.now)
        alive = bool(fresh and row.alive)
        opened = row.opened_at if alive else None
        return {
            "name": row.name,
            "alive": alive,
            "bitrate": row.bitrate if alive else None,
            "lifetime": int((self.now - opened) * 1000) if opened else None,
            "source_error": (row.error_code or None) if fresh else "no_stream_status",
            "server": server,
            "http_port": http_port,
            "https_port": https_port,
        }


def sealed_address(row: CameraRow, column: str) -> str:
    """A stream address without its password."""
    sealed: str = getattr(row, column)
    return _opened(sealed, context_of_column(_TABLE, column, row.secret_id, row.domain_id)) if sealed else ""


@lru_cache(maxsize=20_000)
def _opened(sealed: str, context: str) -> str:
    """The address behind a stored value, its password already stars: nothing secret stays in memory.

    One whose key is lost shows as empty rather than failing the list.
    """
    try:
        return shown(decrypt(sealed, context=context))
    except Undecipherable:
        return ""


def _preset(row: CameraRow) -> PresetShape:
    return {
        "id": row.preset_id,
        "domain_id": row.domain_id,
        "title": row.preset_title,
        "is_default": row.preset_is_default,
        "is_adjustable": row.preset_is_adjustable,
        "is_deleted": row.preset_is_deleted,
        "dvr_depth": row.preset_dvr_depth,
        "dvr_lock_days": row.preset_dvr_lock_days,
        "dvr_space": row.preset_dvr_space,
        "max_streams": row.preset_max_streams,
        "precise_thumbnails_days": row.preset_precise_thumbnails_days,
        "vision_enabled": row.vision_enabled,
        "vision_alg": row.preset_vision_alg or None,
        "vision_gpu": row.vision_gpu,
        "vision_areas": row.preset_vision_areas or None,
        "vision_params": orjson.loads(row.vision_params),
    }


def _last_change(row: CameraRow) -> LastChange | None:
    if row.change_at is None:
        return None
    return {
        "user": row.change_login or "",
        "domain_id": row.domain_id,
        "object_type": "Camera",
        "object_id": row.name,
        "action_type": row.change_action or "",
        "created_at": int(row.change_at),
        "event_data": {"changed_data": changed_fields(orjson.loads(row.change_fields))},
        "request_data": {"ip": row.change_ip, "user_agent": row.change_agent or ""},
    }
