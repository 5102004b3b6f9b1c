"""One's own second factors, without a page: one-time codes, recovery codes, and which passkeys there are. A passkey is
made by a browser at the ISP's address only, so it is added on the page. Not in the reference."""

from __future__ import annotations

from typing import TypedDict

from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.response import Response

from portal.api.proof import require_proof
from portal.api.v3.client.users import require_self
from portal.api.v3.schema import EMPTY, answers
from portal.api.v3.views import Asked, Fields, V3View, domain_of, gone, utc_ms
from tenants.access import as_id
from tenants.errors import Conflict, Forbidden, Missing
from tenants.models import Passkey, User
from tenants.services import second_factors


class PasskeyShape(TypedDict):
    """A device that signs; times in ms."""

    id: int
    title: str
    created_at: int | None
    last_used_at: int | None
    is_synced: bool


class OwnFactorsShape(TypedDict):
    """Whether there are one-time codes, the passkeys, and how many recovery codes are left."""

    generator: bool
    passkeys: list[PasskeyShape]
    recovery_codes: int


class GeneratorShape(TypedDict):
    """What the telephone is told: the secret, and the same as the `otpauth://` address of a QR code."""

    secret: str
    address: str


class RecoveryCodesShape(TypedDict):
    """Codes that stand in for a lost factor, shown this once; empty where older ones still hold."""

    recovery_codes: list[str]


class CodeFields(Fields):
    """The first code that the telephone shows."""

    code = serializers.CharField(max_length=16)


def _person(request: Asked) -> User:
    if request.user.is_system:
        raise Forbidden(_("A system key has no profile; name a user with x-vsaas-user."))
    return request.user


def _proved(request: Asked) -> User:
    """Whoever has just shown that it is he, and may change himself."""
    person = _person(request)
    if person.is_impersonated:
        raise Forbidden(_("The provider's key does not change what lets a person in."))
    require_self(person, person)
    require_proof(request)
    return person


def _passkey_shape(row: Passkey) -> PasskeyShape:
    return {
        "id": row.pk,
        "title": row.title,
        "created_at": utc_ms(row.created_at),
        "last_used_at": utc_ms(row.last_used_at),
        "is_synced": row.is_synced,
    }


class OwnFactorsView(V3View):
    """`/profile/second_factors`."""

    noun = "profile"

    @answers(OwnFactorsShape, says="One's own second factors", name="profile_factors_one")
    def get(self, request: Asked) -> Response:
        person = _person(request)
        shape: OwnFactorsShape = {
            "generator": second_factors.generator_of(person) is not None,
            "passkeys": [_passkey_shape(row) for row in Passkey.objects.filter(user=person).order_by("id")],
            "recovery_codes": second_factors.left(person),
        }
        return Response(shape)


class OwnGeneratorView(V3View):
    """`/profile/second_factors/generator`: begun, confirmed by its first code, removed."""

    noun = "profile"

    @answers(GeneratorShape, status=201, says="Begin one-time codes; they count once confirmed", name="generator_begin")
    def post(self, request: Asked) -> Response:
        row = second_factors.begin_generator(_proved(request))
        shape: GeneratorShape = {
            "secret": row.secret,
            "address": second_factors.address_of(row, issuer=domain_of(request).title),
        }
        return Response(shape, status=201)

    @answers(RecoveryCodesShape, fields=CodeFields, says="Confirm them by the first code", name="generator_confirm")
    def put(self, request: Asked) -> Response:
        person = _proved(request)
        code = CodeFields.read(request)["code"]
        shape: RecoveryCodesShape = {
            "recovery_codes": second_factors.confirm_generator(person, code, acting_user=person)
        }
        return Response(shape)

    @answers(EMPTY, says="Do without one-time codes", name="generator_delete")
    def delete(self, request: Asked) -> Response:
        person = _proved(request)
        if second_factors.generator_of(person) is None:
            raise Missing(_("There are no one-time codes."))
        second_factors.remove_generator(person, acting_user=person)
        return gone()


class RecoveryCodesView(V3View):
    """`/profile/second_factors/recovery_codes`."""

    noun = "profile"

    @answers(
        RecoveryCodesShape, status=201, says="Ten new recovery codes, in place of all", name="recovery_codes_renew"
    )
    def post(self, request: Asked) -> Response:
        person = _proved(request)
        if not second_factors.has_factor(person):
            raise Conflict(_("Recovery codes stand in for a second factor: set one up first."))
        shape: RecoveryCodesShape = {"recovery_codes": second_factors.renew_recovery_codes(person, acting_user=person)}
        return Response(shape, status=201)


class OwnPasskeyView(V3View):
    """`/profile/second_factors/passkeys/{id}`."""

    noun = "profile"

    @answers(EMPTY, says="A lost device opens nothing any more", name="passkeys_delete")
    def delete(self, request: Asked, passkey_id: str) -> Response:
        person = _proved(request)
        row = Passkey.objects.filter(user=person, pk=as_id(passkey_id)).first()
        if row is None:
            raise Missing(_("There is no such passkey."))
        second_factors.remove_passkey(row, acting_user=person)
        return gone()


urlpatterns: list[URLPattern] = [
    path("profile/second_factors", OwnFactorsView.as_view()),
    path("profile/second_factors/generator", OwnGeneratorView.as_view()),
    path("profile/second_factors/recovery_codes", RecoveryCodesView.as_view()),
    path("profile/second_factors/passkeys/<str:passkey_id>", OwnPasskeyView.as_view()),
]
