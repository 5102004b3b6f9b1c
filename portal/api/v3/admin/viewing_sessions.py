"""Who is watching now at the whole ISP, and ending it (item 325)."""

from __future__ import annotations

from collections.abc import Sequence

from django.urls import URLPattern, path
from rest_framework.permissions import BasePermission

from portal.api.v3.client.viewing_sessions import ViewingSessionsView, ViewingSessionView
from portal.api.v3.views import Administrator


class AllViewingSessionsView(ViewingSessionsView):
    """`/viewing-sessions`."""

    permission_classes: Sequence[type[BasePermission]] = (Administrator,)


class AnyViewingSessionView(ViewingSessionView):
    """`/viewing-sessions/{id}`."""

    permission_classes: Sequence[type[BasePermission]] = (Administrator,)


urlpatterns: list[URLPattern] = [
    path("viewing-sessions", AllViewingSessionsView.as_view()),
    path("viewing-sessions/<str:session_id>", AnyViewingSessionView.as_view()),
]
