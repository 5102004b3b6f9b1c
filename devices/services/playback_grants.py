"""Access to one camera for third parties: given by administrators, seen and taken away by the owner too (item 155)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Max, QuerySet
from django.utils.translation import gettext as _

from devices import access, playback
from devices.models import Camera, PlaybackGrant, Viewing
from devices.services import streamers
from tenants import audit, clock
from tenants.access import as_id, require_admin
from tenants.errors import Conflict, Forbidden, Invalid, Missing
from tenants.models import User
from tenants.scoping import current_domain_id
from tenants.services import support
from tenants.services.validation import assign, check

FIELDS = frozenset({"title", "can_view_dvr", "dvr_depth_limit", "expires_at"})
MOST = 100


def may_oversee(user: User, camera: Camera) -> bool:
    """Whether somebody may see who else was let in: the camera's owner, and administrators."""
    return user.is_admin or camera.organization.owner_id == user.pk


def overseen_camera(user: User, name: str) -> Camera:
    """A camera whose grants the user may see. Raises Missing and Forbidden."""
    camera = access.camera_for(user, name, "know")
    if not may_oversee(user, camera):
        raise Forbidden(_("Only the owner sees which third parties watch."))
    return camera


def grants_of(camera: Camera) -> QuerySet[PlaybackGrant]:
    """The grants on a camera."""
    rows: QuerySet[PlaybackGrant] = PlaybackGrant.objects.filter(camera=camera).select_related("camera__streamer")
    return rows


def grant_of(camera: Camera, number: Any) -> PlaybackGrant:
    """One of them, else Missing."""
    row = grants_of(camera).filter(pk=as_id(number)).first()
    if row is None:
        raise Missing(_("There is no such access."))
    return row


def last_used(grants: list[PlaybackGrant]) -> dict[int, datetime]:
    """When each grant was used last, by number; from what was noted of viewers."""
    rows = Viewing.objects.filter(holder=playback.Holder.GRANT, holder_id__in=[grant.pk for grant in grants])
    return dict(rows.values_list("holder_id").order_by("holder_id").annotate(Max("last_at")))


@transaction.atomic
def add_grant(camera: Camera, *, acting_user: User | None, title: str, **values: Any) -> PlaybackGrant:
    """Let a third party watch a camera by RTSP. Administrators only: it is the ISP's traffic and the owner's privacy.

    `can_view_dvr`, `dvr_depth_limit` (days, None is all), `expires_at` (None is until it is taken away).
    """
    if acting_user is not None:
        require_admin(acting_user)
        support.require_no_lasting_access(acting_user)
    if grants_of(camera).count() >= MOST:
        raise Conflict(_("A camera has at most %(n)s of these.") % {"n": MOST})
    row = PlaybackGrant(domain_id=current_domain_id(), camera=camera)
    row.created_by = acting_user.login if acting_user else ""
    assign(row, {"title": title, **values}, FIELDS)
    if not row.can_view_dvr:
        row.dvr_depth_limit = None
    if row.expires_at is not None and row.expires_at <= clock.now():
        raise Invalid(_("This day is over."), field="expires_at")
    check(row)
    row.save()
    audit.created(row, acting_user=acting_user)
    return row


@transaction.atomic
def revoke_grant(grant: PlaybackGrant, *, acting_user: User | None) -> None:
    """Take a grant away: what plays by it stops within seconds, and its token opens nothing any more."""
    if acting_user is not None and (acting_user.is_readonly or not may_oversee(acting_user, grant.camera)):
        raise Forbidden(_("Only the owner and administrators take this away."))
    audit.deleted(grant, acting_user=acting_user)
    grant.delete()


def address_of(grant: PlaybackGrant, host: str) -> str:
    """What the third party puts into its player; `host` is the portal's. Empty while the camera has no streamer."""
    camera = grant.camera
    base = streamers.rtsp_base(camera.streamer, host) if camera.streamer else ""
    return f"{base}/{camera.media}?token={playback.grant_token(grant, camera)}" if base else ""
