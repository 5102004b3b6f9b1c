"""Streamers: the machines that take in, record and deliver video."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from devices.models.zones import Zone, check_labels


class Streamer(models.Model):
    """A machine of the installation, shared by its ISPs. It converges to what Perch answers it (design.md).

    `version` grows with every committed change of what the streamer has to run (kept by triggers), so that a poll that
    brings nothing new costs one row. `key_digest` is the SHA-256 of the key it shows. `public_url` is the address
    browsers use; empty means the portal's own host with `port`.

    Cameras are placed by its zones and labels and within its limits: `channel_limit` cameras, `total_bandwidth` kbit/s.
    `steady_since` is when it began to answer, null while it is silent; how often it was lost within an hour, last at
    `lost_at`, says how long it has to answer before cameras come to it again (devices.placement).
    """

    class Kind(models.TextChoices):
        EMBEDDED = "embedded", _("embedded")

    class Role(models.TextChoices):
        STREAMER = "streamer", _("streamer")
        INFERENCE = "inference", _("inference")
        IDENTIFICATION = "identification", _("identification")

    hostname = models.CharField(_("host name"), max_length=253, unique=True)
    kind = models.CharField(max_length=20, choices=Kind.choices, default=Kind.EMBEDDED)
    public_url = models.URLField(_("public address"), blank=True)
    port = models.PositiveIntegerField(_("port"), default=8001)
    key_digest = models.CharField(max_length=64, unique=True)
    is_default = models.BooleanField(_("new cameras go here"), default=False)
    role = models.CharField(_("role"), max_length=20, choices=Role.choices, default=Role.STREAMER)
    zones = models.ManyToManyField(Zone, verbose_name=_("zones"), blank=True, related_name="streamers")
    labels = models.JSONField(_("labels"), default=dict, blank=True, validators=[check_labels])
    channel_limit = models.PositiveIntegerField(_("cameras at most"), null=True, blank=True)
    total_bandwidth = models.PositiveIntegerField(_("incoming at most, kbit/s"), null=True, blank=True)
    version = models.BigIntegerField(default=1)
    last_seen_at = models.DateTimeField(null=True, blank=True)
    steady_since = models.DateTimeField(null=True, blank=True, editable=False)
    lost_at = models.DateTimeField(null=True, blank=True, editable=False)
    losses = models.PositiveSmallIntegerField(default=0, editable=False)
    # What it carries, of all ISPs, as last counted by the machines' role (devices.reports.CARRIED).
    figures = models.JSONField(default=dict, blank=True, editable=False)
    counted_at = models.DateTimeField(null=True, blank=True, editable=False)
    # Its disks as it last reported them (devices.reports.disks_of).
    disks = models.JSONField(default=list, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return self.hostname
