"""Addresses of an ISP's own machines that want to hear of changes, and what was told to them."""

from __future__ import annotations

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tenants.encryption import EncryptedTextField, secret_property
from tenants.scoping import ScopedForeignKey, ScopedModel
from tenants.secrets import new_secret_id


class Webhook(ScopedModel):
    """Where an ISP wants its changes sent (item 314).

    `position` is the last change that was looked at. While the receiver fails, `failures` grows and nothing is sent
    before `next_attempt_at`. `busy_until` is the lease of the round that is sending.
    """

    secret_id = models.CharField(max_length=32, default=new_secret_id, editable=False)
    title = models.CharField(_("title"), max_length=100, blank=True)
    url = models.CharField(_("address"), max_length=500)
    secret_sealed = EncryptedTextField(blank=True)
    kinds = ArrayField(models.CharField(max_length=50), verbose_name=_("objects"), default=list, blank=True)
    is_active = models.BooleanField(_("enabled"), default=True)
    position = models.BigIntegerField(default=0)
    failures = models.PositiveIntegerField(default=0)
    parked = models.PositiveIntegerField(default=0)
    next_attempt_at = models.DateTimeField(null=True, blank=True)
    busy_until = models.DateTimeField(null=True, blank=True)
    stopped_at = models.DateTimeField(null=True, blank=True)
    stopped_because = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    secret = secret_property("secret_sealed")

    class Meta(ScopedModel.Meta):
        ordering = ["id"]
        indexes = [models.Index(fields=["domain", "id"], condition=Q(is_active=True), name="tenants_webhook_active")]

    def __str__(self) -> str:
        return self.title or self.url


class WebhookDelivery(ScopedModel):
    """One message to one address, kept as the log of what became of it. `number` is its id on the wire, also when it
    is tried again; `body` is what is sent, byte for byte."""

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        SENT = "sent", _("delivered")
        PARKED = "parked", _("given up")

    webhook = ScopedForeignKey(Webhook, on_delete=models.CASCADE, related_name="deliveries", db_index=False)
    number = models.UUIDField(default=uuid.uuid4)
    position = models.BigIntegerField(null=True)
    kind = models.CharField(max_length=80)
    object_key = models.CharField(max_length=200)
    body = models.TextField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    attempts = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    next_attempt_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    tried_at = models.DateTimeField(null=True)
    status = models.PositiveSmallIntegerField(null=True)
    duration_ms = models.PositiveIntegerField(null=True)
    answer = models.CharField(max_length=500, blank=True)
    error = models.CharField(max_length=200, blank=True)

    class Meta(ScopedModel.Meta):
        ordering = ["-id"]
        indexes = [
            models.Index(
                fields=["domain", "webhook", "id"], condition=Q(state="waiting"), name="tenants_delivery_waiting"
            ),
            models.Index(
                fields=["domain", "webhook", "object_key", "id"],
                condition=Q(state="waiting"),
                name="tenants_delivery_object",
            ),
            models.Index(fields=["domain", "webhook", "-id"], name="tenants_delivery_recent"),
            models.Index(fields=["domain", "created_at"], name="tenants_delivery_age"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.number}"
