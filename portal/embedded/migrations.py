"""Whether the database is behind the code: asking Django costs two seconds of a start, asking PostgreSQL none."""

import hashlib
from pathlib import Path

import psycopg

from portal.embedded import database, paths

APPS = ("tenants", "devices", "billing", "portal")
LOCK = paths.REPOSITORY / "requirements.lock"  # packages bring migrations too


def pending() -> bool:
    """Whether `migrate` may have something to do; it is only ever asked once too often."""
    note = _note()
    return not note.exists() or note.read_text() != _packages() or not _in_files() <= _in_database()


def mark_done() -> None:
    """Remember for which packages the database was migrated."""
    _note().write_text(_packages())


def _note() -> Path:
    return paths.data_dir() / "migrated"


def _packages() -> str:
    return hashlib.sha256(LOCK.read_bytes()).hexdigest()


def _in_files() -> set[tuple[str, str]]:
    return {(app, file.stem) for app in APPS for file in (paths.REPOSITORY / app / "migrations").glob("[0-9]*.py")}


def _in_database() -> set[tuple[str, str]]:
    with psycopg.connect(database.database_url("owner")) as connection:
        if connection.execute("SELECT to_regclass('public.django_migrations')").fetchone() == (None,):
            return set()
        return {(app, name) for app, name in connection.execute("SELECT app, name FROM public.django_migrations")}
