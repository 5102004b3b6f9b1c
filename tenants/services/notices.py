"""Mails that tell somebody what happened to his account, so that a stranger's hand is noticed."""

from __future__ import annotations

from datetime import timedelta

from tenants import audit, clock, networks
from tenants.models import SignInEntry, User
from tenants.services import mail

MEMORY = timedelta(days=90)
MOST = 500  # sign-ins looked at


def password_changed(user: User) -> None:
    """Say that the password was changed, and from where."""
    _tell(user, "password_changed")


def signed_in(user: User, *, device: str) -> None:
    """Say that somebody signs in from a network where nobody of this account did in the last months.

    Called before the sign-in is written down. The first one of all is no news, and the demo account is everybody's.
    """
    here = networks.neighbourhood(audit.current_origin().ip)
    since = clock.now() - MEMORY
    seen = SignInEntry.objects.filter(user_id=user.pk, result=SignInEntry.Result.ENTERED, created_at__gt=since)
    places = {networks.neighbourhood(ip) for ip in seen.order_by("-id").values_list("ip", flat=True)[:MOST]}
    if places and here not in places:
        _tell(user, "new_sign_in", device=device)


def _tell(user: User, template: str, **more: str) -> None:
    to = mail.address_of(user)
    if not to:
        return
    locale = mail.locale_of(user)
    time = mail.local_time(clock.now(), user.domain, locale)
    ip = audit.current_origin().ip or "–"
    mail.send(template, to=to, locale=locale, **mail.about(user), time=time, ip=ip, **more)
