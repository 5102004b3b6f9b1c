"""Rights on single cameras, and leaving an organization (items 67, 213, 303, 304). Those on folders: tenants' own."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from devices.models import Camera, CameraAction, CameraPermission, CameraReplacement, PlaybackGrant
from tenants import audit
from tenants.broadcast import notify_access
from tenants.models import Membership, User
from tenants.scoping import current_domain_id
from tenants.services import memberships
from tenants.services.validation import assign, check, lock


@transaction.atomic
def grant_camera(camera: Camera, *, acting_user: User | None, user: User, **rights: Any) -> CameraPermission:
    """Grant or change a member's rights on one camera (an upsert); only what is given changes. The fields are those of
    `tenants.models.grants.Grant`. Raises Missing for whoever is not in the camera's organization, and Invalid."""
    row = CameraPermission.objects.filter(camera=camera, membership__user=user).first()
    fresh = row is None
    row = row or CameraPermission(domain_id=current_domain_id(), camera=camera, membership=_membership(camera, user))
    before = audit.snapshot(row)
    assign(row, rights, memberships.GRANTS)
    memberships.settle_grant(row)
    check(row)
    row.save()
    if fresh:
        audit.created(row, acting_user=acting_user)
    else:
        audit.changed(row, before, acting_user=acting_user)
    notify_access(user.pk)
    granted: CameraPermission = row
    return granted


def _membership(camera: Camera, user: User) -> Membership:
    row = memberships.membership_of(camera.organization, user)
    lock(row)
    return row


@transaction.atomic
def revoke_camera(permission: CameraPermission, *, acting_user: User | None) -> None:
    """Take a member's rights on a camera away; running streams end within seconds."""
    audit.deleted(permission, acting_user=acting_user)
    notify_access(permission.membership.user_id)
    permission.delete()


@transaction.atomic
def remove_member(membership: Membership, *, acting_user: User | None) -> None:
    """Take a user out of an organization, together with all his rights on its folders and cameras."""
    for grant in CameraPermission.objects.filter(membership=membership).select_related("camera", "membership__user"):
        revoke_camera(grant, acting_user=acting_user)
    memberships.remove_member(membership, acting_user=acting_user)


def leave_behind(camera: Camera, *, acting_user: User | None) -> None:
    """Take from a camera that has just moved to another organization what the former one had set up for it: what its
    members hold, third parties, actions with their secrets, and its devices' old addresses."""
    strangers = CameraPermission.objects.filter(camera=camera).exclude(membership__organization=camera.organization_id)
    for grant in strangers.select_related("camera", "membership__user"):
        revoke_camera(grant, acting_user=acting_user)
    for model in (PlaybackGrant, CameraAction, CameraReplacement):
        for row in model.objects.filter(camera=camera):
            audit.deleted(row, acting_user=acting_user)
            row.delete()
