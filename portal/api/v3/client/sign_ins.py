"""One's own sign-ins (item 317): where, from where, and what became of them. Not in the reference."""

from __future__ import annotations

from typing import TypedDict

from django.urls import URLPattern, path
from rest_framework.response import Response

from portal.api.v3.collections import Collection
from portal.api.v3.columns import Column, Kind
from portal.api.v3.schema import lists
from portal.api.v3.views import Asked, V3View, utc_ms
from tenants.models import SignInEntry


class SignInShape(TypedDict):
    """One attempt; `user_id` is null where nobody has the login, which is then shown in part. `created_at` in ms."""

    id: int
    created_at: int | None
    login: str
    user_id: int | None
    door: str
    result: str
    ip: str | None
    user_agent: str
    request_id: str


SIGN_INS = Collection(
    "sign_ins",
    (
        Column("id", "id", Kind.WHOLE),
        Column("created_at", "created_at", Kind.MOMENT),
        Column("login", "login"),
        Column("user_id", "user_id", Kind.WHOLE, nullable=True),
        Column("door", "door"),
        Column("result", "result"),
        Column("ip", "ip", nullable=True, filters=False),
    ),
    sort="-id",
    counts=False,
)


def sign_in_shape(row: SignInEntry) -> SignInShape:
    """One line of the log."""
    return {
        "id": row.pk,
        "created_at": utc_ms(row.created_at),
        "login": row.login,
        "user_id": row.user_id,
        "door": row.door,
        "result": row.result,
        "ip": row.ip,
        "user_agent": row.user_agent,
        "request_id": row.request_id,
    }


class SignInsView(V3View):
    """`/profile/sign_ins`."""

    noun = "profile"

    @lists(SignInShape, SIGN_INS, says="One's own sign-ins, newest first", name="profile_sign_ins")
    def get(self, request: Asked) -> Response:
        rows = SignInEntry.objects.filter(user_id=request.user.pk).order_by()
        return SIGN_INS.answer(request, rows, lambda found: [sign_in_shape(row) for row in found])


urlpatterns: list[URLPattern] = [path("profile/sign_ins", SignInsView.as_view())]
