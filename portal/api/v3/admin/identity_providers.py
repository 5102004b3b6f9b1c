"""Identity providers people may sign in by (OpenID Connect). Not in the reference."""

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
from portal.api.v3.views import AdminView, Asked, Fields, Truth, gone, one, utc_ms
from tenants.access import as_id
from tenants.errors import Missing
from tenants.models import IdentityProvider
from tenants.services import identity_providers


class ProviderShape(TypedDict):
    """A provider the ISP trusts. `has_client_secret`: the secret itself is never shown. `adds_people`: whoever is known
    to it and not here gets an account without rights. `created_at` in ms."""

    id: int
    title: str
    issuer: str
    client_id: str
    has_client_secret: bool
    adds_people: bool
    is_active: bool
    created_at: int | None


class ProviderFields(Fields):
    """A provider; a secret that is not sent, or empty, stays as it is."""

    DEFAULTS: ClassVar[Mapping[str, Any]] = {"adds_people": False, "is_active": True}

    title = serializers.CharField(max_length=60)
    issuer = serializers.CharField(max_length=300, help_text="an https address")
    client_id = serializers.CharField(max_length=300)
    client_secret = serializers.CharField(max_length=500, required=False, allow_blank=True, write_only=True)
    adds_people = Truth()
    is_active = Truth()


PROVIDERS = Collection(
    "identity_providers",
    (
        Column("id", "id", Kind.WHOLE),
        Column("title", "title", searched=True),
        Column("issuer", "issuer", searched=True),
        Column("is_active", "is_active", Kind.TRUTH),
        Column("created_at", "created_at", Kind.MOMENT),
    ),
)


def _shape(row: IdentityProvider) -> ProviderShape:
    return {
        "id": row.pk,
        "title": row.title,
        "issuer": row.issuer,
        "client_id": row.client_id,
        "has_client_secret": bool(row.client_secret_sealed),
        "adds_people": row.adds_people,
        "is_active": row.is_active,
        "created_at": utc_ms(row.created_at),
    }


def _provider(provider_id: str) -> IdentityProvider:
    row: IdentityProvider | None = IdentityProvider.objects.filter(pk=as_id(provider_id)).first()
    if row is None:
        raise Missing(_("There is no such identity provider."))
    return row


class ProvidersView(AdminView):
    """`/identity_providers`."""

    noun = "letting_in"

    @lists(ProviderShape, PROVIDERS, says="Identity providers", name="identity_providers_list")
    def get(self, request: Asked) -> Response:
        rows = IdentityProvider.objects.order_by()
        return PROVIDERS.answer(request, rows, lambda found: [_shape(row) for row in found])

    @answers(ProviderShape, fields=ProviderFields, status=201, says="Trust a provider", name="identity_providers_add")
    def post(self, request: Asked) -> Response:
        values = {"is_active": True, **ProviderFields.read(request)}
        return one(request, _shape(identity_providers.add_provider(acting_user=request.user, **values)), status=201)


class ProviderView(AdminView):
    """`/identity_providers/{id}`."""

    noun = "letting_in"

    @answers(ProviderShape, says="One provider", name="identity_providers_one")
    def get(self, request: Asked, provider_id: str) -> Response:
        return one(request, _shape(_provider(provider_id)))

    @answers(ProviderShape, fields=ProviderFields, says="Change a provider", name="identity_providers_save")
    def put(self, request: Asked, provider_id: str) -> Response:
        row, values = _provider(provider_id), ProviderFields.read(request, partial=True)
        return one(request, _shape(identity_providers.change_provider(row, acting_user=request.user, **values)))

    @answers(EMPTY, says="Trust a provider no more; its people keep their accounts", name="identity_providers_delete")
    def delete(self, request: Asked, provider_id: str) -> Response:
        identity_providers.delete_provider(_provider(provider_id), acting_user=request.user)
        return gone()


urlpatterns: list[URLPattern] = [
    path("identity_providers", ProvidersView.as_view()),
    path("identity_providers/<str:provider_id>", ProviderView.as_view()),
]
