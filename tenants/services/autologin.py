"""Signing somebody in by a link (item 180): his provider asks for a token and hands it to him in a form.

A token is good for one use, a minute unless said otherwise and a day at most, and never for administrators: whoever can
ask for tokens must not gain more than he has. The session it opens ends when the token says so.
"""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from tenants import audit, clock
from tenants.errors import Forbidden, Invalid, Missing
from tenants.models import Token, User
from tenants.services import support, tokens

LIFETIME = timedelta(seconds=60)
LONGEST = timedelta(hours=24)


@transaction.atomic
def issue(user: User, *, acting_user: User, valid_till: int | None = None, lifetime: int | None = None) -> str:
    """A token for somebody: `login:valid_till:lifetime:secret`, the lifetime of the session in hexadecimal seconds.

    `valid_till` is in UTC seconds; what lies beyond a day is a day. `lifetime` is in seconds, at most that of any
    session.
    """
    support.require_no_lasting_access(acting_user)
    if user.is_high or not user.is_active:
        raise Forbidden(_("Nobody signs in as an administrator by a link."), field="login")
    until = _until(valid_till)
    seconds = min(lifetime or settings.SESSION_COOKIE_AGE, settings.SESSION_COOKIE_AGE)
    text = f"{user.login}:{int(until.timestamp())}:{seconds:x}:{secrets.token_hex(20)}"
    row, text = tokens.issue(
        Token.Purpose.AUTOLOGIN, user=user, lifetime=until - clock.now(), payload={"seconds": seconds}, secret=text
    )
    audit.created(row, acting_user=acting_user)
    return text


def _until(valid_till: int | None) -> datetime:
    now = clock.now()
    if valid_till is None:
        return now + LIFETIME
    if valid_till <= now.timestamp():
        raise Invalid(_("This moment has passed."), field="valid_till")
    try:
        return min(datetime.fromtimestamp(valid_till, UTC), now + LONGEST)
    except (ValueError, OverflowError, OSError):
        return now + LONGEST


def person_of(text: str) -> User:
    """Whose token this is, while it may be used; else Missing."""
    user: User | None = tokens.find(Token.Purpose.AUTOLOGIN, text).user
    if user is None or not user.is_active or user.is_high:
        raise Missing(_("This link was used already, or its time is over."))
    return user


@transaction.atomic
def use(text: str) -> tuple[User, timedelta]:
    """Spend a token: who signs in, and for how long. Of several at the same moment one wins."""
    user = person_of(text)
    spent = tokens.use(Token.Purpose.AUTOLOGIN, text)
    return user, timedelta(seconds=int(spent.payload["seconds"]))
