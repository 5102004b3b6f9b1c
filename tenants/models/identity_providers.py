"""Other services that may say who somebody is (OpenID Connect), per ISP."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from tenants.encryption import EncryptedTextField, secret_property
from tenants.scoping import ScopedForeignKey, ScopedModel


class IdentityProvider(ScopedModel):
    """A provider the ISP trusts. Its client secret is sealed."""

    title = models.CharField(_("title"), max_length=60)
    issuer = models.CharField(_("issuer"), max_length=300)
    client_id = models.CharField(_("client id"), max_length=300)
    secret_id = models.UUIDField(default=uuid.uuid4, editable=False)
    client_secret_sealed = EncryptedTextField(blank=True, default="")
    adds_people = models.BooleanField(_("adds unknown people"), default=False)
    is_active = models.BooleanField(_("enabled"), default=True)
    created_at = models.DateTimeField()

    client_secret = secret_property("client_secret_sealed")

    class Meta(ScopedModel.Meta):
        ordering = ["title", "id"]
        constraints = [
            models.UniqueConstraint("domain", "issuer", "client_id", name="tenants_identityprovider_once"),
        ]

    def __str__(self) -> str:
        return self.title


class ExternalIdentity(ScopedModel):
    """Who a provider's subject is here."""

    provider = ScopedForeignKey(IdentityProvider, on_delete=models.CASCADE, related_name="identities")
    user = ScopedForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="identities")
    subject = models.CharField(max_length=255)
    created_at = models.DateTimeField()

    class Meta(ScopedModel.Meta):
        constraints = [
            models.UniqueConstraint("domain", "provider", "subject", name="tenants_externalidentity_once"),
        ]
        indexes = [models.Index(fields=["domain", "user"], name="tenants_externalidentity_user")]

    def __str__(self) -> str:
        return f"{self.subject} at provider {self.provider_id}"
