"""A real PostgreSQL for the tests, with the real roles: started once a run, copied once a worker process.

The database `perch` of the run is migrated once, by the role `owner`, and serves as template; each worker tests on its
copy, as the role `app`, behind the same row-level security as in production.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from django.conf import settings
from django.db import connections
from django.test import TransactionTestCase
from psycopg import sql
from pytest_django.plugin import DjangoDbBlocker

from portal.embedded import database, paths
from portal.embedded.cluster import Cluster

WORKER = os.environ.get("PYTEST_XDIST_WORKER", "")
COPY_LOCK = 0x636F7079  # PostgreSQL copies a template for one at a time
_running: list[Cluster] = []


def pytest_xdist_setupnodes() -> None:
    """In a parallel run the controller has the server, so that it is there before any worker asks for it."""
    start_cluster()


def pytest_unconfigure() -> None:
    """Also reached by Ctrl-C. Should even this process be killed, the server notices and ends by itself."""
    while _running:
        _running.pop().stop()


def start_cluster() -> None:
    """Start the run's server and migrate the template, once."""
    if _running:
        return
    cluster = Cluster(paths.data_dir() / "postgres", database.socket_folder(), durable=False)
    cluster.initialize()
    with (paths.data_dir() / "postgres.log").open("ab") as log:
        cluster.start(log)
    _running.append(cluster)
    cluster.wait_ready()
    database.bootstrap()
    migrate()


def migrate() -> None:
    """Migrate the template in a process of its own, as the role that owns the tables."""
    command = [sys.executable, "-m", "django", "migrate", "--verbosity=0", "--skip-checks"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "PERCH_DB_ROLE": "owner"}
    done = subprocess.run(command, cwd=paths.REPOSITORY, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.exit(f"the test database cannot be migrated:\n{done.stdout}{done.stderr}", returncode=3)


@pytest.fixture(scope="session")
def django_db_setup(django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """This worker's copy of the migrated database, in place of pytest-django's own creation as an almighty role."""
    if not WORKER:
        start_cluster()
    name = f"{database.EMBEDDED_NAME}_{WORKER or 'main'}"
    copy_template(name)
    os.environ["PERCH_DB_NAME"] = name
    for alias in connections:
        settings.DATABASES[alias]["NAME"] = connections[alias].settings_dict["NAME"] = name
    with django_db_blocker.unblock():
        Rows.learn()
        yield
        close_connections()


def copy_template(name: str) -> None:
    """`CREATE DATABASE name TEMPLATE perch`, one worker at a time."""
    with psycopg.connect(database.admin_url(), autocommit=True) as admin:
        admin.execute("SELECT pg_advisory_lock(%s)", [COPY_LOCK])
        admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
        database.ensure_database(admin, name, template=database.EMBEDDED_NAME)
        everyone = sql.SQL(", ").join(sql.Identifier(database.role_name(role)) for role in database.ROLES)
        admin.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(sql.Identifier(name)))
        admin.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(sql.Identifier(name), everyone))


def close_connections() -> None:
    """Close what Django holds, its pools included."""
    for connection in connections.all():
        connection.close()
        close_pool = getattr(connection, "close_pool", None)
        if close_pool:
            close_pool()


def superuser_url() -> str:
    """This worker's copy as the server's superuser: for looking behind row-level security, and for clearing."""
    return database.embedded_cluster().url(database.database_name())


class Rows:
    """Which tables a test filled. What the migrations put there stays; all else goes."""

    of_migrations: frozenset[str] = frozenset()

    @classmethod
    def learn(cls) -> None:
        with psycopg.connect(superuser_url(), autocommit=True) as admin:
            cls.of_migrations = frozenset(cls.filled(admin))

    @classmethod
    def clear(cls) -> None:
        """Empty what a committing test filled. The role `app` may not TRUNCATE, so Django's own flush cannot.

        Numbers go on: the cast that is put back (tests.snapshot) has those it was first built with.
        """
        with psycopg.connect(superuser_url(), autocommit=True) as admin:
            admin.execute("SET lock_timeout = '10s'")  # a connection that a test forgot must not hang the run
            filled = [table for table in cls.filled(admin) if table not in cls.of_migrations]
            if filled:
                tables = sql.SQL(", ").join(map(sql.Identifier, filled))
                admin.execute(sql.SQL("TRUNCATE {} CASCADE").format(tables))

    @staticmethod
    def filled(admin: psycopg.Connection) -> list[str]:
        rows = admin.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1").fetchall()
        if not rows:
            return []
        one = sql.SQL("SELECT {} WHERE EXISTS (SELECT FROM {})")
        union = sql.SQL(" UNION ALL ").join(one.format(sql.Literal(name), sql.Identifier(name)) for (name,) in rows)
        return [name for (name,) in admin.execute(union).fetchall()]


def _clear_instead_of_flush(case: TransactionTestCase) -> None:
    Rows.clear()


TransactionTestCase._fixture_teardown = _clear_instead_of_flush  # type: ignore[attr-defined] # private, no public seam


def _connection(role: database.Role) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database.database_url(role), autocommit=True) as connection:
        yield connection


@pytest.fixture
def owner_connection(django_db_setup: None) -> Iterator[psycopg.Connection]:
    """The role that owns the tables; it sees only committed rows, and row-level security is forced on it too."""
    yield from _connection("owner")


@pytest.fixture
def fleet_connection(django_db_setup: None) -> Iterator[psycopg.Connection]:
    """The role of the machines' hot hooks."""
    yield from _connection("fleet")


@pytest.fixture
def superuser_connection(django_db_setup: None) -> Iterator[psycopg.Connection]:
    """The server's superuser: sees every committed row of every ISP."""
    with psycopg.connect(superuser_url(), autocommit=True) as connection:
        yield connection


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The data folder of this test run."""
    return paths.data_dir()
