"""Who changed what: one append-only row a change."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from tenants.scoping import ScopedModel


class AuditEntry(ScopedModel):
    """A change with its fields as [old, new] (item 81). A trigger refuses changes to it.

    `user_id` and `user_login` are facts, no reference: the row outlives the user. `via` is what he came by, where that
    is not a sign-in of his own: an API key, for one. `duration_ms` is how long the request had taken until here.
    """

    class Action(models.TextChoices):
        CREATE = "create", _("created")
        CHANGE = "change", _("changed")
        DELETE = "delete", _("deleted")

    action = models.CharField(max_length=20)
    object_type = models.CharField(max_length=50)
    object_id = models.CharField(max_length=128)
    object_title = models.CharField(max_length=200, blank=True)
    external_id = models.CharField(max_length=128, blank=True)
    organization_id = models.BigIntegerField(null=True)
    user_id = models.BigIntegerField(null=True)
    user_login = models.CharField(max_length=254, blank=True)
    via = models.CharField(max_length=64, blank=True)
    changed = models.JSONField(default=dict)
    ip = models.GenericIPAddressField(null=True)
    user_agent = models.CharField(max_length=300, blank=True)
    request_id = models.CharField(max_length=64, blank=True)
    method = models.CharField(max_length=8, blank=True)
    path = models.CharField(max_length=300, blank=True)
    query = models.CharField(max_length=300, blank=True)
    duration_ms = models.PositiveIntegerField(null=True)
    created_at = models.DateTimeField()

    class Meta(ScopedModel.Meta):
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["domain", "object_type", "object_id", "-id"], name="tenants_auditentry_object"),
            models.Index(fields=["domain", "-id"], name="tenants_auditentry_recent"),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.object_type} {self.object_id}"
