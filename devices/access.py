"""Who may see and do what with cameras: one resolver for pages, API, streams, thumbnails and sockets.

The rules stand once, as SQL (`RIGHTS`), because the hot hooks of streamers ask the database directly (measured.md) and
must not get a second version of the truth. Everything here runs inside the ISP's scope or names the ISP explicitly.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from django.db.models import QuerySet
from django.db.models.expressions import RawSQL
from django.utils.translation import gettext as _

from devices.models import Camera
from tenants.errors import Forbidden, Missing
from tenants.models import User
from tenants.statements import prepared_cursor

# For one user: his rights on every camera he has any right on. Grants on a folder hold for all folders below it
# (item 70); where several grants meet, the most generous wins. A null depth is the whole archive.
# Readers: `%(user)s` and `%(domain)s` are the only parameters; `{cameras}` narrows the cameras looked at, and
# `{granted}` is one of two ways to find the grants that hold for a camera: down from all grants, or up from one camera.
RIGHTS = """
WITH RECURSIVE
person AS (
    SELECT id, is_admin, is_readonly FROM tenants_user
    WHERE id = %(user)s AND domain_id = %(domain)s AND is_active
),
{granted},
folder_rights AS (
    SELECT folder_id, bool_or(can_view_dvr) AS dvr,
           bool_or(can_view_dvr AND dvr_depth_limit IS NULL) AS unlimited,
           max(dvr_depth_limit) FILTER (WHERE can_view_dvr) AS depth,
           bool_or(can_use_ptz) AS ptz, bool_or(can_use_actions) AS actions
    FROM granted GROUP BY folder_id
),
organization_rights AS (
    SELECT o.id, person.is_admin OR o.owner_id = person.id AS holds,
           NOT person.is_readonly AND o.owner_id IS NOT NULL
               AND (person.is_admin OR o.owner_id = person.id OR coalesce(m.can_edit_cameras, false)) AS edits
    FROM person CROSS JOIN tenants_organization o
    LEFT JOIN tenants_membership m
        ON m.organization_id = o.id AND m.user_id = person.id AND m.domain_id = %(domain)s
    WHERE o.domain_id = %(domain)s
)
SELECT c.id AS camera_id, (r.holds IS TRUE OR f.folder_id IS NOT NULL) AS can_view,
       (r.edits IS TRUE) AS can_edit,
       (r.holds IS TRUE OR coalesce(f.dvr, false)) AS can_dvr,
       CASE WHEN r.holds IS TRUE OR f.unlimited THEN NULL ELSE f.depth END AS dvr_depth_limit,
       (r.holds IS TRUE OR coalesce(f.ptz, false)) AS can_ptz,
       (r.holds IS TRUE OR coalesce(f.actions, false)) AS can_act
FROM devices_camera c
JOIN organization_rights r ON r.id = c.organization_id
LEFT JOIN folder_rights f ON f.folder_id = c.folder_id
WHERE c.domain_id = %(domain)s AND (r.holds OR r.edits OR f.folder_id IS NOT NULL) {cameras}
"""

DOWN = """
granted AS (
    SELECT p.folder_id, p.can_view_dvr, p.dvr_depth_limit, p.can_use_ptz, p.can_use_actions
    FROM tenants_folderpermission p JOIN person ON person.id = p.user_id
    WHERE p.domain_id = %(domain)s
  UNION ALL
    SELECT f.id, g.can_view_dvr, g.dvr_depth_limit, g.can_use_ptz, g.can_use_actions
    FROM granted g JOIN tenants_folder f ON f.parent_id = g.folder_id AND f.domain_id = %(domain)s
)"""
# A handful of folders instead of all below the user's grants: this is what every player asks every few seconds.
UP = """
path AS (
    SELECT f.id, f.parent_id, f.id AS leaf
    FROM devices_camera c JOIN tenants_folder f ON f.id = c.folder_id AND f.domain_id = %(domain)s
    WHERE c.id = %(camera)s AND c.domain_id = %(domain)s
  UNION ALL
    SELECT f.id, f.parent_id, path.leaf
    FROM path JOIN tenants_folder f ON f.id = path.parent_id AND f.domain_id = %(domain)s
),
granted AS (
    SELECT path.leaf AS folder_id, p.can_view_dvr, p.dvr_depth_limit, p.can_use_ptz, p.can_use_actions
    FROM path JOIN tenants_folderpermission p ON p.folder_id = path.id AND p.domain_id = %(domain)s
    JOIN person ON person.id = p.user_id
)"""

ONE = RIGHTS.format(granted=UP, cameras="AND c.id = %(camera)s")
SOME = RIGHTS.format(granted=DOWN, cameras="AND c.id = ANY(%(cameras)s)")
ALL = RIGHTS.format(granted=DOWN, cameras="")


@dataclass(frozen=True)
class CameraRights:
    """What one user may do with one camera (item 199: permissions). `dvr_depth_limit` is in days, None is all."""

    view: bool = False
    edit: bool = False
    dvr: bool = False
    dvr_depth_limit: int | None = None
    ptz: bool = False
    actions: bool = False


NONE = CameraRights()
EVERYTHING = CameraRights(view=True, edit=True, dvr=True, ptz=True, actions=True)


def _fetch(sql: str, parameters: dict[str, Any]) -> dict[int, CameraRights]:
    with prepared_cursor() as cursor:
        cursor.execute(sql, parameters)
        return {row[0]: CameraRights(*row[1:]) for row in cursor.fetchall()}


class Numbered(Protocol):
    """A camera, or a row that stands for one."""

    @property
    def pk(self) -> Any: ...


def rights_on(user: User, cameras: Iterable[Numbered]) -> dict[int, CameraRights]:
    """The user's rights on the given cameras, by camera id, in one query; cameras without any right are absent."""
    ids = [camera.pk for camera in cameras]
    if not ids:
        return {}
    if user.is_system:
        return dict.fromkeys(ids, EVERYTHING)
    return _fetch(SOME, {"user": user.pk, "domain": user.domain_id, "cameras": ids})


def rights(user: User, camera: Camera) -> CameraRights:
    """The user's rights on one camera, by the statement that also answers streamers."""
    if user.is_system:
        return EVERYTHING
    return _fetch(ONE, {"user": user.pk, "domain": user.domain_id, "camera": camera.pk}).get(camera.pk, NONE)


def visible_ids(user: User) -> set[int]:
    """The ids of all cameras whose video the user may watch."""
    if user.is_system:
        return set(Camera.objects.values_list("pk", flat=True))
    granted = _fetch(ALL, {"user": user.pk, "domain": user.domain_id})
    return {camera_id for camera_id, held in granted.items() if held.view}


def visible_cameras(user: User) -> QuerySet[Camera]:
    """The cameras a user may know of: those he may watch and those whose settings he may edit."""
    rows: QuerySet[Camera] = Camera.objects.all()
    if user.is_admin and user.is_active:
        return rows
    known = f"SELECT camera_id FROM ({ALL}) AS known"  # noqa: S608 - constants of this module
    positional = known.replace("%(user)s", "%s").replace("%(domain)s", "%s")
    return rows.filter(pk__in=RawSQL(positional, _in_order(known, user)))  # noqa: S611 - parameters stay parameters


def _in_order(sql: str, user: User) -> list[int]:
    """RawSQL takes positional parameters only: list them in the order the names stand in the text."""
    values = {"user": user.pk, "domain": user.domain_id}
    parts = sql.split("%(")[1:]
    return [values[part.partition(")")[0]] for part in parts]


def camera_for(user: User, name: str, right: str = "view") -> Camera:
    """One camera by name: Missing if the user may not know of it, Forbidden if he lacks the right on it."""
    camera: Camera | None = Camera.objects.select_related("status", "preset", "streamer").filter(name=name).first()
    held = rights(user, camera) if camera else NONE
    if camera is None or held == NONE:
        raise Missing(_("There is no such camera."))
    if right != "know" and not getattr(held, right):
        raise Forbidden(_("You may not do this with the camera."))
    return camera
