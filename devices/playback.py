"""Playback tokens: what a player shows a streamer, and a streamer shows us, before any video flows.

A token says who watches which camera by which sign-in, and nothing of what he may: rights are read again at every
question, so a token outlives no right. It is sealed (AES-256-GCM-SIV, which forgives a repeated nonce over years of
tokens under one key), opaque, 83 letters long, and opens for its purpose only.
"""

from __future__ import annotations

import base64
import binascii
import os
import struct
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from typing import Any, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCMSIV

from tenants import clock, keys
from tenants.errors import Forbidden
from tenants.models import User

LIFETIME = 2 * 3600  # seconds, also the longest there is; a player asks for a new one before that
PURPOSE = "play"
_NONCE = 12
_PAYLOAD = struct.Struct(">BBIQQQI")  # kind of sign-in, flags, ISP, camera, user, sign-in, expiry (until 2106)
_ARCHIVE = 1


class Holder(IntEnum):
    """By what somebody watches: the session of a browser or application, or an API key."""

    SESSION = 1
    KEY = 2


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


def issue(
    user: User,
    camera: Watched,
    *,
    session_id: int = 0,
    key_id: int = 0,
    archive: bool = True,
    lifetime: int = LIFETIME,
    purpose: str = PURPOSE,
) -> str:
    """A token for one user and camera, bound to the session row or API key that he came with (exactly one of them).

    It dies with that row. The caller has checked that the user may watch; every use checks again.
    """
    if bool(session_id) == bool(key_id):
        raise ValueError("a playback token is bound to one session or one key")
    playback = Playback(
        domain_id=camera.domain_id,
        camera_id=camera.pk,
        user_id=user.pk,
        holder=Holder.SESSION if session_id else Holder.KEY,
        holder_id=session_id or key_id,
        archive=archive,
        expires_at=int(clock.timestamp()) + min(lifetime, LIFETIME),
    )
    return _seal(playback, purpose)


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


def _seal(playback: Playback, purpose: str) -> str:
    payload = _PAYLOAD.pack(
        playback.holder,
        _ARCHIVE if playback.archive else 0,
        playback.domain_id,
        playback.camera_id,
        playback.user_id,
        playback.holder_id,
        playback.expires_at,
    )
    nonce = os.urandom(_NONCE)
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
