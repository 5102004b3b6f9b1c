"""Webhooks, the log of what was sent, `send again` and `send a test` (item 314)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, TypedDict

from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.response import Response

from portal.api.v3.collections import Collection
from portal.api.v3.columns import Column, Kind
from portal.api.v3.schema import EMPTY, answers, lists
from portal.api.v3.views import AdminView, Asked, Fields, Text, Truth, gone, one, utc_ms
from tenants import access
from tenants.errors import Missing
from tenants.models import Webhook, WebhookDelivery
from tenants.services import webhooks


class WebhookShape(TypedDict):
    """Where changes are sent; no kinds are all. `stopped_because`: the last fault, when failures switched it off."""

    id: int
    title: str
    url: str
    kinds: list[str]
    is_active: bool
    position: int
    failures: int
    next_attempt_at: int | None
    stopped_at: int | None
    stopped_because: str
    created_at: int | None


class NewWebhookShape(WebhookShape):
    """A webhook that was just made: `secret` is shown this once."""

    secret: str


class SecretShape(TypedDict):
    """A new secret, shown this once."""

    secret: str


class DeliveryShape(TypedDict):
    """One message: `number` is its id on the wire, `answer` the beginning of what came back; instants in ms."""

    id: int
    number: str
    position: int | None
    kind: str
    object_key: str
    state: str
    attempts: int
    status: int | None
    duration_ms: int | None
    error: str
    answer: str
    body: str
    created_at: int | None
    tried_at: int | None
    next_attempt_at: int | None
    sent_at: int | None


class CountShape(TypedDict):
    """How many messages are on their way again."""

    count: int


class WebhookFields(Fields):
    """What may be set on a webhook."""

    DEFAULTS: ClassVar[Mapping[str, Any]] = {"title": "", "kinds": [], "is_active": True}

    url = serializers.CharField(max_length=500)
    title = Text(max_length=100)
    kinds = serializers.ListField(
        child=serializers.CharField(max_length=50), required=False, max_length=50,
        help_text="types of objects, as the feed names them; empty: all",
    )  # fmt: skip
    is_active = Truth()


WEBHOOKS = Collection(
    "webhooks",
    (
        Column("id", "id", Kind.WHOLE),
        Column("title", "title", searched=True),
        Column("url", "url", searched=True),
        Column("is_active", "is_active", Kind.TRUTH),
        Column("failures", "failures", Kind.WHOLE),
        Column("created_at", "created_at", Kind.MOMENT),
    ),
)
DELIVERIES = Collection(
    "deliveries",
    (
        Column("id", "id", Kind.WHOLE),
        Column("kind", "kind"),
        Column("object_key", "object_key", searched=True),
        Column("state", "state"),
        Column("status", "status", Kind.WHOLE, nullable=True),
        Column("attempts", "attempts", Kind.WHOLE),
        Column("position", "position", Kind.WHOLE, nullable=True),
        Column("created_at", "created_at", Kind.MOMENT),
        Column("sent_at", "sent_at", Kind.MOMENT, nullable=True),
    ),
    sort="-id",
)


def webhook_shape(row: Webhook) -> WebhookShape:
    """A webhook, without its secret."""
    return {
        "id": row.pk,
        "title": row.title,
        "url": row.url,
        "kinds": list(row.kinds),
        "is_active": row.is_active,
        "position": row.position,
        "failures": row.failures,
        "next_attempt_at": utc_ms(row.next_attempt_at),
        "stopped_at": utc_ms(row.stopped_at),
        "stopped_because": row.stopped_because,
        "created_at": utc_ms(row.created_at),
    }


def delivery_shape(row: WebhookDelivery) -> DeliveryShape:
    """One line of the log."""
    return {
        "id": row.pk,
        "number": str(row.number),
        "position": row.position,
        "kind": row.kind,
        "object_key": row.object_key,
        "state": row.state,
        "attempts": row.attempts,
        "status": row.status,
        "duration_ms": row.duration_ms,
        "error": row.error,
        "answer": row.answer,
        "body": row.body,
        "created_at": utc_ms(row.created_at),
        "tried_at": utc_ms(row.tried_at),
        "next_attempt_at": utc_ms(row.next_attempt_at) if row.state == WebhookDelivery.State.WAITING else None,
        "sent_at": utc_ms(row.sent_at),
    }


def _webhook(webhook_id: str) -> Webhook:
    found: Webhook | None = Webhook.objects.filter(pk=access.as_id(webhook_id)).first()
    if found is None:
        raise Missing(_("There is no such webhook."))
    return found


class _View(AdminView):
    noun = "webhooks"


class WebhooksView(_View):
    """`/webhooks`."""

    @lists(WebhookShape, WEBHOOKS, says="Webhooks", name="webhooks_list")
    def get(self, request: Asked) -> Response:
        return WEBHOOKS.answer(request, Webhook.objects.all(), lambda found: [webhook_shape(row) for row in found])

    @answers(NewWebhookShape, fields=WebhookFields, status=201, says="Add a webhook; its secret is shown this once",
             name="webhooks_add")  # fmt: skip
    def post(self, request: Asked) -> Response:
        row, secret = webhooks.add_webhook(acting_user=request.user, **WebhookFields.read(request))
        return one(request, {**webhook_shape(row), "secret": secret}, status=201)


class WebhookView(_View):
    """`/webhooks/{id}`."""

    @answers(WebhookShape, says="One webhook", name="webhooks_one")
    def get(self, request: Asked, webhook_id: str) -> Response:
        return one(request, webhook_shape(_webhook(webhook_id)))

    @answers(WebhookShape, fields=WebhookFields, says="Change what is sent of a webhook", name="webhooks_save")
    def put(self, request: Asked, webhook_id: str) -> Response:
        fields = WebhookFields.read(request, partial=True)
        row = webhooks.change_webhook(_webhook(webhook_id), acting_user=request.user, **fields)
        return one(request, webhook_shape(row))

    @answers(EMPTY, says="Delete a webhook, with its log", name="webhooks_delete")
    def delete(self, request: Asked, webhook_id: str) -> Response:
        webhooks.delete_webhook(_webhook(webhook_id), acting_user=request.user)
        return gone()


class SecretView(_View):
    """`/webhooks/{id}/secret`."""

    @answers(SecretShape, says="Make a new secret; shown this once", name="webhooks_secret")
    def post(self, request: Asked, webhook_id: str) -> Response:
        return Response({"secret": webhooks.renew_secret(_webhook(webhook_id), acting_user=request.user)})


class TestView(_View):
    """`/webhooks/{id}/test`."""

    @answers(DeliveryShape, status=201, says="Send a test", name="webhooks_test")
    def post(self, request: Asked, webhook_id: str) -> Response:
        row = webhooks.send_test(_webhook(webhook_id), acting_user=request.user)
        return one(request, delivery_shape(row), status=201)


class DeliveriesView(_View):
    """`/webhooks/{id}/deliveries`."""

    @lists(DeliveryShape, DELIVERIES, says="What was sent, newest first", name="deliveries_list")
    def get(self, request: Asked, webhook_id: str) -> Response:
        rows = WebhookDelivery.objects.filter(webhook=_webhook(webhook_id))
        return DELIVERIES.answer(request, rows, lambda found: [delivery_shape(row) for row in found])


class DeliveryAgainView(_View):
    """`/webhooks/{id}/deliveries/{id}/again`; `parked` stands for all that was given up."""

    @answers(CountShape, says="Send a message again, or (`parked`) all that was given up", name="deliveries_again")
    def post(self, request: Asked, webhook_id: str, delivery_id: str) -> Response:
        webhook = _webhook(webhook_id)
        if delivery_id == "parked":
            return Response({"count": webhooks.send_parked_again(webhook)})
        delivery = WebhookDelivery.objects.filter(webhook=webhook, pk=access.as_id(delivery_id)).first()
        if delivery is None:
            raise Missing(_("There is no such message."))
        webhooks.send_again(delivery)
        return Response({"count": 1})


HOOK = "webhooks/<str:webhook_id>"
urlpatterns: list[URLPattern] = [
    path("webhooks", WebhooksView.as_view()),
    path(HOOK, WebhookView.as_view()),
    path(f"{HOOK}/secret", SecretView.as_view()),
    path(f"{HOOK}/test", TestView.as_view()),
    path(f"{HOOK}/deliveries", DeliveriesView.as_view()),
    path(f"{HOOK}/deliveries/<str:delivery_id>/again", DeliveryAgainView.as_view()),
]
