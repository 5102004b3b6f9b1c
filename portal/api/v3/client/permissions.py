"""Rights on single cameras (item 213), where rights come from (item 303), and who watched (item 317).

`.../permissions/...` are the grants of single cameras; `.../access` is everything that opens a camera, with what it
comes to now; `.../viewings` is who used it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypedDict

from django.db.models import QuerySet
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from rest_framework.response import Response

from devices import access as camera_access
from devices.access import NONE, CameraRights
from devices.models import Camera, CameraPermission, Viewing
from devices.services import explanations, grants, viewings
from devices.services.explanations import Reason
from portal.api.v3.collections import Collection
from portal.api.v3.columns import Column, Kind
from portal.api.v3.grants import NO_GRANT, GrantFields, GrantShape, grant_shape, grant_values
from portal.api.v3.schema import EMPTY, answers, lists
from portal.api.v3.shapes import depth_seconds
from portal.api.v3.views import Asked, V3View, gone, one, utc_ms
from tenants import access
from tenants.errors import Forbidden, Missing
from tenants.models import Organization, User


class StreamUserShape(GrantShape):
    """A right on one camera, seen from the camera; `id` and `user_id` are both the user's number."""

    id: int
    user_id: int
    name: str
    fullname: str | None


class UserStreamShape(GrantShape):
    """A right on one camera, seen from the user."""

    name: str
    title: str
    organization_id: int


class RightsShape(TypedDict):
    """What somebody may do with a camera. `dvr_depth_limit` in seconds, 0 is the whole archive."""

    can_view: bool
    can_edit: bool
    can_view_dvr: bool
    dvr_depth_limit: int
    can_export: bool
    can_use_ptz: bool
    can_talk: bool
    can_use_actions: bool


class ReasonShape(TypedDict):
    """Where a right comes from: `kind` is owner, admin, folder, camera or editor; `holds` says whether it counts now.

    `grant` is that of a folder or camera; `folder_id` that of the folder, which may lie above the camera's own.
    """

    kind: str
    holds: bool
    folder_id: int | None
    grant: GrantShape | None


class WatcherShape(TypedDict):
    """Somebody who may look at a camera or change it."""

    id: int
    name: str
    fullname: str | None
    rights: RightsShape
    reasons: list[ReasonShape]


class SightShape(TypedDict):
    """A camera somebody may look at or change."""

    name: str
    title: str
    organization_id: int
    folder_id: int
    rights: RightsShape
    reasons: list[ReasonShape]


class ViewingShape(TypedDict):
    """Who watched, by which kind: live, archive, export; times in ms. The window of an export in UTC seconds."""

    id: int
    user_id: int | None
    name: str
    kind: str
    began_at: int | None
    last_at: int | None
    ip: str | None
    user_agent: str
    exported_from: int | None
    exported_until: int | None


_GRANT_COLUMNS = (
    Column("can_view_dvr", "can_view_dvr", Kind.TRUTH),
    Column("can_use_ptz", "can_use_ptz", Kind.TRUTH),
    Column("can_talk", "can_talk", Kind.TRUTH),
    Column("can_use_actions", "can_use_actions", Kind.TRUTH),
    Column("valid_from", "valid_from", Kind.MOMENT, nullable=True),
    Column("valid_until", "valid_until", Kind.MOMENT, nullable=True),
)
STREAM_USERS = Collection(
    "users",
    (
        Column("id", "membership__user", Kind.WHOLE),
        Column("name", "membership__user__login", searched=True),
        Column("fullname", "membership__user__name", searched=True),
        *_GRANT_COLUMNS,
    ),
)
USER_STREAMS = Collection(
    "streams",
    (
        Column("name", "camera__name", searched=True),
        Column("title", "camera__title", searched=True),
        Column("organization_id", "camera__organization", Kind.WHOLE),
        *_GRANT_COLUMNS,
    ),
    sort="name",
    unique="name",
)
WATCHERS = Collection(
    "users",
    (
        Column("id", "id", Kind.WHOLE),
        Column("name", "login", searched=True),
        Column("fullname", "name", searched=True),
    ),
)
SIGHTS = Collection(
    "streams",
    (
        Column("name", "name", searched=True),
        Column("title", "title", searched=True),
        Column("organization_id", "organization", Kind.WHOLE),
        Column("folder_id", "folder", Kind.WHOLE),
    ),
    sort="name",
    unique="name",
)
VIEWINGS = Collection(
    "viewings",
    (
        Column("id", "id", Kind.WHOLE),
        Column("user_id", "user_id", Kind.WHOLE),
        Column("name", "user_login", searched=True),
        Column("kind", "kind"),
        Column("began_at", "began_at", Kind.MOMENT),
        Column("last_at", "last_at", Kind.MOMENT),
    ),
    sort="-last_at",
)
EXAMPLE = {
    "id": 17, "user_id": 17, "name": "ivanov", "fullname": "Ivan Ivanov", "can_view": True, "can_view_dvr": True,
    "dvr_depth_limit": 604800, "can_export": False, "can_use_ptz": False, "can_talk": False, "can_use_actions": False,
    "valid_from": None, "valid_until": 1767225600000, "days": 31, "minute_from": 480, "minute_until": 1080,
}  # fmt: skip
SENT = {"can_view_dvr": True, "dvr_depth_limit": 604800, "can_export": False, "valid_until": 1767225600000}


def _overseen(request: Asked, name: str, right: str) -> Camera:
    """A camera the caller knows, in an organization whose people he may see or change."""
    camera = camera_access.camera_for(request.user, name, "know")
    access.organization_for(request.user, camera.organization_id, right)
    return camera


def _row(camera: Camera, user_id: Any) -> CameraPermission:
    rows = CameraPermission.objects.select_related("membership__user", "camera")
    row: CameraPermission | None = rows.filter(camera=camera, membership__user=access.as_id(user_id)).first()
    if row is None:
        raise Missing(_("The user has no rights of his own on this camera."))
    return row


def _member(asking: User, camera: Camera, user_id: Any) -> User:
    """A member of the camera's organization whose rights the caller may change."""
    members = User.objects.filter(memberships__organization=camera.organization_id)
    user: User | None = members.filter(pk=access.as_id(user_id)).first()
    if user is None:
        raise Missing(_("The user is not in the organization."))
    access.require_may_grant(asking, camera.organization, user, {})
    return user


def _save(request: Asked, name: str, user_id: Any) -> tuple[Camera, User, GrantShape]:
    """Grant or change what was sent; `can_view: false` takes the right away."""
    camera = _overseen(request, name, "edit_users")
    user = _member(request.user, camera, user_id)
    fields = GrantFields.read(request, partial=True)
    if fields.get("can_view") is False:
        for row in CameraPermission.objects.filter(camera=camera, membership__user=user):
            grants.revoke_camera(row, acting_user=request.user)
        return camera, user, NO_GRANT
    row = grants.grant_camera(camera, acting_user=request.user, user=user, **grant_values(fields))
    return camera, user, grant_shape(row)


def _delete(request: Asked, name: str, user_id: Any) -> Response:
    camera = _overseen(request, name, "edit_users")
    row = _row(camera, user_id)
    access.require_may_grant(request.user, camera.organization, row.membership.user, {})
    grants.revoke_camera(row, acting_user=request.user)
    return gone()


def _of_user(user: User, grant: GrantShape) -> StreamUserShape:
    return {"id": user.pk, "user_id": user.pk, "name": user.login, "fullname": user.name or None, **grant}


def _of_camera(camera: Camera, grant: GrantShape) -> UserStreamShape:
    return {"name": camera.name, "title": camera.title, "organization_id": camera.organization_id, **grant}


class StreamUsersView(V3View):
    """`/streams/{name}/permissions/users`."""

    noun = "permissions"

    @lists(StreamUserShape, STREAM_USERS, says="Who holds a right on this camera alone", name="stream_permissions")
    def get(self, request: Asked, name: str) -> Response:
        camera = _overseen(request, name, "view_users")
        rows = CameraPermission.objects.select_related("membership__user").filter(camera=camera)
        return STREAM_USERS.answer(
            request, rows, lambda found: [_of_user(row.membership.user, grant_shape(row)) for row in found]
        )


class StreamUserView(V3View):
    """`/streams/{name}/permissions/users/{user_id}`."""

    noun = "permissions"

    @answers(StreamUserShape, says="A user's right on this camera alone", name="stream_permission", example=EXAMPLE)
    def get(self, request: Asked, name: str, user_id: str) -> Response:
        row = _row(_overseen(request, name, "view_users"), user_id)
        return one(request, _of_user(row.membership.user, grant_shape(row)))

    @answers(
        StreamUserShape, fields=GrantFields, says="Grant or change a right on this camera",
        name="stream_permission_save", example=EXAMPLE, sent=SENT,
    )  # fmt: skip
    def put(self, request: Asked, name: str, user_id: str) -> Response:
        _camera, user, grant = _save(request, name, user_id)
        return one(request, _of_user(user, grant))

    @answers(EMPTY, says="Take a right on this camera away", name="stream_permission_delete")
    def delete(self, request: Asked, name: str, user_id: str) -> Response:
        return _delete(request, name, user_id)


class UserStreamsView(V3View):
    """`/users/{id}/permissions/streams`."""

    noun = "permissions"

    @lists(UserStreamShape, USER_STREAMS, says="A user's rights on single cameras", name="user_permissions")
    def get(self, request: Asked, user_id: str) -> Response:
        asking, user = request.user, access.user_for(request.user, user_id)
        rows = CameraPermission.objects.select_related("camera").filter(
            membership__user=user, camera__in=_shown_cameras(asking, user).values("pk")
        )
        return USER_STREAMS.answer(
            request, rows, lambda found: [_of_camera(row.camera, grant_shape(row)) for row in found]
        )


class UserStreamView(V3View):
    """`/users/{id}/permissions/streams/{name}`: the same rows as `/streams/{name}/permissions/users/{id}`."""

    noun = "permissions"

    @answers(UserStreamShape, says="A user's right on one camera", name="user_permission")
    def get(self, request: Asked, user_id: str, name: str) -> Response:
        camera = _overseen(request, name, "view_users")
        return one(request, _of_camera(camera, grant_shape(_row(camera, user_id))), key="name")

    @answers(
        UserStreamShape, fields=GrantFields, says="Grant or change a right on one camera", name="user_permission_save",
        sent=SENT,
    )  # fmt: skip
    def put(self, request: Asked, user_id: str, name: str) -> Response:
        camera, _user, grant = _save(request, name, user_id)
        return one(request, _of_camera(camera, grant), key="name")

    @answers(EMPTY, says="Take a right on one camera away", name="user_permission_delete")
    def delete(self, request: Asked, user_id: str, name: str) -> Response:
        return _delete(request, name, user_id)


def _shown_cameras(asking: User, user: User) -> QuerySet[Camera]:
    """The cameras of which the caller may see what the user may do with them."""
    rows = camera_access.visible_cameras(asking).order_by()
    if asking.is_admin or asking.pk == user.pk:
        return rows
    return rows.filter(organization__in=overseen_organizations(asking))


def overseen_organizations(asking: User) -> QuerySet[Organization]:
    """The organizations whose people the caller may see."""
    rows = Organization.objects.all()
    if asking.is_admin:
        return rows
    edited = asking.memberships.filter(can_edit_users=True).values("organization")
    return (rows.filter(owner=asking) | rows.filter(pk__in=edited)).distinct()


def rights_shape(rights: CameraRights) -> RightsShape:
    """What somebody may do now."""
    return {
        "can_view": rights.view,
        "can_edit": rights.edit,
        "can_view_dvr": rights.dvr,
        "dvr_depth_limit": depth_seconds(rights.dvr_depth_limit),
        "can_export": rights.export,
        "can_use_ptz": rights.ptz,
        "can_talk": rights.talk,
        "can_use_actions": rights.actions,
    }


def _reasons(reasons: Iterable[Reason]) -> list[ReasonShape]:
    return [
        {
            "kind": str(reason.kind),
            "holds": reason.holds,
            "folder_id": reason.folder.pk if reason.folder else None,
            "grant": grant_shape(reason.grant) if reason.grant else None,
        }
        for reason in reasons
    ]


class StreamAccessView(V3View):
    """`/streams/{name}/access`."""

    noun = "permissions"

    @lists(WatcherShape, WATCHERS, says="Who may look at a camera, and through which right", name="stream_access")
    def get(self, request: Asked, name: str) -> Response:
        camera = _overseen(request, name, "view_users")
        by_user: dict[int, list[Reason]] = {}
        for reason in explanations.who_sees(camera):
            by_user.setdefault(reason.user.pk, []).append(reason)
        rows = User.objects.filter(pk__in=list(by_user))
        return WATCHERS.answer(request, rows, lambda found: [_watcher(row, by_user[row.pk]) for row in found])


def _watcher(user: User, reasons: list[Reason]) -> WatcherShape:
    return {
        "id": user.pk,
        "name": user.login,
        "fullname": user.name or None,
        "rights": rights_shape(explanations.together(reasons)),
        "reasons": _reasons(reasons),
    }


class UserAccessView(V3View):
    """`/users/{id}/access`."""

    noun = "permissions"

    @lists(SightShape, SIGHTS, says="What a user may look at, and through which right", name="user_access")
    def get(self, request: Asked, user_id: str) -> Response:
        asking, user = request.user, access.user_for(request.user, user_id)
        rows = camera_access.visible_cameras(user).filter(pk__in=_shown_cameras(asking, user).values("pk"))
        return SIGHTS.answer(request, rows, lambda found: _sights(user, found))


def _sights(user: User, cameras: list[Camera]) -> list[SightShape]:
    held = camera_access.rights_on(user, cameras)
    reasons = explanations.why(user, cameras)
    return [
        {
            "name": camera.name,
            "title": camera.title,
            "organization_id": camera.organization_id,
            "folder_id": camera.folder_id,
            "rights": rights_shape(held.get(camera.pk, NONE)),
            "reasons": _reasons(reasons[camera.pk]),
        }
        for camera in cameras
    ]


class StreamViewingsView(V3View):
    """`/streams/{name}/viewings`."""

    noun = "permissions"

    @lists(ViewingShape, VIEWINGS, says="Who watched a camera and took files of its archive", name="stream_viewings")
    def get(self, request: Asked, name: str) -> Response:
        camera = _overseen(request, name, "view_users")
        if not request.user.is_admin and camera.organization.owner_id != request.user.pk:
            raise Forbidden(_("Only the owner sees who watched."))
        rows = viewings.viewings_of(camera).order_by()
        return VIEWINGS.answer(request, rows, lambda found: [_viewing(row) for row in found])


def _viewing(row: Viewing) -> ViewingShape:
    window = row.window
    return {
        "id": row.pk,
        "user_id": row.user_id or None,
        "name": row.user_login,
        "kind": row.kind,
        "began_at": utc_ms(row.began_at),
        "last_at": utc_ms(row.last_at),
        "ip": row.ip,
        "user_agent": row.user_agent,
        "exported_from": window[0] if window else None,
        "exported_until": window[1] if window else None,
    }


urlpatterns: list[URLPattern] = [
    path("streams/<path:name>/permissions/users", StreamUsersView.as_view()),
    path("streams/<path:name>/permissions/users/<str:user_id>", StreamUserView.as_view()),
    path("streams/<path:name>/access", StreamAccessView.as_view()),
    path("streams/<path:name>/viewings", StreamViewingsView.as_view()),
    path("users/<str:user_id>/permissions/streams", UserStreamsView.as_view()),
    path("users/<str:user_id>/permissions/streams/<path:name>", UserStreamView.as_view()),
    path("users/<str:user_id>/access", UserAccessView.as_view()),
]
