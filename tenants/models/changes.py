"""The change feed: every audit row again, with its place in the order of commits and its link in the hash chain."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from tenants.models.audit import AuditEntry
from tenants.scoping import ScopedForeignKey, ScopedModel


class Change(ScopedModel):
    """An audit row in the feed of its ISP.

    A trigger makes it while the transaction commits, so `id` grows in the order of commits. It has no `position` until
    `tenants.services.changes.seal` gives it one; from then on a trigger keeps it as it is. `digest` covers the audit
    row, the position and the digest before it.
    """

    entry = ScopedForeignKey(AuditEntry, on_delete=models.PROTECT, related_name="changes", db_index=False)
    position = models.BigIntegerField(null=True)
    digest = models.CharField(max_length=64, blank=True)

    class Meta(ScopedModel.Meta):
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint("domain", "position", name="tenants_change_position"),
            models.UniqueConstraint("domain", "entry", name="tenants_change_entry"),
        ]
        indexes = [models.Index(fields=["domain", "id"], condition=Q(position=None), name="tenants_change_unsealed")]

    def __str__(self) -> str:
        return f"change {self.position}"
