"""Removing what nobody needs any more."""

from __future__ import annotations

from datetime import timedelta

from tenants import clock
from tenants.models import OutboxMessage, Token, UserSession

KEEP_SENT = timedelta(days=7)
KEEP_SPENT = timedelta(days=30)


def remove_expired() -> int:
    """Remove ended sessions, tokens that expired a month ago, messages sent a week ago; returns how many rows."""
    now = clock.now()
    gone = UserSession.objects.filter(expires_at__lte=now).delete()[0]
    gone += Token.objects.filter(expires_at__lte=now - KEEP_SPENT).delete()[0]
    gone += OutboxMessage.objects.filter(sent_at__lte=now - KEEP_SENT).delete()[0]
    return int(gone)
