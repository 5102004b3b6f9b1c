"""The list of cameras: cards with pictures, or a table (items 37, 118)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.db.models import Count, Exists, OuterRef, QuerySet
from django.http import HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from devices import access as camera_access
from devices.models import Camera, CameraAttribute, CameraWord
from devices.services import actions, cameras
from devices.services.figures import STATES
from portal.pages import video
from portal.pages.common import Request, cursor_page, signed_in
from portal.pages.folders import indented
from portal.pages.status import Condition, describe
from tenants import access, words
from tenants.errors import Missing
from tenants.models import Folder, Organization

PER_PAGE = 48
MANY_ORGANIZATIONS = 200
MANY_NAMES = 100
MANY_CAMERAS = 5000


@dataclass(frozen=True)
class Card:
    """One camera as the list shows it."""

    camera: Camera
    condition: Condition
    rights: camera_access.CameraRights
    favorite: bool
    preview: str
    may_act: bool


@signed_in
@require_safe
def cameras_page(request: Request) -> HttpResponse:
    """All cameras the user may know of; every filter is in the address."""
    visible = camera_access.visible_cameras(request.user)
    found = narrowed(visible, request)
    page = cursor_page(request, in_state(found, request), ["title", "id"], PER_PAGE, with_all)
    counts = counted(found, request)
    shown = cards(request, list(page.object_list))
    context = {
        "cards": shown,
        "page": page,
        "counts": counts,
        "view": view_of(request),
        "state": request.GET.get("status", ""),
        "organizations": organizations_of(visible),
        "folders": folders_of(request),
        "can_choose": any(card.rights.edit for card in shown),
        "can_add": access.organizations_where(request.user, "edit_cameras").exists(),
        "filtered": bool({"q", "organization", "folder", "status"} & set(request.GET)),
        "live": True,
    }
    response = render(request, "cameras/list.html", context)
    response.set_cookie("perch_view", view_of(request), max_age=365 * 24 * 3600, samesite="Lax")
    return video.allow(response, request, [card.camera for card in shown])


def with_all(rows: QuerySet[Camera]) -> QuerySet[Camera]:
    """Cameras with what lists show of them."""
    return rows.select_related(*WITH)


WITH = ("status", "organization", "folder", "preset", "streamer")


def view_of(request: Request) -> str:
    """Cards or list: as the address says, else as the user looked last time."""
    wanted = request.GET.get("view") or request.COOKIES.get("perch_view")
    return "list" if wanted == "list" else "cards"


def narrowed(rows: QuerySet[Camera], request: Request) -> QuerySet[Camera]:
    """The cameras that the search, organization and folder of the address leave."""
    query = request.GET.get("q", "").strip()
    rows = words.search(rows, CameraWord, "camera", query)
    if request.GET.get("organization"):
        rows = rows.filter(organization_id=access.as_id(request.GET["organization"]))
    if request.GET.get("folder"):
        rows = rows.filter(folder_id=access.as_id(request.GET["folder"]))
    return rows


def in_state(rows: QuerySet[Camera], request: Request) -> QuerySet[Camera]:
    """The cameras in the state the address asks for."""
    state = request.GET.get("status", "")
    if state == "favorite":
        return rows.filter(Exists(marked(request)))
    return rows.filter(STATES[state]) if state in STATES else rows


def marked(request: Request) -> QuerySet[CameraAttribute]:
    """The user's favourite marks, to be joined with cameras."""
    rows: QuerySet[CameraAttribute] = CameraAttribute.objects.filter(
        user=request.user, favorite=True, camera=OuterRef("pk")
    )
    return rows


def counted(rows: QuerySet[Camera], request: Request) -> dict[str, int]:
    """How many cameras each state has, in one query; nothing where there are too many to count them at each look."""
    if rows.order_by()[: MANY_CAMERAS + 1].count() > MANY_CAMERAS:
        return {}
    states = {name: Count("pk", filter=condition) for name, condition in STATES.items()}
    return rows.aggregate(all=Count("pk"), favorite=Count("pk", filter=Exists(marked(request))), **states)


def cards(request: Request, rows: list[Camera]) -> list[Card]:
    """The cameras of one page with their condition, rights, mark and picture."""
    rights = camera_access.rights_on(request.user, rows)
    acting = set() if request.user.is_readonly else actions.cameras_with_actions(camera.pk for camera in rows)
    favorites = set(
        CameraAttribute.objects.filter(user=request.user, favorite=True, camera__in=rows).values_list(
            "camera_id", flat=True
        )
    )
    return [
        Card(
            camera=camera,
            condition=describe(camera),
            rights=rights.get(camera.pk, camera_access.NONE),
            favorite=camera.pk in favorites,
            preview=video.preview(request, camera) if rights[camera.pk].view and camera.runs else "",
            may_act=camera.pk in acting and rights[camera.pk].actions,
        )
        for camera in rows
        if camera.pk in rights
    ]


def organizations_of(visible: QuerySet[Camera]) -> QuerySet[Organization]:
    """The organizations to choose from; with very many the search is the better tool."""
    rows = Organization.objects.filter(pk__in=visible.order_by().values("organization_id"))
    return rows.order_by("title")[:MANY_ORGANIZATIONS]


def folders_of(request: Request) -> list[tuple[str, str]]:
    """The folder tree of the chosen organization, as far as the user may know of it."""
    if not request.GET.get("organization"):
        return []
    chosen = access.visible_organizations(request.user).filter(pk=access.as_id(request.GET["organization"])).first()
    if chosen is None:
        return []
    return indented(Folder.objects.filter(organization=chosen)) if sees_tree(request, chosen) else []


def sees_tree(request: Request, organization: Organization) -> bool:
    """Whether all folders of an organization may be named to the user: to those who hold it or edit in it."""
    rights = access.rights_in(request.user, organization)
    return rights.is_owner or request.user.is_admin or rights.edit_cameras or rights.edit_users


@signed_in
@never_cache
@require_safe
def tokens(request: Request) -> JsonResponse:
    """Fresh playback addresses of the named cameras the user may watch; others are left out."""
    names = request.GET.getlist("name")[:MANY_NAMES]
    rows = list(Camera.objects.select_related("streamer").filter(name__in=names))
    rights = camera_access.rights_on(request.user, rows)
    watchable = [camera for camera in rows if rights.get(camera.pk, camera_access.NONE).view]
    return JsonResponse({camera.name: video.playback(request, camera) for camera in watchable})


@signed_in
@require_POST
def mark(request: Request, name: str) -> HttpResponse:
    """Make a camera a favourite, or not any more."""
    camera = camera_access.camera_for(request.user, name, "know")
    cameras.mark_camera(camera, request.user, favorite=request.POST.get("favorite") == "1")
    if "application/json" in request.headers.get("Accept", ""):
        return JsonResponse({"favorite": request.POST.get("favorite") == "1"})
    return back(request)


@signed_in
@require_POST
def switch(request: Request, name: str) -> HttpResponse:
    """Switch a camera on or off (item 57)."""
    camera = camera_access.camera_for(request.user, name, "edit")
    cameras.set_enabled(camera, request.POST.get("enabled") == "1", acting_user=request.user)
    text = _("%(title)s is switched on.") if camera.enabled else _("%(title)s is switched off.")
    messages.success(request, text % {"title": camera.title})
    return back(request)


def back(request: Any) -> HttpResponse:
    """Back to the page the form was on, if it was ours."""
    came_from = request.POST.get("back", "")
    if came_from.startswith("/") and url_has_allowed_host_and_scheme(came_from, allowed_hosts=None):
        return HttpResponseRedirect(came_from)
    raise Missing(_("There is nothing at this address."))
