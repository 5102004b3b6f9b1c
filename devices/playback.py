"""Playback tokens: what a player shows a streamer, and a streamer shows us, before any video flows.

A token says who watches which camera by which sign-in, and nothing of what he may: rights are read again at every
question, so a token outlives no right. It is sealed (AES-256-GCM-SIV, which forgives a repeated nonce over years of
tokens under one key), opaque, 83 letters long, and opens for its purpose only.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import struct
from dataclasses import dataclass, field
from enum import IntEnum
from functools import cached_property, lru_cache
from typing import Any, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCMSIV

from tenants import clock, keys
from tenants.errors import Forbidden

LIFETIME = 2 * 3600  # seconds, also the longest there is; a player asks for a new one before that
PURPOSE, GRANT = "play", "grant"
_NONCE = 12
_PAYLOAD = struct.Struct(">BBIQQQI")  # kind of sign-in, flags, ISP, camera, user, sign-in, expiry (until 2106)
_ARCHIVE = 1
_FOREVER = 2**32 - 1
_MARK = "g."  # no letter of a player's token


class Holder(IntEnum):
    """By what somebody watches: the session of a browser or application, an API key, or a grant to a third party."""

    SESSION = 1
    KEY = 2
    GRANT = 3


class Watched(Protocol):
    """A camera, or a row that stands for one."""

    @property
    def pk(self) -> Any: ...

    @property
    def domain_id(self) -> Any: ...


class TokenRefused(Forbidden):
    """The token is not ours, of another purpose, altered, or past its time."""

    code = "token_refused"


@dataclass(frozen=True)
class Playback:
    """What a token says. `user_id` is 0 for the ISP's system key acting for nobody; `expires_at` is Unix seconds.

    `archive` is the scope it was issued for: without it the token never opens the archive, whatever the user may.
    """

    domain_id: int
    camera_id: int
    user_id: int
    holder: Holder
    holder_id: int
    archive: bool
    expires_at: int


@dataclass(frozen=True)
class Issuer:
    """Makes the tokens of one user who came by one session row or API key (exactly one of them); they die with it.

    All tokens of one issuer end together, `lifetime` seconds (at most LIFETIME) after it was made. The caller has
    checked that the user may watch; every use checks again.
    """

    user_id: int
    session_id: int = 0
    key_id: int = 0
    lifetime: int = LIFETIME
    purpose: str = PURPOSE
    made_at: float = field(default_factory=clock.timestamp)

    def __post_init__(self) -> None:
        if bool(self.session_id) == bool(self.key_id):
            raise ValueError("a playback token is bound to one session or one key")

    @cached_property
    def _expires_at(self) -> int:
        return int(self.made_at) + min(self.lifetime, LIFETIME)

    def token(self, camera: Watched, *, archive: bool = True) -> str:
        """A token for one camera."""
        holder = Holder.SESSION if self.session_id else Holder.KEY
        holder_id = self.session_id or self.key_id
        flags = _ARCHIVE if archive else 0
        said = (holder, flags, camera.domain_id, camera.pk, self.user_id, holder_id, self._expires_at)
        return _seal(_PAYLOAD.pack(*said), self.purpose)


def grant_token(grant: Watched, camera: Watched) -> str:
    """The long-lived token of a grant to a third party: it says which grant it is, and the row says the rest.

    The nonce follows from the row, so the same grant always has the same token.
    """
    said = (Holder.GRANT, _ARCHIVE, camera.domain_id, camera.pk, 0, grant.pk, _FOREVER)
    nonce = hashlib.sha256(b"grant" + keys.derive("playback") + struct.pack(">QQ", camera.domain_id, grant.pk)).digest()
    return _MARK + _seal(_PAYLOAD.pack(*said), GRANT, nonce[:_NONCE])


def open_any(token: str) -> Playback:
    """A player's token, or that of a grant. Raises TokenRefused."""
    if token.startswith(_MARK):
        return open_token(token.removeprefix(_MARK), purpose=GRANT)
    return open_token(token)


def open_token(token: str, *, purpose: str = PURPOSE) -> Playback:
    """What the token says. Raises TokenRefused, with the same words whatever is wrong with it."""
    try:
        raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
        payload = _cipher().decrypt(raw[:_NONCE], raw[_NONCE:], purpose.encode())
        playback = _unpack(payload)
    except (InvalidTag, binascii.Error, struct.error, ValueError):
        raise TokenRefused("This token does not open anything.") from None
    if playback.expires_at <= clock.timestamp() or _seal_text(raw) != token:
        raise TokenRefused("This token does not open anything.")
    return playback


def _seal(payload: bytes, purpose: str, nonce: bytes = b"") -> str:
    nonce = nonce or os.urandom(_NONCE)
    return _seal_text(nonce + _cipher().encrypt(nonce, payload, purpose.encode()))


def _seal_text(raw: bytes) -> str:
    """One spelling a token: base64url ends in bits that mean nothing, and a token altered there is altered too."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _unpack(payload: bytes) -> Playback:
    holder, flags, domain_id, camera_id, user_id, holder_id, expires_at = _PAYLOAD.unpack(payload)
    return Playback(domain_id, camera_id, user_id, Holder(holder), holder_id, bool(flags & _ARCHIVE), expires_at)


@lru_cache(maxsize=1)
def _cipher() -> AESGCMSIV:
    return AESGCMSIV(keys.derive("playback"))
