"""Who one is (item 78): `/profile` and one's own API key."""

from __future__ import annotations

from typing import TypedDict

from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.response import Response

from portal.api.proof import require_proof
from portal.api.v3.client.users import (
    NAMES,
    KeyShape,
    UserShape,
    change,
    end_key,
    new_key,
    require_self,
    shown_key,
    user_shapes,
)
from portal.api.v3.schema import EMPTY, answers
from portal.api.v3.views import Asked, Fields, Text, V3View, one
from tenants.errors import Forbidden
from tenants.models import ApiKey, Organization, User


class RolesShape(TypedDict):
    """What one is at the ISP; `apikey` is the beginning of one's own key."""

    apikey: str | None
    is_admin: bool
    is_domain_admin: bool
    is_organization_admin: bool
    is_readonly: bool


class ProfileShape(UserShape, RolesShape):
    """The caller."""


class ProfileFields(Fields):
    """What people may set on themselves. A new password ends all their sessions, this one included."""

    name = serializers.CharField(max_length=254)
    password = serializers.CharField(max_length=128, required=False, trim_whitespace=False, write_only=True)
    fullname = Text(max_length=200)
    email = Text(max_length=254)
    phone = Text(max_length=64)
    notification_email = Text(max_length=254)
    locale = Text(max_length=10)


def profile_shape(user: User) -> ProfileShape:
    """The caller as he may see himself."""
    key: ApiKey | None = ApiKey.objects.filter(user=user, title="").order_by("-id").first()
    return {
        **user_shapes(user, [user])[0],
        "apikey": f"{key.prefix}…" if key else None,
        "is_admin": user.is_admin,
        "is_domain_admin": user.is_admin,
        "is_organization_admin": bool(Organization.objects.filter(owner=user).exists()),
        "is_readonly": user.is_readonly,
    }


def _person(request: Asked) -> User:
    """The caller, if he is somebody: a system key alone is not."""
    if request.user.is_system:
        raise Forbidden(_("A system key has no profile; name a user with x-vsaas-user."))
    return request.user


class ProfileView(V3View):
    """`/profile`."""

    noun = "profile"
    names = NAMES

    @answers(ProfileShape, says="The caller", name="profile_one")
    def get(self, request: Asked) -> Response:
        return one(request, profile_shape(_person(request)))

    @answers(ProfileShape, fields=ProfileFields, says="Change what is sent of oneself", name="profile_save")
    def put(self, request: Asked) -> Response:
        person = _person(request)
        require_self(person, person)
        fields = ProfileFields.read(request, partial=True)
        if fields.get("password"):
            require_proof(request)
        row = change(person, person, fields)
        return one(request, profile_shape(row))


class ProfileKeyView(V3View):
    """`/profile/apikey`."""

    noun = "profile"

    @answers(KeyShape, says="The beginning of one's own API key", name="profile_apikey")
    def get(self, request: Asked) -> Response:
        return shown_key(_person(request))

    @answers(KeyShape, status=201, says="Make one's own API key, in place of the old one", name="profile_apikey_add")
    def post(self, request: Asked) -> Response:
        person = _person(request)
        require_self(person, person)
        require_proof(request)
        return new_key(person, person)

    @answers(EMPTY, says="Take one's own API key away", name="profile_apikey_delete")
    def delete(self, request: Asked) -> Response:
        person = _person(request)
        require_self(person, person)
        return end_key(person, person)


urlpatterns: list[URLPattern] = [
    path("profile", ProfileView.as_view()),
    path("profile/apikey", ProfileKeyView.as_view()),
]
