"""Field encryption: AES-256-GCM, bound to the row and column it stands in.

A stored value is `key id . nonce . ciphertext` in base64url. The associated data is table|column|row|domain, so a
ciphertext copied to another row does not open. Keys live in `<data>/keys/` or PERCH_FIELD_KEYS, never in the database
(security.md T20); `manage.py rotate_keys` makes a new one and re-encrypts every row.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.db import models

from tenants import keys

_NONCE = 12

if TYPE_CHECKING:
    _TextField = models.TextField[str, str]
else:  # fields cannot be subscripted at run time
    _TextField = models.TextField


class Undecipherable(ValueError):
    """The stored value does not open: another row's, damaged, or its key is gone."""


def encrypt(plain: str, *, context: str) -> str:
    """Encrypt a text for one place; `context` names that place."""
    key_id, key = keys.current_field_key()
    nonce = os.urandom(_NONCE)
    sealed = AESGCM(key).encrypt(nonce, plain.encode(), context.encode())
    return f"{key_id}.{base64.urlsafe_b64encode(nonce + sealed).decode().rstrip('=')}"


def decrypt(stored: str, *, context: str) -> str:
    """Open a value made by `encrypt` for the same place; raises Undecipherable otherwise."""
    key_id, _, body = stored.partition(".")
    try:
        raw = base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))
        return AESGCM(keys.field_key(key_id)).decrypt(raw[:_NONCE], raw[_NONCE:], context.encode()).decode()
    except (InvalidTag, KeyError, ValueError) as error:
        raise Undecipherable("the stored secret cannot be opened") from error


def key_id_of(stored: str) -> str:
    """Which key a stored value was made with."""
    return stored.partition(".")[0]


class EncryptedTextField(_TextField):
    """Keeps ciphertext in the column; a `secret_property` opens and closes it.

    The row id is part of the associated data, hence rows use ids known before saving (`secret_id`, a random text)
    rather than the serial key.
    """

    description = "AES-GCM encrypted text"


def context_of(instance: models.Model, field: str) -> str:
    """The place of one secret: table, column, the row's own random id, and its ISP."""
    row: Any = instance
    return context_of_column(instance._meta.db_table, field, row.secret_id, row.domain_id)


def context_of_column(table: str, column: str, secret_id: str, domain_id: int) -> str:
    """The same for a row that was read without its model."""
    return f"{table}|{column}|{secret_id}|{domain_id}"


def secret_property(field: str) -> property:
    """A property that reads and writes the plain text of an EncryptedTextField named `field`."""

    def read(instance: models.Model) -> str:
        stored: str = getattr(instance, field)
        return decrypt(stored, context=context_of(instance, field)) if stored else ""

    def write(instance: models.Model, plain: str) -> None:
        setattr(instance, field, encrypt(plain, context=context_of(instance, field)) if plain else "")

    reader: Callable[[Any], str] = read
    return property(reader, write)
