"""Cursors: where a page of a list ends, so that the next one begins there whatever was added meanwhile.

A cursor holds the values of the sort keys of one row (keyset, never an offset), and is signed: it can neither be made
up nor taken to another list or another ISP. Clients treat it as opaque.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import orjson
from django.utils.translation import gettext as _

from portal.api.v3.errors import InvalidParameter
from tenants import keys
from tenants.scoping import current_domain_id

_MAC = 16
_LONGEST = 4096  # characters


@dataclass(frozen=True)
class Position:
    """A place in a sorted list: beyond the row with these keys, or (inclusive) at it; backwards is before it."""

    sort: str
    values: tuple[Any, ...]
    backwards: bool = False
    inclusive: bool = False


def pack(noun: str, position: Position) -> str:
    """A position in the list of `noun`, as the text that `unpack` takes."""
    said = [noun, position.sort, position.values, position.backwards, position.inclusive]
    body = orjson.dumps(said)
    return base64.urlsafe_b64encode(_mac(body) + body).rstrip(b"=").decode()


def unpack(noun: str, text: str) -> Position:
    """The position a cursor says. Raises InvalidParameter for one that was not given out for this list."""
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    mac, body = raw[:_MAC], raw[_MAC:]
    if not body or len(text) > _LONGEST or not hmac.compare_digest(mac, _mac(body)):
        raise _refused()
    own, sort, values, backwards, inclusive = orjson.loads(body)
    if own != noun:
        raise _refused()
    return Position(sort, tuple(values), backwards, inclusive)


def _refused() -> InvalidParameter:
    return InvalidParameter(_("This cursor does not belong to this list."), field="cursor")


def _mac(body: bytes) -> bytes:
    return hmac.new(_key(), f"{current_domain_id()}|".encode() + body, hashlib.sha256).digest()[:_MAC]


@lru_cache(maxsize=1)
def _key() -> bytes:
    return keys.derive("cursors")
