"""Work promised in a transaction is sent when it commits, never when it does not, and survives a lost queue."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction

from tenants import outbox
from tenants.models import Domain, OutboxMessage
from tenants.scoping import domain_scope
from tenants.services import domains

sent: list[tuple[str, list[Any]]] = []


def take(actor: str, arguments: list[Any]) -> None:
    sent.append((actor, arguments))


def refuse(actor: str, arguments: list[Any]) -> None:
    raise ConnectionError("the queue is away")


@pytest.fixture
def north(transactional_db: None, settings: Any) -> Domain:
    sent.clear()
    settings.PERCH_ENQUEUE = f"{__name__}.take"
    return domains.add_domain(title="North", slug="north", hosts=["north.localhost"])


def test_a_task_is_sent_with_its_isp_when_the_transaction_commits(north: Domain) -> None:
    with domain_scope(north):
        outbox.after_commit("billing.tasks.run_night", 7)
        assert sent == []
    assert sent == [("billing.tasks.run_night", [north.pk, 7])]


def test_nothing_is_sent_of_what_was_rolled_back(north: Domain) -> None:
    with pytest.raises(ValueError, match="no"), domain_scope(north):
        outbox.after_commit("billing.tasks.run_night")
        raise ValueError("no")
    with domain_scope(north):
        assert sent == []
        assert not OutboxMessage.objects.exists()


def test_a_queue_that_is_away_loses_nothing_and_gets_each_task_once(north: Domain, settings: Any) -> None:
    settings.PERCH_ENQUEUE = f"{__name__}.refuse"
    with domain_scope(north):
        outbox.after_commit("billing.tasks.run_night", 1)
    settings.PERCH_ENQUEUE = f"{__name__}.take"
    with domain_scope(north):
        assert outbox.relay() == 1
        assert outbox.relay() == 0
    assert sent == [("billing.tasks.run_night", [north.pk, 1])]


def test_a_claim_that_was_not_kept_is_open_again(north: Domain, settings: Any) -> None:
    with domain_scope(north):
        outbox.after_commit("billing.tasks.run_night", 2)
        settings.PERCH_ENQUEUE = f"{__name__}.refuse"
        OutboxMessage.objects.update(sent_at=None)
        with pytest.raises(ConnectionError), transaction.atomic():
            outbox.relay()
        assert OutboxMessage.objects.filter(sent_at=None).count() == 1
