"""The ISP's pictures: logos and the icon of its tab, in every size they are asked for."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from tenants.scoping import ScopedModel


class BrandPicture(ScopedModel):
    """One picture in one size, drawn anew by us. `size` is the side of an icon in pixels, 0 for logos.

    Kept apart from `Domain`, which every request reads: there stands only which pictures there are.
    """

    class Kind(models.TextChoices):
        LOGO = "logo", _("Logo")
        LOGIN_LOGO = "login_logo", _("Logo of the sign-in page")
        FAVICON = "favicon", _("Icon")

    kind = models.CharField(max_length=16, choices=Kind.choices)
    size = models.PositiveSmallIntegerField(default=0)
    image = models.BinaryField()
    image_type = models.CharField(max_length=32)

    class Meta(ScopedModel.Meta):
        constraints = [models.UniqueConstraint("domain", "kind", "size", name="tenants_brandpicture_once")]

    def __str__(self) -> str:
        return f"{self.kind} {self.size or ''}".strip()
