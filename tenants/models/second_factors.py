"""What proves a person besides the password."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from tenants.encryption import EncryptedTextField, secret_property
from tenants.scoping import ScopedForeignKey, ScopedModel


class OneTimeGenerator(ScopedModel):
    """An application that makes a new code every half minute (TOTP, RFC 6238); it counts once confirmed by a code."""

    user = ScopedForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="generators")
    secret_id = models.UUIDField(default=uuid.uuid4, editable=False)
    secret_sealed = EncryptedTextField()
    last_step = models.BigIntegerField(default=0, help_text="the newest half minute whose code was used")
    created_at = models.DateTimeField()
    confirmed_at = models.DateTimeField(null=True)

    secret = secret_property("secret_sealed")

    class Meta(ScopedModel.Meta):
        constraints = [models.UniqueConstraint("domain", "user", name="tenants_generator_once")]

    def __str__(self) -> str:
        return f"one-time codes of user {self.user_id}"


class RecoveryCode(ScopedModel):
    """A code for the day the telephone is lost: kept as a keyed hash, good once."""

    user = ScopedForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="recovery_codes")
    digest = models.CharField(max_length=64)
    created_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    class Meta(ScopedModel.Meta):
        constraints = [models.UniqueConstraint("domain", "user", "digest", name="tenants_recoverycode_digest")]

    def __str__(self) -> str:
        return f"recovery code of user {self.user_id}"


class Passkey(ScopedModel):
    """A key pair in a person's device (WebAuthn); here is its public half."""

    user = ScopedForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="passkeys")
    title = models.CharField(_("name"), max_length=100)
    credential = models.CharField(max_length=1400)
    public_key = models.BinaryField()
    sign_count = models.BigIntegerField(default=0)
    host = models.CharField(max_length=253)
    is_synced = models.BooleanField(default=False)
    created_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True)

    class Meta(ScopedModel.Meta):
        ordering = ["id"]
        constraints = [models.UniqueConstraint("domain", "credential", name="tenants_passkey_credential")]
        indexes = [models.Index(fields=["domain", "user"], name="tenants_passkey_user")]

    def __str__(self) -> str:
        return self.title
