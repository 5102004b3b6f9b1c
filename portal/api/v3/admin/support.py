"""Who of the installation was let in at the ISP: why, until when, and ending it. Not in the reference."""

from __future__ import annotations

from typing import TypedDict

from django.urls import URLPattern, path
from rest_framework.response import Response

from portal.api.v3.collections import Collection
from portal.api.v3.columns import Column, Kind
from portal.api.v3.schema import EMPTY, answers, lists
from portal.api.v3.views import AdminView, Asked, gone, utc_ms
from tenants import access
from tenants.models import SupportAccess
from tenants.services import support


class SupportShape(TypedDict):
    """A stay of the installation's support; instants in ms. `ended_at` null: until `expires_at`."""

    id: int
    administrator: str
    reason: str
    started_at: int | None
    entered_at: int | None
    expires_at: int | None
    ended_at: int | None
    ended_by: str | None


STAYS = Collection(
    "support_accesses",
    (
        Column("id", "id", Kind.WHOLE),
        Column("administrator", "administrator_login", searched=True),
        Column("started_at", "started_at", Kind.MOMENT),
        Column("expires_at", "expires_at", Kind.MOMENT),
        Column("ended_at", "ended_at", Kind.MOMENT, nullable=True),
    ),
    sort="-id",
)


def _shape(row: SupportAccess) -> SupportShape:
    return {
        "id": row.pk,
        "administrator": row.administrator_login,
        "reason": row.reason,
        "started_at": utc_ms(row.started_at),
        "entered_at": utc_ms(row.entered_at),
        "expires_at": utc_ms(row.expires_at),
        "ended_at": utc_ms(row.ended_at),
        "ended_by": row.ended_by or None,
    }


class SupportAccessesView(AdminView):
    """`/support_accesses`."""

    noun = "events"

    @lists(SupportShape, STAYS, says="Who of the installation was here, newest first", name="support_list")
    def get(self, request: Asked) -> Response:
        rows = SupportAccess.objects.order_by()
        return STAYS.answer(request, rows, lambda found: [_shape(row) for row in found])


class SupportAccessView(AdminView):
    """`/support_accesses/{id}`."""

    noun = "letting_in"

    @answers(EMPTY, says="End a stay at once", name="support_delete")
    def delete(self, request: Asked, access_id: str) -> Response:
        support.end_by(access.as_id(access_id), acting_user=request.user)
        return gone()


urlpatterns: list[URLPattern] = [
    path("support_accesses", SupportAccessesView.as_view()),
    path("support_accesses/<str:access_id>", SupportAccessView.as_view()),
]
