"""Signed-in sessions as rows, so that they can be counted, shown and ended (items 63, 64)."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from tenants.scoping import ScopedForeignKey, ScopedModel


class UserSession(ScopedModel):
    """A browser or API session. The key itself is never stored: `digest` is its SHA-256."""

    digest = models.CharField(max_length=64)
    user = ScopedForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, blank=True, related_name="sessions"
    )
    data = models.TextField(blank=True)
    created_at = models.DateTimeField(_("signed in"))
    last_seen_at = models.DateTimeField(_("last seen"))
    expires_at = models.DateTimeField()
    ip = models.GenericIPAddressField(null=True, blank=True)
    user_agent = models.CharField(max_length=300, blank=True)

    class Meta(ScopedModel.Meta):
        constraints = [models.UniqueConstraint("domain", "digest", name="tenants_usersession_digest")]
        indexes = [models.Index(fields=["domain", "user", "created_at"], name="tenants_usersession_user")]

    def __str__(self) -> str:
        return f"session {self.pk} of user {self.user_id}"
