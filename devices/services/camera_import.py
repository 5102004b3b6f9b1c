"""Taking in cameras from another system's list (manual 6.1.4, 6.1.5; items 163-171, 198, 205; decision d).

Both sets of columns are understood: v2's (`stream_url`, `dvr_depth` in days) and v3's (`inputs_0_url`, `dvr_expiration`
in seconds). A camera is told apart by its name, else by its serial number, which stays when its agent's number changes,
else by title and address in its organization: so a list that was taken in already changes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext as _

from devices import access as camera_access
from devices.models import Camera, Preset
from devices.services import cameras, presets, recognition
from tenants import access
from tenants.errors import Invalid, Missing
from tenants.models import Folder, Organization, User
from tenants.services import folders, imports, memberships, organizations, users
from tenants.services.imports import Effect, Outcome, switch, text_of
from tenants.tables import Line

DAY = 24 * 3600
GIGABYTE = 1_000_000_000
TEXTS = {
    "title": "title",
    "name": "name",
    "comment": "comment",
    "stream_url": "stream_url",
    "inputs_0_url": "stream_url",
    "substream_url": "substream_url",
    "inputs_1_url": "substream_url",
    "onvif_url": "onvif_url",
    "onvif_profile": "onvif_profile",
    "coordinates": "coordinates",
    "postal_address": "postal_address",
    "agent_model": "agent_model",
    "agent_serial": "agent_serial",
    "agent_id": "agent_id",
    "agent_key": "agent_key",
    "vision_alg": "vision_alg",
    "external_id": "external_id",
    "extrenal_id": "external_id",
}
SWITCHES = {
    "static": "static",
    "enabled": "enabled",
    "video_only": "video_only",
    "ptz": "onvif_ptz",
    "can_ptz": "onvif_ptz",
    "onvif_ptz": "onvif_ptz",
}
NUMBERS = {
    "dvr_depth": ("dvr_depth", 1),
    "dvr_lock_days": ("dvr_lock_days", 1),
    "dvr_look_days": ("dvr_lock_days", 1),
    "dvr_space": ("dvr_space", 1),
    "dvr_expiration": ("dvr_depth", DAY),
    "dvr_episodes_expiration": ("dvr_lock_days", DAY),
    "dvr_storage_limit": ("dvr_space", GIGABYTE),
}
LETTERS = re.compile(r"x\d+ y\d+")
SHARED = {"can_view_dvr": True, "can_use_ptz": True, "can_use_actions": True}


def import_cameras(lines: Iterable[Line], *, acting_user: User) -> Outcome:
    """Add and change cameras, each where the acting user may.

    What a line does not say stays as it is. Without `organization_id` and `preset_id` a new camera lands in the default
    organization, or in that of its `owner`, under the default preset. What a locked preset rules is taken from it.
    """
    return imports.run(lines, begin=lambda _chunk: _Importer(acting_user).work)


class _Importer:
    """Does lines, and remembers for a chunk the organizations and presets that they name."""

    def __init__(self, acting_user: User) -> None:
        self.acting_user = acting_user
        self.organizations: dict[int, Organization] = {}

    def work(self, line: Line) -> Effect:
        """Do one line."""
        values = line.values
        wanted = wanted_values(values)
        owner = self._owner(values)
        organization = self._organization(values, owner)
        camera = self._found(wanted, organization)
        if camera is None:
            effect, camera = Effect.CREATED, self._add(values, wanted, organization, owner)
        else:
            effect = Effect.UPDATED if self._change(camera, values, wanted, organization) else Effect.NONE
        shared = owner is not None and self._share(camera, owner, stays="folder_id" in values)
        return Effect.UPDATED if shared and effect is Effect.NONE else effect

    def _found(self, wanted: dict[str, Any], organization: Organization | None) -> Camera | None:
        """The camera a line speaks of; Missing if it is there and not the acting user's."""
        rows = Camera.objects.order_by("pk")
        if wanted.get("name"):
            found = rows.filter(name=wanted["name"]).first()
        elif wanted.get("agent_serial"):
            found = rows.filter(agent_serial=wanted["agent_serial"]).first()
        else:
            home = organization or organizations.ensure_default()
            twins = rows.filter(organization=home, title=wanted.get("title", ""))
            found = next((twin for twin in twins if twin.stream_url == wanted.get("stream_url")), None)
        return camera_access.camera_for(self.acting_user, found.name, "edit") if found else None

    def _add(
        self, values: dict[str, Any], wanted: dict[str, Any], organization: Organization | None, owner: User | None
    ) -> Camera:
        home = organization or self._home(organizations.ensure_default().pk)
        preset = self._preset(values, home) or presets.default_preset()
        if not wanted.get("title"):
            raise Invalid(_("A title is needed."), field="title")
        if not preset.is_adjustable:
            wanted = {name: value for name, value in wanted.items() if name not in presets.RULED}
        wanted.setdefault("stream_url", "")
        folder = self._folder(values, home)
        return cameras.add_camera(home, acting_user=self.acting_user, folder=folder, preset=preset, **wanted)

    def _change(
        self, camera: Camera, values: dict[str, Any], wanted: dict[str, Any], organization: Organization | None
    ) -> bool:
        home = organization or camera.organization
        placed: dict[str, Any] = {}
        if home.pk != camera.organization_id:
            placed["organization"] = home
        folder, preset = self._folder(values, home), self._preset(values, home)
        if folder is not None and folder.pk != camera.folder_id:
            placed["folder"] = folder
        if preset is not None and preset.pk != camera.preset_id:
            placed["preset"] = preset
        ruling = placed.get("preset", camera.preset)
        if not ruling.is_adjustable:
            wanted = {name: value for name, value in wanted.items() if name not in presets.RULED}
        different = {name: value for name, value in wanted.items() if getattr(camera, name) != value}
        if not placed and not different:
            return False
        cameras.change_camera(camera, acting_user=self.acting_user, **placed, **different)
        return True

    def _home(self, number: int) -> Organization:
        if number not in self.organizations:
            self.organizations[number] = access.organization_for(self.acting_user, number, "edit_cameras")
        return self.organizations[number]

    def _organization(self, values: dict[str, Any], owner: User | None) -> Organization | None:
        """The organization a line names, else the only one its owner has."""
        if "organization_id" in values:
            return self._home(access.as_id(_number_text(values["organization_id"])))
        owned = list(Organization.objects.filter(owner=owner)[:2]) if owner is not None else []
        return self._home(owned[0].pk) if len(owned) == 1 else None

    def _folder(self, values: dict[str, Any], organization: Organization) -> Folder | None:
        if "folder_id" not in values:
            return None
        return access.folder_for(self.acting_user, organization, _number_text(values["folder_id"]))

    def _preset(self, values: dict[str, Any], organization: Organization) -> Preset | None:
        if "preset_id" not in values:
            return None
        number = access.as_id(_number_text(values["preset_id"]))
        if not self.acting_user.is_admin:
            return presets.preset_for(organization, number)
        found: Preset | None = Preset.objects.filter(pk=number, is_deleted=False).first()
        if found is None:
            raise Missing(_("There is no such preset."))
        return found

    def _owner(self, values: dict[str, Any]) -> User | None:
        """The user of `owner` or `login`; a new one where his `password` is there, too. Administrators only."""
        login = text_of(values.get("owner", values.get("login", "")), "owner")
        if not login:
            return None
        access.require_admin(self.acting_user)
        found = User.objects.filter(login__iexact=login).first()
        if found is not None:
            return found
        if "password" not in values:
            raise Invalid(_("There is no such user; with a password he would be added."), field="owner")
        active = switch(values.get("user_enabled", "1"), "user_enabled")
        password = text_of(values["password"], "password")
        return users.add_user(
            acting_user=self.acting_user, login=login, password=password, strict_password=False, is_active=active
        )

    def _share(self, camera: Camera, owner: User, *, stays: bool) -> bool:
        """A camera that is private to somebody lies in a folder of his own, unless the whole organization is his or
        the line says where it `stays`. Returns whether anything changed."""
        home = camera.organization
        if home.owner_id == owner.pk:
            return False
        folder, fresh = (camera.folder, False) if stays else self._folder_of(home, owner)
        moved = camera.folder_id != folder.pk
        if moved:
            cameras.change_camera(camera, acting_user=self.acting_user, folder=folder)
        return self._let_in(folder, owner) or moved or fresh

    def _folder_of(self, home: Organization, owner: User) -> tuple[Folder, bool]:
        found: Folder | None = Folder.objects.filter(organization=home, title=owner.login).order_by("pk").first()
        if found is not None:
            return found, False
        top = folders.root(home)
        return folders.add_folder(home, acting_user=self.acting_user, title=owner.login, parent=top), True

    def _let_in(self, folder: Folder, owner: User) -> bool:
        if folder.permissions.filter(user=owner).exists():
            return False
        if not folder.organization.memberships.filter(user=owner).exists():
            memberships.add_member(folder.organization, acting_user=self.acting_user, user=owner)
        memberships.grant_folder(folder, acting_user=self.acting_user, user=owner, **SHARED)
        return True


def wanted_values(values: dict[str, Any]) -> dict[str, Any]:
    """What a line says about a camera, under the service's names. `dvr_path`, `agent_pin`, `dvr_redundancy_factor`
    and `is_test` are understood and mean nothing here; so do the letters that the reference's example has in place of a
    zone's corners."""
    wanted: dict[str, Any] = {ours: text_of(values[name], name) for name, ours in TEXTS.items() if name in values}
    wanted |= {ours: switch(values[name], name) for name, ours in SWITCHES.items() if name in values}
    if "disabled" in values:
        wanted["enabled"] = not switch(values["disabled"], "disabled")
    for name, (ours, unit) in NUMBERS.items():
        if name in values:
            wanted[ours] = _measure(values[name], name, ours, unit)
    if "vision_areas" in values and not LETTERS.match(str(values["vision_areas"])):
        wanted["vision_areas"] = recognition.checked_areas(text_of(values["vision_areas"], "vision_areas"))
    if wanted.get("onvif_url", "").lower() in {"no", "0"}:
        wanted["onvif_url"] = ""
    if "coordinates_latitude" in values and "coordinates_longitude" in values:
        place = [text_of(values[f"coordinates_{axis}"], f"coordinates_{axis}") for axis in ("latitude", "longitude")]
        wanted["coordinates"] = " ".join(place)
    if "thumbnails" in values:
        _thumbnails(values["thumbnails"], wanted)
    _check_access(values)
    return wanted


def _thumbnails(value: Any, wanted: dict[str, Any]) -> None:
    """A switch that may also be an address."""
    if isinstance(value, str) and "://" in value:
        wanted["thumbnails"], wanted["thumbnails_url"] = True, value.strip()
    else:
        wanted["thumbnails"] = switch(value, "thumbnails")


def _measure(value: Any, name: str, ours: str, unit: int) -> float | int:
    """Days or gigabytes; days of archive may have decimals, all else is rounded down."""
    try:
        number = float(str(value)) / unit
    except ValueError:
        number = -1.0
    if not 0 <= number <= (1_000_000 if ours == "dvr_space" else 3650):
        raise Invalid(_("Write a number that is not negative."), field=name)
    return number if ours == "dvr_depth" else int(number)


def _check_access(values: dict[str, Any]) -> None:
    """Who sees a camera is decided by rights in folders; a list cannot open it to everybody by a word."""
    kind = str(values.get("access", "private")).strip().lower()
    if kind not in {"private", "public", "authorized"}:
        raise Invalid(_("Write private, public or authorized."), field="access")
    if kind != "private":
        raise Invalid(
            _("Open a camera to others by rights in its folder; a list takes in private ones."), field="access"
        )


def _number_text(value: Any) -> Any:
    return value.strip() if isinstance(value, str) else value
