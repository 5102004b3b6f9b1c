"""Secrets handed out for one purpose: kept as digests, good at one door, once, until they expire (T14)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils.translation import gettext as _

from tenants import clock
from tenants.errors import Missing
from tenants.models import Token, User
from tenants.scoping import current_domain_id
from tenants.secrets import digest, new_secret


def issue(
    purpose: Token.Purpose,
    *,
    lifetime: timedelta,
    user: User | None = None,
    payload: dict[str, Any] | None = None,
    secret: str = "",
) -> tuple[Token, str]:
    """Make a token; its text is returned once and never again."""
    text = secret or new_secret()
    row: Token = Token.objects.create(
        domain_id=current_domain_id(),
        purpose=purpose,
        digest=digest(text),
        user=user,
        payload=payload or {},
        expires_at=clock.now() + lifetime,
    )
    return row, text


def find(purpose: Token.Purpose, text: str) -> Token:
    """The token of this text, if it was made for this purpose and may still be used; else Missing."""
    rows = Token.objects.filter(purpose=purpose, digest=digest(text), used_at=None, expires_at__gt=clock.now())
    row: Token | None = rows.select_related("user").first()
    if row is None:
        raise _gone()
    return row


def use(purpose: Token.Purpose, text: str) -> Token:
    """The same, and from now on it is used. Of several at the same moment one wins; a rollback gives it back."""
    row = find(purpose, text)
    now = clock.now()
    if Token.objects.filter(pk=row.pk, used_at=None, expires_at__gt=now).update(used_at=now) != 1:
        raise _gone()
    return row


def withdraw(purpose: Token.Purpose, *, user: User) -> int:
    """End a user's tokens of one purpose that nobody used yet; returns how many."""
    return int(Token.objects.filter(purpose=purpose, user=user, used_at=None).delete()[0])


def _gone() -> Missing:
    return Missing(_("This link was used already, or its time is over."))
