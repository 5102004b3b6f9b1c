"""A person's rights across organizations, changed in one go: what he may do there, and which folders he watches.

The two tabs of item 73.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from portal.pages.common import Request, cursor_page, signed_in
from portal.pages.grants import organizations_to_show
from portal.pages.members import FolderRow, changed, rows_of, save_grant
from tenants import access
from tenants.errors import Conflict, Forbidden, Invalid, Missing
from tenants.models import Folder, FolderPermission, Membership, Organization, User
from tenants.services import memberships

METHODS = ["GET", "HEAD", "POST"]
PLACES = 20  # organizations a page
FLAGS = ("can_edit_cameras", "can_edit_users", "can_view_stats", "is_accountant")


@dataclass(frozen=True)
class Place:
    """An organization of somebody: his rights there, his folders, and whether the asking user changes them."""

    organization: Organization
    membership: Membership | None
    is_owner: bool
    may_edit: bool
    rows: list[FolderRow]


@signed_in
@require_http_methods(METHODS)
def organizations_tab(request: Request, user_id: str) -> HttpResponse:
    """Rights in organizations: a row each, saved together; and one more organization to join."""
    person = access.user_for(request.user, user_id)
    if request.method != "POST":
        return shown(request, person, "organizations")
    return saved(request, person, "organizations", save_flags)


@signed_in
@require_http_methods(METHODS)
def cameras_tab(request: Request, user_id: str) -> HttpResponse:
    """Access to cameras: the folders of all his organizations, saved together."""
    person = access.user_for(request.user, user_id)
    if request.method != "POST":
        return shown(request, person, "cameras")
    return saved(request, person, "cameras", save_folders)


def saved(request: Request, person: User, tab: str, save: Any) -> HttpResponse:
    """Do all that the form says or, when one part is refused, nothing."""
    try:
        with transaction.atomic():
            save(request, person)
    except (Invalid, Conflict) as error:
        messages.error(request, error.message)
        return shown(request, person, tab, status=422)
    messages.success(request, _("What %(login)s may do is saved.") % {"login": person.login})
    query = request.META.get("QUERY_STRING", "")
    answer = redirect(f"user-{tab}", user_id=person.pk)
    answer["Location"] += f"?{query}" if query else ""
    return answer


def shown(request: Request, person: User, tab: str, *, status: int = 200) -> HttpResponse:
    """One of the two tabs."""
    page = cursor_page(request, homes(request.user, person), ["title", "id"], PLACES)
    places = places_of(request.user, person, page.object_list, with_folders=tab == "cameras")
    context = {
        "account": person,
        "page": page,
        "places": places,
        "tab": tab,
        "may_edit": any(place.may_edit for place in places),
        "joinable": _joinable(request.user, person) if tab == "organizations" else [],
    }
    return render(request, f"users/{tab}.html", context, status=status)


def homes(asking: User, person: User) -> QuerySet[Organization]:
    """The organizations the person owns or is in, as far as the asking user may see his rights there."""
    rows = organizations_to_show(asking, person)
    member = Membership.objects.filter(user=person).values("organization")
    return rows.filter(pk__in=member) | rows.filter(owner=person)


def _joinable(asking: User, person: User) -> list[Organization]:
    """The first organizations the person could be added to; others are named by their title all the same."""
    rows = access.organizations_where(asking, "edit_users").exclude(memberships__user=person).order_by("title", "id")
    return list(rows[:50])


def editable(asking: User, person: User, organizations: Iterable[Organization]) -> set[int]:
    """Where the asking user changes the person's rights; his own only where he owns, or administers the ISP."""
    ids = [row.pk for row in organizations]
    rows = access.organizations_where(asking, "edit_users").filter(pk__in=ids)
    if asking.pk == person.pk and not asking.is_admin:
        rows = rows.filter(owner=asking)
    return set(rows.values_list("pk", flat=True))


def places_of(asking: User, person: User, found: list[Organization], *, with_folders: bool) -> list[Place]:
    """The organizations of one page with all that is shown of them, in four queries."""
    members = {row.organization_id: row for row in Membership.objects.filter(user=person, organization__in=found)}
    for row in members.values():
        row.user = person
    edited = editable(asking, person, found)
    trees: dict[int, list[Folder]] = {}
    grants: dict[int, FolderPermission] = {}
    if with_folders:
        for folder in Folder.objects.filter(organization__in=found):
            trees.setdefault(folder.organization_id, []).append(folder)
        grants = {
            row.folder_id: row for row in FolderPermission.objects.filter(user=person, folder__organization__in=found)
        }
    return [
        Place(
            organization,
            members.get(organization.pk),
            organization.owner_id == person.pk,
            organization.pk in edited and organization.pk in members,
            rows_of(trees.get(organization.pk, []), grants),
        )
        for organization in found
    ]


def sent_places(request: Request, person: User, *, with_folders: bool) -> list[Place]:
    """The organizations the form was about; one where the asking user changes nothing is refused."""
    ids = [access.as_id(value) for value in request.POST.getlist("organization")[: PLACES * 2]]
    found = list(homes(request.user, person).filter(pk__in=ids).distinct())
    if len(found) < len(set(ids)):
        raise Missing(_("There is no such organization."))
    places = places_of(request.user, person, found, with_folders=with_folders)
    if not all(place.may_edit for place in places):
        raise Forbidden(_("You may not do this in the organization."))
    return places


def save_flags(request: Request, person: User) -> None:
    """The rights in organizations as ticked, and the organization that is joined."""
    for place in sent_places(request, person, with_folders=False):
        membership = memberships.membership_of(place.organization, person)
        flags = {name: f"organization-{place.organization.pk}-{name}" in request.POST for name in FLAGS}
        new = changed(membership, flags)
        access.require_may_grant(request.user, place.organization, person, new)
        if new:
            memberships.change_member(membership, acting_user=request.user, **new)
    title = request.POST.get("join", "").strip()
    if title:
        memberships.add_member(joined(request.user, title), acting_user=request.user, user=person)
    elif not request.POST.getlist("organization"):
        raise (
            Forbidden(_("You may not change the rights of this user."))
            if request.user.is_readonly
            else Invalid(_("Nothing was chosen."))
        )


def joined(asking: User, title: str) -> Organization:
    """The organization with this title, or with this number behind a #."""
    rows = access.organizations_where(asking, "edit_users")
    named = rows.filter(pk=access.as_id(title[1:])) if title.startswith("#") else rows.filter(title=title)
    found = list(named[:2])
    if not found:
        raise Invalid(_("There is no organization with this title."))
    if len(found) > 1:
        raise Conflict(
            _("Several organizations have this title: write the number of one, as in #%(n)s.") % {"n": found[0].pk}
        )
    return found[0]


def save_folders(request: Request, person: User) -> None:
    """The access to folders as ticked."""
    places = sent_places(request, person, with_folders=True)
    if not places:
        raise Forbidden(_("You may not change the rights of this user."))
    for place in places:
        access.require_may_grant(request.user, place.organization, person, {})
        for row in place.rows:
            save_grant(row, person, request.POST, acting_user=request.user)
