"""Moving folders and cameras in an organization's tree: by a handle, or by a form for keyboards (items 88, 194)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from devices import access as camera_access
from devices.models import Camera
from devices.services import cameras
from portal.pages.common import Request, signed_in
from portal.pages.folders import indented, walk
from portal.pages.organizations import head
from portal.pages.status import Condition, describe
from tenants import access
from tenants.errors import Conflict, Forbidden, Invalid, LimitReached, Missing, PerchError
from tenants.models import Folder, FolderPermission, Organization
from tenants.services import folders

METHODS = ["GET", "HEAD", "POST"]
PLACES = ("inside", "before", "after")
OPEN_AT_ONCE = 200  # cameras of a tree that is shown with all of them
IN_FOLDER = 200  # cameras of a folder that are shown


@dataclass(frozen=True)
class Leaf:
    """A camera in the tree."""

    camera: Camera
    condition: Condition


def tree_of(request: Request, organization: Organization, *, people: bool) -> dict[str, Any]:
    """What the tree shows: folders with counters, who watches them, and the cameras of a small organization."""
    rows = Folder.objects.filter(organization=organization).annotate(cameras_n=Count("cameras"))
    tree = list(walk(rows))
    watchers: dict[int, list[FolderPermission]] = {}
    grants = FolderPermission.objects.filter(folder__organization=organization).select_related("user")
    for grant in grants.order_by("user__login") if people else ():
        watchers.setdefault(grant.folder_id, []).append(grant)
    small = sum(folder.cameras_n for _depth, folder in tree) <= OPEN_AT_ONCE  # type: ignore[attr-defined]  # annotated
    leaves: dict[int, list[Leaf]] = {}
    for leaf in leaves_of(request, Camera.objects.filter(organization=organization)) if small else ():
        leaves.setdefault(leaf.camera.folder_id, []).append(leaf)
    return {"tree": tree, "watchers": watchers, "leaves": leaves, "is_small": small}


def leaves_of(request: Request, rows: Any) -> list[Leaf]:
    """The cameras among these that the user may know of."""
    known = camera_access.visible_cameras(request.user).order_by().values("pk")
    rows = rows if request.user.is_admin else rows.filter(pk__in=known)
    return [Leaf(row, describe(row)) for row in rows.select_related("status").order_by("title", "id")[:IN_FOLDER]]


@signed_in
@require_safe
def folder_cameras(request: Request, organization_id: str, folder_id: str) -> HttpResponse:
    """The cameras of one folder, for a tree that is too large to be shown with all of them."""
    organization = access.organization_for(request.user, organization_id)
    context = head(request, organization)
    if not context["tabs"].folders:
        raise Forbidden(_("You may not see the folders of this organization."))
    folder = access.folder_for(request.user, organization, folder_id)
    rows = Camera.objects.filter(organization=organization, folder=folder)
    context |= {"folder": folder, "found": leaves_of(request, rows)}
    return render(request, "organizations/tree_cameras.html", context)


@signed_in
@require_http_methods(METHODS)
def move(request: Request, organization_id: str) -> HttpResponse:
    """Move a folder or a camera; asked for without saying where to, a form with the places."""
    organization = access.organization_for(request.user, organization_id, "edit_cameras")
    if request.method != "POST":
        return asked(request, organization)
    error = None
    try:
        with transaction.atomic():
            done = moved(request, organization)
    except (Invalid, Conflict, LimitReached) as refused:
        error = refused
    if "HX-Request" in request.headers:
        return fresh(request, organization, error)
    if error:
        messages.error(request, error.message)
    else:
        messages.success(request, _("%(title)s is moved.") % {"title": done})
    return redirect("folders", organization_id=organization.pk)


def moved(request: Request, organization: Organization) -> str:
    """Do it; returns the title of what was moved."""
    sent = request.POST
    place = sent.get("place", "inside")
    if place not in PLACES:
        raise Invalid(_("There is no such place."), field="place")
    target = access.folder_for(request.user, organization, sent.get("target", ""))
    if sent.get("camera"):
        camera = camera_of(request, organization, sent["camera"])
        cameras.change_camera(camera, acting_user=request.user, folder=target)
        return camera.title
    folder = access.folder_for(request.user, organization, sent.get("folder", ""))
    if folder.pk == target.pk:
        raise Invalid(_("A folder cannot be moved into itself."))
    return folders.move_folder(folder, acting_user=request.user, target=target, place=place).title


def camera_of(request: Request, organization: Organization, name: str) -> Camera:
    """A camera of this organization that the user edits."""
    camera = camera_access.camera_for(request.user, name, "edit")
    if camera.organization_id != organization.pk:
        raise Missing(_("There is no such camera."))
    return camera


def fresh(request: Request, organization: Organization, error: PerchError | None) -> HttpResponse:
    """The tree as it stands now, with the reason when nothing was moved."""
    context = head(request, organization)
    context |= tree_of(request, organization, people=context["tabs"].people)
    context |= {"refusal": error.message if error else ""}
    return render(request, "organizations/tree.html", context, status=409 if error else 200)


def asked(request: Request, organization: Organization) -> HttpResponse:
    """The form that moves without a pointer."""
    tree = list(Folder.objects.filter(organization=organization))
    context = head(request, organization)
    if request.GET.get("camera"):
        camera = camera_of(request, organization, request.GET["camera"])
        here, title, below = camera.folder_id, camera.title, set[int]()
        context |= {"camera": camera}
    else:
        folder = access.folder_for(request.user, organization, request.GET.get("folder", ""))
        here, title, below = folder.parent_id or 0, folder.title, folders.subtree(folder)
        context |= {"folder": folder}
    places = [(value, label) for value, label in indented(tree) if int(value) not in below]
    context |= {"title": title, "places": places, "here": str(here)}
    return render(request, "organizations/tree_move.html", context)
