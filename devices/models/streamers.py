"""Streamers: the machines that take in, record and deliver video."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Streamer(models.Model):
    """A machine of the installation, shared by its ISPs. It converges to what Perch answers it (design.md).

    `version` grows with every committed change of what the streamer has to run (kept by triggers), so that a poll that
    brings nothing new costs one row. `key_digest` is the SHA-256 of the key it shows. `public_url` is the address
    browsers use; empty means the portal's own host with `port`. `rtsp_port` is for third parties; 0: it serves none.
    """

    class Kind(models.TextChoices):
        EMBEDDED = "embedded", _("embedded")

    hostname = models.CharField(_("host name"), max_length=253, unique=True)
    kind = models.CharField(max_length=20, choices=Kind.choices, default=Kind.EMBEDDED)
    public_url = models.URLField(_("public address"), blank=True)
    port = models.PositiveIntegerField(_("port"), default=8001)
    rtsp_port = models.PositiveIntegerField(_("RTSP port"), default=8554, blank=True)
    key_digest = models.CharField(max_length=64, unique=True)
    is_default = models.BooleanField(_("new cameras go here"), default=False)
    version = models.BigIntegerField(default=1)
    last_seen_at = models.DateTimeField(null=True, blank=True)
    # What it carries, of all ISPs, as last counted by the machines' role (devices.reports.CARRIED).
    figures = models.JSONField(default=dict, blank=True, editable=False)
    counted_at = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return self.hostname
