"""Forgotten passwords and auto-login (items 30, 180, 183, 184)."""

from __future__ import annotations

from typing import Any, TypedDict

from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.response import Response

from portal.api.permissions import Anybody
from portal.api.schema import DONE as DONE_SCHEMA
from portal.api.schema import answers
from portal.api.v2.auth import WhoShape, open_session, who_shape
from portal.api.v2.views import DONE, Asked, Fields, Number, Text, V2View
from portal.doors import Door, enter
from tenants import access
from tenants.errors import Invalid, Missing, Unauthenticated
from tenants.models import User
from tenants.services import autologin, passwords


class ForgotFields(Fields):
    """Who forgot his password: one of the two."""

    login = Text(max_length=254)
    email = Text(max_length=254)


class RestoreFields(Fields):
    """A link's token and the new password, twice."""

    token = serializers.CharField(max_length=200)
    password1 = serializers.CharField(max_length=1000, trim_whitespace=False, write_only=True)
    password2 = serializers.CharField(max_length=1000, trim_whitespace=False, write_only=True)


class AutologinFields(Fields):
    """Whom to let in, until when (UTC seconds), and for how long (seconds)."""

    login = serializers.CharField(max_length=254)
    valid_till = Number(allow_null=True, max_value=2**53, help_text="UTC seconds; a minute from now if absent")
    lifetime = Number(allow_null=True, help_text="seconds the session lasts; as any other if absent or 0")


class AutologinShape(TypedDict):
    """A token for `POST /vsaas/autologin`, good once."""

    autologin_token: str
    success: bool


class ForgotPasswordView(V2View):
    """`/auth/forgot-password`."""

    noun = "auth"
    authentication_classes = ()
    permission_classes = (Anybody,)  # whoever forgot his password cannot say who he is

    @answers(DONE_SCHEMA, fields=ForgotFields, says="Ask for a link by mail", name="auth_forgot")
    def post(self, request: Any) -> Response:
        """Known and unknown people are answered alike; a link goes to the e-mail of whoever is known."""
        fields = ForgotFields.read(request)
        name = fields.get("login") or fields.get("email")
        if not name:
            raise Invalid(_("Send a login or an e-mail."), field="login")
        passwords.request_recovery(name)
        return Response(DONE)


class RestorePasswordView(V2View):
    """`/auth/restore-password`."""

    noun = "auth"
    authentication_classes = ()
    permission_classes = (Anybody,)  # the link's token is the proof

    @answers(WhoShape, fields=RestoreFields, says="Set a new password by a link's token", name="auth_restore")
    def post(self, request: Any) -> Response:
        """Sets the password and signs in with it. Where more than the password is asked, `session` is null."""
        fields = RestoreFields.read(request)
        if fields["password1"] != fields["password2"]:
            raise Invalid(_("The two passwords differ."), field="password2")
        user = passwords.reset_by_link(fields["token"], fields["password1"])
        session = _session_of(request, user, fields["password1"])
        return Response(who_shape(request._request.domain, user if session else None, session=session))


def _session_of(request: Any, user: User, password: str) -> str | None:
    """A session by the new password, if it is all that is asked of him (no second factor, no other authority)."""
    try:
        return open_session(enter(request._request, login=user.login, password=password, door=Door.V2))
    except Unauthenticated:
        return None


class AutologinTokenView(V2View):
    """`/auth/generate-autologin-token`."""

    noun = "auth"

    @answers(AutologinShape, fields=AutologinFields, says="A token that signs somebody in", name="auth_autologin")
    def post(self, request: Asked) -> Response:
        access.require_admin(request.user)
        fields = AutologinFields.read(request)
        person = User.objects.filter(login__iexact=fields["login"]).first()
        if person is None:
            raise Missing(_("There is no such user."))
        token = autologin.issue(
            person,
            acting_user=request.user,
            valid_till=fields.get("valid_till"),
            lifetime=fields.get("lifetime"),
        )
        return Response({"autologin_token": token, "success": True})
