"""What merging two people means for their cameras."""

from __future__ import annotations

from django.db import transaction

from devices.models import CameraAttribute
from tenants.models import User
from tenants.services import merging


@transaction.atomic
def merge_users(kept: User, gone: User, *, acting_user: User | None) -> User:
    """Unite two accounts (see `tenants.services.merging`), with what each marked on cameras."""
    for mark in CameraAttribute.objects.filter(user=gone).exclude(user=kept):
        merging.move(mark, "user", kept, acting_user=acting_user)
    return merging.merge_users(kept, gone, acting_user=acting_user)
