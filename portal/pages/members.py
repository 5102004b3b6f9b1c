"""People in an organization: who, with which rights, and which folders they may watch (items 66-72)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from devices.services import grants
from portal.pages.common import Request, cursor_page, signed_in, submit
from portal.pages.folders import walk
from portal.pages.forms_people import MemberForm, RightsForm, rights_of
from portal.pages.organizations import head
from tenants import access
from tenants.errors import Forbidden, Invalid
from tenants.models import Folder, FolderPermission, Membership, Organization, User
from tenants.services import invitations, memberships, users

METHODS = ["GET", "HEAD", "POST"]
FLAGS = (
    "can_edit_cameras", "can_edit_users", "can_view_stats", "can_view_person_lists", "can_edit_person_lists",
    "is_accountant",
)  # fmt: skip
GRANTS = ("can_view_dvr", "can_export", "can_use_ptz", "can_talk", "can_use_actions")


@dataclass(frozen=True)
class FolderRow:
    """One folder in the table of a member's access."""

    folder: Folder
    depth: int
    grant: FolderPermission | None
    inherited: bool


def people_of(request: Request, organization_id: str) -> tuple[Organization, dict[str, Any]]:
    """The organization and its head, for those who may see its people."""
    organization = access.organization_for(request.user, organization_id)
    context = head(request, organization)
    if not context["tabs"].people:
        raise Forbidden(_("You may not see the people of this organization."))
    return organization, context


@signed_in
@require_safe
def members_page(request: Request, organization_id: str) -> HttpResponse:
    """The members of an organization."""
    organization, context = people_of(request, organization_id)
    rows: QuerySet[Membership] = Membership.objects.filter(organization=organization).select_related("user")
    page = cursor_page(request, rows, ["user__login", "id"])
    on_page = [row.user_id for row in page.object_list]
    grants: dict[int, list[str]] = {}
    held = FolderPermission.objects.filter(folder__organization=organization, user__in=on_page)
    for user_id, title in held.order_by("folder__order_num").values_list("user_id", "folder__title"):
        grants.setdefault(user_id, []).append(title)
    is_listed = organization.owner_id is None or rows.filter(user=organization.owner_id).exists()
    owner = None if is_listed or not page.is_first else organization.owner
    context |= {"page": page, "grants": grants, "tab": "users", "owner_apart": owner}
    return render(request, "organizations/members.html", context)


@signed_in
@require_http_methods(METHODS)
def add_member(request: Request, organization_id: str) -> HttpResponse:
    """Somebody new in the organization."""
    organization = access.organization_for(request.user, organization_id, "edit_users")
    form = MemberForm(request.POST or None)
    done = submit(request, form, lambda values: add_or_invite(request.user, organization, values))
    if done is not None:
        messages.success(request, _("%(login)s is in. Now choose the folders to watch.") % {"login": done.user.login})
        return redirect("member", organization_id=organization.pk, user_id=done.user_id)
    context = {"form": form, "tab": "users", **head(request, organization)}
    return render(request, "organizations/member_add.html", context, status=422 if form.errors else 200)


def add_or_invite(acting_user: User, organization: Organization, values: dict[str, Any]) -> Membership:
    """Add the person with this login, whom the acting user can see already, or make the account."""
    flags = {name: values[name] for name in FLAGS}
    access.require_may_grant(acting_user, organization, User(), {name: True for name in FLAGS if flags[name]})
    known = access.visible_users(acting_user).filter(login__iexact=values["login"].strip()).first()
    if known is not None:
        return memberships.add_member(organization, acting_user=acting_user, user=known, **flags)
    account = {name: values[name] for name in ("login", "name", "email")}
    password = values["password"] or None
    person = users.add_user(acting_user=acting_user, organization=organization, password=password, **account)
    if password is None:
        invitations.send_activation(person, acting_user=acting_user)
    membership = memberships.membership_of(organization, person)
    return memberships.change_member(membership, acting_user=acting_user, **flags)


@signed_in
@require_http_methods(METHODS)
def member(request: Request, organization_id: str, user_id: str) -> HttpResponse:
    """One member: rights in the organization, and access to folders."""
    organization, context = people_of(request, organization_id)
    person = access.user_for(request.user, user_id)
    membership = memberships.membership_of(organization, person)
    form = RightsForm(request.POST or None, initial=rights_of(membership))
    if request.method == "POST":
        access.organization_for(request.user, organization_id, "edit_users")
    done = submit(request, form, lambda values: save(request, membership, values))
    if done is not None:
        messages.success(request, _("What %(login)s may do is saved.") % {"login": person.login})
        return redirect("members", organization_id=organization.pk)
    context |= {"form": form, "member": person, "rows": folder_rows(organization, person), "tab": "users"}
    return render(request, "organizations/member.html", context, status=422 if form.errors else 200)


def save(request: Request, membership: Membership, flags: dict[str, Any]) -> Membership:
    """The member's rights and folders as the form has them."""
    organization, person = membership.organization, membership.user
    access.require_may_grant(request.user, organization, person, changed(membership, flags))
    memberships.change_member(membership, acting_user=request.user, **flags)
    for row in folder_rows(organization, person):
        save_grant(row, person, request.POST, acting_user=request.user)
    return membership


def changed(membership: Membership, flags: dict[str, Any]) -> dict[str, Any]:
    """The flags that are not as they were: only a change needs the right to give."""
    return {name: value for name, value in flags.items() if value != getattr(membership, name)}


def save_grant(row: FolderRow, person: User, sent: QueryDict, *, acting_user: User) -> None:
    """Grant, change or revoke one folder, as its line in the form says."""
    name = f"folder-{row.folder.pk}"
    if name not in sent:
        if row.grant is not None:
            memberships.revoke_folder(row.grant, acting_user=acting_user)
        return
    rights = {each: f"{name}-{each}" in sent for each in GRANTS}
    if not rights["can_view_dvr"]:
        del rights["can_export"]  # the form does not send it then; what was chosen before comes back with the archive
    depth = depth_of(sent.get(f"{name}-depth", ""))
    memberships.grant_folder(row.folder, acting_user=acting_user, user=person, dvr_depth_limit=depth, **rights)


def depth_of(text: str) -> int | None:
    """Days of archive as typed; nothing is the whole archive."""
    text = text.strip()
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:6]) <= 3650:
        raise Invalid(_("The archive depth is a number of days from 1 to 3650."))
    return int(text)


def folder_rows(organization: Organization, person: User) -> list[FolderRow]:
    """The organization's tree with what the person may do in each folder."""
    held = FolderPermission.objects.filter(folder__organization=organization, user=person)
    return rows_of(Folder.objects.filter(organization=organization), {grant.folder_id: grant for grant in held})


def rows_of(tree: Iterable[Folder], grants: dict[int, FolderPermission]) -> list[FolderRow]:
    """Folders with the grants on them; a grant above covers what is below."""
    covered: set[int] = set()
    rows = []
    for depth, folder in walk(tree):
        inherited = folder.parent_id in covered
        if inherited or folder.pk in grants:
            covered.add(folder.pk)
        rows.append(FolderRow(folder, depth, grants.get(folder.pk), inherited))
    return rows


@signed_in
@require_http_methods(METHODS)
def remove(request: Request, organization_id: str, user_id: str) -> HttpResponse:
    """Take a person out of the organization, after asking (item 67)."""
    organization = access.organization_for(request.user, organization_id, "edit_users")
    person = access.user_for(request.user, user_id)
    membership = memberships.membership_of(organization, person)
    if request.method == "POST":
        grants.remove_member(membership, acting_user=request.user)
        messages.success(request, _("%(login)s is no longer in the organization.") % {"login": person.login})
        return redirect("members", organization_id=organization.pk)
    return render(request, "organizations/member_remove.html", {"member": person, **head(request, organization)})
