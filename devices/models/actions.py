"""What people may let a camera's surroundings do: calls of an API that its editors set up (item 107)."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from devices.models.cameras import Camera, new_secret_id
from tenants.encryption import EncryptedTextField, secret_property
from tenants.scoping import ScopedForeignKey, ScopedModel


class CameraAction(ScopedModel):
    """One call: open the gate, ring the bell. Address, body and headers may carry secrets and are kept encrypted;
    headers are lines of `Name: value`. `last_status` is the HTTP status of the last run, 0 for no answer."""

    class Method(models.TextChoices):
        GET = "GET", "GET"
        POST = "POST", "POST"

    camera = ScopedForeignKey(Camera, on_delete=models.CASCADE, related_name="actions")
    title = models.CharField(_("title"), max_length=100)
    method = models.CharField(_("method"), max_length=4, choices=Method.choices, default=Method.POST)
    secret_id = models.CharField(max_length=32, default=new_secret_id, editable=False)
    url_sealed = EncryptedTextField(blank=True)
    headers_sealed = EncryptedTextField(blank=True)
    body_sealed = EncryptedTextField(blank=True)
    is_confirmed = models.BooleanField(_("asks before it runs"), default=False)
    last_run_at = models.DateTimeField(null=True, blank=True)
    last_status = models.PositiveIntegerField(null=True, blank=True)

    url = secret_property("url_sealed")
    headers = secret_property("headers_sealed")
    body = secret_property("body_sealed")

    class Meta(ScopedModel.Meta):
        ordering = ["title", "id"]
        indexes = [models.Index(fields=["domain", "camera"], name="devices_cameraaction_camera")]

    def __str__(self) -> str:
        return self.title
