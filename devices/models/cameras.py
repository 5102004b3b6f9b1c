"""Cameras, what their streamer last said of them, and what each user marked."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from devices.models.presets import Preset
from devices.models.streamers import Streamer
from devices.models.zones import Zone, ZoneMode
from tenants.encryption import EncryptedTextField, secret_property
from tenants.models import Folder, Organization
from tenants.scoping import ScopedForeignKey, ScopedModel, ScopedOneToOneField

NAME = RegexValidator(
    r"\A[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*\Z",
    _("A name is made of Latin letters, digits, hyphens and underscores; parts may be separated by slashes."),
)


def new_secret_id() -> str:
    """A random text that ties encrypted fields to their row before the row has a number."""
    return uuid.uuid4().hex


class Camera(ScopedModel):
    """A camera of an organization (items 90-94). Its name is unique within the ISP.

    Stream addresses are kept encrypted as a whole, because cameras carry passwords in any part of them.
    """

    name = models.CharField(_("name"), max_length=64, validators=[NAME])
    title = models.CharField(_("title"), max_length=200)
    comment = models.TextField(_("note"), blank=True)
    organization = ScopedForeignKey(Organization, on_delete=models.CASCADE, related_name="cameras")
    folder = ScopedForeignKey(Folder, on_delete=models.PROTECT, related_name="cameras")
    preset = ScopedForeignKey(Preset, on_delete=models.PROTECT, related_name="cameras")
    streamer = models.ForeignKey(Streamer, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    # Where it may be; the streamer follows from that and is never chosen directly (item 106).
    zone = models.ForeignKey(
        Zone, verbose_name=_("zone"), on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    zone_mode = models.CharField(_("zone is"), max_length=10, choices=ZoneMode.choices, default=ZoneMode.PREFERRED)
    # The streamer it was on before that one failed; null while it is there.
    home = models.ForeignKey(
        Streamer, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", editable=False
    )
    enabled = models.BooleanField(_("enabled"), default=True)
    static = models.BooleanField(_("always on"), default=True)
    # Nothing is recorded and nobody watches while the subscriber wants to be alone (item 318).
    is_private = models.BooleanField(_("privacy mode"), default=False)
    secret_id = models.CharField(max_length=32, default=new_secret_id, editable=False)
    stream_url_sealed = EncryptedTextField(blank=True)
    substream_url_sealed = EncryptedTextField(blank=True)
    video_only = models.BooleanField(_("video only"), default=False)
    transcode_audio = models.BooleanField(_("sound to AAC"), default=False)
    thumbnails = models.BooleanField(_("thumbnails"), default=True)
    thumbnails_url = models.CharField(_("thumbnail address"), max_length=500, blank=True)
    coordinates = models.CharField(_("coordinates"), max_length=64, blank=True)
    postal_address = models.CharField(_("postal address"), max_length=300, blank=True)
    dvr_depth = models.FloatField(
        _("archive depth, days"), default=0, validators=[MinValueValidator(0), MaxValueValidator(3650)]
    )
    dvr_lock_days = models.PositiveIntegerField(
        _("motion kept, days"), null=True, blank=True, validators=[MaxValueValidator(3650)]
    )
    dvr_space = models.PositiveIntegerField(
        _("archive space, GB"), null=True, blank=True, validators=[MaxValueValidator(1_000_000)]
    )
    precise_thumbnails_days = models.PositiveIntegerField(default=0, validators=[MaxValueValidator(3650)])
    motion_detector_enabled = models.BooleanField(default=False)
    # What is recognised, and in which zones of the picture (`devices.detection_zones`); no zone is the whole of it.
    vision_alg = models.CharField(_("analytics type"), max_length=20, blank=True)
    vision_areas = models.TextField(_("detection zones"), blank=True)
    onvif_url = models.CharField(_("ONVIF address"), max_length=500, blank=True)
    onvif_profile = models.CharField(_("ONVIF profile"), max_length=100, blank=True)
    onvif_ptz = models.BooleanField(_("PTZ"), default=False)
    agent_id = models.CharField(max_length=128, blank=True)
    agent_model = models.CharField(max_length=128, blank=True)
    agent_serial = models.CharField(max_length=128, blank=True)
    agent_key_sealed = EncryptedTextField(blank=True)
    external_id = models.CharField(_("external id"), max_length=128, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    stream_url = secret_property("stream_url_sealed")
    substream_url = secret_property("substream_url_sealed")
    agent_key = secret_property("agent_key_sealed")

    class Meta(ScopedModel.Meta):
        ordering = ["title", "id"]
        constraints = [models.UniqueConstraint("domain", "name", name="devices_camera_name")]
        indexes = [
            models.Index(fields=["domain", "organization", "title", "id"], name="devices_camera_organization"),
            models.Index(fields=["domain", "folder"], name="devices_camera_folder"),
            models.Index(fields=["domain", "title", "id"], name="devices_camera_title"),
            models.Index(fields=["streamer", "id"], name="devices_camera_streamer"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def runs(self) -> bool:
        """Whether it is to send video at all."""
        return self.enabled and not self.is_private

    @property
    def media(self) -> str:
        """The camera's name on a streamer: names are unique per ISP only, so the ISP's number is part of it."""
        return f"{self.name}~{self.domain_id}"


class CameraStatus(ScopedModel):
    """What the streamer last reported of a camera (checklist item 199: stream_status).

    `error_code` is one of the streamer contract's codes, empty when all is well; `changed_at` is when the camera last
    went on or off line; rates are kbit/s, `dvr_*` in seconds and bytes. `dvr_from` is the oldest of what the days keep;
    `dvr_kept_bytes` of the bytes are kept longer than that.
    """

    camera = ScopedOneToOneField(Camera, on_delete=models.CASCADE, related_name="status")
    alive = models.BooleanField(default=False)
    status = models.CharField(max_length=20, blank=True)
    error_code = models.CharField(max_length=32, blank=True)
    error_message = models.CharField(max_length=300, blank=True)
    bitrate = models.PositiveIntegerField(default=0)
    online_clients = models.PositiveIntegerField(default=0)
    opened_at = models.DateTimeField(null=True)
    changed_at = models.DateTimeField(null=True)
    reported_at = models.DateTimeField(null=True)
    media_info = models.JSONField(default=dict)
    dvr_from = models.BigIntegerField(null=True)
    dvr_duration = models.BigIntegerField(default=0)
    dvr_bytes = models.BigIntegerField(default=0)
    dvr_kept_bytes = models.BigIntegerField(default=0)

    class Meta(ScopedModel.Meta):
        pass

    def __str__(self) -> str:
        return f"camera {self.camera_id} {'on line' if self.alive else 'off line'}"


class CameraAttribute(ScopedModel):
    """What one user marked on one camera (item 199: user_attributes)."""

    camera = ScopedForeignKey(Camera, on_delete=models.CASCADE, related_name="attributes")
    user = ScopedForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="camera_attributes")
    favorite = models.BooleanField(default=False)
    motion_alarm = models.BooleanField(default=False)

    class Meta(ScopedModel.Meta):
        constraints = [models.UniqueConstraint("domain", "user", "camera", name="devices_cameraattribute_once")]

    def __str__(self) -> str:
        return f"user {self.user_id} on camera {self.camera_id}"
