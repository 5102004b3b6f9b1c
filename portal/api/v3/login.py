"""Signing in (item 181): a login and a password, or a refresh token, for a pair of tokens.

    POST login, Authorization: Basic base64(login:password)    -> {"access_token", "refresh_token"}
    POST login, the same, {"otp": "123456"}                    -> for whoever has a second factor
    POST login, Authorization: Bearer <refresh_token>          -> a new pair; the old refresh token is spent

401 says that what was shown is not (or no longer) good; 403 that it is, and that its owner may not come in here.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import Any, ClassVar, TypedDict

from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import BasePermission
from rest_framework.response import Response

from portal.api.permissions import Anybody
from portal.api.v2.auth import open_session
from portal.api.v3 import errors, tokens
from portal.api.v3.schema import answers
from portal.api.v3.views import Fields, V3View
from portal.doors import Door, enter
from tenants.access import require_admin
from tenants.errors import Unauthenticated
from tenants.models import User, UserSession
from tenants.secrets import digest
from tenants.services import refreshing

LONGEST = 4096  # characters of a header worth reading
EXAMPLE = {
    "access_token": "eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJwZXJjaCJ9.c2lnbmF0dXJl",
    "refresh_token": "7b1f6c1e-58f5-4c5e-9a2e-0d1f6a1b2c3d",
}


class TokensShape(TypedDict):
    """A JWT for a quarter of an hour, and what to get the next one with."""

    access_token: str
    refresh_token: str


class LoginFields(Fields):
    """What is asked besides the password of whoever has a second factor."""

    otp = serializers.CharField(
        max_length=40, required=False, allow_blank=True, write_only=True, help_text="the code of a second factor"
    )


class LoginView(V3View):
    """`/login` of the client dialect."""

    noun = "login"
    authentication_classes: Sequence[type[BaseAuthentication]] = ()  # it reads the header itself
    permission_classes: Sequence[type[BasePermission]] = (Anybody,)  # it is the door
    admins_only: ClassVar[bool] = False

    @answers(TokensShape, fields=LoginFields, says="Sign in, or renew the tokens", name="login", example=EXAMPLE)
    def post(self, request: Any) -> Response:
        scheme, _space, text = request.headers.get("authorization", "").partition(" ")
        try:
            session = self._session(request, scheme.lower(), text.strip()[:LONGEST])
        except refreshing.Replayed as replayed:
            return errors.answer(replayed, 401, replayed.code)  # an exception would take back the family's end
        return Response(pair(session))

    def _session(self, request: Any, scheme: str, text: str) -> UserSession:
        if scheme == "bearer":
            session = refreshing.redeem(text)
            self._let_in(session.user)
            return session
        if scheme != "basic":
            raise Unauthenticated(_("Send a login and a password, or a refresh token."))
        login, password = _basic(text)
        otp = LoginFields.read(request, partial=True).get("otp", "")
        user = enter(request._request, login=login, password=password, otp=otp, door=Door.V3)
        self._let_in(user)
        return _opened(user)

    def _let_in(self, user: User) -> None:
        if self.admins_only:
            require_admin(user)


class AdminLoginView(LoginView):
    """`/login` of the admin dialect: the same door, for administrators."""

    admins_only = True


def _basic(text: str) -> tuple[str, str]:
    try:
        login, colon, password = base64.b64decode(text, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        login, colon, password = "", "", ""
    if not colon or not login or "\x00" in login + password:
        raise Unauthenticated(_("The login or the password is wrong."))
    return login, password


def _opened(user: User) -> UserSession:
    """A new session of the same kind as a browser's; its key is known to nobody, the tokens name the row."""
    session: UserSession = UserSession.objects.select_related("user").get(digest=digest(open_session(user)))
    return session


def pair(session: UserSession) -> TokensShape:
    """An access token and a refresh token for a session."""
    return {"access_token": tokens.issue(session), "refresh_token": refreshing.issue(session)}
