"""Who is asking, in the v1 dialect: login, password and the ISP's number in three headers of every request.

`X-USER` is a login or an e-mail address. `X-DOMAIN-ID` must be the ISP that the host name belongs to: it names the ISP
again, it does not choose another one. Only administrators are let in; there are no sessions and no cookies.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from portal.doors import Door, enter
from portal.proofs import proofs
from tenants.access import require_admin
from tenants.errors import Unauthenticated
from tenants.models import User
from tenants.scoping import current_domain_id


@dataclass(frozen=True)
class Shown:
    """By what a caller is known: always his password."""

    key: None = None


class Asked(Request):
    """A request of an administrator."""

    user: User
    auth: Shown


class Credentials(BaseAuthentication):
    """Tells DRF who is asking; nobody is refused at once, in the same words whatever was wrong."""

    def authenticate(self, request: Request) -> tuple[User, Shown]:
        login, password = request.headers.get("X-USER", ""), request.headers.get("X-PASSWORD", "")
        if not login or not password or request.headers.get("X-DOMAIN-ID", "").strip() != str(current_domain_id()):
            raise Unauthenticated(_("Send X-USER, X-PASSWORD and X-DOMAIN-ID of an administrator."))
        return recognise(request, login, password), Shown()


def recognise(request: Any, login: str, password: str) -> User:
    """The user of a login and password; a password that was proved within a minute is not hashed again."""
    address = str(request._request.META.get("REMOTE_ADDR", ""))
    name = proofs.name_of(str(current_domain_id()), login.casefold(), password, address)
    known = proofs.recall(name)
    if known is not None:
        return known
    user = enter(request._request, login=login, password=password, door=Door.V1)
    proofs.remember(name, user)
    return user


class AdministratorsOnly(BasePermission):
    """Money and subscribers are the administrators' (manual 4.8.6)."""

    def has_permission(self, request: Any, view: Any) -> bool:
        require_admin(request.user)
        return True
