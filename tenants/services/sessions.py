"""Counting and ending sessions."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction

from tenants import audit, clock
from tenants.broadcast import notify_access
from tenants.models import Domain, User, UserSession
from tenants.scoping import current_domain_id


def limits() -> tuple[timedelta, timedelta]:
    """How long a session of this ISP lasts, and how long it may be idle."""
    hours = Domain.objects.values_list("session_hours", "session_idle_hours").get(pk=current_domain_id())
    return timedelta(hours=hours[0]), timedelta(hours=hours[1])


def evict_oldest(user_id: int) -> int:
    """Keep a user within his number of sessions: the oldest goes, the new one lives (items 63, 64).

    The user's own limit wins over the ISP's. The user's row is locked, so that sign-ins at the same moment cannot
    all pass the count. Returns how many were ended.
    """
    user = User.objects.select_for_update().select_related("domain").filter(pk=user_id).first()
    if user is None:
        return 0
    limit = user.max_sessions or user.domain.max_sessions
    extra = UserSession.objects.filter(user=user).order_by("-created_at", "-id").values_list("pk", flat=True)[limit:]
    ended, _rows = UserSession.objects.filter(pk__in=list(extra)).delete()
    return int(ended)


def end_all(user: User) -> int:
    """Sign a user out everywhere (password change, block). Returns how many sessions were ended."""
    ended, _rows = UserSession.objects.filter(user=user).delete()
    return int(ended)


def living(user: User) -> list[UserSession]:
    """Where a user is signed in, most recently seen first."""
    return list(UserSession.objects.filter(user=user, expires_at__gt=clock.now()).order_by("-last_seen_at", "-id"))


@transaction.atomic
def end(session: UserSession, *, acting_user: User | None) -> None:
    """End one session; its open sockets and streams follow within seconds."""
    audit.deleted(session, acting_user=acting_user)
    if session.user_id is not None:
        notify_access(session.user_id)
    session.delete()


@transaction.atomic
def end_others(user: User, *, keep: str = "", acting_user: User | None) -> int:
    """End all sessions of a user but the one with this digest. Returns how many were ended."""
    rows = list(UserSession.objects.filter(user=user).exclude(digest=keep))
    for row in rows:
        end(row, acting_user=acting_user)
    return len(rows)
