"""Facts that say why there is footage or none (item 301), and where: what a camera was told to do, when it failed to,
and which streamer had it.

They are facts with a beginning and an end, hence rows of their own and no references: they outlive the camera.
"""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from tenants.scoping import ScopedModel


class ModeSpan(ScopedModel):
    """What a camera was told to do from-until, and who told it. The open one is what it is told now.

    `dvr_depth` in days and `dvr_space` in GB as they were then. A deleted camera's last span never ends.
    """

    class Mode(models.TextChoices):
        RECORDING = "recording", _("recording")
        LIVE_ONLY = "live_only", _("live only")
        ON_DEMAND = "on_demand", _("on demand")
        PRIVACY = "privacy", _("privacy mode")
        DISABLED = "disabled", _("switched off")
        DELETED = "deleted", _("deleted")

    camera_id = models.BigIntegerField()
    camera_name = models.CharField(max_length=64)
    organization_id = models.BigIntegerField()
    mode = models.CharField(max_length=12, choices=Mode.choices)
    dvr_depth = models.FloatField()
    dvr_space = models.PositiveIntegerField(null=True)
    user_login = models.CharField(max_length=254, blank=True)
    began_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta(ScopedModel.Meta):
        ordering = ["began_at", "id"]
        indexes = [
            models.Index(fields=["domain", "camera_id", "began_at"], name="devices_modespan_camera"),
            models.Index(fields=["domain", "camera_name"], name="devices_modespan_name"),
            models.Index(fields=["domain", "organization_id", "mode"], name="devices_modespan_organization"),
        ]
        constraints = [
            models.UniqueConstraint(
                "domain", "camera_id", condition=models.Q(ended_at=None), name="devices_modespan_one_open"
            ),
        ]

    def __str__(self) -> str:
        return f"camera {self.camera_id} {self.mode} from {self.began_at} until {self.ended_at}"


class OutageSpan(ScopedModel):
    """A camera gave no video, or what it gave was not kept: `code` is the streamer contract's error code, or ours for a
    streamer that fell silent (`streamer_down`) and an ISP that was suspended (`suspended`)."""

    camera_id = models.BigIntegerField()
    code = models.CharField(max_length=32)
    began_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta(ScopedModel.Meta):
        ordering = ["began_at", "id"]
        indexes = [
            models.Index(fields=["domain", "camera_id", "began_at"], name="devices_outagespan_camera"),
            models.Index(fields=["camera_id"], condition=models.Q(ended_at=None), name="devices_outagespan_open"),
            models.Index(fields=["domain", "ended_at"], name="devices_outagespan_ended"),
        ]

    def __str__(self) -> str:
        return f"camera {self.camera_id} {self.code} from {self.began_at} until {self.ended_at}"


class StreamerSpan(ScopedModel):
    """A camera was on a streamer from-until, so what it recorded then is there (items 106, 116). The open one is where
    it is now; a camera that no streamer has, or that is deleted, has none open.

    The streamer is named by number and host name as they were then: it may be gone.
    """

    camera_id = models.BigIntegerField()
    camera_name = models.CharField(max_length=64)
    streamer_id = models.BigIntegerField()
    hostname = models.CharField(max_length=253)
    began_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta(ScopedModel.Meta):
        ordering = ["began_at", "id"]
        indexes = [
            models.Index(fields=["domain", "camera_id", "began_at"], name="devices_streamerspan_camera"),
            models.Index(fields=["domain", "camera_name"], name="devices_streamerspan_name"),
        ]
        constraints = [
            models.UniqueConstraint(
                "domain", "camera_id", condition=models.Q(ended_at=None), name="devices_streamerspan_one_open"
            ),
        ]

    def __str__(self) -> str:
        return f"camera {self.camera_id} on {self.hostname} from {self.began_at} until {self.ended_at}"
