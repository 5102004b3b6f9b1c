"""OpenID Connect, the authorization code flow with PKCE: addresses to send people to, and codes turned into claims.

All requests leave by `tenants.outbound`. Nothing that the provider says is believed before its signature, by a key of
its own list and an algorithm of ours, was checked.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import jwt
from django.utils.translation import gettext as _

from tenants import clock, outbound
from tenants.addresses import camera_policy
from tenants.errors import PerchError, Unauthenticated, Unavailable
from tenants.models import IdentityProvider

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
REQUIRED = ("iss", "sub", "aud", "exp", "iat")
SCOPE = "openid email profile"
KEEP = 3600.0  # seconds a provider's own description is believed
KEYS_APART = 60.0  # seconds between two looks for a key that was not there
LEEWAY = 60.0  # seconds that clocks may differ
DEADLINE = 5.0
LOOPBACK = {"127.0.0.1", "localhost", "::1"}

_descriptions: dict[str, tuple[float, dict[str, Any]]] = {}
_keys: dict[str, tuple[float, dict[str, Any]]] = {}


class NotBelieved(Unauthenticated):
    """The provider's answer is not what was asked for, or not its own."""

    code = "not_believed"


@dataclass(frozen=True)
class Errand:
    """What is kept while somebody is away at the provider: its answer is good once, for this browser only."""

    state: str
    nonce: str
    verifier: str

    @classmethod
    def new(cls) -> Errand:
        return cls(*(secrets.token_urlsafe(32) for _ in range(3)))

    @property
    def code_challenge(self) -> str:
        """What the provider is told of the verifier beforehand."""
        hashed = hashlib.sha256(self.verifier.encode()).digest()
        return base64.urlsafe_b64encode(hashed).decode().rstrip("=")


def is_address(text: str) -> bool:
    """Whether an issuer may be asked: https, or http on this machine itself."""
    try:
        parts = urlsplit(text)
        _port = parts.port
    except ValueError:
        return False
    encrypted = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)
    return encrypted and bool(parts.hostname) and not (parts.query or parts.fragment or parts.username)


def address(provider: IdentityProvider, errand: Errand, *, back: str) -> str:
    """Where to send a person; `back` is our own address that the provider sends him to."""
    query = {
        "response_type": "code",
        "client_id": provider.client_id,
        "redirect_uri": back,
        "scope": SCOPE,
        "state": errand.state,
        "nonce": errand.nonce,
        "code_challenge": errand.code_challenge,
        "code_challenge_method": "S256",
    }
    endpoint = _endpoint(describe(provider), "authorization_endpoint")
    return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(query)}"


def describe(provider: IdentityProvider) -> dict[str, Any]:
    """The provider's description of itself, read at most once an hour."""
    now = clock.monotonic()
    kept = _descriptions.get(provider.issuer)
    if kept and now - kept[0] < KEEP:
        return kept[1]
    found = _read(f"{provider.issuer.rstrip('/')}/.well-known/openid-configuration")
    if found.get("issuer") != provider.issuer:
        raise NotBelieved(_("The provider calls itself by another name than the settings say."))
    _descriptions[provider.issuer] = (now, found)
    return found


def _endpoint(description: dict[str, Any], name: str) -> str:
    found = description.get(name)
    if not isinstance(found, str) or urlsplit(found).scheme not in ("https", "http"):
        raise NotBelieved(_("The provider's description of itself is incomplete."))
    if urlsplit(found).scheme == "http" and urlsplit(found).hostname not in LOOPBACK:
        raise NotBelieved(_("The provider does not encrypt its answers."))
    return found


def redeem(provider: IdentityProvider, errand: Errand, *, code: str, back: str) -> dict[str, Any]:
    """Turn the code a person brought back into claims about him. Raises NotBelieved, Unavailable."""
    description = describe(provider)
    answer = _exchange(provider, description, errand, code=code, back=back)
    claims = _checked(provider, description, str(answer.get("id_token") or ""))
    if not hmac.compare_digest(str(claims.get("nonce") or ""), errand.nonce):
        raise NotBelieved(_("The provider's answer was meant for somebody else."))
    if not claims.get("email") and description.get("userinfo_endpoint"):
        claims |= _more(description, str(answer.get("access_token") or ""), str(claims["sub"]))
    return claims


def _exchange(
    provider: IdentityProvider, description: dict[str, Any], errand: Errand, *, code: str, back: str
) -> dict[str, Any]:
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": back,
        "client_id": provider.client_id,
        "code_verifier": errand.verifier,
    }
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
    secret, methods = provider.client_secret, description.get("token_endpoint_auth_methods_supported")
    if secret and isinstance(methods, list) and "client_secret_basic" not in methods:
        form["client_secret"] = secret
    elif secret:
        pair = f"{quote(provider.client_id, safe='')}:{quote(secret, safe='')}"
        headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
    return _read(_endpoint(description, "token_endpoint"), headers=headers, body=urlencode(form).encode())


def _checked(provider: IdentityProvider, description: dict[str, Any], token: str) -> dict[str, Any]:
    """The claims of an ID token: signed by the provider, for us, and now."""
    try:
        header = jwt.get_unverified_header(token)
        algorithm = header.get("alg")
        if algorithm not in ALGORITHMS:
            raise NotBelieved(_("The provider signs in a way that is not accepted."))
        key = jwt.PyJWK(_key(description, str(header.get("kid") or "")), algorithm)
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=[algorithm],
            audience=provider.client_id,
            issuer=provider.issuer,
            # Time is asked of our own clock below.
            options={"require": list(REQUIRED), "verify_exp": False, "verify_iat": False, "verify_nbf": False},
        )
    except jwt.PyJWTError as error:
        raise NotBelieved(_("The provider's answer is not signed as it should be.")) from error
    _check_time(claims)
    several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
    if (several or claims.get("azp")) and claims.get("azp") != provider.client_id:
        raise NotBelieved(_("The provider's answer was meant for somebody else."))
    return claims


def _check_time(claims: dict[str, Any]) -> None:
    now = clock.timestamp()
    ends, begins = claims["exp"], [claims["iat"], claims.get("nbf", 0)]
    if any(not isinstance(value, int | float) for value in (ends, *begins)):
        raise NotBelieved(_("The provider's answer is not signed as it should be."))
    if ends < now - LEEWAY or max(begins) > now + LEEWAY:
        raise NotBelieved(_("The provider's answer is too old."))


def _key(description: dict[str, Any], key_id: str) -> dict[str, Any]:
    """The key that signed; a new one is looked for at most once a minute."""
    where = _endpoint(description, "jwks_uri")
    kept = _keys.get(where)
    age = clock.monotonic() - kept[0] if kept else KEEP
    found = _in(kept[1], key_id) if kept and age < KEEP else None
    if found is None and age > KEYS_APART:
        _keys[where] = (clock.monotonic(), _read(where))
        found = _in(_keys[where][1], key_id)
    if found is None:
        raise NotBelieved(_("The provider's answer is not signed as it should be."))
    return found


def _in(listed: dict[str, Any], key_id: str) -> dict[str, Any] | None:
    keys = listed.get("keys")
    usable = [key for key in keys if isinstance(key, dict) and key.get("use", "sig") == "sig"] if keys else []
    if not key_id:
        return usable[0] if len(usable) == 1 else None
    return next((key for key in usable if key.get("kid") == key_id), None)


def _more(description: dict[str, Any], access: str, subject: str) -> dict[str, Any]:
    """The e-mail, from where the provider tells it: some leave it out of the token."""
    found = _read(_endpoint(description, "userinfo_endpoint"), headers={"Authorization": f"Bearer {access}"})
    if found.get("sub") != subject:
        raise NotBelieved(_("The provider's answer was meant for somebody else."))
    return {name: found.get(name) for name in ("email", "email_verified", "name")}


def _read(url: str, *, headers: dict[str, str] | None = None, body: bytes | None = None) -> dict[str, Any]:
    try:
        answer = outbound.fetch(
            url,
            policy=camera_policy(),
            method="POST" if body is not None else "GET",
            headers=headers,
            body=body,
            deadline=DEADLINE,
        )
    except Unavailable as error:
        raise Unavailable(_("The provider does not answer. Try again, or use your password.")) from error
    except PerchError as error:
        raise NotBelieved(_("The provider's address may not be asked by this installation.")) from error
    try:
        found = json.loads(answer.body) if answer.status == 200 else None
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise NotBelieved(_("The provider did not accept the sign-in."))
    return found
