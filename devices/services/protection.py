"""Recordings kept longer than the archive's days: around events, and moments kept by hand (items 109, 113, decision a).

What is protected stays as long as the camera's `dvr_lock_days` say: null for as long as the disk has room, 0 for no
longer than the rest. Streamers ask for it before they clean up (`devices.episodes`).
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from devices.models import Camera, ProtectedSpan
from tenants import audit, clock
from tenants.errors import Conflict, Invalid, LimitReached, Missing
from tenants.models import User
from tenants.scoping import current_domain_id

BEFORE, AFTER = timedelta(seconds=10), timedelta(seconds=30)  # of an event (decision a)
LONGEST = timedelta(hours=1)
MOST = 200  # moments a camera's people may keep by hand; else they would have an archive that nobody sold
Kind = ProtectedSpan.Kind

FORGET = """
DELETE FROM devices_protectedspan s USING devices_camera c
WHERE s.domain_id = %(domain)s AND c.domain_id = s.domain_id AND c.id = s.camera_id
    AND s.ended_at < %(now)s - greatest(c.dvr_lock_days, c.dvr_depth, 1) * interval '1 day'
    AND c.dvr_lock_days IS NOT NULL
"""


@transaction.atomic
def protect_event(camera: Camera, at: datetime, *, kind: str = Kind.MOTION, source: str = "") -> ProtectedSpan:
    """Protect what is around an event. Events that follow each other closely make one span, as long as they last.

    It is a fact of a machine, hence without a row in the audit log.
    """
    Camera.objects.select_for_update().get(pk=camera.pk)  # two events at once must not each begin a span
    began, ended, now = at - BEFORE, at + AFTER, clock.now()
    rows = ProtectedSpan.objects.filter(camera=camera, kind=kind, began_at__lte=ended, ended_at__gte=began)
    touching: ProtectedSpan | None = rows.first()
    if touching is None:
        return _add(camera, began, ended, kind, source)
    touching.began_at, touching.ended_at = min(touching.began_at, began), max(touching.ended_at, ended)
    touching.updated_at = now
    touching.save(update_fields=["began_at", "ended_at", "updated_at"])
    return touching


@transaction.atomic
def keep_moment(camera: Camera, began: datetime, ended: datetime, *, acting_user: User) -> ProtectedSpan:
    """Keep what a camera recorded in a window, by hand. Raises Invalid (by field), Conflict and LimitReached."""
    _check(camera, began, ended)
    Camera.objects.select_for_update().get(pk=camera.pk)
    if ProtectedSpan.objects.filter(camera=camera, kind=Kind.MANUAL).count() >= MOST:
        raise LimitReached(_("At most %(n)s moments of a camera are kept: release some first.") % {"n": MOST})
    span = _add(camera, began, ended, Kind.MANUAL, acting_user.login)
    audit.created(span, acting_user=acting_user)
    return span


@transaction.atomic
def release_moment(span: ProtectedSpan, *, acting_user: User) -> None:
    """Let a moment kept by hand go with the rest of the archive."""
    audit.deleted(span, acting_user=acting_user)
    span.delete()


def moment_of(camera: Camera, number: int) -> ProtectedSpan:
    """One moment that was kept by hand; else Missing."""
    span: ProtectedSpan | None = ProtectedSpan.objects.filter(camera=camera, pk=number, kind=Kind.MANUAL).first()
    if span is None:
        raise Missing(_("There is no such kept moment."))
    return span


def protected_of(camera: Camera, since: datetime, until: datetime) -> QuerySet[ProtectedSpan]:
    """What is protected of a camera and touches a window, as far as it is kept now, the oldest first."""
    held = Q(began_at__lt=until, ended_at__gt=max(since, kept_since(camera) or since))
    rows: QuerySet[ProtectedSpan] = ProtectedSpan.objects.filter(held, camera=camera)
    return rows if keeps_longer(camera) else rows.none()


def keeps_longer(camera: Camera) -> bool:
    """Whether anything of the camera is kept longer than its days."""
    return camera.dvr_depth > 0 and camera.dvr_lock_days != 0


def kept_since(camera: Camera) -> datetime | None:
    """What is protected and older has gone; None: it stays while there is room."""
    if camera.dvr_lock_days is None:
        return None
    return clock.now() - timedelta(days=max(float(camera.dvr_lock_days), camera.dvr_depth))


def forget_old() -> int:
    """Remove spans whose recordings have gone; returns how many. Those kept while there is room stay."""
    with connection.cursor() as cursor:
        cursor.execute(FORGET, {"domain": current_domain_id(), "now": clock.now()})
        return int(cursor.rowcount)


def _check(camera: Camera, began: datetime, ended: datetime) -> None:
    if not keeps_longer(camera):
        raise Conflict(_("This camera's preset keeps nothing longer than its archive."))
    if not began < ended or ended - began > LONGEST:
        raise Invalid(_("Keep a window of up to an hour, its end after its beginning."), field="closed_at")
    if ended > clock.now() + AFTER:
        raise Invalid(_("This is still to come."), field="closed_at")
    if began < camera.created_at - AFTER:
        raise Invalid(_("The camera did not exist yet."), field="opened_at")


def _add(camera: Camera, began: datetime, ended: datetime, kind: str, source: str) -> ProtectedSpan:
    now = clock.now()
    span: ProtectedSpan = ProtectedSpan.objects.create(
        domain_id=camera.domain_id, camera=camera, began_at=began, ended_at=ended, kind=kind,
        source=source[:254], created_at=now, updated_at=now,
    )  # fmt: skip
    return span
