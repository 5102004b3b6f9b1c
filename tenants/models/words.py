"""The words users and organizations are found by; triggers write them (see `tenants.words`)."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from tenants.models.organizations import Organization
from tenants.scoping import ScopedForeignKey
from tenants.words import Word


class UserWord(Word):
    """A word of a user's login, e-mail, name or external id."""

    pk = models.CompositePrimaryKey("domain", "word", "user")
    user = ScopedForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="words")

    class Meta(Word.Meta):
        pass

    def __str__(self) -> str:
        return self.word


class OrganizationWord(Word):
    """A word of an organization's title or external id."""

    pk = models.CompositePrimaryKey("domain", "word", "organization")
    organization = ScopedForeignKey(Organization, on_delete=models.CASCADE, related_name="words")

    class Meta(Word.Meta):
        pass

    def __str__(self) -> str:
        return self.word
