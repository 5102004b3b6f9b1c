"""Where keys come from: the master key and the field keys, kept outside the database.

Settings give two callables, so that this app knows nothing of the data folder: PERCH_DERIVE(purpose) -> 32 bytes,
and PERCH_KEY_DIR, the folder of the field keys (files `<id>.key`, mode 0600; the newest name is current).
"""

from __future__ import annotations

import base64
import os
from functools import lru_cache
from pathlib import Path

from django.conf import settings

FIRST = "k1"


def derive(purpose: str) -> bytes:
    """32 bytes that follow from the master key and a purpose."""
    derived: bytes = settings.PERCH_DERIVE(purpose)
    return derived


def _folder() -> Path:
    return Path(settings.PERCH_KEY_DIR)


def key_ids() -> list[str]:
    """The ids of all field keys, oldest first; the first one is derived and needs no file."""
    files = sorted(_folder().glob("k*.key"), key=lambda path: int(path.stem[1:])) if _folder().is_dir() else []
    return [FIRST, *(path.stem for path in files)]


@lru_cache(maxsize=64)
def field_key(key_id: str) -> bytes:
    """One field key by its id; KeyError if there is none."""
    if key_id == FIRST:
        return derive("field-encryption")
    path = _folder() / f"{key_id}.key"
    if not key_id.startswith("k") or not key_id[1:].isdigit() or not path.is_file():
        raise KeyError(key_id)
    return base64.urlsafe_b64decode(path.read_text().strip())


def current_field_key() -> tuple[str, bytes]:
    """The id and bytes of the key that new values are encrypted with."""
    key_id = key_ids()[-1]
    return key_id, field_key(key_id)


def add_field_key() -> str:
    """Make a new field key and return its id; values made with older keys still open."""
    key_id = f"k{int(key_ids()[-1][1:]) + 1}"
    _folder().mkdir(parents=True, exist_ok=True, mode=0o700)
    path = _folder() / f"{key_id}.key"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(base64.urlsafe_b64encode(os.urandom(32)).decode())
    return key_id
