"""Subscribers: the list with counters, the form, and the page with its tabs (items 31-37)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from billing.services import organizations as opening
from devices import access as camera_access
from devices.models import Camera
from devices.services import organizations as closing
from portal.pages import video
from portal.pages.cameras import cards, with_all
from portal.pages.common import Request, cursor_page, signed_in, submit
from portal.pages.forms_people import OrganizationForm
from tenants import access, words
from tenants.access import OrganizationRights
from tenants.errors import Forbidden
from tenants.models import Folder, Membership, Organization, OrganizationWord, User, UserWord
from tenants.services import organizations

METHODS = ["GET", "HEAD", "POST"]
FIELDS = ("title", "owner", "camera_limit", "user_limit", "dvr_limit", "external_id")
NEW = organizations.DEFAULT_LIMITS


@dataclass(frozen=True)
class Tabs:
    """Which tabs of an organization's page a user has, and the counters on them."""

    organization: Organization
    rights: OrganizationRights
    people: bool
    folders: bool
    money: bool
    stats: bool
    cameras: int
    users: int


def count_of(model: Any) -> Coalesce:
    """A counter of rows that point to the organization; a subquery, because two joins would multiply."""
    rows = model.objects.filter(organization=OuterRef("pk")).order_by().values("organization")
    return Coalesce(Subquery(rows.annotate(n=Count("pk")).values("n")), 0)


@signed_in
@require_safe
def organizations_page(request: Request) -> HttpResponse:
    """The organizations the user may know of."""
    rows = access.visible_organizations(request.user)
    query = request.GET.get("q", "").strip()
    if query:
        owned = User.objects.filter(words.finding(UserWord, "user", query)).values("pk")
        rows = rows.filter(words.finding(OrganizationWord, "organization", query) | Q(owner__in=owned))
    page = cursor_page(request, rows, ["title", "id"], full=with_counters)
    context = {"page": page, "query": query, "can_add": can_open(request.user)}
    return render(request, "organizations/list.html", context)


def with_counters(rows: QuerySet[Organization]) -> QuerySet[Organization]:
    """Organizations with their owner and the counters of the list."""
    return rows.select_related("owner").annotate(
        cameras_n=count_of(Camera), users_n=count_of(Membership), folders_n=count_of(Folder)
    )


def can_open(user: User) -> bool:
    """Who opens and changes subscribers: administrators and editors of organizations, unless read only."""
    return user.can_edit_organizations and not user.is_readonly


@signed_in
@require_http_methods(METHODS)
def add(request: Request) -> HttpResponse:
    """Open a subscriber."""
    if not can_open(request.user):
        raise Forbidden(_("You may not open organizations."))
    form = OrganizationForm(request.POST or None, initial=NEW, owners=owners(request.user))
    lock_owner(request.user, form)
    done = submit(request, form, lambda values: opening.add_organization(acting_user=request.user, **values))
    if done is not None:
        messages.success(request, _("%(title)s is opened. Now add its cameras.") % {"title": done.title})
        return redirect("organization", organization_id=done.pk)
    return render(request, "organizations/form.html", {"form": form}, status=422 if form.errors else 200)


def lock_owner(user: User, form: OrganizationForm) -> None:
    """Only an administrator says who owns: the owner pays, and holds every right (item 34)."""
    if not user.is_admin:
        form.lock("owner")


def owners(user: User) -> QuerySet[User]:
    """Whom the user may make an owner."""
    return access.visible_users(user).filter(is_active=True)


@signed_in
@require_http_methods(METHODS)
def change(request: Request, organization_id: str) -> HttpResponse:
    """A subscriber's general settings."""
    organization = access.organization_for(request.user, organization_id, "edit")
    initial = {name: getattr(organization, name) for name in FIELDS}
    allowed = owners(request.user) | User.objects.filter(pk=organization.owner_id or 0)
    shown = [organization.owner] if organization.owner else []
    form = OrganizationForm(request.POST or None, initial=initial, owners=allowed, shown=shown)
    lock_owner(request.user, form)
    done = submit(
        request,
        form,
        lambda values: organizations.change_organization(organization, acting_user=request.user, **values),
    )
    if done is not None:
        messages.success(request, _("%(title)s is saved.") % {"title": done.title})
        return redirect("organization", organization_id=done.pk)
    may_close = access.may_close(request.user, organization)
    context = {"form": form, "tab": "general", "may_close": may_close, **head(request, organization)}
    return render(request, "organizations/general.html", context, status=422 if form.errors else 200)


@signed_in
@require_http_methods(METHODS)
def delete(request: Request, organization_id: str) -> HttpResponse:
    """Close a subscriber, after asking; with cameras or members only when that is confirmed too."""
    organization = access.organization_for(request.user, organization_id, "edit")
    access.require_may_close(request.user, organization)
    if request.method == "POST":
        force = request.POST.get("force") == "1"
        closing.delete_organization(organization, acting_user=request.user, force=force)
        messages.success(request, _("%(title)s is closed.") % {"title": organization.title})
        return redirect("organizations")
    return render(request, "organizations/delete.html", head(request, organization))


@signed_in
@require_safe
def organization_page(request: Request, organization_id: str) -> HttpResponse:
    """An organization's cameras."""
    organization = access.organization_for(request.user, organization_id)
    rows = camera_access.visible_cameras(request.user).filter(organization=organization)
    page = cursor_page(request, rows, ["title", "id"], full=with_all)
    shown = cards(request, list(page.object_list))
    context = {
        "cards": shown, "page": page, "tab": "cameras", "live": True, **head(request, organization),
        "can_choose": any(card.rights.edit for card in shown),
    }  # fmt: skip
    return video.allow(render(request, "organizations/cameras.html", context), request, [card.camera for card in shown])


def head(request: Request, organization: Organization) -> dict[str, Any]:
    """What every tab of an organization's page needs."""
    rights = access.rights_in(request.user, organization)
    people = request.user.is_admin or rights.is_owner or rights.edit_users
    tabs = Tabs(
        organization=organization,
        rights=rights,
        people=people,
        folders=people or rights.edit_cameras,
        money=rights.see_money,
        stats=rights.view_stats,
        cameras=Camera.objects.filter(organization=organization).count(),
        users=organization.memberships.count(),
    )
    return {"organization": organization, "tabs": tabs, "rights": rights}


@signed_in
@require_safe
def mosaics_page(request: Request, organization_id: str) -> HttpResponse:
    """Where the organization's mosaics stand."""
    organization = access.organization_for(request.user, organization_id)
    return render(request, "organizations/mosaics.html", {"tab": "mosaics", **head(request, organization)})
