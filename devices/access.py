"""Who may see and do what with cameras: one resolver for pages, API, streams, thumbnails and sockets.

The rules stand once, as SQL (`RIGHTS`, from the parts in `tenants.rights`), because the hot hooks of streamers ask the
database directly (measured.md) and must not get a second version of the truth. Everything here runs inside the ISP's
scope or names the ISP explicitly, and answers for the instant `%(now)s`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from django.db.models import QuerySet
from django.db.models.expressions import RawSQL
from django.utils.translation import gettext as _

from devices.models import Camera
from tenants import clock
from tenants.errors import Forbidden, Missing
from tenants.models import Membership, User
from tenants.rights import DOWN, HOLDS, PERSON, positional
from tenants.rights import RIGHTS as COLUMNS
from tenants.statements import prepared_cursor

# For one user: his rights on every camera he has any right on. Where several grants meet, on folders above the camera
# and on the camera itself, the most generous wins, for each right by itself. A null depth is the whole archive.
# `{cameras}` narrows the cameras looked at, and `{granted}` is one of two ways to find the grants on folders that hold
# for a camera: down from all grants, or up from one camera.
RIGHTS = f"""
WITH RECURSIVE {PERSON},
{{granted}},
folder_rights AS (
    SELECT folder_id, bool_or(can_view_dvr) AS dvr,
           bool_or(can_view_dvr AND dvr_depth_limit IS NULL) AS unlimited,
           max(dvr_depth_limit) FILTER (WHERE can_view_dvr) AS depth,
           bool_or(can_use_ptz) AS ptz, bool_or(can_use_actions) AS actions,
           bool_or(can_view_dvr AND can_export) AS export, bool_or(can_talk) AS talk
    FROM granted GROUP BY folder_id
){{known}}
SELECT c.id AS camera_id, (r.holds OR f.folder_id IS NOT NULL OR p.id IS NOT NULL) AS can_view,
       r.edits AS can_edit,
       (r.holds OR coalesce(f.dvr, false) OR coalesce(p.can_view_dvr, false)) AS can_dvr,
       CASE WHEN r.holds OR f.unlimited OR (p.can_view_dvr AND p.dvr_depth_limit IS NULL) THEN NULL
            ELSE greatest(f.depth, CASE WHEN p.can_view_dvr THEN p.dvr_depth_limit END) END AS dvr_depth_limit,
       (r.holds OR coalesce(f.ptz, false) OR coalesce(p.can_use_ptz, false)) AS can_ptz,
       (r.holds OR coalesce(f.actions, false) OR coalesce(p.can_use_actions, false)) AS can_act,
       (r.holds OR coalesce(f.export, false) OR coalesce(p.can_view_dvr AND p.can_export, false)) AS can_export,
       (r.holds OR coalesce(f.talk, false) OR coalesce(p.can_talk, false)) AS can_talk
FROM person
JOIN devices_camera c ON c.domain_id = %(domain)s {{cameras}}
JOIN tenants_organization o ON o.domain_id = %(domain)s AND o.id = c.organization_id
LEFT JOIN tenants_membership m
    ON m.domain_id = %(domain)s AND m.organization_id = o.id AND m.user_id = person.id
CROSS JOIN LATERAL (
    SELECT coalesce(person.is_admin OR o.owner_id = person.id, false) AS holds,
           NOT person.is_readonly AND o.owner_id IS NOT NULL
               AND (person.is_admin OR o.owner_id = person.id OR coalesce(m.can_edit_cameras, false)) AS edits
) AS r
LEFT JOIN folder_rights f ON f.folder_id = c.folder_id
LEFT JOIN devices_camerapermission p
    ON p.domain_id = %(domain)s AND p.membership_id = m.id AND p.camera_id = c.id AND {HOLDS}
WHERE r.holds OR r.edits OR f.folder_id IS NOT NULL OR p.id IS NOT NULL
"""  # noqa: S608 - constants of this code base

# A handful of folders instead of all below the user's grants: this is what every player asks every few seconds.
UP = f"""
path AS (
    SELECT f.id, f.parent_id, f.id AS leaf
    FROM devices_camera c JOIN tenants_folder f ON f.id = c.folder_id AND f.domain_id = %(domain)s
    WHERE c.id = %(camera)s AND c.domain_id = %(domain)s
  UNION
    SELECT f.id, f.parent_id, path.leaf
    FROM path JOIN tenants_folder f ON f.id = path.parent_id AND f.domain_id = %(domain)s
),
granted AS (
    SELECT path.leaf AS folder_id, {COLUMNS}
    FROM person CROSS JOIN path JOIN tenants_folderpermission p
        ON p.folder_id = path.id AND p.user_id = person.id AND p.domain_id = %(domain)s AND {HOLDS}
)"""  # noqa: S608 - constants of this code base

# The cameras a user has any right on, each way to one by the index that leads there: what `RIGHTS` would find, found
# without looking at what others own. Folders as an array: joined, the planner reads all cameras of the ISP instead.
KNOWN_CAMERAS = f"""
known AS (
    SELECT c.id AS camera_id FROM person JOIN devices_camera c ON c.domain_id = %(domain)s WHERE person.is_admin
  UNION
    SELECT c.id FROM person
    JOIN tenants_organization o ON o.domain_id = %(domain)s AND o.owner_id = person.id
    JOIN devices_camera c ON c.domain_id = %(domain)s AND c.organization_id = o.id
  UNION
    SELECT c.id FROM person
    JOIN tenants_membership m ON m.domain_id = %(domain)s AND m.user_id = person.id AND m.can_edit_cameras
    JOIN tenants_organization o ON o.domain_id = %(domain)s AND o.id = m.organization_id AND o.owner_id IS NOT NULL
    JOIN devices_camera c ON c.domain_id = %(domain)s AND c.organization_id = o.id
    WHERE NOT person.is_readonly
  UNION
    SELECT c.id FROM devices_camera c
    WHERE c.domain_id = %(domain)s AND c.folder_id = ANY(ARRAY(SELECT folder_id FROM granted))
  UNION
    SELECT c.id FROM person
    JOIN tenants_membership m ON m.domain_id = %(domain)s AND m.user_id = person.id
    JOIN devices_camerapermission p ON p.domain_id = %(domain)s AND p.membership_id = m.id AND {HOLDS}
    JOIN devices_camera c ON c.id = p.camera_id AND c.organization_id = m.organization_id
)"""  # noqa: S608 - constants of this code base

ONE = RIGHTS.format(granted=UP, known="", cameras="AND c.id = %(camera)s")
SOME = RIGHTS.format(granted=DOWN, known="", cameras="AND c.id = ANY(%(cameras)s)")
ALL = RIGHTS.format(granted=DOWN, known=f",{KNOWN_CAMERAS}", cameras="AND c.id IN (SELECT camera_id FROM known)")
KNOWN = f"WITH RECURSIVE {PERSON}, {DOWN}, {KNOWN_CAMERAS} SELECT camera_id FROM known"  # noqa: S608 - constants


@dataclass(frozen=True)
class CameraRights:
    """What one user may do with one camera (item 199: permissions). `dvr_depth_limit` is in days, None is all."""

    view: bool = False
    edit: bool = False
    dvr: bool = False
    dvr_depth_limit: int | None = None
    ptz: bool = False
    actions: bool = False
    export: bool = False
    talk: bool = False


NONE = CameraRights()
EVERYTHING = CameraRights(view=True, edit=True, dvr=True, ptz=True, actions=True, export=True, talk=True)


def asked_by(user: User, **more: Any) -> dict[str, Any]:
    """The parameters of the resolver's statements, for this moment."""
    return {"user": user.pk, "domain": user.domain_id, "now": clock.now(), **more}


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
    return _fetch(SOME, asked_by(user, cameras=ids))


def rights(user: User, camera: Camera) -> CameraRights:
    """The user's rights on one camera, by the statement that also answers streamers."""
    if user.is_system:
        return EVERYTHING
    return _fetch(ONE, asked_by(user, camera=camera.pk)).get(camera.pk, NONE)


def all_rights(user: User) -> dict[int, CameraRights]:
    """The user's rights on all cameras he has any right on, by camera id."""
    if user.is_system:
        return dict.fromkeys(Camera.objects.values_list("pk", flat=True), EVERYTHING)
    return _fetch(ALL, asked_by(user))


def visible_ids(user: User) -> set[int]:
    """The ids of all cameras whose video the user may watch."""
    return {camera_id for camera_id, held in all_rights(user).items() if held.view}


def known_ids(user: User) -> list[int]:
    """The ids of all cameras the user has any right on."""
    with prepared_cursor() as cursor:
        cursor.execute(KNOWN, asked_by(user))
        return [row[0] for row in cursor.fetchall()]


def visible_cameras(user: User) -> QuerySet[Camera]:
    """The cameras a user may know of: those he may watch and those whose settings he may edit."""
    rows: QuerySet[Camera] = Camera.objects.all()
    if user.is_admin and user.is_active:
        return rows
    return rows.filter(pk__in=RawSQL(*positional(KNOWN, asked_by(user))))  # noqa: S611 - parameters stay parameters


def require_may_pause(user: User | None, camera: Camera) -> None:
    """Let only the camera's own people switch privacy mode: its owner and members who edit cameras there. What an ISP's
    administrator could end would be no privacy."""
    if user is None or not may_pause(user, camera):
        raise Forbidden(_("Only the subscriber's own people switch privacy mode."), field="is_private")


def may_pause(user: User, camera: Camera) -> bool:
    """The same as an answer, for buttons."""
    if user.is_readonly or user.is_system or user.is_impersonated:
        return False
    if camera.organization.owner_id == user.pk:
        return True
    if user.is_admin:  # who could make himself a member there
        return False
    editors = Membership.objects.filter(user=user, organization=camera.organization_id, can_edit_cameras=True)
    return camera.organization.owner_id is not None and bool(editors.exists())


def camera_for(user: User, name: str, right: str = "view") -> Camera:
    """One camera by name: Missing if the user may not know of it, Forbidden if he lacks the right on it."""
    camera: Camera | None = Camera.objects.select_related("status", "preset", "streamer").filter(name=name).first()
    held = rights(user, camera) if camera else NONE
    if camera is None or held == NONE:
        raise Missing(_("There is no such camera."))
    if right != "know" and not getattr(held, right):
        raise Forbidden(_("You may not do this with the camera."))
    return camera
