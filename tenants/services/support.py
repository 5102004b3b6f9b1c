"""Support access: how a super administrator enters an ISP, and the only way he can.

He gives a reason and a time. The ISP sees that he came, why and until when, reads in its audit log what he did there as
"support: login", and can end it at any moment. He acts as a row of the ISP's users that no list shows, that no password
or key opens, and that may not hand out access that would outlast his.
"""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from tenants import audit, clock
from tenants.broadcast import notify_access
from tenants.errors import Conflict, Forbidden, Invalid, Missing
from tenants.models import AuditEntry, Domain, InstallationEntry, SuperAdministrator, SupportAccess, User
from tenants.scoping import current_domain_id, domain_scope
from tenants.secrets import digest, new_secret
from tenants.services import installation_log, sessions

SHORTEST, USUAL, LONGEST = timedelta(minutes=5), timedelta(hours=1), timedelta(hours=8)
LINK_LASTS = timedelta(minutes=5)
SHORTEST_REASON = 10  # characters
PREFIX = "support: "


@transaction.atomic
def start(
    domain: Domain, *, administrator: SuperAdministrator, reason: str, lasts: timedelta = USUAL
) -> tuple[SupportAccess, str]:
    """Begin a stay at an ISP; returns it with the secret of the link that opens it once, within five minutes.

    Called in the installation's scope. Raises Invalid without a reason; Conflict at a suspended ISP.
    """
    reason = reason.strip()
    if len(reason) < SHORTEST_REASON or len(reason) > 300 or "\x00" in reason:
        raise Invalid(_("Say in ten characters or more why you must enter."), field="reason")
    if not SHORTEST <= lasts <= LONGEST:
        raise Invalid(_("From five minutes to eight hours."), field="minutes")
    if not domain.is_active:
        raise Conflict(_("The ISP is suspended."))
    now, secret = clock.now(), new_secret()
    with domain_scope(domain):
        user = _stand_in(administrator)
        for other in open_of(user):
            end(other, by=user.login)
        User.everyone.filter(pk=user.pk).update(is_active=True)
        row: SupportAccess = SupportAccess.objects.create(
            domain_id=domain.pk,
            administrator_login=administrator.login,
            reason=reason,
            user=user,
            digest=digest(secret),
            started_at=now,
            expires_at=now + lasts,
        )
        audit.record(
            AuditEntry.Action.CREATE, row, acting_user=user,
            changed={"reason": [None, reason], "expires_at": [None, row.expires_at.isoformat()]},
        )  # fmt: skip
    installation_log.record(
        InstallationEntry.Action.SUPPORT, administrator=administrator, isp=domain, changed={"reason": [None, reason]}
    )
    return row, secret


def _stand_in(administrator: SuperAdministrator) -> User:
    """The row a super administrator acts as at the ISP in scope. It counts as deleted, so no list and no door finds
    it; only a session that support access opened does."""
    login = f"{PREFIX}{administrator.login}"[:254]
    row = User.everyone.filter(is_support=True, login=login).first()
    if row is None:
        row = User(
            domain_id=current_domain_id(), login=login, name=login, is_support=True, is_admin=True, is_active=False,
            deleted_at=clock.now(),
        )  # fmt: skip
        row.set_unusable_password()
        row.save()
    return row


def open_of(user: User) -> list[SupportAccess]:
    """The stays of a stand-in that have not been ended."""
    return list(SupportAccess.objects.filter(user_id=user.pk, ended_at=None))


def access_of(user: User) -> SupportAccess | None:
    """The stay a stand-in is on now; None when it was ended or its time is over."""
    row: SupportAccess | None = SupportAccess.objects.filter(
        user_id=user.pk, ended_at=None, expires_at__gt=clock.now()
    ).first()
    return row


def stand_in_of(user_id: int) -> User | None:
    """The stand-in of a session, while its stay goes on; the stay is on the row as `stay`."""
    user: User | None = User.everyone.filter(pk=user_id, is_support=True, is_active=True).first()
    stay = access_of(user) if user else None
    if user is None or stay is None:
        return None
    user.stay = stay
    return user


def waiting(secret: str) -> SupportAccess:
    """The stay that a link opens, while it may be opened; else Missing."""
    now = clock.now()
    row: SupportAccess | None = (
        SupportAccess.objects.filter(digest=digest(secret), entered_at=None, ended_at=None, expires_at__gt=now)
        .filter(started_at__gt=now - LINK_LASTS)
        .first()
    )
    if row is None:
        raise Missing(_("This link was used already, or its time is over."))
    return row


@transaction.atomic
def enter(secret: str) -> User:
    """Use a link, once; returns who acts from now on."""
    row = waiting(secret)
    if SupportAccess.objects.filter(pk=row.pk, entered_at=None).update(entered_at=clock.now()) != 1:
        raise Missing(_("This link was used already, or its time is over."))
    user = stand_in_of(row.user_id)
    if user is None:
        raise Missing(_("This link was used already, or its time is over."))
    return user


@transaction.atomic
def end(row: SupportAccess, *, by: str, acting_user: User | None = None) -> None:
    """End a stay: who acts in it is signed out, his streams and sockets are cut within seconds."""
    now = clock.now()
    if SupportAccess.objects.filter(pk=row.pk, ended_at=None).update(ended_at=now, ended_by=by[:254]) != 1:
        return
    user = User.everyone.get(pk=row.user_id)
    sessions.end_all(user)
    User.everyone.filter(pk=user.pk).update(is_active=False)
    notify_access(user.pk)
    row.ended_at, row.ended_by = now, by
    audit.record(
        AuditEntry.Action.CHANGE, row, acting_user=acting_user or (user if by == user.login else None),
        changed={"ended_at": [None, now.isoformat()], "ended_by": [None, by]},
    )  # fmt: skip


def end_by(row_id: int, *, acting_user: User) -> None:
    """End a stay by the hand of the ISP's administrator, or of the one who is on it."""
    row: SupportAccess | None = SupportAccess.objects.filter(pk=row_id, ended_at=None).first()
    if row is None:
        raise Missing(_("There is no such support access."))
    if not acting_user.is_admin:
        raise Forbidden(_("Only an administrator may do this."))
    end(row, by=acting_user.login, acting_user=acting_user)


def end_expired() -> int:
    """End what has run out of its time at the ISP in scope; returns how many."""
    rows = list(SupportAccess.objects.filter(ended_at=None, expires_at__lte=clock.now()))
    for row in rows:
        end(row, by="time")
    return len(rows)


def history() -> list[SupportAccess]:
    """Who was let in at the ISP in scope, newest first."""
    return list(SupportAccess.objects.all()[:100])


def require_no_lasting_access(acting_user: User | None) -> None:
    """Support hands out nothing that opens the ISP after support has left: passwords, administrators, keys."""
    if acting_user is not None and acting_user.is_support:
        raise Forbidden(_("Support may not hand out access: no passwords, administrators and keys."))
