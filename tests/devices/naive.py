"""The rules of rights once more, as slowly and plainly as they are written down: what the resolver is held to.

Items 33, 34, 60-62, 68-70, 303, 304, read row by row. Nothing here comes from the product but its rows.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from devices.access import NONE, CameraRights
from devices.models import Camera, CameraPermission
from tenants.models import Domain, Folder, FolderPermission, Membership, Organization, User


def naive(user: User, camera: Camera, at: datetime) -> CameraRights:
    """What a user may do with a camera at an instant."""
    if not User.objects.get(pk=user.pk).is_active:
        return NONE
    organization = Organization.objects.get(pk=camera.organization_id)
    membership = Membership.objects.filter(user=user, organization=organization).first()
    zone = ZoneInfo(Domain.objects.get(pk=user.domain_id).timezone)
    holds = user.is_admin or organization.owner_id == user.pk
    installs = membership is not None and membership.can_edit_cameras
    edit = not user.is_readonly and organization.owner_id is not None and (holds or installs)
    found = CameraRights(edit=edit)
    if holds:
        return replace(found, view=True, dvr=True, export=True, ptz=True, talk=True, actions=True)
    grants: list[Any] = [*CameraPermission.objects.filter(camera=camera, membership=membership)] if membership else []
    folder: Folder | None = Folder.objects.get(pk=camera.folder_id)
    while folder is not None:
        grants += FolderPermission.objects.filter(user=user, folder=folder)
        folder = folder.parent
    for grant in grants:
        if counts(grant, at, zone):
            found = more(found, grant)
    return found


def more(found: CameraRights, grant: Any) -> CameraRights:
    """Rights with one more grant: the more generous of both, each for itself."""
    depth = found.dvr_depth_limit
    if grant.can_view_dvr:
        unlimited = grant.dvr_depth_limit is None or (found.dvr and depth is None)
        depth = None if unlimited else max(depth or 0, grant.dvr_depth_limit)
    return replace(
        found,
        view=True,
        dvr=found.dvr or grant.can_view_dvr,
        dvr_depth_limit=depth,
        export=found.export or (grant.can_view_dvr and grant.can_export),
        ptz=found.ptz or grant.can_use_ptz,
        talk=found.talk or grant.can_talk,
        actions=found.actions or grant.can_use_actions,
    )


def counts(grant: Any, at: datetime, zone: ZoneInfo) -> bool:
    """Whether a grant holds at an instant: within its validity, and within a stretch of its week.

    The stretch that begins today and the one that began yesterday are the only ones that can reach into now.
    """
    if grant.valid_from is not None and at < grant.valid_from:
        return False
    if grant.valid_until is not None and at >= grant.valid_until:
        return False
    wall = at.astimezone(zone).replace(tzinfo=None)
    midnight = wall.replace(hour=0, minute=0, second=0, microsecond=0)
    for begins_on in (midnight, midnight - timedelta(days=1)):
        if str(begins_on.weekday()) not in days_of(grant.days):
            continue
        start, end = grant.minute_from, grant.minute_until
        if start is None:
            start, end = 0, 24 * 60
        elif end < start:
            end += 24 * 60
        if begins_on + timedelta(minutes=start) <= wall < begins_on + timedelta(minutes=end):
            return True
    return False


def days_of(bits: int) -> str:
    """The weekdays of a grant as digits, Monday 0."""
    return "".join(str(number) for number, bit in enumerate(reversed(f"{bits:07b}")) if bit == "1")


@dataclass(frozen=True)
class Terms:
    """A grant as hypothesis makes it up, its times in minutes from an instant and from that instant's wall clock."""

    can_view_dvr: bool
    dvr_depth_limit: int | None
    can_export: bool
    can_use_ptz: bool
    can_talk: bool
    can_use_actions: bool
    begins: int | None
    lasts: int | None
    days: int
    window: tuple[int, int] | None

    def columns(self, at: datetime, zone: ZoneInfo) -> dict[str, Any]:
        """The columns of a grant."""
        own = {"begins", "lasts", "window"}
        values = {each.name: getattr(self, each.name) for each in fields(self) if each.name not in own}
        if self.begins is not None:
            values["valid_from"] = at + timedelta(minutes=self.begins)
        if self.lasts is not None:
            values["valid_until"] = (values.get("valid_from") or at) + timedelta(minutes=self.lasts)
        if self.window is not None:
            wall = at.astimezone(zone)
            now = wall.hour * 60 + wall.minute
            values["minute_from"], values["minute_until"] = ((now + shift) % 1440 for shift in self.window)
        return values


# No edge is nearer to the instant than a quarter of an hour: a slow machine must not reach it.
_NEAR = [-2000, -700, -60, -15, 15, 60, 700, 2000]
terms = st.builds(
    Terms,
    can_view_dvr=st.booleans(),
    dvr_depth_limit=st.one_of(st.none(), st.integers(1, 60)),
    can_export=st.booleans(),
    can_use_ptz=st.booleans(),
    can_talk=st.booleans(),
    can_use_actions=st.booleans(),
    begins=st.one_of(st.none(), st.sampled_from(_NEAR)),
    lasts=st.one_of(st.none(), st.sampled_from([30, 75, 1500, 4000])),
    days=st.one_of(st.just(127), st.integers(1, 127)),
    window=st.one_of(
        st.none(),
        st.tuples(st.sampled_from([-700, -60, -15, 15, 60, 700]), st.sampled_from([-400, -30, 30, 400])),
    ),
)
zones = st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Pacific/Apia"])
trees = st.tuples(st.just(None), *(st.integers(0, n) for n in range(5)))
grants = st.lists(st.tuples(st.integers(0, 5), terms), max_size=4, unique_by=lambda grant: grant[0])
flags = st.fixed_dictionaries(
    {name: st.booleans() for name in ("is_admin", "is_readonly", "is_active", "can_edit_organizations")}
)
