"""Who sees a camera and why, what somebody sees, and the grants both are made of (items 213, 303, 304, 317)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from devices import access as camera_access
from devices.access import CameraRights
from devices.models import Camera, CameraPermission, CameraWord
from devices.services import explanations, grants, sessions, viewings
from devices.services.explanations import Reason
from portal.pages.common import Request, cursor_page, one_page, signed_in, submit
from portal.pages.forms_grants import CameraGrantForm, GrantForm, initial_of
from tenants import access, clock, words
from tenants.errors import Forbidden, Missing
from tenants.models import Folder, FolderPermission, Membership, Organization, User
from tenants.services import memberships

METHODS = ["GET", "HEAD", "POST"]
LATEST = 10


@dataclass(frozen=True)
class Watcher:
    """Somebody with all his reasons, and what they come to now."""

    user: User
    reasons: list[Reason]

    @property
    def rights(self) -> CameraRights:
        return explanations.together(self.reasons)


@dataclass(frozen=True)
class Sight:
    """A camera somebody sees: what he may do now, and why."""

    camera: Camera
    rights: CameraRights
    reasons: list[Reason]


@dataclass(frozen=True)
class Held:
    """A grant of somebody, wherever it is, and whether it holds now."""

    grant: FolderPermission | CameraPermission
    organization: Organization
    folder: Folder | None
    camera: Camera | None
    holds: bool
    may_edit: bool


def overseen(request: Request, name: str, right: str = "view_users") -> Camera:
    """A camera whose people the user may see (or, with `edit_users`, change)."""
    camera = camera_access.camera_for(request.user, name, "know")
    access.organization_for(request.user, camera.organization_id, right)
    return camera


@signed_in
@require_safe
def camera_page(request: Request, name: str) -> HttpResponse:
    """Who can see this camera, and through which grant; for its owner also who watched it lately."""
    camera = overseen(request, name)
    rights = access.rights_in(request.user, camera.organization)
    by_user: dict[int, list[Reason]] = {}
    for reason in explanations.who_sees(camera):
        by_user.setdefault(reason.user.pk, []).append(reason)
    people = [Watcher(reasons[0].user, reasons) for reasons in by_user.values()]
    watched = viewings.viewings_of(camera)[:LATEST] if may_see_viewings(request, camera) else None
    context = {
        "camera": camera,
        "rights": rights,
        "page": one_page(request, people),
        "known": set(access.visible_users(request.user).filter(pk__in=list(by_user)).values_list("pk", flat=True)),
        "watched": watched,
        "watching": sessions.alive().filter(camera=camera) if sessions.may_oversee(request.user, camera) else None,
        "may_end": not request.user.is_readonly,
    }
    return render(request, "cameras/access.html", context)


def may_see_viewings(request: Request, camera: Camera) -> bool:
    """Who watched is for the camera's owner, and for the ISP's administrators (item 317)."""
    return request.user.is_admin or camera.organization.owner_id == request.user.pk


@signed_in
@require_safe
def viewings_page(request: Request, name: str) -> HttpResponse:
    """Everybody who watched a camera or took a file of its archive within a year."""
    camera = overseen(request, name)
    if not may_see_viewings(request, camera):
        raise Forbidden(_("Only the owner sees who watched."))
    page = one_page(request, viewings.viewings_of(camera))
    return render(request, "cameras/viewings.html", {"camera": camera, "page": page})


@signed_in
@require_http_methods(METHODS)
def grant_camera(request: Request, name: str) -> HttpResponse:
    """Give somebody a right on this camera alone, or change it: `user` in the address says whose."""
    camera = overseen(request, name, "edit_users")
    found = granted(camera, request.GET["user"]) if request.GET.get("user") else None
    form: GrantForm = (
        CameraGrantForm(request.POST or None, initial=initial_of(None), organization=camera.organization)
        if found is None
        else GrantForm(request.POST or None, initial=initial_of(found))
    )
    done = submit(request, form, lambda values: save_camera_grant(request, camera, found, values))
    if done is not None:
        messages.success(request, _("What %(login)s may do is saved.") % {"login": done.membership.user.login})
        return redirect("camera-access", name=camera.name)
    whom = found.membership.user if found else None
    context = {"form": form, "camera": camera, "grant": found, "whom": whom, "subject": camera.title}
    return render(request, "grants/form.html", context, status=422 if form.errors else 200)


def granted(camera: Camera, user_id: Any) -> CameraPermission:
    """Somebody's grant on a camera, or Missing."""
    rows = CameraPermission.objects.filter(camera=camera, membership__user=access.as_id(user_id))
    row: CameraPermission | None = rows.select_related("membership__user", "camera").first()
    if row is None:
        raise Missing(_("The user has no rights of his own on this camera."))
    return row


def save_camera_grant(
    request: Request, camera: Camera, found: CameraPermission | None, values: dict[str, Any]
) -> CameraPermission:
    """Write what the form says."""
    user: User = values.pop("login", None) or found.membership.user  # type: ignore[union-attr]  # one of them is there
    access.require_may_grant(request.user, camera.organization, user, {})
    return grants.grant_camera(camera, acting_user=request.user, user=user, **values)


@signed_in
@require_http_methods(METHODS)
def revoke_camera(request: Request, name: str) -> HttpResponse:
    """Take somebody's own right on a camera away, after asking."""
    camera = overseen(request, name, "edit_users")
    found = granted(camera, request.POST.get("user") or request.GET.get("user", ""))
    if request.method == "POST":
        access.require_may_grant(request.user, camera.organization, found.membership.user, {})
        grants.revoke_camera(found, acting_user=request.user)
        messages.success(request, _("The right of %(login)s is taken away.") % {"login": found.membership.user.login})
        return redirect("camera-access", name=camera.name)
    return render(request, "grants/revoke.html", {"camera": camera, "whom": found.membership.user})


@signed_in
@require_http_methods(METHODS)
def grant_folder(request: Request, organization_id: str, user_id: str, folder_id: str) -> HttpResponse:
    """A member's right on a folder with all its sides: what it gives, and when it holds."""
    organization = access.organization_for(request.user, organization_id, "edit_users")
    folder = access.folder_for(request.user, organization, folder_id)
    person = access.user_for(request.user, user_id)
    memberships.membership_of(organization, person)
    found = FolderPermission.objects.filter(folder=folder, user=person).first()
    form = GrantForm(request.POST or None, initial=initial_of(found))
    done = submit(request, form, lambda values: save_folder_grant(request, folder, person, values))
    if done is not None:
        messages.success(request, _("What %(login)s may do is saved.") % {"login": person.login})
        return redirect("member", organization_id=organization.pk, user_id=person.pk)
    context = {"form": form, "organization": organization, "grant": found, "whom": person, "subject": folder.title}
    return render(request, "grants/form.html", context, status=422 if form.errors else 200)


def save_folder_grant(request: Request, folder: Folder, person: User, values: dict[str, Any]) -> FolderPermission:
    """Write what the form says."""
    access.require_may_grant(request.user, folder.organization, person, {})
    return memberships.grant_folder(folder, acting_user=request.user, user=person, **values)


@signed_in
@require_safe
def user_page(request: Request, user_id: str) -> HttpResponse:
    """What this user sees: every camera with his rights and the grants they come from."""
    person = access.user_for(request.user, user_id)
    places = organizations_to_show(request.user, person)
    rows = cameras_to_show(request.user, person, places)
    query = request.GET.get("q", "").strip()
    rows = words.search(rows, CameraWord, "camera", query)
    page = cursor_page(
        request, rows, ["title", "id"], full=lambda found: found.select_related("organization", "folder")
    )
    shown = list(page.object_list)
    rights = camera_access.rights_on(person, shown)
    reasons = explanations.why(person, shown)
    sights = [Sight(camera, rights[camera.pk], reasons[camera.pk]) for camera in shown if camera.pk in rights]
    context = {
        "account": person,
        "page": page,
        "sights": sights,
        "held": held_grants(request, person, places),
        "query": query,
        "watching": sessions.sessions_for(request.user).filter(user_id=person.pk).select_related("camera"),
        "is_me": person.pk == request.user.pk,
    }
    return render(request, "users/access.html", context)


def organizations_to_show(asking: User, person: User) -> QuerySet[Organization]:
    """Where the asking user may see what the person may do: everywhere for himself and for administrators, else in the
    organizations whose users he sees."""
    rows: QuerySet[Organization] = Organization.objects.all()
    if asking.is_admin or asking.pk == person.pk:
        return rows
    edited = Membership.objects.filter(organization=OuterRef("pk"), user=asking, can_edit_users=True)
    return rows.filter(Q(owner=asking) | Exists(edited))


def cameras_to_show(asking: User, person: User, places: QuerySet[Organization]) -> QuerySet[Camera]:
    """The cameras a person sees, as far as the asking user may know of them."""
    rows = camera_access.visible_cameras(person).filter(organization__in=places)
    if asking.is_admin or asking.pk == person.pk:
        return rows
    return rows.filter(pk__in=camera_access.visible_cameras(asking).order_by().values("pk"))


def held_grants(request: Request, person: User, places: QuerySet[Organization]) -> list[Held]:
    """All grants of a person, also those whose time has not come or is over."""
    asking = request.user
    editable = {row.pk for row in access.organizations_where(asking, "edit_users")} - _own(asking, person)
    known = camera_access.visible_cameras(asking).order_by().values("pk")
    now, zone = clock.now(), request.domain.zone
    on_folders = FolderPermission.objects.filter(user=person, folder__organization__in=places)
    on_cameras = CameraPermission.objects.filter(
        membership__user=person, membership__organization__in=places, camera__in=known
    )
    found = []
    for grant in on_folders.select_related("folder__organization").order_by("folder__organization__title", "id"):
        place = grant.folder.organization
        holds = person.is_active and grant.holds_at(now, zone)
        found.append(Held(grant, place, grant.folder, None, holds, place.pk in editable))
    for row in on_cameras.select_related("camera__organization").order_by("camera__title", "id"):
        place = row.camera.organization
        holds = person.is_active and row.holds_at(now, zone)
        found.append(Held(row, place, None, row.camera, holds, place.pk in editable))
    return found


def _own(asking: User, person: User) -> set[int]:
    """Where nobody changes his own rights: in organizations he neither owns nor administers."""
    if asking.pk != person.pk or asking.is_admin:
        return set()
    rows = Organization.objects.exclude(owner=asking)
    return set(rows.values_list("pk", flat=True))
