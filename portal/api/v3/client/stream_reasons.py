"""Why there is footage of a moment or none (item 301): `/streams/{name}/dvr/reasons`. Not in the reference."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TypedDict

from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from rest_framework.response import Response

from devices.services import reasons
from devices.services.reasons import Because
from portal.api.v3.errors import InvalidParameter
from portal.api.v3.schema import answers
from portal.api.v3.views import Asked, V3View, utc_ms
from tenants import clock

DAY = 24 * 3600
QUERY = {"from": "UTC seconds; a day ago if absent", "to": "UTC seconds; now if absent; at most 366 days later"}


class FootageShape(TypedDict):
    """A span of one reason: milliseconds, its `duration` in seconds, what it is for programs (`reason`, an outage's
    `code`) and people (`message`), and who decided it."""

    opened_at: int
    closed_at: int
    duration: float
    reason: str
    code: str | None
    message: str
    user: str | None


class FootagesShape(TypedDict):
    """They touch each other and cover the window."""

    name: str
    reasons: list[FootageShape]


def instant(request: Asked, name: str, default: float) -> datetime:
    """A moment of the query, in UTC seconds."""
    text = request.query_params.get(name, "") or str(default)
    try:
        return datetime.fromtimestamp(float(text), UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise InvalidParameter(_("This is no moment in UTC seconds."), field=name) from error


def reason_shape(span: Because) -> FootageShape:
    """One span."""
    return {
        "opened_at": utc_ms(span.began_at) or 0,
        "closed_at": utc_ms(span.ended_at) or 0,
        "duration": (span.ended_at - span.began_at) / timedelta(seconds=1),
        "reason": str(span.reason),
        "code": span.code or None,
        "message": reasons.words(span),
        "user": span.user_login or None,
    }


class StreamReasonsView(V3View):
    """`/streams/{name}/dvr/reasons`."""

    noun = "streams"

    @answers(FootagesShape, query=QUERY, says="Why there is footage or none, without holes", name="stream_reasons")
    def get(self, request: Asked, name: str) -> Response:
        until = instant(request, "to", clock.timestamp())
        since = instant(request, "from", until.timestamp() - DAY)
        found = reasons.reasons_of(request.user, name, since=since, until=until)
        return Response({"name": name, "reasons": [reason_shape(span) for span in found]})


urlpatterns: list[URLPattern] = [path("streams/<path:name>/dvr/reasons", StreamReasonsView.as_view())]
