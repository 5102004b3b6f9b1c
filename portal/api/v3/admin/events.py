"""The audit log (item 224): who changed what, by which request. One event a changed object; refused requests changed
nothing and are none."""

from __future__ import annotations

from typing import Any, TypedDict

from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from rest_framework.response import Response

from portal.api.feed import changed_fields
from portal.api.v3.collections import Collection
from portal.api.v3.columns import Column, Kind
from portal.api.v3.schema import answers, lists
from portal.api.v3.views import AdminView, Asked, one, utc_ms
from tenants import access
from tenants.errors import Missing
from tenants.models import AuditEntry


class EventShape(TypedDict):
    """A change. `operation_id` is object and action, `payload` the changed fields as [old, new], `status` 200 (what was
    refused is no event), `duration` the request's milliseconds until then, `via` the key the originator came by."""

    event_id: int
    operation_id: str
    created_at: int | None
    object_type: str
    object_id: str
    external_id: str | None
    object_title: str
    organization_id: int | None
    action: str
    payload: dict[str, Any]
    originator: str
    user_id: int | None
    via: str
    method: str
    path: str
    qs: str
    status: int
    duration: int | None
    ip: str | None
    user_agent: str
    request_id: str
    trace_id: str


EVENTS = Collection(
    "events",
    (
        Column("event_id", "id", Kind.WHOLE),
        Column("created_at", "created_at", Kind.MOMENT),
        Column("object_type", "object_type"),
        Column("object_id", "object_id"),
        Column("external_id", "external_id"),
        Column("object_title", "object_title", searched=True),
        Column("organization_id", "organization_id", Kind.WHOLE, nullable=True),
        Column("action", "action"),
        Column("originator", "user_login", searched=True),
        Column("user_id", "user_id", Kind.WHOLE, nullable=True),
        Column("via", "via", searched=True),
        Column("method", "method"),
        Column("path", "path"),
        Column("request_id", "request_id"),
        Column("duration", "duration_ms", Kind.WHOLE, nullable=True),
    ),
    sort="-event_id",
    unique="event_id",
    counts=False,
)


def event_shape(entry: AuditEntry) -> EventShape:
    """An audit row as the admin dialect shows it."""
    return {
        "event_id": entry.pk,
        "operation_id": f"{entry.object_type}.{entry.action}",
        "created_at": utc_ms(entry.created_at),
        "object_type": entry.object_type,
        "object_id": entry.object_id,
        "external_id": entry.external_id or None,
        "object_title": entry.object_title,
        "organization_id": entry.organization_id,
        "action": entry.action,
        "payload": changed_fields(entry.changed),
        "originator": entry.user_login,
        "user_id": entry.user_id,
        "via": entry.via,
        "method": entry.method,
        "path": entry.path,
        "qs": entry.query,
        "status": 200,  # what was refused left no entry
        "duration": entry.duration_ms,
        "ip": entry.ip,
        "user_agent": entry.user_agent,
        "request_id": entry.request_id,
        "trace_id": entry.request_id,
    }


class EventsView(AdminView):
    """`/events`."""

    noun = "events"

    @lists(EventShape, EVENTS, says="The audit log, newest first", name="events_list")
    def get(self, request: Asked) -> Response:
        return EVENTS.answer(request, AuditEntry.objects.all(), lambda found: [event_shape(row) for row in found])


class EventView(AdminView):
    """`/events/{id}`."""

    noun = "events"

    @answers(EventShape, says="One entry of the audit log", name="events_one")
    def get(self, request: Asked, event_id: str) -> Response:
        row = AuditEntry.objects.filter(pk=access.as_id(event_id)).first()
        if row is None:
            raise Missing(_("There is no such event."))
        return one(request, event_shape(row), key="event_id")


urlpatterns: list[URLPattern] = [
    path("events", EventsView.as_view()),
    path("events/<str:event_id>", EventView.as_view()),
]
