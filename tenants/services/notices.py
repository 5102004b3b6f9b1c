"""Mails that tell somebody what happened to his account, so that a stranger's hand is noticed."""

from __future__ import annotations

from tenants import audit, clock
from tenants.models import User
from tenants.services import mail


def password_changed(user: User) -> None:
    """Say that the password was changed, and from where."""
    _tell(user, "password_changed")


def signed_in_from_new_place(user: User, *, device: str) -> None:
    """Say that somebody signed in where nobody of this account did before."""
    _tell(user, "new_sign_in", device=device)


def _tell(user: User, template: str, **more: str) -> None:
    to = mail.address_of(user)
    if not to:
        return
    locale = mail.locale_of(user)
    time = mail.local_time(clock.now(), user.domain, locale)
    ip = audit.current_origin().ip or "–"
    mail.send(template, to=to, locale=locale, **mail.about(user), time=time, ip=ip, **more)
