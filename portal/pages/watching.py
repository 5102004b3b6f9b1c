"""Who is watching now, and ending it (item 325)."""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from devices import access
from devices.models import Camera, Viewing, ViewingSession
from devices.services import sessions
from portal.pages.common import Request, one_page, signed_in

FILTERS = ("query", "camera", "user", "kind")


@signed_in
@never_cache
@require_safe
def watching_page(request: Request) -> HttpResponse:
    """The sessions that go on, as far as the user may know of them: his own, and all at cameras he oversees."""
    filters = {name: request.GET.get(name, "").strip().replace("\x00", "")[:200] for name in FILTERS}
    page = one_page(
        request, _narrowed(sessions.sessions_for(request.user), filters).select_related("camera__organization")
    )
    context = {
        "page": page,
        "lines": page.object_list,
        "filters": filters,
        "is_filtered": any(filters.values()),
        "kinds": Viewing.Kind.choices,
        "shown_camera": _camera(request, filters["camera"]),
        "may_end": _may_end(request, list(page.object_list)),
    }
    return render(request, "watching/list.html", context)


def _narrowed(rows: QuerySet[ViewingSession], filters: dict[str, str]) -> QuerySet[ViewingSession]:
    if filters["camera"]:
        rows = rows.filter(camera__name=filters["camera"])
    if filters["user"]:
        rows = rows.filter(user_id=_number(filters["user"]))
    if filters["kind"]:
        rows = rows.filter(kind=filters["kind"])
    if query := filters["query"]:
        rows = rows.filter(Q(user_login__icontains=query) | Q(camera__title__icontains=query) | Q(ip__startswith=query))
    return rows


def _number(text: str) -> int:
    """A user's number; -1, which nobody has, for a text that is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else -1


def _camera(request: Request, name: str) -> Camera | None:
    """The camera whose sessions are shown, if the user knows it."""
    return access.visible_cameras(request.user).filter(name=name).first() if name else None


def _may_end(request: Request, rows: list[ViewingSession]) -> bool:
    """Whether there is anything here that the user may end; of his own only, he is not asked."""
    user = request.user
    if user.is_readonly:
        return False
    return user.is_admin or any(row.user_id != user.pk or row.camera.organization.owner_id == user.pk for row in rows)


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def end(request: Request, session_id: str) -> HttpResponse:
    """End a playback, after asking."""
    session = sessions.session_for(request.user, session_id)
    sessions.require_may_end(request.user, session)
    if request.method != "POST":
        minutes = sessions.BAN.seconds // 60
        return render(request, "watching/end.html", {"session": session, "minutes": minutes})
    sessions.end_session(session, acting_user=request.user)
    messages.success(request, _("The playback is ended."))
    return redirect(f"{reverse('watching')}?{urlencode({'camera': session.camera.name})}")
