"""The only way to send work to the queue: with the transaction that calls for it, or not at all."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.module_loading import import_string

from tenants import clock
from tenants.models import OutboxMessage
from tenants.scoping import current_domain_id, domain_scope

logger = logging.getLogger(__name__)


def after_commit(actor: str, *arguments: int | str | None) -> None:
    """Promise a task (`app.tasks.name`) for when this transaction commits; arguments are ids, never secrets."""
    domain_id = current_domain_id()
    message = OutboxMessage.objects.create(
        domain_id=domain_id, actor=actor, arguments=list(arguments), created_at=clock.now()
    )
    transaction.on_commit(lambda: _send_quietly(domain_id, message.pk))


def _send_quietly(domain_id: int, message_id: int) -> None:
    """Hand a message over now; when the queue is away, the relay will do it later."""
    try:
        with domain_scope(domain_id):
            send(message_id)
    except Exception as error:  # the queue's client raises its own kinds; the promise is kept by the relay
        logger.warning("the queue did not take message %s: %s", message_id, error)


def send(message_id: int) -> bool:
    """Hand one message to the queue, once: the row is claimed by the update that marks it sent."""
    claimed = OutboxMessage.objects.filter(pk=message_id, sent_at=None).update(sent_at=clock.now())
    if not claimed:
        return False
    message = OutboxMessage.objects.get(pk=message_id)
    _enqueue(message.actor, [message.domain_id, *message.arguments])
    return True


def _enqueue(actor: str, arguments: list[Any]) -> None:
    enqueue: Callable[[str, list[Any]], None] = import_string(settings.PERCH_ENQUEUE)
    enqueue(actor, arguments)


def relay(limit: int = 500) -> int:
    """Send what was promised and not yet sent in the scope's ISP; returns how many."""
    waiting = list(OutboxMessage.objects.filter(sent_at=None).order_by("id").values_list("pk", flat=True)[:limit])
    return sum(send(pk) for pk in waiting)
