"""The words cameras are found by; triggers write them (see `tenants.words`)."""

from __future__ import annotations

from django.db import models

from devices.models.cameras import Camera
from tenants.scoping import ScopedForeignKey
from tenants.words import Word


class CameraWord(Word):
    """A word of a camera's title, name, address, external id, or an ending of its serial number."""

    pk = models.CompositePrimaryKey("domain", "word", "camera")
    camera = ScopedForeignKey(Camera, on_delete=models.CASCADE, related_name="words")

    class Meta(Word.Meta):
        pass

    def __str__(self) -> str:
        return self.word
