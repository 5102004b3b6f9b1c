"""One's own API keys with their limits (items 78, 314). `/profile/apikey` is the reference's single one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar, TypedDict

from django.db.models import QuerySet
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.response import Response

from portal.api.proof import require_proof
from portal.api.v3.collections import Collection
from portal.api.v3.columns import FURTHEST, Column, Kind
from portal.api.v3.schema import EMPTY, answers, lists
from portal.api.v3.views import Asked, Fields, Text, V3View, gone, one, utc_ms
from tenants import access
from tenants.errors import Forbidden, Missing
from tenants.models import ApiKey
from tenants.services import keys

NAMES = {"expires_at": "expires_at", "networks": "networks", "rights": "rights"}


class ApiKeyShape(TypedDict):
    """A key. No rights and no networks are no limit; instants in ms. The key itself is in the answer that made it."""

    id: int
    title: str
    prefix: str
    rights: list[str]
    networks: list[str]
    expires_at: int | None
    created_at: int | None
    last_used_at: int | None
    last_used_ip: str | None


class NewKeyShape(ApiKeyShape):
    """A key that was just made: `apikey` is shown this once."""

    apikey: str


class ApiKeyFields(Fields):
    """What may be set on a key."""

    DEFAULTS: ClassVar[Mapping[str, Any]] = {"title": "", "rights": [], "networks": [], "expires_at": None}

    title = Text(max_length=100)
    rights = serializers.ListField(
        child=serializers.ChoiceField(choices=ApiKey.Right.choices),
        required=False,
        help_text="empty: all of its holder",
    )
    networks = serializers.ListField(
        child=serializers.CharField(max_length=60), required=False, max_length=keys.MOST_NETWORKS,
        help_text="addresses and networks; empty: from anywhere",
    )  # fmt: skip
    expires_at = serializers.IntegerField(
        required=False, allow_null=True, min_value=0, max_value=FURTHEST, help_text="utc_ms; null: never"
    )


KEYS = Collection(
    "api_keys",
    (
        Column("id", "id", Kind.WHOLE),
        Column("title", "title", searched=True),
        Column("prefix", "prefix", searched=True),
        Column("expires_at", "expires_at", Kind.MOMENT, nullable=True),
        Column("created_at", "created_at", Kind.MOMENT),
        Column("last_used_at", "last_used_at", Kind.MOMENT, nullable=True),
    ),
)
EXAMPLE: ApiKeyShape = {
    "id": 7, "title": "CRM", "prefix": "k3Vd", "rights": ["read", "people"], "networks": ["192.0.2.0/24"],
    "expires_at": 1798754400000, "created_at": 1790000000000, "last_used_at": None, "last_used_ip": None,
}  # fmt: skip


def key_shape(row: ApiKey) -> ApiKeyShape:
    """A key as its holder sees it."""
    return {
        "id": row.pk,
        "title": row.title,
        "prefix": row.prefix,
        "rights": list(row.rights),
        "networks": list(row.networks),
        "expires_at": utc_ms(row.expires_at),
        "created_at": utc_ms(row.created_at),
        "last_used_at": utc_ms(row.last_used_at),
        "last_used_ip": row.last_used_ip,
    }


def values_of(fields: dict[str, Any]) -> dict[str, Any]:
    """Fields in the service's units."""
    values = dict(fields)
    if values.get("expires_at") is not None:
        values["expires_at"] = datetime.fromtimestamp(values["expires_at"] / 1000, UTC)
    return values


class KeysView(V3View):
    """The keys of whoever asks; the admin dialect's view has the ISP's."""

    noun = "profile"

    def holder(self, request: Asked, *, writes: bool) -> Any:
        """Whose keys: a person's own; None is the ISP."""
        if request.user.is_system:
            raise Forbidden(_("A system key has no keys of its own; the admin dialect has the ISP's."))
        if writes and request.user.is_readonly:
            raise Forbidden(_("This account is read only."))
        return request.user

    def rows(self, request: Asked, *, writes: bool = False) -> QuerySet[ApiKey]:
        """The keys."""
        found: QuerySet[ApiKey] = ApiKey.objects.filter(user=self.holder(request, writes=writes))
        return found

    @lists(ApiKeyShape, KEYS, says="API keys", name="api_keys_list")
    def get(self, request: Asked) -> Response:
        return KEYS.answer(request, self.rows(request), lambda found: [key_shape(row) for row in found])

    @answers(NewKeyShape, fields=ApiKeyFields, status=201, says="Make a key; shown this once", name="api_keys_add")
    def post(self, request: Asked) -> Response:
        holder = self.holder(request, writes=True)
        values = values_of(ApiKeyFields.read(request))
        require_proof(request)
        row, text = keys.add_key(acting_user=request.user, user=holder, **values)
        return one(request, {**key_shape(row), "apikey": text}, status=201)


class KeyView(KeysView):
    """One key."""

    http_method_names = ("get", "put", "delete", "options")

    def key(self, request: Asked, key_id: str, *, writes: bool = False) -> ApiKey:
        """The key; Missing for one that is not on this shelf."""
        row = self.rows(request, writes=writes).filter(pk=access.as_id(key_id)).first()
        if row is None:
            raise Missing(_("There is no such key."))
        return row

    @answers(ApiKeyShape, says="One key", name="api_keys_one", example=EXAMPLE)
    def get(self, request: Asked, key_id: str) -> Response:
        return one(request, key_shape(self.key(request, key_id)))

    @answers(ApiKeyShape, fields=ApiKeyFields, says="Change a key's title and limits", name="api_keys_save")
    def put(self, request: Asked, key_id: str) -> Response:
        row = self.key(request, key_id, writes=True)
        require_proof(request)
        values = values_of(ApiKeyFields.read(request, partial=True))
        return one(request, key_shape(keys.change_key(row, acting_user=request.user, **values)))

    @answers(EMPTY, says="End a key, and the video that was opened with it", name="api_keys_delete")
    def delete(self, request: Asked, key_id: str) -> Response:
        keys.delete_key(self.key(request, key_id, writes=True), acting_user=request.user)
        return gone()


urlpatterns: list[URLPattern] = [
    path("profile/api-keys", KeysView.as_view()),
    path("profile/api-keys/<str:key_id>", KeyView.as_view()),
]
