"""The ISP's settings by the v2 dialect, as far as the manual's fields have a meaning here (items 75, 172, 173)."""

from __future__ import annotations

from typing import Any, TypedDict

from rest_framework import serializers
from rest_framework.response import Response

from portal.api.permissions import Anybody
from portal.api.schema import answers
from portal.api.v2.auth import LogoShape, settings_shape
from portal.api.v2.views import Fields, Number, Text, V2View
from tenants import access
from tenants.models import Domain
from tenants.services import demo, domains, languages


class InitialShape(TypedDict):
    """What an application shows before anybody has signed in."""

    domain_id: int
    title: str
    brand_title: str
    brand_color: str
    brand_accent_color: str
    brand_footer: str
    custom_logo: LogoShape
    locale: str
    locales: list[str]
    demo_access: bool


class IspSettingsShape(InitialShape):
    """The ISP's settings; `dns_names` are its host names, the first one stands in links."""

    dns_names: list[str]
    timezone: str
    currency: str
    max_user_sessions: int
    legal_name: str
    legal_address: str
    vat_id: str


class SettingsFields(Fields):
    """What may be changed; host names and the currency are the installation's."""

    title = serializers.CharField(max_length=200, required=False)
    brand_title = serializers.CharField(max_length=200, required=False, help_text="the same as `title`")
    brand_color = serializers.CharField(max_length=7, required=False)
    brand_accent_color = serializers.CharField(max_length=7, required=False)
    brand_footer = Text(max_length=300)
    locale = serializers.CharField(max_length=10, required=False)
    timezone = serializers.CharField(max_length=64, required=False)
    max_user_sessions = Number(min_value=1)
    legal_name = Text(max_length=200)
    legal_address = Text(max_length=1000)
    vat_id = Text(max_length=32)


OURS = {
    "brand_title": "title",
    "brand_accent_color": "accent_color",
    "brand_footer": "footer",
    "max_user_sessions": "max_sessions",
}


def initial_shape(domain: Domain) -> InitialShape:
    """What everybody may know of the ISP."""
    return {
        "domain_id": domain.pk,
        "title": domain.title,
        **settings_shape(domain),
        "locale": domain.locale,
        "locales": list(languages.known()),
        "demo_access": demo.is_on(),
    }


def isp_shape(domain: Domain) -> IspSettingsShape:
    """What its administrators see."""
    hosts = domain.hosts.order_by("-is_primary", "id")
    return {
        **initial_shape(domain),
        "dns_names": [row.host for row in hosts],
        "timezone": domain.timezone,
        "currency": domain.currency,
        "max_user_sessions": domain.max_sessions,
        "legal_name": domain.legal_name,
        "legal_address": domain.legal_address,
        "vat_id": domain.vat_id,
    }


class SettingsView(V2View):
    """`/settings`."""

    noun = "settings"

    @answers(IspSettingsShape, says="The ISP's settings", name="settings_one")
    def get(self, request: Any) -> Response:
        access.require_settings_editor(request.user, change=False)
        return Response(isp_shape(request._request.domain))

    @answers(IspSettingsShape, fields=SettingsFields, says="Change what is sent", name="settings_change")
    def put(self, request: Any) -> Response:
        access.require_settings_editor(request.user)
        fields = SettingsFields.read(request, partial=True)
        values = {OURS.get(name, name): value for name, value in fields.items()}
        domain = domains.change_settings(request._request.domain, acting_user=request.user, **values)
        return Response(isp_shape(domain))


class InitialSettingsView(V2View):
    """`/settings/initial`."""

    noun = "settings"
    authentication_classes = ()
    permission_classes = (Anybody,)  # it dresses the page that signs people in

    @answers(InitialShape, says="What an application shows before sign-in", name="settings_initial")
    def get(self, request: Any) -> Response:
        return Response(initial_shape(request._request.domain))
