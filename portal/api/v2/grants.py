"""Rights in folders as the dialect shows and takes them (items 69, 70, 192, 196)."""

from __future__ import annotations

from typing import Any, TypedDict

from portal.api.v2.views import Fields, Identifier, Number, Truth
from tenants import access
from tenants.models import Folder, FolderPermission, Organization, User


class GrantShape(TypedDict):
    """A user's rights in a folder and all folders below it; `dvr_depth_limit` in days, null is the whole archive."""

    folder_id: int
    can_view_dvr: bool
    dvr_depth_limit: int | None
    can_use_ptz: bool
    can_use_actions: bool


class FolderUserShape(TypedDict):
    """The same, seen from the folder."""

    user_id: int
    can_view_dvr: bool
    dvr_depth_limit: int | None
    can_use_ptz: bool
    can_use_actions: bool


class GrantFields(Fields):
    """Rights in a folder. `can_view_dvr` is a switch: any number but zero is true, never a depth (decision f)."""

    can_view_dvr = Truth()
    dvr_depth_limit = Number(allow_null=True, max_value=3650)
    can_use_ptz = Truth()
    can_use_actions = Truth()


class FolderUserFields(GrantFields):
    """Rights in a folder, and for whom."""

    user_id = Identifier(required=True)


def grant_shape(row: FolderPermission) -> GrantShape:
    """A right, seen from its user."""
    return {
        "folder_id": row.folder_id,
        "can_view_dvr": row.can_view_dvr,
        "dvr_depth_limit": row.dvr_depth_limit,
        "can_use_ptz": row.can_use_ptz,
        "can_use_actions": row.can_use_actions,
    }


def folder_user_shape(row: FolderPermission) -> FolderUserShape:
    """A right, seen from its folder."""
    return {
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
