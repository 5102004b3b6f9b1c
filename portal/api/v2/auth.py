"""Signing in and out of the v2 dialect, and who one is (items 182, 183)."""

from __future__ import annotations

from typing import Any, TypedDict

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.models import update_last_login
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from portal.api.permissions import Anybody
from portal.api.schema import DONE as DONE_SCHEMA
from portal.api.schema import answers
from portal.api.v2.views import DONE, Asked, Fields, V2View
from portal.doors import Door, enter
from portal.sessions import SessionStore
from tenants.access import visible_organizations
from tenants.models import Domain, Organization, User
from tenants.services import languages, messages


class LogoShape(TypedDict):
    """Where the ISP's logo is."""

    url: str | None


class SettingsShape(TypedDict):
    """The ISP's brand, for applications that dress in it."""

    brand_title: str
    brand_color: str
    brand_accent_color: str
    brand_footer: str
    custom_logo: LogoShape


class ServerShape(TypedDict):
    """What is answering."""

    name: str
    api: str


class WhoShape(TypedDict):
    """Who is asking; `session` is there after signing in only, and all is empty for nobody."""

    session: str | None
    id: int | None
    login: str | None
    name: str | None
    is_logged_in: bool
    is_admin: bool
    is_domain_admin: bool
    is_organization_admin: bool
    readonly: bool
    can_view_organizations: bool
    can_edit_organizations: bool
    can_edit_settings: bool
    domain_id: int
    organizations: list[int]
    notification_email: str | None
    locale: str
    locales: list[str]
    settings: SettingsShape
    user_settings: dict[str, Any]
    unread_messages_count: int
    server_info: ServerShape


class LoginFields(Fields):
    """A login and a password, as JSON or as a form."""

    login = serializers.CharField(max_length=254)
    password = serializers.CharField(max_length=1000, trim_whitespace=False, write_only=True)
    otp = serializers.CharField(
        max_length=40, required=False, allow_blank=True, write_only=True, help_text="the code of a second factor"
    )


def who_shape(domain: Domain, user: User | None, *, session: str | None = None) -> WhoShape:
    """The caller, or nobody, at this ISP."""
    owns = user is not None and Organization.objects.filter(owner=user).exists()
    known = user if user is not None and not user.is_system else None
    return {
        "session": session,
        "id": known.pk if known else None,
        "login": user.login if user else None,
        "name": (known.name or None) if known else None,
        "is_logged_in": user is not None,
        "is_admin": bool(user and user.is_admin),
        "is_domain_admin": bool(user and user.is_admin),
        "is_organization_admin": owns,
        "readonly": bool(user and user.is_readonly),
        "can_view_organizations": bool(user and user.can_view_organizations),
        "can_edit_organizations": bool(user and user.can_edit_organizations),
        "can_edit_settings": bool(user and user.can_edit_settings),
        "domain_id": domain.pk,
        "organizations": list(visible_organizations(user).values_list("pk", flat=True)) if user else [],
        "notification_email": (known.notification_email or None) if known else None,
        "locale": (known.locale if known else "") or domain.locale,
        "locales": list(languages.known()),
        "settings": settings_shape(domain),
        "user_settings": {},
        "unread_messages_count": messages.unread_count(known) if known else 0,
        "server_info": {"name": "Perch", "api": "v2"},
    }


def settings_shape(domain: Domain) -> SettingsShape:
    """The ISP's brand."""
    return {
        "brand_title": domain.title,
        "brand_color": domain.brand_color,
        "brand_accent_color": domain.accent_color,
        "brand_footer": domain.footer,
        "custom_logo": {"url": "/brand/logo" if "logo" in domain.brand_pictures else None},
    }


def recognise(request: Request, door: Door) -> User:
    """The user whose login and password were sent; wrong ones are refused alike."""
    fields = LoginFields.read(request)
    proof = {name: fields.get(name, "") for name in ("login", "password", "otp")}
    return enter(request._request, door=door, **proof)


def open_session(user: User) -> str:
    """A new session for an application: a row of the same kind as a browser's, without a cookie."""
    store = SessionStore()
    store[SESSION_KEY] = str(user.pk)
    store[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    store[HASH_SESSION_KEY] = user.get_session_auth_hash()
    store.create()
    update_last_login(None, user)  # type: ignore[arg-type]  # the sender is not looked at
    return str(store.session_key)


class LoginView(V2View):
    """`/auth/login`."""

    noun = "auth"
    authentication_classes = ()  # an ended session in the headers must not keep one from signing in
    permission_classes = (Anybody,)  # it is the door

    @answers(WhoShape, fields=LoginFields, says="Sign in", name="auth_login")
    def post(self, request: Any) -> Response:
        user = recognise(request, Door.V2)
        return Response(who_shape(request._request.domain, user, session=open_session(user)))


class CheckLoginView(V2View):
    """`/auth/check-login`."""

    noun = "auth"
    authentication_classes = ()
    permission_classes = (Anybody,)  # it is a door, too

    @answers(DONE_SCHEMA, fields=LoginFields, says="Check a password without signing in", name="auth_check")
    def post(self, request: Any) -> Response:
        recognise(request, Door.CHECK)
        return Response(DONE)


class WhoamiView(V2View):
    """`/auth/whoami`."""

    noun = "auth"
    permission_classes = (Anybody,)  # nobody is an answer

    @answers(WhoShape, says="Who is asking", name="auth_whoami")
    def get(self, request: Any) -> Response:
        return Response(who_shape(request._request.domain, request.user))


class LogoutView(V2View):
    """`/auth/logout`."""

    noun = "auth"

    @answers(DONE_SCHEMA, says="End the session that is shown", name="auth_logout")
    def post(self, request: Asked) -> Response:
        if request.auth.session_key:
            SessionStore(request.auth.session_key).flush()
        return Response(DONE)
