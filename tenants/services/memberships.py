"""Users in organizations, and what they may do in folders (items 66-72, 191, 192, 196)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from tenants import audit
from tenants.broadcast import notify_access
from tenants.errors import Conflict, LimitReached, Missing
from tenants.models import Folder, FolderPermission, Membership, Organization, User
from tenants.models.grants import LIMITS, RIGHTS, Grant
from tenants.scoping import current_domain_id
from tenants.services.validation import assign, check, lock

FLAGS = frozenset(
    {
        "can_edit_cameras",
        "can_edit_users",
        "can_view_stats",
        "can_view_person_lists",
        "can_edit_person_lists",
        "is_accountant",
    }
)
GRANTS = frozenset({*RIGHTS, *LIMITS})


@transaction.atomic
def add_member(organization: Organization, *, acting_user: User | None, user: User, **flags: bool) -> Membership:
    """Let a user into an organization; he sees nothing until a folder is granted (item 72)."""
    _check_limit(organization)
    if Membership.objects.filter(organization=organization, user=user).exists():
        raise Conflict(_("The user is in the organization already."), field="user_id")
    row = Membership(domain_id=current_domain_id(), organization=organization, user=user)
    assign(row, dict(flags), FLAGS)
    row.save()
    audit.created(row, acting_user=acting_user)
    notify_access(user.pk)
    return row


@transaction.atomic
def add_members(organization: Organization, *, acting_user: User | None, users: Iterable[User]) -> list[Membership]:
    """Let several users in: all of them, or nobody when the organization has no room for one."""
    return [add_member(organization, acting_user=acting_user, user=user) for user in users]


def _check_limit(organization: Organization) -> None:
    """The organization's row is locked, so that additions at the same moment cannot all pass the count."""
    locked = Organization.objects.select_for_update().get(pk=organization.pk)
    if not locked.is_default and locked.memberships.count() >= locked.user_limit:
        raise LimitReached(_("The organization may have %(n)s users.") % {"n": locked.user_limit}, field="user_id")


def membership_of(organization: Organization, user: User) -> Membership:
    """A user's place in an organization, or Missing."""
    row: Membership | None = Membership.objects.filter(organization=organization, user=user).first()
    if row is None:
        raise Missing(_("The user is not in the organization."))
    return row


@transaction.atomic
def change_member(membership: Membership, *, acting_user: User | None, **flags: bool) -> Membership:
    """Change what a member may do in the organization."""
    lock(membership)
    before = audit.snapshot(membership)
    assign(membership, dict(flags), FLAGS)
    membership.save()
    if audit.changed(membership, before, acting_user=acting_user):
        notify_access(membership.user_id)
    return membership


@transaction.atomic
def remove_member(membership: Membership, *, acting_user: User | None) -> None:
    """Take a user out of an organization, together with all his folder rights there. Those on single cameras go with
    the membership; `devices.services.grants.remove_member` also writes them into the audit log."""
    lock(membership)  # a right that is given at this moment waits, and then finds nobody to give it to
    grants = FolderPermission.objects.filter(
        user_id=membership.user_id, folder__organization_id=membership.organization_id
    )
    for grant in list(grants):
        revoke_folder(grant, acting_user=acting_user)
    audit.deleted(membership, acting_user=acting_user)
    notify_access(membership.user_id)
    membership.delete()


@transaction.atomic
def grant_folder(folder: Folder, *, acting_user: User | None, user: User, **rights: Any) -> FolderPermission:
    """Grant or change a user's rights in a folder (an upsert, decision e); he must be in the organization. The fields
    are those of `tenants.models.grants.Grant`; only what is given changes."""
    lock(membership_of(folder.organization, user))
    row = FolderPermission.objects.filter(folder=folder, user=user).first()
    fresh = row is None
    row = row or FolderPermission(domain_id=current_domain_id(), folder=folder, user=user)
    before = audit.snapshot(row)
    assign(row, rights, GRANTS)
    settle_grant(row)
    check(row)
    row.save()
    if fresh:
        audit.created(row, acting_user=acting_user)
    else:
        audit.changed(row, before, acting_user=acting_user)
    notify_access(user.pk)
    return row


def settle_grant(row: Grant) -> None:
    """A depth makes sense only with the archive right: without it, it is forgotten."""
    if not row.can_view_dvr:
        row.dvr_depth_limit = None


@transaction.atomic
def revoke_folder(permission: FolderPermission, *, acting_user: User | None) -> None:
    """Take a user's rights in a folder away; running streams end within seconds."""
    audit.deleted(permission, acting_user=acting_user)
    notify_access(permission.user_id)
    permission.delete()
