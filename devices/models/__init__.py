"""The models of `devices`, one noun a file."""

from devices.models.actions import CameraAction
from devices.models.cameras import Camera, CameraAttribute, CameraStatus
from devices.models.facts import ModeSpan, OutageSpan
from devices.models.grants import CameraPermission
from devices.models.presets import OrganizationPreset, Preset, PresetSpan
from devices.models.replacements import CameraReplacement
from devices.models.streamers import Streamer
from devices.models.viewings import Viewing
from devices.models.words import CameraWord

__all__ = [
    "Camera",
    "CameraAction",
    "CameraAttribute",
    "CameraPermission",
    "CameraReplacement",
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
