"""Whether the collected static files are still those of the sources: collecting costs seconds, looking costs none."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

from portal.embedded import paths

SOURCES = (paths.REPOSITORY / "portal" / "static",)
LOCK = paths.REPOSITORY / "requirements.lock"  # packages bring static files too


def is_stale() -> bool:
    """Whether anything changed since the last collection."""
    mark = _mark()
    return not mark.exists() or mark.read_text() != _signature()


def mark_fresh() -> None:
    """Remember what was collected."""
    _mark().write_text(_signature())


def _mark() -> Path:
    return paths.data_dir() / "static.collected"


def _signature() -> str:
    facts = hashlib.sha256()
    for file in _files():
        status = file.stat()
        facts.update(f"{file}\0{status.st_size}\0{status.st_mtime_ns}\n".encode())
    return facts.hexdigest()


def _files() -> Iterator[Path]:
    yield LOCK
    for source in SOURCES:
        yield from sorted(file for file in source.rglob("*") if file.is_file())
