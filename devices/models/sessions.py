"""Who is watching now (item 325)."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from devices.models.cameras import Camera
from devices.models.viewings import Viewing
from tenants.scoping import ScopedForeignKey, ScopedModel


class ViewingSession(ScopedModel):
    """One player at one camera, as its streamer tells it; `Viewing` are the facts of a day, this is the present.

    `key` is the streamer's own number of the session, `streamer` its host name. Who: `user_id` and `user_login` are
    facts, no reference, and empty for the ISP's system key and for third parties; `holder` and `holder_id` say by which
    session, key or grant (`devices.playback.Holder`). It is over when `last_at` grows old, or at `ended_at`, when
    somebody ended it; until `banned_until` the same holder does not get that camera again.
    """

    camera = ScopedForeignKey(Camera, on_delete=models.CASCADE, related_name="viewing_sessions")
    streamer = models.CharField(_("streamer"), max_length=253, blank=True)
    key = models.CharField(max_length=64)
    user_id = models.BigIntegerField(default=0)
    user_login = models.CharField(max_length=254, blank=True)
    holder = models.PositiveSmallIntegerField()
    holder_id = models.BigIntegerField()
    kind = models.CharField(_("what"), max_length=10, choices=Viewing.Kind.choices)
    protocol = models.CharField(_("protocol"), max_length=16)
    bytes = models.BigIntegerField(default=0)
    began_at = models.DateTimeField()
    last_at = models.DateTimeField()
    ip = models.GenericIPAddressField(null=True)
    user_agent = models.CharField(max_length=300, blank=True)
    ended_at = models.DateTimeField(null=True)
    ended_by = models.CharField(max_length=254, blank=True)
    banned_until = models.DateTimeField(null=True)

    class Meta(ScopedModel.Meta):
        ordering = ["-began_at", "-id"]
        constraints = [
            models.UniqueConstraint("domain", "camera", "key", name="devices_viewingsession_once"),
        ]
        # None on last_at: it changes every few seconds, and an index on it would cost more than it finds.
        indexes = [
            models.Index(fields=["domain", "user_id"], name="devices_viewingsession_user"),
            models.Index(
                fields=["domain", "camera"],
                condition=models.Q(banned_until__isnull=False),
                name="devices_viewingsession_banned",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_login or 'somebody'} at camera {self.camera_id} ({self.kind})"
