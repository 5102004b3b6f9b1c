"""Who is asking, in the v2 dialect (manual 6.1.2): by a key, a session, or a browser's cookie.

| shown                                              | acts as                                                       |
|----------------------------------------------------|---------------------------------------------------------------|
| `x-vsaas-api-key`: system key                      | the ISP itself: any request of this ISP                       |
| `x-vsaas-api-key`: system key, `x-vsaas-user: bob` | Bob, with Bob's rights (a narrowing, so nothing is gained)    |
| `x-vsaas-api-key`: Bob's key, with or without name | Bob; with another name than Bob's it is refused               |
| `x-vsaas-session`                                  | the person who signed in at `auth/login`                      |
| `Authorization: Bearer`                            | either of the above: a session or a key                       |
| the portal's cookie                                | the person at the browser; changes need a CSRF token          |

Keys and sessions are looked up inside the ISP of the Host header: those of another ISP do not exist. Whatever is shown
must be right; a wrong key is not made good by a right cookie.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from django.contrib.auth import get_user
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.request import Request

from portal.api.errors import WrongKey
from portal.playback import Player
from portal.sessions import SessionStore
from tenants.access import system_user
from tenants.models import ApiKey, User
from tenants.services import keys, sign_in

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Proof:
    """What a caller showed: exactly one of the two."""

    key: ApiKey | None = None
    session_key: str = ""


class Asked(Request):
    """A request that `SignedIn` let through: somebody is asking."""

    user: User
    auth: Proof


class Credentials(BaseAuthentication):
    """Tells DRF who is asking: (user, proof), or None for nobody."""

    def authenticate(self, request: Request) -> tuple[User, Proof] | None:
        headers = request.headers
        if text := headers.get("x-vsaas-api-key"):
            return by_key(text, headers.get("x-vsaas-user", ""))
        if text := headers.get("x-vsaas-session"):
            return by_session(text)
        scheme, _, text = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and text.strip():
            return by_bearer(text.strip(), headers.get("x-vsaas-user", ""))
        return by_cookie(request)


def by_key(text: str, login: str) -> tuple[User, Proof]:
    """The holder of a key, or the user a system key names."""
    key = keys.find_key(text)
    if key is None:
        raise WrongKey("The API key is wrong.")
    if key.user is None:
        return (_named(login) if login else system_user(key)), Proof(key=key)
    if not key.user.is_active or not sign_in.may_come(key.user):
        raise WrongKey("The API key is wrong.")
    if login and login.casefold() != key.user.login.casefold():
        log.warning("The key %s… of user %s was shown with another user's name", key.prefix, key.user.pk)
        raise WrongKey("The API key is not this user's.")
    return key.user, Proof(key=key)


def _named(login: str) -> User:
    user = User.objects.filter(login__iexact=login, is_active=True).first()
    if user is None:
        raise WrongKey("There is no such user.")
    user.is_impersonated = True
    return user


def by_session(text: str) -> tuple[User, Proof]:
    """The person of a session, if it has not ended."""
    user = _session_user(text)
    if user is None:
        raise WrongKey("The session has ended.")
    return user, Proof(session_key=text)


def by_bearer(text: str, login: str) -> tuple[User, Proof]:
    """A bearer is a session or a key: some callers know no other header."""
    user = _session_user(text)
    return (user, Proof(session_key=text)) if user else by_key(text, login)


def _session_user(text: str) -> User | None:
    user = get_user(SimpleNamespace(session=SessionStore(text)))  # type: ignore[arg-type]  # needs no more of a request
    # Support comes through the portal's own door only: what it may not change is kept from it there.
    return user if isinstance(user, User) and not user.is_support else None


def by_cookie(request: Any) -> tuple[User, Proof] | None:
    """The person at a browser. What changes something must come from our own pages (T32)."""
    user = getattr(request._request, "user", None)
    if not isinstance(user, User):
        return None
    SessionAuthentication().enforce_csrf(request)
    return user, Proof(session_key=request._request.session.session_key or "")


def player_of(request: Asked) -> Player:
    """Whoever may be given playback tokens for this request: they die with the session or key it came with."""
    proof = request.auth
    if proof.key is not None:
        return Player.by_key(request.user, proof.key)
    return Player.by_session(request.user, proof.session_key)
