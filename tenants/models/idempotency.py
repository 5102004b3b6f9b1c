"""Answers that were given under an idempotency key, kept for the caller who never heard them."""

from __future__ import annotations

from django.db import models

from tenants.encryption import EncryptedTextField, secret_property
from tenants.scoping import ScopedModel
from tenants.secrets import new_secret_id


class IdempotentAnswer(ScopedModel):
    """The answer to a write that carried an `Idempotency-Key`, written in the transaction of the write itself.

    `digest` is the SHA-256 of the caller and his key, `fingerprint` that of the request. The answer is sealed, because
    the answer to a request that makes a key contains the key. Rows of a day ago are removed by the night.
    """

    digest = models.CharField(max_length=64)
    fingerprint = models.CharField(max_length=64)
    secret_id = models.CharField(max_length=32, default=new_secret_id, editable=False)
    status = models.PositiveSmallIntegerField(default=0)
    headers = models.JSONField(default=dict)
    answer_sealed = EncryptedTextField(blank=True)
    created_at = models.DateTimeField()

    answer = secret_property("answer_sealed")

    class Meta(ScopedModel.Meta):
        constraints = [models.UniqueConstraint("domain", "digest", name="tenants_idempotentanswer_digest")]
        indexes = [models.Index(fields=["domain", "created_at"], name="tenants_idempotentanswer_age")]

    def __str__(self) -> str:
        return f"answer {self.pk}"
