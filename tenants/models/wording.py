"""An ISP's own words in place of ours."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models

from tenants.scoping import ScopedModel


class Wording(ScopedModel):
    """One text of ours as an ISP wants it in one language (item 172): one form, or as many as the language has plurals.

    `digest` is of the original, which may be longer than an index takes.
    """

    language = models.CharField(max_length=10)
    original = models.TextField()
    digest = models.CharField(max_length=64)
    forms = ArrayField(models.TextField())

    class Meta(ScopedModel.Meta):
        ordering = ["id"]
        constraints = [models.UniqueConstraint("domain", "language", "digest", name="tenants_wording_once")]

    def __str__(self) -> str:
        return f"{self.language}: {self.original[:60]}"
