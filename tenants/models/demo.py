"""Demo access: whether strangers may look at an ISP's public cameras, and as whom (item 158)."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from tenants.scoping import ScopedForeignKey, ScopedModel


class DemoAccess(ScopedModel):
    """The switch, and the account that everybody shares who comes in by it."""

    is_on = models.BooleanField(_("demo access"), default=False)
    user = ScopedForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")

    class Meta(ScopedModel.Meta):
        constraints = [models.UniqueConstraint("domain", name="tenants_demoaccess_once")]

    def __str__(self) -> str:
        return "demo access"
