"""Streamers: the machines that take in, record and deliver video."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from devices.models.zones import Zone, check_labels
from tenants.encryption import EncryptedTextField, secret_property
from tenants.scoping import ScopedModel


def new_secret_id() -> str:
    """A random text that ties encrypted fields to their row before the row has a number."""
    return uuid.uuid4().hex


class Streamer(models.Model):
    """A machine of the installation, shared by its ISPs. It converges to what Perch answers it (design.md).

    `version` grows with every committed change of what the streamer has to run (kept by triggers), so that a poll that
    brings nothing new costs one row. `key_digest` is the SHA-256 of the key it shows. `public_url` is the address
    browsers use; empty means the portal's own host with `port`. `rtsp_port` is for third parties; 0: it serves none.

    Cameras are placed by its zones and labels and within its limits: `channel_limit` cameras, `total_bandwidth` kbit/s.
    `steady_since` is when it began to answer, null while it is silent; how often it was lost within an hour, last at
    `lost_at`, says how long it has to answer before cameras come to it again (devices.placement).
    Other makes are asked over their own API at `api_url`, with `api_login` and the secret: a password, or a cluster key
    where there is no login. `perch_url` is where they find Perch, `playback_url` where a MediaMTX serves the archive,
    `storage` a Flussonic's named DVR or the folder that recordings go to. `looked_at` and `viewed_at` are when its
    state and its viewers were last asked for, by whichever process came first; `applied_version` is what it was last
    brought in line with, `trouble` why that failed, `drift` how it differed when it was last looked at.
    """

    class Kind(models.TextChoices):
        EMBEDDED = "embedded", _("embedded")
        FLUSSONIC = "flussonic", "Flussonic"
        MEDIAMTX = "mediamtx", "MediaMTX"

    class Role(models.TextChoices):
        STREAMER = "streamer", _("streamer")
        INFERENCE = "inference", _("inference")
        IDENTIFICATION = "identification", _("identification")

    domain_id = 0  # of no ISP: what the secret is sealed for

    hostname = models.CharField(_("host name"), max_length=253, unique=True)
    kind = models.CharField(max_length=20, choices=Kind.choices, default=Kind.EMBEDDED)
    role = models.CharField(_("role"), max_length=20, choices=Role.choices, default=Role.STREAMER)
    public_url = models.URLField(_("public address"), blank=True)
    port = models.PositiveIntegerField(_("port"), default=8001)
    rtsp_port = models.PositiveIntegerField(_("RTSP port"), default=8554, blank=True)
    playback_url = models.URLField(_("address of the archive"), blank=True)
    api_url = models.CharField(_("address of its API"), max_length=200, blank=True)
    api_login = models.CharField(_("login"), max_length=100, blank=True)
    secret_id = models.CharField(max_length=32, default=new_secret_id, editable=False)
    api_secret_sealed = EncryptedTextField(blank=True, default="")
    perch_url = models.CharField(_("where it finds Perch"), max_length=200, blank=True)
    storage = models.CharField(_("storage"), max_length=200, blank=True)
    key_digest = models.CharField(max_length=64, unique=True)
    is_default = models.BooleanField(_("new cameras go here"), default=False)
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
    looked_at = models.DateTimeField(null=True, blank=True, editable=False)
    viewed_at = models.DateTimeField(null=True, blank=True, editable=False)
    applied_version = models.BigIntegerField(default=0, editable=False)
    trouble = models.CharField(max_length=300, blank=True, default="", editable=False)
    drift = models.JSONField(default=dict, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    api_secret = secret_property("api_secret_sealed")

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return self.hostname


class CameraDrift(ScopedModel):
    """A camera ran otherwise than Perch wants, although nothing was changed here (item 315): a fact with a beginning
    and, once it is as wanted again, an end. It outlives the camera and the streamer."""

    class Kind(models.TextChoices):
        MISSING = "missing", _("did not run")
        EXTRA = "extra", _("ran without being wanted")
        DIFFERENT = "different", _("ran with other settings")
        REFUSED = "refused", _("was refused by the streamer")

    camera_name = models.CharField(max_length=64)
    streamer_hostname = models.CharField(max_length=253)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    detail = models.CharField(max_length=300, blank=True)
    found_at = models.DateTimeField()
    repaired_at = models.DateTimeField(null=True)

    class Meta(ScopedModel.Meta):
        ordering = ["-found_at", "-id"]
        indexes = [models.Index(fields=["domain", "-found_at", "-id"], name="devices_cameradrift_found")]
        constraints = [
            models.UniqueConstraint(
                "domain", "streamer_hostname", "camera_name", "kind", condition=models.Q(repaired_at=None),
                name="devices_cameradrift_one_open",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.camera_name} {self.kind} on {self.streamer_hostname} from {self.found_at}"
