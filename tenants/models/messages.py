"""Messages between people of one ISP (items 79, 217)."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from tenants.models.organizations import Organization
from tenants.scoping import ScopedForeignKey, ScopedModel


class Message(ScopedModel):
    """A text to one person, to everybody of an organization, or (neither is named) to everybody at the ISP.

    Recipients are worked out when they look: a message to 50,000 people is one row. `is_dashboard` shows it above every
    page until it is read; `is_push` shows it at once in browsers that are open.
    """

    class Type(models.TextChoices):
        INFO = "info", _("Information")
        WARNING = "warning", _("Warning")
        DANGER = "danger", _("Danger")

    title = models.CharField(_("title"), max_length=200)
    body = models.TextField(_("text"), max_length=10_000, blank=True)
    type = models.CharField(_("type"), max_length=10, choices=Type.choices, default=Type.INFO)
    is_push = models.BooleanField(_("show at once"), default=False)
    is_dashboard = models.BooleanField(_("show above every page"), default=False)
    sender = ScopedForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    sender_login = models.CharField(max_length=254, blank=True)
    user = ScopedForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    organization = ScopedForeignKey(Organization, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField()

    class Meta(ScopedModel.Meta):
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["domain", "user", "-id"], name="tenants_message_user"),
            models.Index(fields=["domain", "organization", "-id"], name="tenants_message_org"),
            models.Index(fields=["domain", "sender", "-id"], name="tenants_message_sender"),
        ]

    def __str__(self) -> str:
        return self.title


class MessageReading(ScopedModel):
    """That somebody read a message, or put it away."""

    message = ScopedForeignKey(Message, on_delete=models.CASCADE, related_name="readings")
    user = ScopedForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    was_read = models.BooleanField(default=True)
    is_removed = models.BooleanField(default=False)
    read_at = models.DateTimeField()

    class Meta(ScopedModel.Meta):
        constraints = [models.UniqueConstraint("domain", "user", "message", name="tenants_messagereading_once")]

    def __str__(self) -> str:
        return f"message {self.message_id} read by {self.user_id}"
