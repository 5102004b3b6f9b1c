"""What became of the last mails (item 174), and which texts there are (item 175)."""

from __future__ import annotations

from typing import TypedDict

from django.urls import URLPattern, path
from rest_framework.response import Response

from portal.api.v3.admin.mail import OpeningView
from portal.api.v3.collections import Collection
from portal.api.v3.columns import Column, Kind
from portal.api.v3.schema import answers, lists
from portal.api.v3.views import Asked, utc_ms
from tenants.models import Mail
from tenants.services import mail_templates


class MailShape(TypedDict):
    """A mail, never what stands in it. Neither sent nor failed: it is tried again at `next_try_at`. Instants in ms."""

    id: int
    template: str
    locale: str
    recipient: str
    created_at: int | None
    sent_at: int | None
    failed_at: int | None
    next_try_at: int | None
    attempts: int
    error: str | None


MAILS = Collection(
    "mails",
    (
        Column("id", "id", Kind.WHOLE),
        Column("template", "template"),
        Column("recipient", "recipient", searched=True),
        Column("created_at", "created_at", Kind.MOMENT),
        Column("sent_at", "sent_at", Kind.MOMENT, nullable=True),
        Column("failed_at", "failed_at", Kind.MOMENT, nullable=True),
        Column("attempts", "attempts", Kind.WHOLE),
    ),
    sort="-id",
    counts=False,
)


def _shape(row: Mail) -> MailShape:
    return {
        "id": row.pk,
        "template": row.template,
        "locale": row.locale,
        "recipient": row.recipient,
        "created_at": utc_ms(row.created_at),
        "sent_at": utc_ms(row.sent_at),
        "failed_at": utc_ms(row.failed_at),
        "next_try_at": utc_ms(row.next_try_at),
        "attempts": row.attempts,
        "error": row.error or None,
    }


class MailsView(OpeningView):
    """`/mails`."""

    @lists(MailShape, MAILS, says="The last mails and what became of them, newest first", name="mails_list")
    def get(self, request: Asked) -> Response:
        return MAILS.answer(request, Mail.objects.order_by(), lambda found: [_shape(row) for row in found])


class TextNamesShape(TypedDict):
    """The names of all mails."""

    texts: list[str]


class MailTextsView(OpeningView):
    """`/mail/texts`."""

    @answers(TextNamesShape, says="Which mails there are", name="mail_texts_list")
    def get(self, request: Asked) -> Response:
        return Response({"texts": list(mail_templates.KINDS)})


urlpatterns: list[URLPattern] = [
    path("mails", MailsView.as_view()),
    path("mail/texts", MailTextsView.as_view()),
]
