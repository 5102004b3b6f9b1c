"""Removing what nobody needs any more."""

from __future__ import annotations

from datetime import timedelta

from tenants import clock
from tenants.models import OutboxMessage, SignInBrake, SignInEntry, Token, UserSession, WebhookDelivery
from tenants.services import idempotency, mail

KEEP_SENT = timedelta(days=7)
KEEP_SPENT = timedelta(days=30)
KEEP_COUNTS = timedelta(days=2)  # longer than the longest wait for a wrong password
KEEP_SIGN_INS = timedelta(days=400)
KEEP_DELIVERIES = timedelta(days=30)


def remove_expired() -> int:
    """Remove ended sessions, tokens that expired a month ago (those of applications: at once), messages sent a week
    ago, answers that were kept for a day, messages of webhooks and mails of a month ago, and sign-ins of more than a
    year ago; returns how many rows."""
    now = clock.now()
    gone = UserSession.objects.filter(expires_at__lte=now).delete()[0]
    gone += Token.objects.filter(expires_at__lte=now - KEEP_SPENT).delete()[0]
    # There is one for each quarter of an hour that an application was used in.
    gone += Token.objects.filter(purpose=Token.Purpose.REFRESH, expires_at__lte=now).delete()[0]
    gone += OutboxMessage.objects.filter(sent_at__lte=now - KEEP_SENT).delete()[0]
    counts = SignInBrake.objects.filter(updated_at__lte=now - KEEP_COUNTS)
    gone += counts.exclude(trusted_until__gt=now).delete()[0]
    gone += SignInEntry.objects.filter(created_at__lte=now - KEEP_SIGN_INS).delete()[0]
    gone += WebhookDelivery.objects.filter(created_at__lte=now - KEEP_DELIVERIES).delete()[0]
    gone += idempotency.remove_old() + mail.remove_old()
    return int(gone)
