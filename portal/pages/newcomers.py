"""Choosing people out of all one may know of: members to be, and an organization's owner (items 33, 34, 66)."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import Exists, OuterRef
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from portal.pages.common import Request, cursor_page, signed_in
from portal.pages.organizations import head
from tenants import access, words
from tenants.errors import Conflict, Forbidden, Missing
from tenants.models import Membership, Organization, User, UserWord
from tenants.services import memberships, organizations

METHODS = ["GET", "HEAD", "POST"]
MOST = 200  # people at once


@signed_in
@require_http_methods(METHODS)
def add_members(request: Request, organization_id: str) -> HttpResponse:
    """Let people who have accounts into an organization, several at once; those who are in are grey."""
    organization = access.organization_for(request.user, organization_id, "edit_users")
    if request.method == "POST":
        people = chosen(request)
        if people and let_in(request, organization, people):
            return redirect("members", organization_id=organization.pk)
        if not people:
            messages.warning(request, _("Nobody was chosen."))
        return redirect(request.get_full_path())
    member = Membership.objects.filter(organization=organization, user=OuterRef("pk"))
    rows = access.visible_users(request.user).filter(is_active=True).annotate(is_in=Exists(member))
    return chooser(request, organization, rows, "organizations/members_add.html", "users")


def chosen(request: Request) -> list[User]:
    """The people who were ticked; Missing if one of them is nobody the acting user knows."""
    ids = {access.as_id(value) for value in request.POST.getlist("user")[:MOST]}
    people = list(access.visible_users(request.user).filter(pk__in=ids).order_by("login"))
    if len(people) < len(ids):
        raise Missing(_("There is no such user."))
    return people


def let_in(request: Request, organization: Organization, people: list[User]) -> bool:
    """Add all of them or, when the organization's limit is reached, nobody."""
    there = set(Membership.objects.filter(organization=organization, user__in=people).values_list("user", flat=True))
    fresh = [person for person in people if person.pk not in there]
    try:
        memberships.add_members(organization, acting_user=request.user, users=fresh)
    except Conflict as error:
        messages.error(request, error.message)
        return False
    count = len(fresh)
    text = ngettext("%(n)s person is in. Now open folders.", "%(n)s people are in. Now open folders.", count)
    messages.success(request, text % {"n": count})
    return True


@signed_in
@require_http_methods(METHODS)
def owner(request: Request, organization_id: str) -> HttpResponse:
    """Choose who owns an organization. Only an administrator does: the owner pays, and holds every right."""
    organization = access.organization_for(request.user, organization_id)
    access.require_admin(request.user)
    if request.method == "POST":
        person = access.user_for(request.user, request.POST.get("user", ""))
        if not person.is_active:
            raise Forbidden(_("A blocked user cannot own an organization."))
        organizations.change_organization(organization, acting_user=request.user, owner=person)
        messages.success(request, _("%(login)s owns the organization now.") % {"login": person.login})
        return redirect("organization-edit", organization_id=organization.pk)
    rows = access.visible_users(request.user).filter(is_active=True)
    return chooser(request, organization, rows, "organizations/owner.html", "general")


def chooser(request: Request, organization: Organization, rows: Any, template: str, tab: str) -> HttpResponse:
    """A page of people to choose from, with its search."""
    query = request.GET.get("q", "").strip()
    page = cursor_page(request, words.search(rows, UserWord, "user", query), ["login", "id"])
    context = {"page": page, "query": query, "tab": tab, **head(request, organization)}
    return render(request, template, context)
