"""Refresh tokens: each is good for one renewal, and all of one sign-in are a family that lives and dies together.

A token that comes a second time has been copied: nobody can tell the thief from the owner, so the whole family ends
with its session (T13). Only hashes are kept.
"""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from tenants import clock
from tenants.broadcast import notify_access
from tenants.errors import Unauthenticated
from tenants.models import Token, UserSession
from tenants.scoping import current_domain_id
from tenants.secrets import digest
from tenants.services import sessions
from tenants.services.sign_in import may_come

LIFETIME = timedelta(days=30)
SESSION = "session"


class Replayed(Unauthenticated):
    """A refresh token was shown again: its family has been ended, which the caller must let be committed."""

    code = "token_reused"


def issue(session: UserSession) -> str:
    """A refresh token for a session. Both live no longer than the ISP lets any session live: so many hours from the
    sign-in, and so many without being used."""
    text = str(uuid.uuid4())
    expires_at = _end(session)
    Token.objects.create(
        domain_id=current_domain_id(),
        purpose=Token.Purpose.REFRESH,
        digest=digest(text),
        user_id=session.user_id,
        payload={SESSION: session.pk},
        expires_at=expires_at,
    )
    UserSession.objects.filter(pk=session.pk).update(expires_at=expires_at, last_seen_at=clock.now())
    return text


def _end(session: UserSession) -> datetime:
    lasts, idle = sessions.limits()
    now = clock.now()
    return min(session.created_at + lasts, now + idle, now + LIFETIME)


def redeem(text: str) -> UserSession:
    """The session of a refresh token, which is used up by that.

    Raises Unauthenticated for one that is unknown, past its time, or whose session has ended; Replayed for one that
    was used before. Of two calls at the same moment one wins: the other one is a replay.
    """
    token: Token | None = Token.objects.filter(purpose=Token.Purpose.REFRESH, digest=digest(text)).first()
    if token is None or token.expires_at <= clock.now():
        raise Unauthenticated("This token is not valid.")
    if not Token.objects.filter(pk=token.pk, used_at=None).update(used_at=clock.now()):
        _end_family(token)
        raise Replayed("This token has been used before; sign in again.")
    return _session_of(token)


def _session_of(token: Token) -> UserSession:
    session: UserSession | None = (
        UserSession.objects.select_related("user")
        .filter(pk=token.payload[SESSION], user_id=token.user_id, expires_at__gt=clock.now())
        .first()
    )
    if session is None or session.user is None or not session.user.is_active or not may_come(session.user):
        raise Unauthenticated("The session has ended.")
    return session


def _end_family(token: Token) -> None:
    UserSession.objects.filter(pk=token.payload[SESSION], user_id=token.user_id).delete()
    family = Token.objects.filter(
        purpose=Token.Purpose.REFRESH, user_id=token.user_id, payload__session=token.payload[SESSION]
    )
    family.filter(used_at=None).update(used_at=clock.now())
    notify_access(token.user_id)
