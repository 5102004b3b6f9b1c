"""Access tokens of the v3 dialects: JWTs that say who signed in by which session, and nothing of what he may.

    header   {"alg": "RS256", "typ": "JWT"}
    claims   iss perch, aud the ISP, sub the user, session the session's row, typ access, iat, exp (15 minutes)

A token dies with its session: the row is looked up at every request. The reading is strict (T13): one algorithm, our
own key whatever the header proposes, every claim required and of its type. Refresh tokens are opaque (see
`tenants.services.refreshing`), so neither can be shown at the other's door.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jwt

from tenants import clock
from tenants.errors import Unauthenticated
from tenants.models import UserSession
from tenants.scoping import current_domain_id
from tenants.services import signing

LIFETIME = 15 * 60  # seconds
ALGORITHM, ISSUER, TYPE = "RS256", "perch", "access"
LONGEST = 4096  # characters; ours have some 600
SKEW = 60  # seconds that the clocks of two web nodes may differ
CLAIMS = ["aud", "exp", "iat", "iss", "session", "sub", "typ"]
HEADER = {"alg": ALGORITHM, "typ": "JWT"}
# PyJWT reads the machine's clock; ours can be moved, so times are compared here.
OPTIONS: Any = {
    "require": CLAIMS,
    "verify_exp": False,
    "verify_iat": False,
    "verify_nbf": False,
    "strict_aud": True,
    "verify_sub": False,
}


@dataclass(frozen=True)
class Access:
    """What a token says."""

    user_id: int
    session_id: int


def audience() -> str:
    """The ISP in scope, as `aud` names it."""
    return f"isp:{current_domain_id()}"


def issue(session: UserSession) -> str:
    """An access token for a session of the ISP in scope."""
    now = int(clock.timestamp())
    claims = {
        "iss": ISSUER,
        "aud": audience(),
        "sub": str(session.user_id),
        "session": str(session.pk),
        "typ": TYPE,
        "iat": now,
        "exp": now + LIFETIME,
    }
    return jwt.encode(claims, signing.key_pair(signing.JWT).private, algorithm=ALGORITHM)


def read(text: str) -> Access:
    """What a token says, if it is one of ours for this ISP. Raises Unauthenticated, in the same words for any fault."""
    try:
        return _checked(_claims(text))
    except (jwt.PyJWTError, KeyError, TypeError, ValueError):
        raise Unauthenticated("The access token is not valid.") from None


def _claims(text: str) -> dict[str, Any]:
    if len(text) > LONGEST or jwt.get_unverified_header(text) != HEADER:
        raise jwt.InvalidTokenError
    key = signing.key_pair(signing.JWT).public
    claims: dict[str, Any] = jwt.decode(
        text, key, algorithms=[ALGORITHM], audience=audience(), issuer=ISSUER, options=OPTIONS
    )
    return claims


def _checked(claims: dict[str, Any]) -> Access:
    now = clock.timestamp()
    times = [claims["exp"], claims["iat"], claims.get("nbf", 0)]
    if not all(type(instant) is int for instant in times) or claims["typ"] != TYPE:
        raise ValueError
    if claims["exp"] <= now or claims["iat"] > now + SKEW or claims.get("nbf", 0) > now:
        raise ValueError
    return Access(user_id=_number(claims["sub"]), session_id=_number(claims["session"]))


def _number(value: Any) -> int:
    if not isinstance(value, str) or not value.isascii() or not value.isdigit() or len(value) > 18:
        raise ValueError
    return int(value)
