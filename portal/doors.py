"""The doors: every way to sign in with a login and a password passes here, so that no door forgets a rule."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from django.contrib.auth import authenticate
from django.utils.translation import gettext as _

from tenants.errors import Unauthenticated
from tenants.models import User


class Door(StrEnum):
    """Where somebody knocks; it stands in the log of sign-ins."""

    PAGE = "page"
    V1 = "v1"
    V2 = "v2"
    V3 = "v3"
    CHECK = "check"


def enter(request: Any, *, login: str, password: str, door: Door) -> User:
    """The user behind a login and password at the ISP in scope.

    Raises Unauthenticated, in the same words for an unknown login, a wrong password and a blocked user.
    """
    user = authenticate(request, login=login, password=password)
    if not isinstance(user, User):
        raise Unauthenticated(_("The login or the password is wrong."))
    return user
