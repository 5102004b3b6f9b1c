"""Work promised by a committed transaction, kept until it was handed to the queue."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from tenants.scoping import ScopedModel


class OutboxMessage(ScopedModel):
    """A task with its arguments (ids only, never secrets), written in the transaction that calls for it.

    A lost or restarted queue loses nothing: what stays unsent is sent again by the relay. Tasks are safe to run twice.
    """

    actor = models.CharField(max_length=100)
    arguments = models.JSONField(default=list)
    created_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    attempts = models.PositiveIntegerField(default=0)

    class Meta(ScopedModel.Meta):
        ordering = ["id"]
        indexes = [models.Index(fields=["domain", "id"], condition=Q(sent_at=None), name="tenants_outbox_unsent")]

    def __str__(self) -> str:
        return f"{self.actor}{self.arguments}"
