"""Background work of billing. Thin doors: ids in, open scope, call the service. Safe to run twice."""

from __future__ import annotations

import dramatiq

from billing.services import figures, night


@dramatiq.actor(queue_name="default", max_retries=8, min_backoff=30_000, max_backoff=3_600_000, time_limit=3_600_000)
def run_night(domain_id: int) -> None:
    """Count the days of an ISP that have ended; a message too many finds nothing to do."""
    night.run_nights(domain_id)


@dramatiq.actor(queue_name="default", max_retries=0)
def nights_due() -> None:
    """Send a night for every ISP whose local midnight has passed; the scheduler calls this every minute.

    No transaction calls for it, hence no outbox: if the queue loses the message, the next minute sends another.
    """
    for domain_id in night.due_domains():
        run_night.send(domain_id)


@dramatiq.actor(queue_name="default", max_retries=0, time_limit=300_000)
def count_isps() -> None:
    """Count how large each ISP is, for the installation's pages."""
    figures.count_all()
