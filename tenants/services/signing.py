"""Key pairs that sign tokens: made at first use, the same for every process and node, sealed at rest."""

from __future__ import annotations

import base64
import os
from dataclasses import dataclass
from functools import lru_cache

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey, generate_private_key
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
    load_pem_public_key,
)

from tenants import keys
from tenants.models import SigningKey

JWT = "jwt"
_BITS = 2048
_NONCE = 12
_known: dict[str, KeyPair] = {}


@dataclass(frozen=True)
class KeyPair:
    """Both halves, ready to use."""

    private: RSAPrivateKey
    public: RSAPublicKey


def key_pair(purpose: str) -> KeyPair:
    """The pair of a purpose. Kept in memory once it was found in the database: what this very call makes may yet be
    taken back with its transaction."""
    if purpose not in _known:
        row = SigningKey.objects.filter(purpose=purpose).first()
        if row is None:
            return _opened(_made(purpose))
        _known[purpose] = _opened(row)
    return _known[purpose]


def _made(purpose: str) -> SigningKey:
    """A new pair; of two processes that make one at the same moment the first wins and both use it."""
    fresh = generate_private_key(public_exponent=65537, key_size=_BITS)
    row = SigningKey(
        purpose=purpose,
        public_pem=fresh.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode(),
        private_sealed=_seal(fresh.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()), purpose),
    )
    SigningKey.objects.bulk_create([row], ignore_conflicts=True)
    return SigningKey.objects.get(purpose=purpose)


def _opened(row: SigningKey) -> KeyPair:
    private = load_der_private_key(_open(row.private_sealed, row.purpose), password=None)
    public = load_pem_public_key(row.public_pem.encode())
    if not isinstance(private, RSAPrivateKey) or not isinstance(public, RSAPublicKey):
        raise TypeError(f"{row} is no RSA pair")
    return KeyPair(private, public)


def _seal(plain: bytes, purpose: str) -> str:
    nonce = os.urandom(_NONCE)
    return base64.urlsafe_b64encode(nonce + _cipher().encrypt(nonce, plain, purpose.encode())).decode()


def _open(sealed: str, purpose: str) -> bytes:
    raw = base64.urlsafe_b64decode(sealed)
    return _cipher().decrypt(raw[:_NONCE], raw[_NONCE:], purpose.encode())


@lru_cache(maxsize=1)
def _cipher() -> AESGCM:
    return AESGCM(keys.derive("signing-keys"))
