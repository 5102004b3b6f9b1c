"""The ISP's settings for its administrators (item 225): `domain_config` to see and change, `system_config` to see.

Mail and external authentication have addresses of their own; here they are told as far as a reader may know: whether
there is a server, never its password.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, TypedDict

from django.conf import settings
from django.urls import URLPattern, path
from rest_framework import serializers
from rest_framework.response import Response

from portal.api.v3.client.settings import UiSettingsShape, ui_shape
from portal.api.v3.schema import answers
from portal.api.v3.views import AdminView, Asked, Fields, Number, SettingsEditorView, Text, domain_of, one
from tenants.models import Domain, MailRelay, OuterDoor
from tenants.services import brake, domains, isps, languages


class AppearanceFields(Fields):
    """Looks: colours as `#rrggbb`. Pictures: `brand_pictures`."""

    title = serializers.CharField(max_length=200, required=False)
    page_title = Text(max_length=100)
    brand_color = serializers.CharField(max_length=7, required=False)
    accent_color = serializers.CharField(max_length=7, required=False)
    footer = Text(max_length=300)
    company_address = Text(max_length=200)
    company_phone = Text(max_length=60)
    company_hours = Text(max_length=100)


class DomainConfigFields(Fields):
    """What is sent is changed; `appearance` may be sent in part."""

    appearance = AppearanceFields(required=False)
    locale = serializers.CharField(max_length=10, required=False, help_text="one of those read here")
    timezone = serializers.CharField(max_length=64, required=False)
    max_sessions = Number(min_value=1, max_value=1000)
    legal_name = Text(max_length=200, help_text="on invoices")
    legal_address = Text(max_length=500)
    vat_id = Text(max_length=64)
    analytics_key = Text(max_length=20, help_text="of Google Analytics")


class MailServerShape(TypedDict):
    """By which server mails leave; `host` null: by the installation's, if it has one."""

    host: str | None
    port: int | None
    sender: str | None


class DomainConfigShape(TypedDict):
    """The ISP's settings."""

    id: int
    title: str
    hosts: list[str]
    locale: str
    timezone: str
    currency: str
    max_sessions: int
    legal_name: str
    legal_address: str
    vat_id: str
    analytics_key: str
    appearance: UiSettingsShape
    mail: MailServerShape


class SystemConfigShape(TypedDict):
    """What the installation decides, as far as an ISP may know. Times in seconds."""

    custom_auth: str | None
    watcher_brute_force_timeout: int
    api_url: str
    mail_server: bool
    locales: list[str]


NAMES: Mapping[str, str] = {
    name: f"appearance.{name}"
    for name in ("title", "page_title", "brand_color", "accent_color", "footer", "company_address", "company_phone",
                 "company_hours")
}  # fmt: skip


def config_shape(domain: Domain) -> DomainConfigShape:
    """The settings of the ISP in scope."""
    relay: MailRelay | None = MailRelay.objects.first()
    return {
        "id": domain.pk,
        "title": domain.title,
        "hosts": isps.hosts_of(domain),
        "locale": domain.locale,
        "timezone": domain.timezone,
        "currency": domain.currency,
        "max_sessions": domain.max_sessions,
        "legal_name": domain.legal_name,
        "legal_address": domain.legal_address,
        "vat_id": domain.vat_id,
        "analytics_key": domain.analytics_key,
        "appearance": ui_shape(domain),
        "mail": {
            "host": relay.host if relay else None,
            "port": relay.port if relay else None,
            "sender": relay.sender if relay else None,
        },
    }


class DomainConfigView(SettingsEditorView):
    """`/domain_config`."""

    noun = "settings"
    names: ClassVar[Mapping[str, str]] = NAMES

    @answers(DomainConfigShape, says="The ISP's settings", name="domain_config_one")
    def get(self, request: Asked) -> Response:
        return one(request, config_shape(domain_of(request)))

    @answers(DomainConfigShape, fields=DomainConfigFields, says="Change what is sent", name="domain_config_save")
    def put(self, request: Asked) -> Response:
        fields = DomainConfigFields.read(request, partial=True)
        values: dict[str, Any] = {**fields.pop("appearance", {}), **fields}
        domain = domains.change_settings(domain_of(request), acting_user=request.user, **values)
        return one(request, config_shape(domain))


class SystemConfigView(AdminView):
    """`/system_config`. Only the installation changes these, by its environment."""

    noun = "settings"

    @answers(SystemConfigShape, says="What the installation decides", name="system_config")
    def get(self, request: Asked) -> Response:
        door: OuterDoor | None = OuterDoor.objects.exclude(kind=OuterDoor.Kind.NONE).first()
        shaped: SystemConfigShape = {
            "custom_auth": door.kind if door else None,
            "watcher_brute_force_timeout": int(brake.AT_NETWORK.first.total_seconds()),
            "api_url": request._request.build_absolute_uri("/watcher/client-api/v3/"),
            "mail_server": bool(settings.PERCH_SMTP["host"]),
            "locales": list(languages.known()),
        }
        return one(request, shaped, key="api_url")


urlpatterns: list[URLPattern] = [
    path("domain_config", DomainConfigView.as_view()),
    path("system_config", SystemConfigView.as_view()),
]
