"""The models of `devices`, one noun a file."""

from devices.models.cameras import Camera, CameraAttribute, CameraStatus
from devices.models.presets import OrganizationPreset, Preset, PresetSpan
from devices.models.streamers import Streamer

__all__ = [
    "Camera",
    "CameraAttribute",
    "CameraStatus",
    "OrganizationPreset",
    "Preset",
    "PresetSpan",
    "Streamer",
]
