"""Who is watching now, and ending it (item 325). Not in the reference."""

from __future__ import annotations

from typing import TypedDict

from django.db.models import QuerySet
from django.urls import URLPattern, path
from rest_framework.response import Response

from devices.models import ViewingSession
from devices.services import sessions
from portal.api.v3.collections import Collection
from portal.api.v3.columns import Column, Kind
from portal.api.v3.schema import EMPTY, answers, lists
from portal.api.v3.views import Asked, V3View, gone, one, utc_ms


class ViewingSessionShape(TypedDict):
    """A player at a stream; `name` and `title` are the stream's, instants in ms. `bytes` as the streamer last said."""

    id: int
    name: str
    title: str
    user_id: int | None
    user: str
    kind: str
    protocol: str
    bytes: int
    began_at: int | None
    last_at: int | None
    ip: str | None
    user_agent: str
    streamer: str


SESSIONS = Collection(
    "viewing_sessions",
    (
        Column("id", "id", Kind.WHOLE),
        Column("name", "camera__name", searched=True),
        Column("title", "camera__title", searched=True),
        Column("user_id", "user_id", Kind.WHOLE),
        Column("user", "user_login", searched=True),
        Column("kind", "kind"),
        Column("protocol", "protocol"),
        Column("bytes", "bytes", Kind.WHOLE),
        Column("began_at", "began_at", Kind.MOMENT),
        Column("last_at", "last_at", Kind.MOMENT),
        Column("streamer", "streamer"),
    ),
    sort="-began_at",
)
EXAMPLE: ViewingSessionShape = {
    "id": 5, "name": "gate", "title": "Gate", "user_id": 17, "user": "ivanov", "kind": "live", "protocol": "hls",
    "bytes": 18350080, "began_at": 1790000000000, "last_at": 1790000120000, "ip": "192.0.2.7",
    "user_agent": "Mozilla/5.0", "streamer": "video1.example.org",
}  # fmt: skip


def session_shape(row: ViewingSession) -> ViewingSessionShape:
    """A session."""
    return {
        "id": row.pk,
        "name": row.camera.name,
        "title": row.camera.title,
        "user_id": row.user_id or None,
        "user": row.user_login,
        "kind": row.kind,
        "protocol": row.protocol,
        "bytes": row.bytes,
        "began_at": utc_ms(row.began_at),
        "last_at": utc_ms(row.last_at),
        "ip": row.ip,
        "user_agent": row.user_agent,
        "streamer": row.streamer,
    }


class ViewingSessionsView(V3View):
    """`/viewing-sessions`: one's own, and those at cameras one oversees; administrators have all."""

    noun = "streams"

    @lists(ViewingSessionShape, SESSIONS, says="Who is watching now", name="viewing_sessions_list")
    def get(self, request: Asked) -> Response:
        rows: QuerySet[ViewingSession] = sessions.sessions_for(request.user).select_related("camera").order_by()
        return SESSIONS.answer(request, rows, lambda found: [session_shape(row) for row in found])


class ViewingSessionView(V3View):
    """`/viewing-sessions/{id}`."""

    noun = "streams"

    @answers(ViewingSessionShape, says="One playback that goes on", name="viewing_sessions_one", example=EXAMPLE)
    def get(self, request: Asked, session_id: str) -> Response:
        return one(request, session_shape(sessions.session_for(request.user, session_id)))

    @answers(EMPTY, says="End a playback; the same sign-in does not get it back for five minutes",
             name="viewing_sessions_delete")  # fmt: skip
    def delete(self, request: Asked, session_id: str) -> Response:
        sessions.end_session(sessions.session_for(request.user, session_id), acting_user=request.user)
        return gone()


urlpatterns: list[URLPattern] = [
    path("viewing-sessions", ViewingSessionsView.as_view()),
    path("viewing-sessions/<str:session_id>", ViewingSessionView.as_view()),
]
