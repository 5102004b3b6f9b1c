"""API keys, and one table for every kind of token handed out, told apart by purpose."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from tenants.scoping import ScopedForeignKey, ScopedModel


class ApiKey(ScopedModel):
    """A key for machines. Only its SHA-256 is kept; `prefix` is shown to tell keys apart (T8).

    A key without a user is the ISP's system key: it may do what an administrator may. Any key may be limited (item
    314): to some rights, to callers in some networks, and to the time before `expires_at`; empty is no limit.
    """

    class Right(models.TextChoices):
        READ = "read", _("Read")
        CAMERAS = "cameras", _("Cameras and presets")
        VIDEO = "video", _("Video")
        PEOPLE = "people", _("Users and their rights")
        ORGANIZATIONS = "organizations", _("Organizations and folders")
        MONEY = "money", _("Plans, usage and invoices")
        SETTINGS = "settings", _("Settings")
        CHANGES = "changes", _("Changes and audit log")

    user = ScopedForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, blank=True, related_name="api_keys"
    )
    title = models.CharField(_("title"), max_length=100, blank=True)
    prefix = models.CharField(max_length=8)
    digest = models.CharField(max_length=64)
    rights = ArrayField(models.CharField(max_length=20, choices=Right.choices), default=list, blank=True)
    networks = ArrayField(models.CharField(max_length=50), default=list, blank=True)
    expires_at = models.DateTimeField(_("valid until"), null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    last_used_ip = models.GenericIPAddressField(null=True, blank=True)

    class Meta(ScopedModel.Meta):
        ordering = ["id"]
        constraints = [models.UniqueConstraint("domain", "digest", name="tenants_apikey_digest")]

    def __str__(self) -> str:
        return f"{self.prefix}…"


class Token(ScopedModel):
    """A secret handed out for one purpose, valid at that door only (T14)."""

    class Purpose(models.TextChoices):
        AUTOLOGIN = "autologin", _("auto-login")
        PASSWORD_RESET = "password_reset", _("password reset")
        ACTIVATION = "activation", _("activation")
        INVITATION = "invitation", _("invitation")
        EMAIL = "email", _("e-mail confirmation")
        REFRESH = "refresh", _("JWT refresh")
        EMBED = "embed", _("embedded player")

    purpose = models.CharField(max_length=20, choices=Purpose.choices)
    digest = models.CharField(max_length=64)
    user = ScopedForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, blank=True, related_name="tokens"
    )
    payload = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta(ScopedModel.Meta):
        constraints = [models.UniqueConstraint("domain", "purpose", "digest", name="tenants_token_digest")]

    def __str__(self) -> str:
        return f"{self.purpose} token {self.pk}"
