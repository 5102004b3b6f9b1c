"""Viewing sessions: who is watching now, and ending it (item 325). Rows are written by the streamers' hook."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from devices import access
from devices.models import Camera, ViewingSession
from tenants import audit, clock
from tenants.access import as_id
from tenants.errors import Forbidden, Missing
from tenants.models import Membership, Organization, User

SILENT = timedelta(seconds=30)  # a session nobody asked about for this long is over
BAN = timedelta(minutes=5)  # after an end by hand the same sign-in, key or link does not get that camera
KEEP = timedelta(hours=1)


def alive() -> QuerySet[ViewingSession]:
    """The sessions that go on now."""
    rows: QuerySet[ViewingSession] = ViewingSession.objects.filter(
        ended_at=None, last_at__gt=clock.now() - SILENT
    ).order_by("-began_at", "-id")
    return rows


def sessions_for(user: User) -> QuerySet[ViewingSession]:
    """The sessions somebody may know of: his own, and those at cameras he owns or edits; administrators all."""
    rows = alive()
    if user.is_admin and user.is_active:
        return rows
    return rows.filter(Q(user_id=user.pk) | Q(camera__organization__in=_overseen(user)))


def _overseen(user: User) -> QuerySet[Organization]:
    """Where somebody owns or edits the cameras."""
    rows: QuerySet[Organization] = Organization.objects.filter(owner=user)
    if user.is_readonly:
        return rows
    edited = Membership.objects.filter(user=user, can_edit_cameras=True, organization__owner__isnull=False)
    return rows | Organization.objects.filter(pk__in=edited.values("organization"))


def may_oversee(user: User, camera: Camera) -> bool:
    """Whether somebody may see who watches a camera now: its owner, whoever edits it, and administrators."""
    return user.is_admin or camera.organization.owner_id == user.pk or access.rights(user, camera).edit


def session_for(user: User, number: Any) -> ViewingSession:
    """One session by number; Missing for what he may not know of."""
    row: ViewingSession | None = (
        sessions_for(user).select_related("camera__organization").filter(pk=as_id(number)).first()
    )
    if row is None:
        raise Missing(_("Nobody watches by this session any more."))
    return row


def may_end(user: User, session: ViewingSession) -> bool:
    """Whether somebody may end a session: whoever oversees the camera and may change anything at all."""
    return not user.is_readonly and may_oversee(user, session.camera)


def require_may_end(user: User, session: ViewingSession) -> None:
    """Raises Forbidden for whoever may not end a session."""
    if not may_end(user, session):
        raise Forbidden(_("Only who edits the camera ends what others watch."))


@transaction.atomic
def end_session(session: ViewingSession, *, acting_user: User | None) -> None:
    """End a playback at once, with all others of the same sign-in, key or link at this camera: a player that asks again
    by itself is refused as well, for BAN from now. Raises Forbidden."""
    if acting_user is not None:
        require_may_end(acting_user, session)
    now = clock.now()
    same = ViewingSession.objects.filter(
        camera=session.camera_id, holder=session.holder, holder_id=session.holder_id, user_id=session.user_id
    )
    before = audit.snapshot(session)
    same.filter(Q(ended_at=None) & Q(last_at__gt=now - SILENT) | Q(pk=session.pk)).update(
        ended_at=now, ended_by=acting_user.login if acting_user else "", banned_until=now + BAN
    )
    session.refresh_from_db()
    audit.changed(session, before, acting_user=acting_user)


def forget_old() -> int:
    """Remove sessions that were over an hour ago; returns how many rows."""
    return int(ViewingSession.objects.filter(last_at__lt=clock.now() - KEEP).delete()[0])
