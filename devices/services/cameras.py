"""Cameras: add, change, switch, delete. One transaction, one audit row, then the news."""

from __future__ import annotations

import re
import secrets
import unicodedata
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from devices import access as camera_access
from devices import sources
from devices.models import Camera, CameraAttribute, Preset
from devices.services import grants, modes, placements, placing, presets, recognition, spans
from tenants import audit, clock
from tenants.addresses import camera_policy
from tenants.broadcast import notify_access
from tenants.errors import Forbidden, Invalid, LimitReached, Missing
from tenants.models import Folder, Organization, User
from tenants.scoping import current_domain_id
from tenants.services import folders
from tenants.services.validation import assign, check

MASK = "***"
_IN_HOST = re.compile(r"(://[^/\s:@]*):[^/\s@]+@")
_IN_QUERY = re.compile(r"(?i)((?:password|passwd|pwd|pass)=)[^&/\s]+")
URLS = ("stream_url", "substream_url")
OWN = frozenset(
    {
        "name",
        "title",
        "comment",
        "enabled",
        "static",
        "video_only",
        "transcode_audio",
        "thumbnails",
        "thumbnails_url",
        "coordinates",
        "postal_address",
        "motion_detector_enabled",
        "onvif_url",
        "onvif_profile",
        "onvif_ptz",
        "agent_id",
        "agent_model",
        "agent_serial",
        "agent_key",
        "external_id",
        "vision_areas",
        "zone_mode",
    }
)
# What decides where a camera may be, by its name in the log and on the row.
RULES = (("zone", "zone_id"), ("zone_mode", "zone_mode"), ("preset", "preset_id"))


@transaction.atomic
def add_camera(
    organization: Organization,
    *,
    acting_user: User | None,
    title: str,
    stream_url: str,
    substream_url: str = "",
    name: str = "",
    folder: Folder | None = None,
    preset: Preset | None = None,
    **more: Any,
) -> Camera:
    """Add a camera to an organization; it begins to run and to be counted at once.

    Without a name it gets one made of its title (decision i); without folder or preset the organization's first
    folder and the ISP's default preset. Raises Invalid (by field) and LimitReached.
    """
    _check_limit(organization)
    camera = Camera(domain_id=current_domain_id(), organization=organization)
    camera.folder = folder or folders.root(organization)
    camera.preset = preset or presets.default_preset()
    if "zone" in more:
        camera.zone = more.pop("zone")
    ruled = {field: more.pop(field) for field in presets.RULED if field in more}
    _assign(camera, {"title": title.strip(), "name": name or new_name(title), **more})
    _set_urls(camera, {"stream_url": stream_url, "substream_url": substream_url})
    _apply_preset(camera, ruled)
    _check(camera)
    placing.place(camera)
    camera.save()
    spans.settle(camera)
    since = min(camera.created_at, clock.now())
    modes.settle(camera, acting_user=acting_user, at=since)
    placements.settle([camera.pk], at=since)
    audit.created(camera, acting_user=acting_user, object_id=camera.name)
    notify_access()
    return camera


@transaction.atomic
def change_camera(camera: Camera, *, acting_user: User | None, **values: Any) -> Camera:
    """Change a camera's settings; only what is given changes. Moving it to another organization is a change too."""
    _read_again(camera)
    before = audit.snapshot(camera)
    ruled = {field: values.pop(field) for field in presets.RULED if field in values}
    urls = {field: values.pop(field) for field in URLS if field in values}
    if camera.is_private and values.get("organization", camera.organization) != camera.organization:
        camera_access.require_may_pause(acting_user, camera)
    _place(camera, values)
    _assign(camera, values)
    _set_urls(camera, urls)
    _apply_preset(camera, ruled, preset_changed=before["preset"] != camera.preset_id)
    _check(camera)
    if any(before[name] != getattr(camera, column) for name, column in RULES):
        placing.place(camera)
    camera.save()
    spans.settle(camera)
    modes.settle(camera, acting_user=acting_user)
    placements.settle([camera.pk])
    if before["organization"] != camera.organization_id:
        grants.leave_behind(camera, acting_user=acting_user)
    if audit.changed(camera, before, acting_user=acting_user, object_id=camera.name):
        notify_access()
    return camera


def set_enabled(camera: Camera, enabled: bool, *, acting_user: User | None) -> Camera:
    """Switch a camera on or off; while off it neither runs nor costs."""
    return change_camera(camera, acting_user=acting_user, enabled=enabled)


@transaction.atomic
def set_privacy(camera: Camera, private: bool, *, acting_user: User) -> Camera:
    """Let the subscriber be alone, or end it (item 318): while it lasts nothing is recorded and nobody watches, neither
    live nor the archive. It is the subscriber's to decide: neither the ISP's administrators nor its keys may."""
    _read_again(camera)
    if private != camera.is_private:
        camera_access.require_may_pause(acting_user, camera)
        before = audit.snapshot(camera)
        camera.is_private = private
        camera.save(update_fields=["is_private", "updated_at"])
        modes.settle(camera, acting_user=acting_user)
        audit.changed(camera, before, acting_user=acting_user, object_id=camera.name)
        notify_access()
    return camera


def _read_again(camera: Camera) -> None:
    """Read again, under a lock, whether the subscriber wants to be alone and where the camera is: a change that began
    before either was decided, and saves the row after it, must not undo it."""
    rows = Camera.objects.select_for_update().filter(pk=camera.pk)
    found = rows.values_list("is_private", "streamer_id", "home_id").first()
    if found is None:
        raise Missing(_("There is no such camera."))
    camera.is_private, camera.streamer_id, camera.home_id = found


@transaction.atomic
def delete_camera(camera: Camera, *, acting_user: User | None) -> None:
    """Remove a camera; its history stays for the bill, its archive until its own retention ends (item 86)."""
    _read_again(camera)  # and hold it: what a streamer says of it meanwhile waits, and finds it gone
    spans.end(camera)
    modes.end(camera, acting_user=acting_user)
    placements.end(camera)
    audit.deleted(camera, acting_user=acting_user, object_id=camera.name)
    camera.delete()
    notify_access()


def mark_camera(camera: Camera, user: User, **marks: bool) -> CameraAttribute:
    """Set what a user marked on a camera: favorite, motion_alarm."""
    allowed = {name: bool(value) for name, value in marks.items() if name in {"favorite", "motion_alarm"}}
    row, _fresh = CameraAttribute.objects.update_or_create(
        domain_id=camera.domain_id, camera=camera, user=user, defaults=allowed
    )
    mark: CameraAttribute = row
    return mark


def new_name(title: str) -> str:
    """A camera's name: its title in Latin letters, and a random end."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:40].strip("-")
    return f"{slug or 'camera'}-{secrets.token_hex(5)}"


def _check_limit(organization: Organization) -> None:
    """The organization's row is locked, so that additions at the same moment cannot all pass the count."""
    locked = Organization.objects.select_for_update().get(pk=organization.pk)
    if Camera.objects.filter(organization=organization).count() >= locked.camera_limit:
        raise LimitReached(
            _("The organization may have %(n)s cameras.") % {"n": locked.camera_limit}, field="organization_id"
        )


def _place(camera: Camera, values: dict[str, Any]) -> None:
    """Take organization, folder, preset and zone out of the values and put the camera there."""
    organization: Organization | None = values.pop("organization", None)
    if organization is not None and organization.pk != camera.organization_id:
        _check_limit(organization)
        camera.organization = organization
        camera.folder = folders.root(organization)
    if "folder" in values:
        camera.folder = values.pop("folder")
    if "preset" in values:
        camera.preset = values.pop("preset")
    if "zone" in values:
        camera.zone = values.pop("zone")
    if camera.folder.organization_id != camera.organization_id:
        raise Invalid(_("The folder belongs to another organization."), field="folder_id")


def _assign(camera: Camera, values: dict[str, Any]) -> None:
    """Set what is a camera's own; zones as they are kept."""
    if "vision_areas" in values:
        values["vision_areas"] = recognition.checked_areas(values["vision_areas"])
    assign(camera, values, OWN)


def _apply_preset(camera: Camera, ruled: dict[str, Any], *, preset_changed: bool = True) -> None:
    """A locked preset rules the camera's values; an adjustable one is copied once and then free (item 43)."""
    preset = camera.preset
    if preset_changed or not preset.is_adjustable:
        for field in presets.RULED:
            setattr(camera, field, getattr(preset, field))
    if "vision_alg" in ruled:
        ruled["vision_alg"] = recognition.checked_algorithm(ruled["vision_alg"])
    for field, value in ruled.items():
        if value == getattr(camera, field):
            continue
        if not preset.is_adjustable:
            raise Forbidden(_("The preset sets this value; choose another preset to change it."), field=field)
        setattr(camera, field, value)


def _set_urls(camera: Camera, urls: dict[str, str]) -> None:
    for field, text in urls.items():
        kept = getattr(camera, field)
        fresh = checked_url(text, kept, field)
        if fresh != kept:
            setattr(camera, field, fresh)


def checked_url(text: str | None, kept: str, field: str) -> str:
    """A stream address as it is to be kept; with the stars it is shown with, it is the one that was kept. Raises
    Invalid. Only the second stream may be empty."""
    text = (text or "").strip()
    if text == kept or (MASK in text and text == shown(kept)):
        return kept
    if text or field == "stream_url":
        _check_url(text, field)
    return text


def _check_url(text: str, field: str) -> None:
    if MASK in text:
        raise Invalid(_("Type the password again: the address has changed."), field=field)
    try:
        sources.check_source(text, camera_policy())
    except sources.SourceRefused as refused:
        raise Invalid(_(refused.message), field=field) from refused


def shown(url: str) -> str:
    """A stream address as people and machines see it: passwords are stars, also those in path or query."""
    hidden = _IN_HOST.sub(rf"\1:{MASK}@", url) if "@" in url else url
    return _IN_QUERY.sub(rf"\1{MASK}", hidden) if "=" in url else hidden


def _check(camera: Camera) -> None:
    if not camera.title:
        raise Invalid(_("A title is needed."), field="title")
    if Camera.objects.filter(name=camera.name).exclude(pk=camera.pk).exists():
        raise Invalid(_("This name is taken."), field="name")
    check(camera)
