"""Who is asking, in the v3 dialects.

| shown                                           | acts as                                                          |
|-------------------------------------------------|------------------------------------------------------------------|
| `Authorization: Bearer`: access token           | the person who signed in at `login`, while his session lives     |
| `?token=` on GET: access token                  | the same, for television sets and `<img>`, which send no headers |
| `Authorization: Bearer` or `x-vsaas-api-key`    | the holder of an API key; `x-vsaas-user` as in the v2 dialect    |
| the portal's cookie                             | the person at the browser; changes need a CSRF token             |

Whatever is shown must be right; something wrong is not made good by a right cookie. Keys do not belong into addresses,
which are logged and remembered: `?token=` takes no key.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from portal.api.errors import WrongKey
from portal.api.v2 import credentials as v2
from portal.api.v3 import tokens
from portal.playback import Player
from portal.sessions import touch
from tenants import clock
from tenants.models import ApiKey, User, UserSession
from tenants.secrets import digest
from tenants.services import sign_in


@dataclass(frozen=True)
class Proof:
    """By what a caller is known: exactly one of the two."""

    key: ApiKey | None = None
    session_id: int = 0


class Asked(Request):
    """A request that `SignedIn` let through: somebody is asking."""

    user: User
    auth: Proof


class Credentials(BaseAuthentication):
    """Tells DRF who is asking: (user, proof), or None for nobody."""

    def authenticate(self, request: Request) -> tuple[User, Proof] | None:
        headers = request.headers
        scheme, _, text = headers.get("authorization", "").partition(" ")
        if scheme:
            if scheme.lower() != "bearer":
                raise WrongKey("Sign in at `login` and send the access token as a bearer.")
            return by_bearer(request, text.strip())
        if text := headers.get("x-vsaas-api-key", ""):
            return by_key(request, text)
        if "token" in request.query_params and request.method in {"GET", "HEAD"}:
            return by_access_token(request.query_params["token"])
        return by_cookie(request)


def by_bearer(request: Request, text: str) -> tuple[User, Proof]:
    """A bearer is an access token, known by its two dots, or an API key."""
    return by_access_token(text) if text.count(".") == 2 else by_key(request, text)


def by_access_token(text: str) -> tuple[User, Proof]:
    """The person of an access token whose session still lives."""
    said = tokens.read(text)
    session = (
        UserSession.objects.select_related("user")
        .filter(pk=said.session_id, user=said.user_id, user__is_active=True, expires_at__gt=clock.now())
        .defer("data")
        .first()
    )
    if session is None or not sign_in.may_come(session.user):
        raise WrongKey("The session has ended.")
    touch(session)
    user: User = session.user
    return user, Proof(session_id=session.pk)


def by_key(request: Request, text: str) -> tuple[User, Proof]:
    """The holder of an API key, by the rules of the v2 dialect."""
    user, proof = v2.by_key(text, request.headers.get("x-vsaas-user", ""))
    return user, Proof(key=proof.key)


def by_cookie(request: Request) -> tuple[User, Proof] | None:
    """The person at a browser; changes must come from our own pages."""
    found = v2.by_cookie(request)
    if found is None:
        return None
    user, shown = found
    row = UserSession.objects.filter(user=user, digest=digest(shown.session_key)).values_list("pk").first()
    return (user, Proof(session_id=row[0])) if row else None


def player_of(request: Any) -> Player:
    """Whoever may be given playback tokens for this request: they die with the session or key it came with."""
    proof: Proof = request.auth
    if proof.key is not None:
        return Player.by_key(request.user, proof.key)
    return Player(request.user, session_id=proof.session_id)
