"""Messages between people of the ISP (items 79, 217)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, TypedDict

from django.urls import URLPattern, path
from rest_framework import serializers
from rest_framework.response import Response

from portal.api.v3.collections import Collection
from portal.api.v3.columns import Column, Kind
from portal.api.v3.schema import EMPTY, answers, lists
from portal.api.v3.shapes import PersonShape
from portal.api.v3.views import Asked, Fields, Identifier, Text, Truth, V3View, gone, one, utc_ms
from tenants import access
from tenants.models import Message
from tenants.services import messages


class MessageShape(TypedDict):
    """A message. `user_id` or `organization_id` is whom it is for, both null: everybody. `created_at` in ms."""

    id: int
    title: str
    body: str
    type: str
    is_dashboard: bool
    is_push: bool
    was_read: bool
    sender: PersonShape | None
    user_id: int | None
    organization_id: int | None
    created_at: int


class MessageFields(Fields):
    """A message. Without `user_id` and `organization_id` it is for everybody, which administrators may write."""

    DEFAULTS: ClassVar[Mapping[str, Any]] = {"body": "", "type": "info", "is_dashboard": False, "is_push": False}

    title = serializers.CharField(max_length=200)
    body = Text(max_length=10_000)
    type = serializers.ChoiceField(choices=Message.Type.values, required=False)
    is_dashboard = Truth(help_text="shown above every page until it is read")
    is_push = Truth(help_text="shown at once in browsers that are open")
    user_id = Identifier(required=False, allow_null=True)
    organization_id = Identifier(required=False, allow_null=True)


class MessageChanges(Fields):
    """What may be changed: `was_read` by whoever may read it, the rest by who wrote it and by administrators."""

    DEFAULTS: ClassVar[Mapping[str, Any]] = MessageFields.DEFAULTS

    title = serializers.CharField(max_length=200, required=False)
    body = Text(max_length=10_000)
    type = serializers.ChoiceField(choices=Message.Type.values, required=False)
    is_dashboard = Truth()
    is_push = Truth()
    was_read = Truth()


MESSAGES = Collection(
    "messages",
    (
        Column("id", "id", Kind.WHOLE),
        Column("title", "title", searched=True),
        Column("body", "body", searched=True, filters=False, sorts=False),
        Column("type", "type"),
        Column("is_dashboard", "is_dashboard", Kind.TRUTH),
        Column("is_push", "is_push", Kind.TRUTH),
        Column("was_read", "was_read", Kind.TRUTH),
        Column("user_id", "user_id", Kind.WHOLE, nullable=True),
        Column("organization_id", "organization_id", Kind.WHOLE, nullable=True),
        Column("created_at", "created_at", Kind.MOMENT),
    ),
    sort="-id",
)
EXAMPLE = {
    "id": 7, "title": "Works tonight", "body": "From 2 to 4 o'clock.", "type": "warning", "is_dashboard": True,
    "is_push": False, "was_read": False, "sender": {"id": 1, "name": "nora@example.org"}, "user_id": None,
    "organization_id": 12, "created_at": 1795276800000,
}  # fmt: skip


def message_shapes(rows: Iterable[Any]) -> list[MessageShape]:
    """Messages as they are told to one person; each row knows whether he read it."""
    return [
        {
            "id": row.pk,
            "title": row.title,
            "body": row.body,
            "type": row.type,
            "is_dashboard": row.is_dashboard,
            "is_push": row.is_push,
            "was_read": row.was_read,
            "sender": {"id": row.sender_id, "name": row.sender_login} if row.sender_id is not None else None,
            "user_id": row.user_id,
            "organization_id": row.organization_id,
            "created_at": utc_ms(row.created_at) or 0,
        }
        for row in rows
    ]


def _one(request: Asked, message_id: Any, *, status: int = 200) -> Response:
    row = messages.message_for(request.user, message_id)
    return one(request, message_shapes([row])[0], status=status)


class MessagesView(V3View):
    """`/messages`."""

    noun = "messages"

    @lists(MessageShape, MESSAGES, says="What the caller was written and what he wrote", name="messages_list")
    def get(self, request: Asked) -> Response:
        return MESSAGES.answer(request, messages.known(request.user), message_shapes)

    @answers(
        MessageShape, fields=MessageFields, status=201, says="Write a message", name="messages_send", example=EXAMPLE
    )
    def post(self, request: Asked) -> Response:
        fields = MessageFields.read(request)
        user_id, organization_id = fields.pop("user_id", None), fields.pop("organization_id", None)
        asking = request.user
        user = access.user_for(asking, user_id) if user_id is not None else None
        organization = access.organization_for(asking, organization_id) if organization_id is not None else None
        row = messages.send(acting_user=asking, user=user, organization=organization, **fields)
        return _one(request, row.pk, status=201)


class MessageView(V3View):
    """`/messages/{id}`. Looking at a message does not read it: send `was_read`."""

    noun = "messages"

    @answers(MessageShape, says="One message", name="messages_one", example=EXAMPLE)
    def get(self, request: Asked, message_id: str) -> Response:
        return _one(request, message_id)

    @answers(MessageShape, fields=MessageChanges, says="Change what is sent of it", name="messages_save")
    def put(self, request: Asked, message_id: str) -> Response:
        row = messages.message_for(request.user, message_id)
        fields = MessageChanges.read(request, partial=True)
        was_read = fields.pop("was_read", None)
        if fields:
            messages.change(row, acting_user=request.user, **fields)
        if was_read is not None:
            messages.mark(row, user=request.user, was_read=was_read)
        return _one(request, message_id)

    @answers(EMPTY, says="Put it away; who wrote it takes it back from everybody", name="messages_delete")
    def delete(self, request: Asked, message_id: str) -> Response:
        messages.remove(messages.message_for(request.user, message_id), acting_user=request.user)
        return gone()


urlpatterns: list[URLPattern] = [
    path("messages", MessagesView.as_view()),
    path("messages/<str:message_id>", MessageView.as_view()),
]
