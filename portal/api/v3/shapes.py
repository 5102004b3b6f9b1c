"""Parts of answers that several nouns share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import TypedDict

from portal.api.v3.views import DAY, utc_ms
from tenants import audit
from tenants.access import OrganizationRights
from tenants.errors import Invalid
from tenants.models import AuditEntry, User


class NamedShape(TypedDict):
    """Something by its number and title."""

    id: int
    title: str


class PersonShape(TypedDict):
    """Somebody by number and login."""

    id: int
    name: str


class ChangeShape(TypedDict):
    """Who changed the object last; for administrators only. `created_at` in ms; a machine's change has no user."""

    created_at: int
    user: str


class CoordinatesShape(TypedDict):
    """A place on the map, in degrees."""

    latitude: float
    longitude: float


class PermissionsShape(TypedDict):
    """What somebody may do in an organization. `can_view_streams`: the video of all its cameras."""

    can_edit_streams: bool
    can_edit_users: bool
    can_view_stats: bool
    can_view_streams: bool
    can_view_persons_lists: bool
    can_edit_persons_lists: bool
    is_accountant: bool
    is_member: bool
    is_owner: bool


# The wire's names of a member's flags.
FLAGS: Mapping[str, str] = {
    "can_edit_streams": "can_edit_cameras",
    "can_edit_users": "can_edit_users",
    "can_view_stats": "can_view_stats",
    "can_view_persons_lists": "can_view_person_lists",
    "can_edit_persons_lists": "can_edit_person_lists",
    "is_accountant": "is_accountant",
}


def permissions_shape(rights: OrganizationRights, *, sees_all: bool, is_accountant: bool) -> PermissionsShape:
    """Rights in an organization; `sees_all`: a grant at the top of its tree."""
    return {
        "can_edit_streams": rights.edit_cameras,
        "can_edit_users": rights.edit_users,
        "can_view_stats": rights.view_stats,
        "can_view_streams": sees_all,
        "can_view_persons_lists": rights.view_person_lists,
        "can_edit_persons_lists": rights.edit_person_lists,
        "is_accountant": is_accountant,
        "is_member": rights.is_member,
        "is_owner": rights.is_owner,
    }


def changes_of(asking: User, object_type: str, ids: Iterable[int | str]) -> dict[str, ChangeShape]:
    """The last change of each object by its number or name, in one query; administrators only read who did what."""
    if not asking.is_admin:
        return {}
    return {key: change_shape(entry) for key, entry in audit.last_changes(object_type, map(str, ids)).items()}


def change_shape(entry: AuditEntry) -> ChangeShape:
    """One audit row."""
    return {"created_at": utc_ms(entry.created_at) or 0, "user": entry.user_login}


def coordinates_shape(text: str) -> CoordinatesShape | None:
    """The place that stands in a column as "latitude longitude"; None for none, or for a text of the old days."""
    parts = text.replace(",", " ").split()
    try:
        latitude, longitude = (float(part) for part in parts)
    except ValueError:
        return None
    return {"latitude": latitude, "longitude": longitude} if abs(latitude) <= 90 and abs(longitude) <= 180 else None


def coordinates_text(sent: Mapping[str, float] | None) -> str:
    """The same the other way round."""
    return f"{_plain(sent['latitude'])} {_plain(sent['longitude'])}" if sent else ""


def _plain(degrees: float) -> str:
    """A number as people write it, never 1e-05."""
    return format(Decimal(repr(degrees)), "f")


def depth_seconds(days: int | None) -> int:
    """A depth of archive on the wire: seconds, 0 for all of it."""
    return (days or 0) * DAY


def depth_days(seconds: int | None, field: str = "dvr_depth_limit") -> int | None:
    """The depth that was sent, in days. Depths are whole days: rounding up would give more than was asked for, and
    rounding down a part of a day to nothing would give all."""
    if not seconds:
        return None
    if seconds % DAY:
        raise Invalid("The depth of the archive is a whole number of days, in seconds.", field=field)
    return seconds // DAY
