"""One camera put in another one's place: the trial of the new one, the swap, and what was there before."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from devices.models.cameras import Camera, new_secret_id
from devices.models.streamers import Streamer
from tenants.encryption import EncryptedTextField, secret_property
from tenants.scoping import ScopedForeignKey, ScopedModel


class CameraReplacement(ScopedModel):
    """A broken camera's successor (item 320). While it is tried, its streamer opens the new address as a stream of its
    own, which nobody may watch and nothing records; `error_code` is the streamer contract's, `media_info` what came.

    `fresh` and `old` hold the fields of the device (`services.replacements.DEVICE`); addresses are kept encrypted.
    """

    class State(models.TextChoices):
        CHECKING = "checking", _("being tried")
        ANSWERED = "answered", _("answers")
        FAILED = "failed", _("does not answer")
        DONE = "done", _("replaced")
        UNDONE = "undone", _("taken back")

    camera = ScopedForeignKey(Camera, on_delete=models.CASCADE, related_name="replacements")
    streamer = models.ForeignKey(Streamer, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    state = models.CharField(max_length=10, choices=State.choices, default=State.CHECKING)
    secret_id = models.CharField(max_length=32, default=new_secret_id, editable=False)
    stream_url_sealed = EncryptedTextField(blank=True)
    substream_url_sealed = EncryptedTextField(blank=True)
    old_stream_url_sealed = EncryptedTextField(blank=True)
    old_substream_url_sealed = EncryptedTextField(blank=True)
    fresh = models.JSONField(default=dict, blank=True)
    old = models.JSONField(default=dict, blank=True)
    error_code = models.CharField(max_length=32, blank=True)
    media_info = models.JSONField(default=dict, blank=True)
    begun_by = models.CharField(max_length=254, blank=True)
    begun_at = models.DateTimeField()
    done_by = models.CharField(max_length=254, blank=True)
    done_at = models.DateTimeField(null=True, blank=True)
    undone_by = models.CharField(max_length=254, blank=True)
    undone_at = models.DateTimeField(null=True, blank=True)

    stream_url = secret_property("stream_url_sealed")
    substream_url = secret_property("substream_url_sealed")
    old_stream_url = secret_property("old_stream_url_sealed")
    old_substream_url = secret_property("old_substream_url_sealed")

    class Meta(ScopedModel.Meta):
        ordering = ["-begun_at", "-id"]
        indexes = [
            models.Index(fields=["domain", "camera", "begun_at"], name="devices_replacement_camera"),
            models.Index(fields=["streamer"], condition=Q(state="checking"), name="devices_replacement_checking"),
        ]
        constraints = [
            models.UniqueConstraint(
                "domain", "camera", condition=~Q(state__in=["done", "undone"]), name="devices_replacement_one_open"
            ),
        ]

    def __str__(self) -> str:
        return f"replacement of camera {self.camera_id}"
