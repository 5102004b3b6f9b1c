"""Who may do what to organizations, users and settings. `devices.access` answers for cameras.

One place answers every question: pages, API, streams, sockets. Functions `can_*` answer, functions `*_for` fetch the
row or raise `Missing`: what is not yours does not exist.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.expressions import RawSQL
from django.utils.translation import gettext as _

from tenants import clock
from tenants.errors import Forbidden, Missing
from tenants.models import ApiKey, Folder, Membership, Organization, User
from tenants.models.users import settle_flags
from tenants.rights import FOLDERS, positional


@dataclass(frozen=True)
class OrganizationRights:
    """What one user may do in one organization (items 33, 34, 60-62, 68)."""

    is_member: bool = False
    is_owner: bool = False
    view: bool = False
    edit: bool = False
    edit_cameras: bool = False
    view_users: bool = False
    edit_users: bool = False
    view_stats: bool = False
    view_person_lists: bool = False
    edit_person_lists: bool = False
    see_money: bool = False


def organization_rights(user: User, organization: Organization, membership: Membership | None) -> OrganizationRights:
    """The rights of a user in an organization, as a pure function of the three rows.

    Nobody, not even an administrator, edits cameras and users of an organization without an owner (item 34); only the
    ISP's system key does, which may do anything (manual 6.1.2), such as fill the default organization.
    """
    owner = organization.owner_id == user.pk
    admin = user.is_admin
    writes = not user.is_readonly
    has_owner = organization.owner_id is not None or user.is_system
    holds = owner or admin

    def held(flag: str) -> bool:
        return membership is not None and bool(getattr(membership, flag))

    return OrganizationRights(
        is_member=membership is not None or owner,
        is_owner=owner,
        view=holds or membership is not None or user.can_view_organizations or user.is_accountant,
        edit=writes and (admin or user.can_edit_organizations),
        edit_cameras=writes and has_owner and (holds or held("can_edit_cameras")),
        view_users=holds or held("can_edit_users"),
        edit_users=writes and has_owner and (holds or held("can_edit_users")),
        view_stats=holds or held("can_view_stats"),
        view_person_lists=holds or held("can_view_person_lists") or held("can_edit_person_lists"),
        edit_person_lists=writes and (holds or held("can_edit_person_lists")),
        see_money=holds or user.is_accountant or held("is_accountant"),
    )


def system_user(key: ApiKey) -> User:
    """Who acts when the ISP's system key does: an administrator who is no row, named after the key in the audit log."""
    user = User(pk=0, domain_id=key.domain_id, login=f"key {key.prefix}…", is_admin=True)
    user.is_system = True
    settle_flags(user)
    return user


def memberships_of(user: User) -> dict[int, Membership]:
    """The user's memberships by organization id."""
    return {row.organization_id: row for row in Membership.objects.filter(user=user)}


def rights_in(user: User, organization: Organization) -> OrganizationRights:
    """The rights of a user in one organization."""
    membership = Membership.objects.filter(user=user, organization=organization).first()
    return organization_rights(user, organization, membership)


def require_may_close(user: User, organization: Organization) -> None:
    """With an organization go its cameras, recordings and people: an editor of organizations who neither owns it nor
    administers the ISP changes it, but does not close it."""
    if not may_close(user, organization):
        raise Forbidden(_("Only its owner or an administrator may close an organization."))


def may_close(user: User, organization: Organization) -> bool:
    """The same as an answer, for buttons."""
    return not user.is_readonly and (user.is_admin or organization.owner_id == user.pk)


def can_add_organizations(user: User) -> bool:
    """Whether the user opens subscribers (items 60, 61)."""
    return not user.is_readonly and (user.is_admin or user.can_edit_organizations)


def require_may_grant(user: User, organization: Organization, target: User, rights: Mapping[str, Any]) -> None:
    """Keep editors of users from raising themselves: who neither owns the organization nor administers the ISP gives
    only member rights he holds, and changes nothing of his own."""
    if user.is_admin or organization.owner_id == user.pk:
        return
    if target.pk == user.pk:
        raise Forbidden(_("You may not change your own rights."))
    own = Membership.objects.filter(user=user, organization=organization).first()
    for name, value in rights.items():
        if value and not getattr(own, name, False):
            raise Forbidden(_("You may not give a right that you do not have."), field=name)


def visible_organizations(user: User) -> QuerySet[Organization]:
    """The organizations a user may know of."""
    rows: QuerySet[Organization] = Organization.objects.all()
    if user.is_admin or user.can_view_organizations or user.is_accountant:
        return rows
    member = Membership.objects.filter(organization=OuterRef("pk"), user=user)
    return rows.filter(Q(owner=user) | Exists(member))


def organization_for(user: User, organization_id: Any, right: str = "view") -> Organization:
    """One organization by id, if the user may know of it (else Missing) and has the right (else Forbidden)."""
    organization = visible_organizations(user).filter(pk=as_id(organization_id)).first()
    if organization is None:
        raise Missing(_("There is no such organization."))
    if not getattr(rights_in(user, organization), right):
        raise Forbidden(_("You may not do this in the organization."))
    return organization


def organizations_where(user: User, right: str) -> QuerySet[Organization]:
    """The organizations in which the user may edit_cameras or edit_users: `organization_rights` as a query."""
    rows: QuerySet[Organization] = Organization.objects.exclude(owner=None)
    if user.is_readonly:
        return rows.none()
    if user.is_admin:
        return rows
    held = Membership.objects.filter(organization=OuterRef("pk"), user=user, **{f"can_{right}": True})
    return rows.filter(Q(owner=user) | Exists(held))


def folder_for(user: User, organization: Organization, folder_id: Any) -> Folder:
    """One folder of an organization the caller has already been let into."""
    folder: Folder | None = Folder.objects.filter(organization=organization, pk=as_id(folder_id)).first()
    if folder is None:
        raise Missing(_("There is no such folder."))
    return folder


def visible_folders(user: User, organization: Organization) -> QuerySet[Folder]:
    """The folders of an organization a user may know of: all for whoever runs it or edits there, else those he was
    granted, for as long as the grant holds, with all folders below them."""
    rows: QuerySet[Folder] = Folder.objects.filter(organization=organization)
    held = rights_in(user, organization)
    if held.is_owner or held.view_users or held.edit_cameras or user.is_admin:
        return rows
    asked = {"user": user.pk, "domain": user.domain_id, "now": clock.now()}
    return rows.filter(pk__in=RawSQL(*positional(FOLDERS, asked)))  # noqa: S611 - parameters stay parameters


def visible_users(user: User) -> QuerySet[User]:
    """The users a user may know of: all for an administrator, else those of organizations whose users he edits."""
    rows: QuerySet[User] = User.objects.all()
    if user.is_admin:
        return rows
    edited = Membership.objects.filter(user=user, can_edit_users=True).values("organization")
    ours = Q(organization__in=edited) | Q(organization__owner=user)
    shared = Membership.objects.filter(ours, user=OuterRef("pk"))
    return rows.filter(Q(pk=user.pk) | Exists(shared))


def user_for(user: User, user_id: Any) -> User:
    """One user by id, if the acting user may know of him; else Missing."""
    found = visible_users(user).filter(pk=as_id(user_id)).first()
    if found is None:
        raise Missing(_("There is no such user."))
    return found


def require_admin(user: User) -> None:
    """Let only ISP administrators pass."""
    if not user.is_admin:
        raise Forbidden(_("Only an administrator may do this."))


def require_settings_editor(user: User, *, change: bool = True) -> None:
    """Let those pass who may see (and change) the settings: administrators, and who has the flag of item 75."""
    if not (user.is_admin or user.can_edit_settings) or (change and user.is_readonly):
        raise Forbidden(_("You may not change the settings."))


def can_see_all_money(user: User) -> bool:
    """Whether the user sees plans, usage and invoices of the whole ISP (items 26, 27)."""
    return user.is_admin or user.is_accountant


def as_id(value: Any) -> int:
    """A row number from the outside world; Missing for whatever cannot be one."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise Missing(_("There is no such object."))
    text = str(value)
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise Missing(_("There is no such object."))
    return int(text)
