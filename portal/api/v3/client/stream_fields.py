"""What may be sent of a stream, and what services make of it: seconds and bytes become days and gigabytes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django.utils.translation import gettext as _
from rest_framework import serializers

from devices.models import Camera
from devices.services import cameras
from portal.api.v3.client.folders import CoordinatesFields
from portal.api.v3.client.presets import dvr_shape
from portal.api.v3.shapes import coordinates_text
from portal.api.v3.views import DAY, GIGABYTE, Fields, Identifier, Number, Part, Text, Truth
from tenants.errors import Invalid

LONGEST_DEPTH = 3650 * DAY
MOST_BYTES = 1_000_000 * GIGABYTE


class InputFields(Part):
    """A source; an address sent back as it was shown, with stars for the password, is unchanged."""

    url = serializers.CharField(max_length=2000)
    priority = Number()


class DvrFields(Fields):
    """The archive, as far as the preset leaves it to the camera."""

    expiration = Number(max_value=LONGEST_DEPTH, help_text="seconds; 0: no archive")
    episodes_expiration = Number(allow_null=True, max_value=LONGEST_DEPTH, help_text="seconds; kept in whole days")
    storage_limit = serializers.IntegerField(
        required=False, allow_null=True, min_value=0, max_value=MOST_BYTES, help_text="bytes; kept in whole GB"
    )
    redundancy_factor = Number(allow_null=True)


class OnvifFields(Fields):
    """How the camera is controlled."""

    ptz = Truth()
    url = Text(max_length=500)
    profile = Text(max_length=100)


class AudioFields(Fields):
    """The sound."""

    enabled = Truth()
    transcode = Truth()


class ThumbnailsFields(Fields):
    """Pictures."""

    enabled = Truth()
    url = Text(max_length=500)


class AgentFields(Fields):
    """The agent behind the camera; the key is never shown."""

    id = Text(max_length=128)
    model = Text(max_length=128)
    serial = Text(max_length=128)
    key = serializers.CharField(max_length=500, required=False, allow_null=True, write_only=True)


class DetectorFields(Part):
    """A zone in which something is recognised."""

    region_id = Text(max_length=64)
    detector_type = Text(max_length=20)
    region_title = Text(max_length=200)
    region_coordinates = serializers.CharField(max_length=1000)


class VisionFields(Fields):
    """What is recognised, as far as the preset leaves it to the camera, and where. Zones are one text, or detectors."""

    alg = Text(max_length=20, help_text="plates, faces or nothing")
    areas = Text(max_length=2000, help_text="zones: x y, x y, x y; each a fraction of the frame. Empty: all of it")
    detectors = DetectorFields(many=True, required=False)


class StreamFields(Fields):
    """What may be set on a stream; `is_favourite` and `notifications_enabled` are the caller's own marks."""

    DEFAULTS: ClassVar[Mapping[str, Any]] = {
        "comment": "", "static": True, "disabled": False, "onvif": {"ptz": False, "url": "", "profile": ""},
        "audio": {"enabled": True, "transcode": False}, "thumbnails": {"enabled": True, "url": ""},
        "agent": {"id": "", "model": "", "serial": ""}, "coordinates": None, "postal_address": "", "external_id": "",
        "motion_detector_enabled": False, "vision": {"areas": ""},
    }  # fmt: skip

    title = serializers.CharField(max_length=200, required=False)
    name = serializers.CharField(max_length=64, required=False, allow_blank=True)
    comment = Text()
    static = Truth()
    disabled = Truth()
    is_private = Truth(help_text="privacy mode; for the camera's own people only")
    inputs = InputFields(many=True, required=False)
    dvr = DvrFields(required=False, allow_null=True, help_text="null: no archive")
    preset_id = Identifier(help_text="the default preset if absent")
    organization_id = Identifier(help_text="the default organization if absent")
    folder_id = Identifier(help_text="the organization's first folder if absent")
    onvif = OnvifFields(required=False)
    audio = AudioFields(required=False)
    thumbnails = ThumbnailsFields(required=False)
    thumbnails_expiration = Number(max_value=LONGEST_DEPTH, help_text="seconds; kept in whole days")
    motion_detector_enabled = Truth()
    vision = VisionFields(required=False)
    agent = AgentFields(required=False)
    coordinates = CoordinatesFields(required=False, allow_null=True)
    postal_address = Text(max_length=300)
    external_id = Text(max_length=128)
    is_favourite = Truth()
    notifications_enabled = Truth()


# Fields that services call by the same name, and those of nested objects by another.
SAME = ("title", "name", "comment", "static", "motion_detector_enabled", "postal_address", "external_id")
NESTED = {
    ("onvif", "ptz"): "onvif_ptz",
    ("onvif", "url"): "onvif_url",
    ("onvif", "profile"): "onvif_profile",
    ("audio", "transcode"): "transcode_audio",
    ("thumbnails", "enabled"): "thumbnails",
    ("thumbnails", "url"): "thumbnails_url",
    ("vision", "alg"): "vision_alg",
    ("vision", "areas"): "vision_areas",
    ("agent", "id"): "agent_id",
    ("agent", "model"): "agent_model",
    ("agent", "serial"): "agent_serial",
    ("agent", "key"): "agent_key",
}
NAMES: Mapping[str, str] = {
    **{field: f"{part}.{name}" for (part, name), field in NESTED.items()},
    "stream_url": "inputs.0.url",
    "substream_url": "inputs.1.url",
    "dvr_depth": "dvr.expiration",
    "dvr_lock_days": "dvr.episodes_expiration",
    "dvr_space": "dvr.storage_limit",
    "precise_thumbnails_days": "thumbnails_expiration",
    "video_only": "audio.enabled",
    "enabled": "disabled",
}
MARKS = {"is_favourite": "favorite", "notifications_enabled": "motion_alarm"}


def marks_of(fields: dict[str, Any]) -> dict[str, bool]:
    """The caller's own marks, taken out of what was sent."""
    return {mark: fields.pop(name) for name, mark in MARKS.items() if name in fields}


def values_of(fields: dict[str, Any], camera: Camera | None = None) -> dict[str, Any]:
    """What was sent, under the service's names and in its units, without numbers of other rows (see `streams`)."""
    values = {name: fields[name] for name in SAME if name in fields}
    for (part, name), field in NESTED.items():
        if name in fields.get(part, {}):
            values[field] = fields[part][name]
    if "enabled" in fields.get("audio", {}):
        values["video_only"] = not fields["audio"]["enabled"]
    if "disabled" in fields:
        values["enabled"] = not fields["disabled"]
    if "coordinates" in fields:
        values["coordinates"] = coordinates_text(fields["coordinates"])
    if "thumbnails_expiration" in fields:
        values["precise_thumbnails_days"] = _whole(fields["thumbnails_expiration"], DAY)
    if "detectors" in fields.get("vision", {}) and "areas" not in fields["vision"]:
        values["vision_areas"] = "; ".join(each["region_coordinates"] for each in fields["vision"]["detectors"])
    if values.get("agent_key", "") is None:
        del values["agent_key"]
    values |= _urls(fields) | _dvr(fields, camera)
    return _without_stars(values, camera)


def _urls(fields: dict[str, Any]) -> dict[str, str]:
    """The first source is the main stream; the order is that of `priority`, where it is given."""
    if "inputs" not in fields:
        return {}
    inputs = fields["inputs"]
    if not 1 <= len(inputs) <= 2:
        raise Invalid(_("A stream has one or two inputs."), field="inputs")
    order = sorted(range(len(inputs)), key=lambda number: (inputs[number].get("priority", number), number))
    urls = [inputs[number]["url"] for number in order]
    return {"stream_url": urls[0], "substream_url": urls[1] if len(urls) > 1 else ""}


def _dvr(fields: dict[str, Any], camera: Camera | None) -> dict[str, Any]:
    """The archive that was sent, except for what stands as it is shown already: it may have been rounded."""
    if "dvr" not in fields:
        return {}
    sent = fields["dvr"] if fields["dvr"] is not None else {"expiration": 0}
    if camera is not None:
        shown: Any = dvr_shape(camera.dvr_depth, camera.dvr_lock_days, camera.dvr_space)
        sent = {name: value for name, value in sent.items() if name not in shown or value != shown[name]}
    values: dict[str, Any] = {}
    if "expiration" in sent:
        values["dvr_depth"] = sent["expiration"] / DAY
    if "episodes_expiration" in sent:
        values["dvr_lock_days"] = _whole(sent["episodes_expiration"], DAY)
    if "storage_limit" in sent:
        values["dvr_space"] = _whole(sent["storage_limit"], GIGABYTE)
    return values


def _whole(number: int | None, unit: int) -> int | None:
    """So many whole units as the number needs."""
    return None if number is None else -(-number // unit)


def _without_stars(values: dict[str, Any], camera: Camera | None) -> dict[str, Any]:
    """An address sent back as it was shown is unchanged (those of streams the service knows itself)."""
    for field in ("thumbnails_url", "onvif_url"):
        text = values.get(field, "")
        if camera is not None and cameras.MASK in text and text == cameras.shown(getattr(camera, field)):
            del values[field]
    return values
