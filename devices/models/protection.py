"""Recordings that outlive the archive's days (items 109, 113): what is protected, and for what."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from devices.models.cameras import Camera
from tenants.scoping import ScopedForeignKey, ScopedModel


class ProtectedSpan(ScopedModel):
    """What a camera recorded from-until is kept longer than its days: as long as `dvr_lock_days` says.

    `source` says what asked for it: the event, or the login of who keeps a moment by hand.
    """

    class Kind(models.TextChoices):
        MOTION = "motion", _("motion")
        EVENT = "event", _("event")
        MANUAL = "manual", _("kept by hand")

    camera = ScopedForeignKey(Camera, on_delete=models.CASCADE, related_name="protected")
    began_at = models.DateTimeField()
    ended_at = models.DateTimeField()
    kind = models.CharField(max_length=8, choices=Kind.choices)
    source = models.CharField(max_length=254, blank=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta(ScopedModel.Meta):
        ordering = ["began_at", "id"]
        indexes = [
            models.Index(fields=["domain", "camera", "ended_at"], name="devices_protectedspan_camera"),
            models.Index(fields=["camera", "ended_at"], name="devices_protectedspan_fleet"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(ended_at__gt=F("began_at")), name="devices_protectedspan_not_empty"),
        ]

    @property
    def organization_id(self) -> int:
        """Whose it is, for the audit log."""
        return int(self.camera.organization_id)

    def __str__(self) -> str:
        return f"camera {self.camera_id} keeps {self.began_at} until {self.ended_at} ({self.kind})"
