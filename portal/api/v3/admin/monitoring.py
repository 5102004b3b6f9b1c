"""Probes: is the process alive, can it work. For anybody, because a balancer has no credentials; they hold no data."""

from __future__ import annotations

from typing import Any, TypedDict

from django.db import connection
from django.urls import URLPattern, path
from rest_framework.response import Response

from portal.api.permissions import Anybody
from portal.api.v3.schema import answers
from portal.api.v3.views import AdminView, utc_ms
from tenants import clock


class ProbeShape(TypedDict):
    """The machine's own time in ms, and that all is well."""

    status: str
    now: int


def _well() -> ProbeShape:
    return {"status": "ok", "now": utc_ms(clock.now()) or 0}


class LivenessView(AdminView):
    """`/monitoring/liveness`: the process answers."""

    noun = "monitoring"
    authentication_classes = ()
    permission_classes = (Anybody,)  # a probe

    @answers(ProbeShape, says="The process answers", name="liveness")
    def get(self, request: Any) -> Response:
        return Response(_well())


class ReadinessView(AdminView):
    """`/monitoring/readiness`: the database answers too, else the middleware says 503."""

    noun = "monitoring"
    authentication_classes = ()
    permission_classes = (Anybody,)  # a probe

    @answers(ProbeShape, says="The database answers, too; 503 if not", name="readiness")
    def get(self, request: Any) -> Response:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        return Response(_well())


urlpatterns: list[URLPattern] = [
    path("monitoring/liveness", LivenessView.as_view()),
    path("monitoring/readiness", ReadinessView.as_view()),
]
