"""Rights in folders as the dialect shows and takes them (items 69, 70, 192, 196)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, NotRequired, TypedDict

from rest_framework.fields import empty

from portal.api.v2.views import Fields, Identifier, Number, Truth
from tenants import access
from tenants.models import Folder, FolderPermission, Organization, User
from tenants.models.grants import EVERY_DAY, MINUTES, Grant

FURTHEST = 253_402_300_799  # UTC seconds: the end of the year 9999


class FurtherRights(TypedDict):
    """What the reference product does not know, and clients of it do not expect: said only where it was used.

    Absent, downloads are allowed with the archive, talking is not, and the right holds at all times. `valid_*` are UTC
    seconds; `days` has a bit for every weekday, Monday the lowest; `minute_*` count from midnight at the ISP.
    """

    can_export: NotRequired[bool]
    can_talk: NotRequired[bool]
    valid_from: NotRequired[int]
    valid_until: NotRequired[int]
    days: NotRequired[int]
    minute_from: NotRequired[int | None]
    minute_until: NotRequired[int | None]


class GrantShape(FurtherRights):
    """A user's rights in a folder and all folders below it; `dvr_depth_limit` in days, null is the whole archive."""

    folder_id: int
    can_view_dvr: bool
    dvr_depth_limit: int | None
    can_use_ptz: bool
    can_use_actions: bool


class FolderUserShape(FurtherRights):
    """The same, seen from the folder."""

    user_id: int
    can_view_dvr: bool
    dvr_depth_limit: int | None
    can_use_ptz: bool
    can_use_actions: bool


class Stamp(Number):
    """An instant as UTC seconds, or null."""

    def __init__(self, **more: Any) -> None:
        super().__init__(**{"allow_null": True, "max_value": FURTHEST, **more})

    def run_validation(self, data: Any = empty) -> Any:
        """The limits are those of the number; what it means comes after."""
        seconds = super().run_validation(data)
        return datetime.fromtimestamp(seconds, UTC) if isinstance(seconds, int) else seconds


class GrantFields(Fields):
    """Rights in a folder. `can_view_dvr` is a switch: any number but zero is true, never a depth (decision f).
    What is not sent stays as it is; null as an instant or a minute is none."""

    can_view_dvr = Truth()
    dvr_depth_limit = Number(allow_null=True, max_value=3650)
    can_use_ptz = Truth()
    can_use_actions = Truth()
    can_export = Truth()
    can_talk = Truth()
    valid_from = Stamp()
    valid_until = Stamp()
    days = Number(min_value=1, max_value=EVERY_DAY)
    minute_from = Number(allow_null=True, max_value=MINUTES - 1)
    minute_until = Number(allow_null=True, max_value=MINUTES - 1)


class FolderUserFields(GrantFields):
    """Rights in a folder, and for whom."""

    user_id = Identifier(required=True)


def further_rights(row: Grant) -> FurtherRights:
    """What a right has beyond the reference product's."""
    said: FurtherRights = {}
    if row.can_view_dvr and not row.can_export:
        said["can_export"] = False
    if row.can_talk:
        said["can_talk"] = True
    if row.valid_from is not None:
        said["valid_from"] = int(row.valid_from.timestamp())
    if row.valid_until is not None:
        said["valid_until"] = int(row.valid_until.timestamp())
    if row.has_window:
        said |= {"days": row.days, "minute_from": row.minute_from, "minute_until": row.minute_until}
    return said


def grant_shape(row: FolderPermission) -> GrantShape:
    """A right, seen from its user."""
    return {
        **further_rights(row),
        "folder_id": row.folder_id,
        "can_view_dvr": row.can_view_dvr,
        "dvr_depth_limit": row.dvr_depth_limit,
        "can_use_ptz": row.can_use_ptz,
        "can_use_actions": row.can_use_actions,
    }


def folder_user_shape(row: FolderPermission) -> FolderUserShape:
    """A right, seen from its folder."""
    return {
        **further_rights(row),
        "user_id": row.user_id,
        "can_view_dvr": row.can_view_dvr,
        "dvr_depth_limit": row.dvr_depth_limit,
        "can_use_ptz": row.can_use_ptz,
        "can_use_actions": row.can_use_actions,
    }


def grants_of(asking: User, user: User) -> list[GrantShape]:
    """A user's rights in all folders whose organization the asking user may see."""
    known = access.visible_organizations(asking).values("pk")
    rows = FolderPermission.objects.filter(user=user, folder__organization__in=known)
    return [grant_shape(row) for row in rows]


def wanted_grants(asking: User, organization: Organization, sent: Any) -> list[tuple[Folder, dict[str, Any]]]:
    """`folders_permissions` as callers send it: numbers of folders, or objects with the rights in them."""
    wanted = []
    for item in sent or []:
        folder_id = item.get("folder_id") if isinstance(item, dict) else item
        rights = GrantFields.checked(item, partial=True) if isinstance(item, dict) else {}
        wanted.append((access.folder_for(asking, organization, folder_id), rights))
    return wanted
