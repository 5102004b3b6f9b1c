"""Subscribers: open, change, close."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from tenants import audit, clock
from tenants.broadcast import notify_access
from tenants.errors import Conflict, Forbidden
from tenants.models import Organization, User
from tenants.scoping import current_domain_id
from tenants.services import folders
from tenants.services.removal import detach
from tenants.services.validation import assign, check, lock

FIELDS = frozenset({"title", "owner", "camera_limit", "user_limit", "dvr_limit", "external_id"})
# An absent or zero limit means the default (decision l).
DEFAULT_LIMITS = {"camera_limit": 1000, "user_limit": 1000, "dvr_limit": 100}


def _with_default_limits(values: dict[str, Any]) -> dict[str, Any]:
    limits = {name: values.get(name) or default for name, default in DEFAULT_LIMITS.items() if name in values}
    return {**values, **limits}


@transaction.atomic
def add_organization(
    *, acting_user: User | None, title: str, owner: User | None = None, is_default: bool = False, **more: Any
) -> Organization:
    """Open a subscriber with its root folder; its owner holds every right in it."""
    organization = Organization(domain_id=current_domain_id(), is_default=is_default)
    assign(organization, _with_default_limits({"title": title, "owner": owner, **more}), FIELDS)
    check(organization)
    organization.save()
    audit.created(organization, acting_user=acting_user)
    folders.add_root(organization, acting_user=acting_user)
    notify_access()
    return organization


@transaction.atomic
def change_organization(organization: Organization, *, acting_user: User | None, **values: Any) -> Organization:
    """Change a subscriber. An editor of organizations who does not own it changes its general fields only."""
    lock(organization)
    before = audit.snapshot(organization)
    assign(organization, _with_default_limits(values), FIELDS)
    check(organization)
    organization.save()
    if audit.changed(organization, before, acting_user=acting_user):
        notify_access()
    return organization


@transaction.atomic
def delete_organization(organization: Organization, *, acting_user: User | None, force: bool = False) -> None:
    """Close a subscriber. One with cameras or members goes only by force (item 188); the default one never.

    Softly: the row keeps its title and owner, which bills and the audit log refer to.

    Whoever knows cameras calls `devices.services.organizations.delete_organization`, which removes them first.
    """
    if organization.is_default:
        raise Forbidden(_("The default organization cannot be deleted."))
    if not force and organization.memberships.exists():
        raise Conflict(_("The organization has users; delete it with force to remove it all the same."))
    audit.deleted(organization, acting_user=acting_user)
    folders.delete_all(organization, acting_user=acting_user)
    detach(organization, acting_user=acting_user)
    organization.deleted_at = clock.now()
    organization.save(update_fields=["deleted_at"])
    notify_access()


def ensure_default() -> Organization:
    """The organization that users and cameras without a choice land in (item 35)."""
    found: Organization | None = Organization.objects.filter(is_default=True).first()
    return found or add_organization(acting_user=None, title="Unassigned cameras", is_default=True)
