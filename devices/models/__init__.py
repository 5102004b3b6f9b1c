"""The models of `devices`, one noun a file."""

from devices.models.actions import CameraAction
from devices.models.cameras import Camera, CameraAttribute, CameraStatus
from devices.models.facts import ModeSpan, OutageSpan, StreamerSpan
from devices.models.grants import CameraPermission
from devices.models.playback_grants import PlaybackGrant
from devices.models.presets import OrganizationPreset, Preset, PresetSpan
from devices.models.protection import ProtectedSpan
from devices.models.replacements import CameraReplacement
from devices.models.sessions import ViewingSession
from devices.models.streamers import CameraDrift, Streamer
from devices.models.viewings import Viewing
from devices.models.words import CameraWord
from devices.models.zones import Zone, ZoneMode

__all__ = [
    "Camera",
    "CameraAction",
    "CameraAttribute",
    "CameraDrift",
    "CameraPermission",
    "CameraReplacement",
    "CameraStatus",
    "CameraWord",
    "ModeSpan",
    "OrganizationPreset",
    "OutageSpan",
    "PlaybackGrant",
    "Preset",
    "PresetSpan",
    "ProtectedSpan",
    "Streamer",
    "StreamerSpan",
    "Viewing",
    "ViewingSession",
    "Zone",
    "ZoneMode",
]
