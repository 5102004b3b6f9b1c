"""Floor plans of folders (items 102, 193)."""

from __future__ import annotations

import base64
import binascii
import hashlib

from django.db import transaction
from django.utils.translation import gettext as _

from tenants import audit, images
from tenants.errors import Invalid
from tenants.models import AuditEntry, FloorPlan, Folder, User
from tenants.scoping import current_domain_id


def decoded(text: str, field: str) -> bytes:
    """The bytes of a base64 text, also of a `data:` address."""
    _head, _comma, body = text.rpartition("base64,")
    try:
        return base64.b64decode("".join(body.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise Invalid(_("This is not base64."), field=field) from error


@transaction.atomic
def set_plan(folder: Folder, *, acting_user: User | None, content: bytes, field: str = "map_file") -> FloorPlan:
    """Put a picture under a folder's cameras, in place of the one that was there."""
    image, image_type = images.redraw(content, field=field)
    digest = hashlib.sha256(image).hexdigest()
    row = FloorPlan.objects.filter(folder=folder).first() or FloorPlan(domain_id=current_domain_id(), folder=folder)
    before, row.image, row.image_type, row.digest = row.digest, image, image_type, digest
    row.save()
    if before != digest:
        _note(folder, [before[:12] or None, digest[:12]], acting_user)
    return row


@transaction.atomic
def remove_plan(folder: Folder, *, acting_user: User | None) -> None:
    """Take the picture away; doing it twice changes nothing."""
    row = FloorPlan.objects.filter(folder=folder).first()
    if row is not None:
        row.delete()
        _note(folder, [row.digest[:12], None], acting_user)


def _note(folder: Folder, change: list[str | None], acting_user: User | None) -> None:
    changed = {"map_file": list(change)}
    audit.record(AuditEntry.Action.CHANGE, folder, acting_user=acting_user, changed=changed)


def digests(folders: list[int]) -> dict[int, str]:
    """Which of these folders have a floor plan, by its digest."""
    return dict(FloorPlan.objects.filter(folder__in=folders).values_list("folder", "digest"))
