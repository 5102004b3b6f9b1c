"""The same change to many cameras at once (items 222, 320): what it would do, and doing it.

Every camera is changed by `cameras.change_camera`, alone: what is refused for one leaves the others, and each change is
an entry of its own in the audit log.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from devices import access as camera_access
from devices.models import Camera, Preset
from devices.services import cameras, presets
from tenants import audit
from tenants.errors import PerchError
from tenants.models import User

# References whose change is told by the title of what they lead to.
TITLED = ("organization", "folder", "preset")


@dataclass(frozen=True)
class Result:
    """What a change did, or would do, to one camera: fields as (old, new), or the reason why it was refused."""

    name: str
    title: str
    changed: dict[str, tuple[Any, Any]] = field(default_factory=dict)
    refused: str = ""


def change_many(names: Iterable[str], values: dict[str, Any], *, acting_user: User) -> list[Result]:
    """Change the named cameras, each where the acting user may and as far as its preset lets it."""
    return [_change(name, values, acting_user) for name in names]


def preview_many(names: Iterable[str], values: dict[str, Any], *, acting_user: User) -> list[Result]:
    """What `change_many` would do: it is done and taken back, so that no rule is written twice."""
    with transaction.atomic():
        results = change_many(names, values, acting_user=acting_user)
        transaction.set_rollback(True)
    return results


def editable(user: User, rows: Iterable[Camera]) -> list[Camera]:
    """The cameras among these whose settings the user edits."""
    found = list(rows)
    rights = camera_access.rights_on(user, found)
    return [camera for camera in found if rights.get(camera.pk, camera_access.NONE).edit]


def _change(name: str, values: dict[str, Any], acting_user: User) -> Result:
    title = name
    try:
        with transaction.atomic():
            camera = camera_access.camera_for(acting_user, name, "edit")
            title = camera.title
            before = _described(camera)
            _may_have(camera, values, acting_user)
            cameras.change_camera(camera, acting_user=acting_user, **_without_preset_values(camera, values))
            return Result(name, title, _difference(before, _described(camera)))
    except PerchError as error:
        return Result(name, title, refused=_(error.message))


def _may_have(camera: Camera, values: dict[str, Any], acting_user: User) -> None:
    """A preset has to be one that the camera's organization may choose, except for the ISP's administrators."""
    preset: Preset | None = values.get("preset")
    if preset is not None and preset.pk != camera.preset_id and not acting_user.is_admin:
        presets.preset_for(values.get("organization", camera.organization), preset.pk)


def _without_preset_values(camera: Camera, values: dict[str, Any]) -> dict[str, Any]:
    """What is the camera's already is not sent: a folder must not pull it back out of where it moves to."""
    return {name: value for name, value in values.items() if name in presets.RULED or getattr(camera, name) != value}


def _described(camera: Camera) -> dict[str, Any]:
    """The audit log's view of a camera, with titles in place of numbers."""
    return {**audit.snapshot(camera), **{name: getattr(camera, name).title for name in TITLED}}


def _difference(before: dict[str, Any], after: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    return {name: (before[name], after[name]) for name in after if before[name] != after[name]}
