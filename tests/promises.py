"""Doing what a test's transaction promised: the queue cannot see rows that were never committed."""

from __future__ import annotations

from django.utils.module_loading import import_string

from tenants import clock
from tenants.models import Domain, OutboxMessage
from tenants.scoping import domain_scope


def keep_promises(domain: Domain) -> int:
    """Run the ISP's unsent tasks here and now, those they promise included; returns how many."""
    done = 0
    while True:
        with domain_scope(domain):
            message = OutboxMessage.objects.filter(sent_at=None).order_by("id").first()
            if message is None:
                return done
            OutboxMessage.objects.filter(pk=message.pk).update(sent_at=clock.now())
        import_string(message.actor).fn(domain.pk, *message.arguments)
        done += 1
