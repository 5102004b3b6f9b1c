"""Many cameras at once (items 222, 320): what is to change, what that would do, and doing it a hundred at a time."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from devices import access as camera_access
from devices.models import Camera, Preset
from devices.services import bulk
from devices.services.bulk import Result
from portal.pages.cameras import in_state, narrowed
from portal.pages.common import Request, signed_in
from portal.pages.forms_bulk import LABELS, BulkForm, told
from tenants import access
from tenants.errors import Forbidden, Invalid, Missing
from tenants.models import Organization

MOST = 5000  # cameras in one go
BATCH = 100  # cameras in one request, so that none takes long and the page can tell how far it is
SHOWN = 100  # cameras of the preview


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def bulk_page(request: Request) -> HttpResponse:
    """What to change on the chosen cameras, or on all that a filter of the list finds."""
    names, step = chosen(request), request.POST.get("step", "")
    cameras = editable(request, names)
    form = form_for(request, cameras, step)
    if step == "apply" and form.is_valid():
        return apply(request, names, form)
    if step == "preview" and form.is_valid():
        return preview(request, names, form)
    context = {"form": form, "cameras": cameras, **carried(names)}
    return render(request, "bulk/form.html", context, status=422 if form.is_bound and form.errors else 200)


def chosen(request: Request) -> list[str]:
    """The names the page is about. Raises Invalid for more than can be done in one go."""
    if request.method == "POST":
        names = request.POST.get("names", "").split()
    elif "all" in request.GET:
        names = list(found(request).values_list("name", flat=True)[: MOST + 1])
    else:
        names = request.GET.getlist("camera")
    if len(names) > MOST:
        raise Invalid(_("At most %(n)s cameras at once: narrow the list by a filter.") % {"n": MOST}, field="names")
    return list(dict.fromkeys(names))


def found(request: Request) -> QuerySet[Camera]:
    """The cameras of the list with its filters, as far as the user edits them."""
    mine = access.organizations_where(request.user, "edit_cameras").values("pk")
    rows = narrowed(camera_access.visible_cameras(request.user), request).filter(organization__in=mine)
    return in_state(rows, request).order_by("title", "pk")


def editable(request: Request, names: list[str]) -> list[Camera]:
    """The named cameras the user edits. Missing if he knows none of them, Forbidden if he only watches."""
    known = camera_access.visible_cameras(request.user).filter(name__in=names).select_related("organization")
    rows = list(known.order_by("title", "pk"))
    if not rows:
        raise Missing(_("There is no such camera."))
    mine = bulk.editable(request.user, rows)
    if not mine:
        raise Forbidden(_("You may not do this with the camera."))
    return mine


def form_for(request: Request, cameras: Iterable[Camera], step: str) -> BulkForm:
    """The form, with the folders of the organization the cameras are in or are to be moved to."""
    organizations = access.organizations_where(request.user, "edit_cameras")
    homes = {camera.organization_id: camera.organization for camera in cameras}
    home: Organization | None = next(iter(homes.values())) if len(homes) == 1 else None
    if request.POST.get("organization"):
        home = organizations.filter(pk=access.as_id(request.POST["organization"])).first()
    lists: dict[str, Any] = {
        "organizations": organizations, "home": home,
        "presets": choosable(request, homes.values() if home is None else [home, *homes.values()]),
    }  # fmt: skip
    if step == "form":  # another organization was chosen: what was set already stays, and nothing is judged yet
        return BulkForm(initial={name: request.POST[name] for name in request.POST}, **lists)
    return BulkForm(request.POST or None, **lists)


def choosable(request: Request, organizations: Iterable[Organization]) -> QuerySet[Preset]:
    """The presets that one of these organizations may choose; all for the ISP's administrators."""
    rows = Preset.objects.filter(is_deleted=False)
    if not request.user.is_admin:
        numbers = [each.pk for each in organizations]
        free = Q(is_everywhere=True) | Q(is_default=True) | Q(attachments__organization__in=numbers)
        rows = rows.filter(free).distinct()
    return rows.order_by("dvr_depth", "title")


def carried(names: list[str]) -> dict[str, Any]:
    """What every step hands to the next one."""
    return {"names": " ".join(names), "number": len(names)}


def preview(request: Request, names: list[str], form: BulkForm) -> HttpResponse:
    """What would change, camera by camera, and what would be refused."""
    results = bulk.preview_many(names[:SHOWN], form.cleaned_data, acting_user=request.user)
    context = {
        "sent": sent(request),
        "changing": lines(result for result in results if result.changed),
        "refused": [result for result in results if result.refused],
        "same": sum(1 for result in results if not result.changed and not result.refused),
        "unseen": max(0, len(names) - SHOWN),
        **carried(names),
    }
    return render(request, "bulk/preview.html", context)


def sent(request: Request) -> list[tuple[str, str]]:
    """The form's answers, to be sent once more."""
    return [(name, request.POST[name]) for name in LABELS if request.POST.get(name)]


def lines(results: Iterable[Result]) -> list[dict[str, Any]]:
    """Changes in words."""
    return [
        {
            "title": result.title,
            "name": result.name,
            "changes": [
                (LABELS[name], told(name, old), told(name, new))
                for name, (old, new) in result.changed.items()
                if name in LABELS
            ],
        }
        for result in results
    ]


def apply(request: Request, names: list[str], form: BulkForm) -> HttpResponse:
    """Change the next cameras, and say how far that went; the page asks for the next ones by itself."""
    results = bulk.change_many(names[:BATCH], form.cleaned_data, acting_user=request.user)
    refused = [f"{result.title}: {result.refused}" for result in results if result.refused]
    left = names[BATCH:]
    total = counted(request, "total") or len(names)
    context = {
        "sent": sent(request),
        "changed": counted(request, "changed") + sum(1 for result in results if result.changed),
        "same": counted(request, "same") + sum(1 for result in results if not result.changed and not result.refused),
        "refused": [*request.POST.getlist("refused")[:MOST], *refused],
        "total": total,
        "done": max(0, total - len(left)),
        **carried(left),
    }
    return render(request, "bulk/progress.html" if left else "bulk/done.html", context)


def counted(request: Request, name: str) -> int:
    """A number that an earlier step handed on; it is told back to whoever sent it and decides nothing."""
    text = request.POST.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else 0
