"""Tasks of the portal itself: keeping promises and keeping house. Thin doors: ids in, scope, service."""

from __future__ import annotations

import dramatiq

from devices.services import drifts, modes, protection, sessions, storage, viewings
from portal.api import feed
from tenants import outbox
from tenants.models import Domain
from tenants.scoping import domain_scope
from tenants.services import changes, housekeeping, posting, super_administrators


def _every_isp() -> list[int]:
    return list(Domain.objects.filter(is_active=True).values_list("pk", flat=True))


@dramatiq.actor(queue_name="default", max_retries=0)
def relay_outbox() -> None:
    """Send again what a lost or restarted queue did not take; each ISP in a scope of its own."""
    for domain_id in _every_isp():
        with domain_scope(domain_id):
            outbox.relay()


@dramatiq.actor(queue_name="default", max_retries=0)
def keep_house() -> None:
    """Remove what has expired: sessions, tokens, messages sent long ago, who watched a year ago."""
    super_administrators.remove_old()
    for domain_id in _every_isp():
        with domain_scope(domain_id):
            housekeeping.remove_expired()
            viewings.forget_old()
            sessions.forget_old()
            modes.forget_old()
            protection.forget_old()
            drifts.forget_old()


@dramatiq.actor(queue_name="default", max_retries=0)
def watch_storage() -> None:
    """Tell administrators where cameras keep less than was sold."""
    for domain_id in _every_isp():
        with domain_scope(domain_id):
            storage.alert()


@dramatiq.actor(queue_name="webhooks", max_retries=0, max_age=10_000)
def post_webhooks() -> None:
    """Send changes to the addresses that want them. Rounds overlap: a later one takes what no earlier one holds."""
    posting.run_round(feed.change_shape)


@dramatiq.actor(queue_name="default", max_retries=0)
def seal_changes() -> None:
    """Link the hash chain of each audit log, whoever reads it or not."""
    for domain_id in _every_isp():
        with domain_scope(domain_id):
            changes.seal()
