"""The ISP's mail server and texts, external authentication and demo access (items 158, 174, 175, 177-179)."""

from __future__ import annotations

from typing import TypedDict

from django.urls import URLPattern, path
from rest_framework import serializers
from rest_framework.response import Response

from portal.api.v3.schema import EMPTY, answers
from portal.api.v3.views import AdminView, Asked, Fields, Number, Text, Truth, gone
from tenants import clock
from tenants.errors import Missing
from tenants.models import MailRelay, OuterDoor
from tenants.services import demo, languages, mail, mail_relays, mail_templates, outer_doors


class RelayShape(TypedDict):
    """The mail server; the password is never told. `host` null: the installation's server is used, if it has one."""

    host: str | None
    port: int | None
    security: str | None
    login: str | None
    has_password: bool
    sender: str | None
    sender_name: str | None


class RelayFields(Fields):
    """What is sent is changed; a password that is not sent stays, unless the server changes."""

    host = serializers.CharField(max_length=253, required=False)
    port = Number(min_value=1, max_value=65535)
    security = serializers.ChoiceField(choices=MailRelay.Security.choices, required=False)
    login = Text(max_length=200)
    password = serializers.CharField(max_length=200, required=False, trim_whitespace=False, write_only=True)
    sender = serializers.EmailField(required=False)
    sender_name = Text(max_length=100)


class TextShape(TypedDict):
    """The text of one mail in one language; `is_own`: the ISP wrote it. `names`: the values it may name."""

    name: str
    locale: str
    text: str
    html: str
    is_own: bool
    names: list[str]


class TextFields(Fields):
    """A text with its head, and the same in HTML or nothing."""

    text = serializers.CharField(max_length=100_000, trim_whitespace=False)
    html = Text(max_length=100_000, trim_whitespace=False)


class TestMailFields(Fields):
    """Where the test goes, and which mail it is."""

    to = serializers.EmailField()
    name = serializers.ChoiceField(choices=list(mail_templates.KINDS), required=False)


class OuterDoorShape(TypedDict):
    """Who knows the passwords; the RADIUS secret is never told."""

    kind: str
    url: str | None
    method: str
    radius_host: str | None
    radius_port: int
    has_radius_secret: bool
    require_authenticator: bool
    lock_on_reject: bool
    cache_days: int


class OuterDoorFields(Fields):
    """What is sent is changed; `radius_host` may be all of `radius://host:1812/secret`."""

    kind = serializers.ChoiceField(choices=OuterDoor.Kind.choices, required=False)
    url = Text(max_length=500)
    method = serializers.ChoiceField(choices=OuterDoor.Method.choices, required=False)
    radius_host = Text(max_length=500)
    radius_port = Number(min_value=1, max_value=65535)
    radius_secret = serializers.CharField(max_length=200, required=False, trim_whitespace=False, write_only=True)
    require_authenticator = Truth()
    lock_on_reject = Truth()
    cache_days = Number(max_value=365)


class DemoShape(TypedDict):
    """Whether strangers may look at public folders, and as whom."""

    is_on: bool
    login: str | None


class DemoFields(Fields):
    """The switch."""

    is_on = serializers.BooleanField()


def relay_shape(row: MailRelay | None) -> RelayShape:
    """The ISP's own mail server, or none."""
    return {
        "host": row.host if row else None,
        "port": row.port if row else None,
        "security": row.security if row else None,
        "login": (row.login or None) if row else None,
        "has_password": bool(row and row.password_sealed),
        "sender": row.sender if row else None,
        "sender_name": (row.sender_name or None) if row else None,
    }


def text_shape(name: str, locale: str) -> TextShape:
    """The text of a mail that is used now."""
    kind, locale = mail_templates.kind_of(name), languages.written(locale)
    used = mail_templates.source(name, locale)
    return {
        "name": name,
        "locale": locale,
        "text": used.text,
        "html": used.html,
        "is_own": mail_templates.own(name, locale) is not None,
        "names": list(kind.names),
    }


def outer_door_shape(row: OuterDoor) -> OuterDoorShape:
    """Who knows the passwords."""
    return {
        "kind": row.kind,
        "url": row.url or None,
        "method": row.method,
        "radius_host": row.radius_host or None,
        "radius_port": row.radius_port,
        "has_radius_secret": bool(row.radius_secret_sealed),
        "require_authenticator": row.require_authenticator,
        "lock_on_reject": row.lock_on_reject,
        "cache_days": row.cache_days,
    }


def demo_shape() -> DemoShape:
    """The switch and the shared account."""
    row = demo.access()
    return {"is_on": bool(row and row.is_on), "login": row.user.login if row else None}


def _locale(request: Asked) -> str:
    return str(request.query_params.get("locale") or request._request.domain.locale)  # type: ignore[attr-defined]  # PerchRequest


class SettingsView(AdminView):
    """The settings' own area for limited keys."""

    noun = "settings"


class OpeningView(AdminView):
    """What decides who is let in: whom passwords are asked of, and what carries and writes the mails with links that
    open accounts. No limited key reaches it, or it would reach administrators (item 314)."""

    noun = "letting_in"


class MailView(OpeningView):
    """`/mail`."""

    @answers(RelayShape, says="The mail server", name="mail_get")
    def get(self, request: Asked) -> Response:
        return Response(relay_shape(mail_relays.relay()))

    @answers(RelayShape, fields=RelayFields, says="Name or change the mail server", name="mail_put")
    def put(self, request: Asked) -> Response:
        fields = RelayFields.read(request, partial=True)
        return Response(relay_shape(mail_relays.change_relay(acting_user=request.user, **fields)))

    @answers(EMPTY, says="Forget the mail server", name="mail_delete")
    def delete(self, request: Asked) -> Response:
        mail_relays.remove_relay(acting_user=request.user)
        return gone()


class MailTestView(OpeningView):
    """`/mail/test`."""

    @answers(EMPTY, fields=TestMailFields, says="Send a mail now, filled with samples", name="mail_test")
    def post(self, request: Asked) -> Response:
        fields = TestMailFields.read(request)
        locale, domain = _locale(request), request._request.domain  # type: ignore[attr-defined]  # PerchRequest
        data = {**mail_templates.SAMPLE, "time": mail.local_time(clock.now(), domain, locale)}
        mail.send_test(to=fields["to"], locale=locale, template=fields.get("name", "test"), data=data)
        return gone()


class MailTextView(OpeningView):
    """`/mail/texts/{name}`."""

    @answers(TextShape, query={"locale": "the language; the ISP's own if absent"}, says="A text", name="mail_text_get")
    def get(self, request: Asked, name: str) -> Response:
        return Response(text_shape(name, _locale(request)))

    @answers(TextShape, fields=TextFields, says="Write a text of one's own", name="mail_text_put")
    def put(self, request: Asked, name: str) -> Response:
        fields = TextFields.read(request)
        locale = _locale(request)
        mail_templates.change_template(
            name, locale, acting_user=request.user, text=fields["text"], html=fields.get("html", "")
        )
        return Response(text_shape(name, locale))

    @answers(EMPTY, says="Use our text again", name="mail_text_delete")
    def delete(self, request: Asked, name: str) -> Response:
        if mail_templates.kind_of(name) and mail_templates.own(name, _locale(request)) is None:
            raise Missing("There is no text of your own.")
        mail_templates.restore_default(name, _locale(request), acting_user=request.user)
        return gone()


class OuterDoorView(OpeningView):
    """`/external_auth`."""

    @answers(OuterDoorShape, says="Who knows the passwords", name="external_auth_get")
    def get(self, request: Asked) -> Response:
        return Response(outer_door_shape(outer_doors.settings_row() or OuterDoor()))

    @answers(OuterDoorShape, fields=OuterDoorFields, says="Change who knows the passwords", name="external_auth_put")
    def put(self, request: Asked) -> Response:
        fields = OuterDoorFields.read(request, partial=True)
        return Response(outer_door_shape(outer_doors.change_door(acting_user=request.user, **fields)))


class DemoView(SettingsView):
    """`/demo_access`."""

    @answers(DemoShape, says="Demo access", name="demo_access_get")
    def get(self, request: Asked) -> Response:
        return Response(demo_shape())

    @answers(DemoShape, fields=DemoFields, says="Switch demo access", name="demo_access_put")
    def put(self, request: Asked) -> Response:
        demo.switch(acting_user=request.user, on=DemoFields.read(request)["is_on"])
        return Response(demo_shape())


urlpatterns: list[URLPattern] = [
    path("mail", MailView.as_view()),
    path("mail/test", MailTestView.as_view()),
    path("mail/texts/<str:name>", MailTextView.as_view()),
    path("external_auth", OuterDoorView.as_view()),
    path("demo_access", DemoView.as_view()),
]
