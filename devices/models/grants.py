"""Rights on single cameras, beside those on folders (decision g, items 213, 303, 304)."""

from __future__ import annotations

from django.db import models

from devices.models.cameras import Camera
from tenants.models import Membership
from tenants.models.grants import Grant
from tenants.scoping import ScopedForeignKey


class CameraPermission(Grant):
    """What a member may do with one camera of his organization.

    It hangs on the membership and not on the user: whoever leaves the organization loses it with his place there, by
    whatever door he leaves, and a camera that moves to another organization leaves it behind.
    """

    camera = ScopedForeignKey(Camera, on_delete=models.CASCADE, related_name="permissions")
    membership = ScopedForeignKey(Membership, on_delete=models.CASCADE, related_name="camera_permissions")

    class Meta(Grant.Meta):
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint("domain", "membership", "camera", name="devices_camerapermission_once"),
            *Grant.Meta.constraints,
        ]

    def __str__(self) -> str:
        return f"{self.membership.user} at {self.camera}"

    @property
    def organization_id(self) -> int:
        """Whose camera it is about."""
        number: int = self.camera.organization_id
        return number
