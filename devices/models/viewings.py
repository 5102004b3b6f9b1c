"""Who watched what (item 317)."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from devices.models.cameras import Camera
from tenants.scoping import ScopedForeignKey, ScopedModel


class Viewing(ScopedModel):
    """Somebody watched a camera or took a file of its archive: one row a person, kind, sign-in and day.

    `user_id` and `user_login` are facts, no reference: the row outlives the user; both empty is the ISP's system key.
    `holder` and `holder_id` say by which session or key (`devices.playback.Holder`); `day` is the ISP's calendar day on
    which it began. `detail` of a download is what part of the archive: `from-duration` in UTC seconds, where known.
    """

    class Kind(models.TextChoices):
        LIVE = "live", _("live")
        ARCHIVE = "archive", _("archive")
        EXPORT = "export", _("download")

    camera = ScopedForeignKey(Camera, on_delete=models.CASCADE, related_name="viewings")
    user_id = models.BigIntegerField(default=0)
    user_login = models.CharField(max_length=254, blank=True)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    holder = models.PositiveSmallIntegerField()
    holder_id = models.BigIntegerField()
    detail = models.CharField(max_length=40, blank=True)
    day = models.DateField()
    began_at = models.DateTimeField()
    last_at = models.DateTimeField()
    ip = models.GenericIPAddressField(null=True)
    user_agent = models.CharField(max_length=300, blank=True)

    class Meta(ScopedModel.Meta):
        ordering = ["-last_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                "domain",
                "camera",
                "user_id",
                "kind",
                "holder",
                "holder_id",
                "detail",
                "day",
                name="devices_viewing_once",
            ),
        ]
        indexes = [
            models.Index(fields=["domain", "camera", "-last_at", "-id"], name="devices_viewing_camera"),
            models.Index(fields=["domain", "last_at"], name="devices_viewing_last"),
        ]

    @property
    def window(self) -> tuple[int, int] | None:
        """The part of the archive that was downloaded: first and last UTC second."""
        begun, _, length = self.detail.partition("-")
        return (int(begun), int(begun) + int(length)) if begun.isdigit() and length.isdigit() else None

    def __str__(self) -> str:
        return f"{self.user_login or 'the machine'} watched camera {self.camera_id} ({self.kind})"
