"""What closing a subscriber means for his cameras."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from devices.models import Camera
from devices.services import cameras
from tenants.errors import Conflict
from tenants.models import Organization, User
from tenants.services import organizations


@transaction.atomic
def delete_organization(organization: Organization, *, acting_user: User | None, force: bool = False) -> None:
    """Close a subscriber; one with cameras or users goes only by force (item 188), and everything in it with it."""
    own = list(Camera.objects.filter(organization=organization))
    if own and not force:
        raise Conflict(_("The organization has cameras; delete it with force to remove it all the same."))
    for camera in own:
        cameras.delete_camera(camera, acting_user=acting_user)
    organizations.delete_organization(organization, acting_user=acting_user, force=force)
