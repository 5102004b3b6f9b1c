"""Why somebody sees a camera: every right with the row it comes from (item 303).

The resolver (`devices.access`) says what holds; this says where it comes from, also what does not hold now. Pages show
both, and a test holds them to each other.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from django.db.models import Q

from devices.access import CameraRights
from devices.models import Camera, CameraPermission
from tenants import clock
from tenants.models import Domain, Folder, FolderPermission, Membership, Organization, User
from tenants.models.grants import Grant


class Kind(StrEnum):
    """What a reason rests on."""

    OWNER = "owner"
    ADMIN = "admin"
    FOLDER = "folder"
    CAMERA = "camera"
    EDITOR = "editor"  # changes its settings, and does not watch it


@dataclass(frozen=True)
class Reason:
    """One reason why a user has a right on a camera. `grant` and `folder` are there where it is a grant;
    `holds` is false while its time has not come, is over, or the user is blocked."""

    user: User
    camera: Camera
    kind: Kind
    rights: CameraRights
    holds: bool
    grant: Grant | None = None
    folder: Folder | None = None

    @property
    def is_inherited(self) -> bool:
        """Whether it comes from a folder above the camera's own."""
        return self.folder is not None and self.folder.pk != self.camera.folder_id


def given_by(grant: Grant) -> CameraRights:
    """What a grant gives by itself."""
    return CameraRights(
        view=True,
        dvr=grant.can_view_dvr,
        dvr_depth_limit=grant.dvr_depth_limit if grant.can_view_dvr else None,
        ptz=grant.can_use_ptz,
        actions=grant.can_use_actions,
        export=grant.exports,
        talk=grant.can_talk,
    )


def together(reasons: Iterable[Reason]) -> CameraRights:
    """What reasons give together: of those that hold, the most generous for each right."""
    held = [reason.rights for reason in reasons if reason.holds]
    depths = [rights.dvr_depth_limit for rights in held if rights.dvr]
    return CameraRights(
        view=any(rights.view for rights in held),
        edit=any(rights.edit for rights in held),
        dvr=bool(depths),
        dvr_depth_limit=None if None in depths else max((depth for depth in depths if depth is not None), default=None),
        ptz=any(rights.ptz for rights in held),
        actions=any(rights.actions for rights in held),
        export=any(rights.export for rights in held),
        talk=any(rights.talk for rights in held),
    )


def who_sees(camera: Camera) -> list[Reason]:
    """All who may look at a camera or change it, each with every reason: the owner, administrators, then by login."""
    return _Explainer([camera]).reasons(None)


def why(user: User, cameras: Iterable[Camera]) -> dict[int, list[Reason]]:
    """Why a user sees cameras: his reasons by camera id, in a number of queries that does not grow with them."""
    found = list(cameras)
    reasons: dict[int, list[Reason]] = defaultdict(list)
    for reason in _Explainer(found).reasons(user) if found else ():
        reasons[reason.camera.pk].append(reason)
    return reasons


class _Explainer:
    """Collects reasons for a page of cameras; everything is read once."""

    def __init__(self, cameras: list[Camera]) -> None:
        self.cameras = cameras
        self.now = clock.now()
        self.zone = Domain.objects.get(pk=cameras[0].domain_id).zone
        ids = {camera.organization_id for camera in cameras}
        self.organizations = {row.pk: row for row in Organization.objects.filter(pk__in=ids).select_related("owner")}
        self.folders = {row.pk: row for row in Folder.objects.filter(organization__in=ids)}

    def reasons(self, user: User | None) -> list[Reason]:
        """All reasons, or those of one user."""
        found = [*self._holders(user), *self._folder_grants(user), *self._camera_grants(user), *self._editors(user)]
        order = {kind: number for number, kind in enumerate(Kind)}
        return sorted(found, key=lambda reason: (order[reason.kind] > 1, order[reason.kind], reason.user.login))

    def _holders(self, user: User | None) -> list[Reason]:
        admins = User.objects.filter(is_admin=True, is_active=True)
        people = list(admins if user is None else admins.filter(pk=user.pk))
        found = []
        for camera in self.cameras:
            owner = self.organizations[camera.organization_id].owner
            if owner is not None and user in (None, owner):
                found.append(self._holder(camera, owner, Kind.OWNER))
            found += [self._holder(camera, person, Kind.ADMIN) for person in people if person != owner]
        return found

    def _holder(self, camera: Camera, user: User, kind: Kind) -> Reason:
        edit = not user.is_readonly and self.organizations[camera.organization_id].owner_id is not None
        rights = CameraRights(view=True, edit=edit, dvr=True, ptz=True, actions=True, export=True, talk=True)
        return Reason(user, camera, kind, rights, user.is_active)

    def _folder_grants(self, user: User | None) -> list[Reason]:
        above = {camera.pk: self._path(camera.folder_id) for camera in self.cameras}
        wanted = {number for path in above.values() for number in path}
        rows = FolderPermission.objects.filter(_of(user, "user"), folder__in=wanted).select_related("user")
        by_folder: dict[int, list[FolderPermission]] = defaultdict(list)
        for row in rows:
            by_folder[row.folder_id].append(row)
        return [
            self._granted(camera, row.user, Kind.FOLDER, row, self.folders[number])
            for camera in self.cameras
            for number in above[camera.pk]
            for row in by_folder[number]
        ]

    def _path(self, folder_id: int) -> list[int]:
        """The camera's folder and all above it."""
        path: list[int] = []
        number: int | None = folder_id
        while number is not None and number in self.folders and number not in path:
            path.append(number)
            number = self.folders[number].parent_id
        return path

    def _camera_grants(self, user: User | None) -> list[Reason]:
        by_number = {camera.pk: camera for camera in self.cameras}
        rows = CameraPermission.objects.filter(_of(user, "membership__user"), camera__in=list(by_number))
        return [
            self._granted(by_number[row.camera_id], row.membership.user, Kind.CAMERA, row, None)
            for row in rows.select_related("membership__user")
            if row.membership.organization_id == by_number[row.camera_id].organization_id
        ]

    def _granted(self, camera: Camera, user: User, kind: Kind, grant: Grant, folder: Folder | None) -> Reason:
        holds = user.is_active and grant.holds_at(self.now, self.zone)
        return Reason(user, camera, kind, given_by(grant), holds, grant, folder)

    def _editors(self, user: User | None) -> list[Reason]:
        rows = Membership.objects.filter(
            _of(user, "user"), organization__in=list(self.organizations), can_edit_cameras=True
        )
        editors: dict[int, list[User]] = defaultdict(list)
        for row in rows.select_related("user"):
            owner = self.organizations[row.organization_id].owner_id
            if owner not in (None, row.user_id) and not row.user.is_admin and not row.user.is_readonly:
                editors[row.organization_id].append(row.user)
        return [
            Reason(person, camera, Kind.EDITOR, CameraRights(edit=True), person.is_active)
            for camera in self.cameras
            for person in editors[camera.organization_id]
        ]


def _of(user: User | None, field: str) -> Q:
    return Q() if user is None else Q(**{field: user})
