"""The models of `devices`, one noun a file."""

from devices.models.cameras import Camera, CameraAttribute, CameraStatus
from devices.models.facts import ModeSpan, OutageSpan
from devices.models.grants import CameraPermission
from devices.models.playback_grants import PlaybackGrant
from devices.models.presets import OrganizationPreset, Preset, PresetSpan
from devices.models.sessions import ViewingSession
from devices.models.streamers import Streamer
from devices.models.viewings import Viewing
from devices.models.words import CameraWord

__all__ = [
    "Camera",
    "CameraAttribute",
    "CameraPermission",
    "CameraStatus",
    "CameraWord",
    "ModeSpan",
    "OrganizationPreset",
    "OutageSpan",
    "PlaybackGrant",
    "Preset",
    "PresetSpan",
    "Streamer",
    "Viewing",
    "ViewingSession",
]
