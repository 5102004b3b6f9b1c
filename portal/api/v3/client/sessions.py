"""Where one is signed in, and ending it (items 63, 64). Not in the reference."""

from __future__ import annotations

from typing import Any, TypedDict

from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from rest_framework.response import Response

from portal.api.v3.collections import Collection
from portal.api.v3.columns import Column, Kind
from portal.api.v3.schema import EMPTY, answers, lists
from portal.api.v3.views import Asked, V3View, gone, utc_ms
from tenants import access, clock
from tenants.errors import Forbidden, Missing
from tenants.models import UserSession
from tenants.services import sessions


class SessionShape(TypedDict):
    """A browser or application somebody is signed in at; instants in ms."""

    id: int
    created_at: int | None
    last_seen_at: int | None
    expires_at: int | None
    ip: str | None
    user_agent: str
    is_current: bool


SESSIONS = Collection(
    "sessions",
    (
        Column("id", "id", Kind.WHOLE),
        Column("created_at", "created_at", Kind.MOMENT),
        Column("last_seen_at", "last_seen_at", Kind.MOMENT),
        Column("expires_at", "expires_at", Kind.MOMENT),
        Column("ip", "ip", nullable=True, filters=False),
        Column("user_agent", "user_agent", searched=True),
    ),
    sort="-id",
)


def _rows(request: Asked) -> Any:
    return UserSession.objects.filter(user=request.user.pk, expires_at__gt=clock.now()).defer("data")


def session_shape(row: UserSession, current: int) -> SessionShape:
    """A session; `current` is the number of the one that asks."""
    return {
        "id": row.pk,
        "created_at": utc_ms(row.created_at),
        "last_seen_at": utc_ms(row.last_seen_at),
        "expires_at": utc_ms(row.expires_at),
        "ip": row.ip,
        "user_agent": row.user_agent,
        "is_current": row.pk == current,
    }


class SessionsView(V3View):
    """`/profile/sessions`."""

    noun = "profile"

    @lists(SessionShape, SESSIONS, says="Where one is signed in", name="sessions_list")
    def get(self, request: Asked) -> Response:
        current = request.auth.session_id
        return SESSIONS.answer(request, _rows(request), lambda found: [session_shape(row, current) for row in found])

    @answers(EMPTY, says="End all of one's sessions but the one that asks", name="sessions_delete_others")
    def delete(self, request: Asked) -> Response:
        if request.user.is_system:
            raise Forbidden(_("A system key has no sessions."))
        kept = UserSession.objects.filter(pk=request.auth.session_id).values_list("digest", flat=True)
        sessions.end_others(request.user, keep=kept.first() or "", acting_user=request.user)
        return gone()


class SessionView(V3View):
    """`/profile/sessions/{id}`; `current` is the one that asks."""

    noun = "profile"

    @answers(EMPTY, says="End one of one's sessions: its tokens and streams end with it", name="sessions_delete")
    def delete(self, request: Asked, session_id: str) -> Response:
        number = request.auth.session_id if session_id == "current" else access.as_id(session_id)
        row = _rows(request).filter(pk=number).first()
        if row is None:
            raise Missing(_("There is no such session."))
        sessions.end(row, acting_user=request.user)
        return gone()


urlpatterns: list[URLPattern] = [
    path("profile/sessions", SessionsView.as_view()),
    path("profile/sessions/<str:session_id>", SessionView.as_view()),
]
