"""The picture of a floor that lies under a folder's cameras on the map."""

from __future__ import annotations

from django.db import models

from tenants.models.organizations import Folder
from tenants.scoping import ScopedModel, ScopedOneToOneField


class FloorPlan(ScopedModel):
    """A folder's floor plan (item 102): drawn anew from what was uploaded, in a table of its own, because folders are
    listed often and pictures are not. `digest` is its SHA-256, for addresses that may be kept."""

    folder = ScopedOneToOneField(Folder, on_delete=models.CASCADE, related_name="floor_plan")
    image = models.BinaryField()
    image_type = models.CharField(max_length=32)
    digest = models.CharField(max_length=64)

    class Meta(ScopedModel.Meta):
        pass

    def __str__(self) -> str:
        return f"floor plan of folder {self.folder_id}"
