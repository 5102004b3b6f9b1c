"""Signing in by login and password at the ISP in scope."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.backends import BaseBackend

from tenants.models import User
from tenants.services import sign_in, support


class LoginBackend(BaseBackend):
    """Finds the user among the ISP in scope; an unknown login costs the same time as a wrong password."""

    def authenticate(
        self, request: Any, login: str | None = None, password: str | None = None, **kwargs: Any
    ) -> User | None:
        if login is None or password is None:
            return None
        user = User.objects.filter(login__iexact=login).first()
        if user is None:
            User().set_password(password)
            return None
        return user if user.check_password(password) and user.is_active else None

    def get_user(self, user_id: int) -> User | None:
        """The user of a session, if he may still sign in, and from where this request comes."""
        user = User.objects.filter(pk=user_id, is_active=True).first()
        return user if user is not None and sign_in.may_come(user) else None


class SupportBackend(BaseBackend):
    """Knows the stand-ins of super administrators while their stay goes on; nobody signs in through it."""

    def authenticate(self, request: Any, **kwargs: Any) -> None:
        return None

    def get_user(self, user_id: int) -> User | None:
        """The stand-in of a session that support access opened."""
        return support.stand_in_of(user_id)
