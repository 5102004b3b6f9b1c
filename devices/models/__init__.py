"""The models of `devices`, one noun a file."""

from devices.models.cameras import Camera, CameraAttribute, CameraStatus
from devices.models.facts import ModeSpan, OutageSpan
from devices.models.grants import CameraPermission
from devices.models.presets import OrganizationPreset, Preset, PresetSpan
from devices.models.streamers import CameraDrift, Streamer
from devices.models.viewings import Viewing
from devices.models.words import CameraWord

__all__ = [
    "Camera",
    "CameraAttribute",
    "CameraDrift",
    "CameraPermission",
    "CameraStatus",
    "CameraWord",
    "ModeSpan",
    "OrganizationPreset",
    "OutageSpan",
    "Preset",
    "PresetSpan",
    "Streamer",
    "Viewing",
]
