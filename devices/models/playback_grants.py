"""Access to a camera for somebody without an account (item 155; shares, items 152-154, are to be rows here too)."""

from __future__ import annotations

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from devices.models.cameras import Camera
from tenants.scoping import ScopedForeignKey, ScopedModel


class PlaybackGrant(ScopedModel):
    """A third party may watch one camera until `expires_at` (null: until it is taken away).

    `purpose` says where it opens: an RTSP grant opens nothing but RTSP. Live always; `can_view_dvr` adds the archive,
    `dvr_depth_limit` days of it (null: all). There is no secret in the row: its token is sealed from the row's number
    with the installation's key (`devices.playback.grant_token`), so it can be shown again and no copy of the database
    opens anything.
    """

    class Purpose(models.TextChoices):
        RTSP = "rtsp", _("RTSP")

    camera = ScopedForeignKey(Camera, on_delete=models.CASCADE, related_name="playback_grants")
    purpose = models.CharField(max_length=10, choices=Purpose.choices, default=Purpose.RTSP)
    title = models.CharField(_("who gets it"), max_length=100)
    can_view_dvr = models.BooleanField(_("archive"), default=False)
    dvr_depth_limit = models.PositiveIntegerField(
        _("days of the archive"), null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(3650)]
    )
    expires_at = models.DateTimeField(_("until"), null=True, blank=True)
    created_by = models.CharField(max_length=254, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta(ScopedModel.Meta):
        ordering = ["title", "id"]

    def __str__(self) -> str:
        return self.title

    @property
    def organization_id(self) -> int:
        """Whose camera it is about."""
        number: int = self.camera.organization_id
        return number
