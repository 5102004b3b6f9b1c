"""Which database, and as whom: the four roles of Perch, their addresses and how they come to be.

owner    owns the tables and runs the migrations
app      web, worker and scheduler: reads and writes rows, behind row-level security, owns nothing
fleet    the machines' hot hooks: only what a migration grants it, behind row-level security
backup   reads everything past row-level security, writes nothing

None is a superuser. Passwords are derived from the master key, so that any process of the installation can compute an
address without asking anybody. With DATABASE_URL (an administrative login of a PostgreSQL elsewhere) the same holds.
"""

import logging
import os
from pathlib import Path
from typing import Any, Literal, LiteralString, get_args
from urllib.parse import quote, urlsplit

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from portal.embedded import paths
from portal.embedded.cluster import Cluster, socket_url

logger = logging.getLogger(__name__)

Role = Literal["owner", "app", "fleet", "backup"]
ROLES: tuple[Role, ...] = get_args(Role)
EMBEDDED_NAME = "perch"
BOOTSTRAP_LOCK = 0x50657263  # an advisory lock: two nodes of a large installation may start at once

# Flags in pg_roles, how one says them, and who has them.
FLAGS: tuple[tuple[str, LiteralString], ...] = (
    ("rolsuper", "SUPERUSER"),
    ("rolcreatedb", "CREATEDB"),
    ("rolcreaterole", "CREATEROLE"),
    ("rolreplication", "REPLICATION"),
    ("rolbypassrls", "BYPASSRLS"),
)
PAST_ROW_SECURITY: Role = "backup"
# What the owner says about every table it will ever make. Nothing for `fleet`: its few grants stand in the migrations.
DEFAULT_GRANTS: tuple[tuple[LiteralString, Role], ...] = (
    ("SELECT, INSERT, UPDATE, DELETE ON TABLES", "app"),
    ("USAGE, SELECT ON SEQUENCES", "app"),
    ("SELECT ON TABLES", "backup"),
    ("SELECT ON SEQUENCES", "backup"),
)


def as_role(text: str) -> Role:
    """A role by its name from the environment; ValueError for any other text."""
    for role in ROLES:
        if role == text:
            return role
    raise ValueError(f"{text} is no database role; the roles are {', '.join(ROLES)}")


def is_embedded() -> bool:
    """Whether Perch runs its own PostgreSQL: DATABASE_URL is not set."""
    return not os.environ.get("DATABASE_URL")


def embedded_cluster() -> Cluster:
    """The server of this data folder (made and started by the supervisor only)."""
    return Cluster(paths.data_dir() / "postgres", socket_folder())


def socket_folder() -> Path:
    """Where the embedded server's socket lies."""
    return paths.run_dir() / "pg"


def base_name() -> str:
    """The installation's database, which also prefixes its roles: `perch`, or the one DATABASE_URL names."""
    if is_embedded():
        return EMBEDDED_NAME
    name = urlsplit(os.environ["DATABASE_URL"]).path.lstrip("/")
    if not name:
        raise ValueError("DATABASE_URL names no database")
    return name


def database_name() -> str:
    """The database to connect to: `base_name`, or what PERCH_DB_NAME says (a test's copy, a scratch restore)."""
    return os.environ.get("PERCH_DB_NAME") or base_name()


def role_name(role: Role) -> str:
    """What a role is called in PostgreSQL."""
    return f"{base_name()}_{role}"


def database_url(role: Role) -> str:
    """The libpq address for a role. Starts nothing and connects to nothing."""
    password = paths.derive_text(f"database/{role}")
    if is_embedded():
        return socket_url(socket_folder(), database_name(), user=role_name(role), password=password)
    return _with_login(os.environ["DATABASE_URL"], f"{quote(role_name(role), safe='')}:{password}")


def django_database(role: Role) -> dict[str, Any]:
    """The same address as an entry of Django's DATABASES."""
    parts = conninfo_to_dict(database_url(role))
    named = {"dbname": "NAME", "user": "USER", "password": "PASSWORD", "host": "HOST", "port": "PORT"}
    entry = {ours: str(parts.pop(theirs, "")) for theirs, ours in named.items()}
    return {"ENGINE": "django.db.backends.postgresql", **entry, "OPTIONS": dict(parts)}


def admin_url() -> str:
    """The libpq address of the login that may make roles: the embedded superuser, or DATABASE_URL itself."""
    if is_embedded():
        return embedded_cluster().url()
    return os.environ["DATABASE_URL"]


def _with_login(address: str, login: str) -> str:
    parts = urlsplit(address)
    host = parts.netloc.rpartition("@")[2]
    return parts._replace(netloc=f"{login}@{host}", path=f"/{quote(database_name(), safe='')}").geturl()


def bootstrap() -> None:
    """Make the roles, the database and its default privileges, or mend them. Safe to repeat, on many nodes at once."""
    with psycopg.connect(admin_url(), autocommit=True) as admin:
        admin.execute("SELECT pg_advisory_lock(%s)", [BOOTSTRAP_LOCK])
        for role in ROLES:
            _ensure_role(admin, role)
        if is_embedded():
            ensure_database(admin, base_name())
        prepare_database(admin)


def _ensure_role(admin: psycopg.Connection, role: Role) -> None:
    name = role_name(role)
    if not admin.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [name]).fetchone():
        admin.execute(sql.SQL("CREATE ROLE {}").format(sql.Identifier(name)))
    verifier = admin.pgconn.encrypt_password(
        paths.derive_text(f"database/{role}").encode(), name.encode(), b"scram-sha-256"
    ).decode()  # so that no password reaches the server's log
    admin.execute(sql.SQL("ALTER ROLE {} LOGIN PASSWORD {}").format(sql.Identifier(name), sql.Literal(verifier)))
    _ensure_flags(admin, role)


def _ensure_flags(admin: psycopg.Connection, role: Role) -> None:
    """Change only what differs: an administrator who is no superuser may not even say NOSUPERUSER."""
    columns = sql.SQL(", ").join(sql.Identifier(column) for column, _ in FLAGS)
    found = admin.execute(
        sql.SQL("SELECT {} FROM pg_roles WHERE rolname = %s").format(columns), [role_name(role)]
    ).fetchone()
    for (column, word), has in zip(FLAGS, found or (), strict=True):
        wanted = column == "rolbypassrls" and role == PAST_ROW_SECURITY
        if has != wanted:
            _set_flag(admin, role, sql.SQL(word) if wanted else sql.SQL("NO{}").format(sql.SQL(word)))


def _set_flag(admin: psycopg.Connection, role: Role, flag: sql.Composable) -> None:
    try:
        admin.execute(sql.SQL("ALTER ROLE {} {}").format(sql.Identifier(role_name(role)), flag))
    except psycopg.errors.InsufficientPrivilege:
        if role != PAST_ROW_SECURITY:
            raise
        # Some hosted servers let nobody past row-level security. Dumps then fail loudly; nothing else needs this role.
        logger.warning("the role %s cannot be given BYPASSRLS: ask the server's superuser", role_name(role))


def ensure_database(admin: psycopg.Connection, name: str, *, template: str = "template0") -> None:
    """Make a database that the role `owner` owns, unless it is there."""
    if admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
        return
    admin.execute(
        sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {}").format(
            sql.Identifier(name), sql.Identifier(role_name("owner")), sql.Identifier(template)
        )
    )


def prepare_database(admin: psycopg.Connection) -> None:
    """Say who may come in and what the owner's future tables grant."""
    everyone = sql.SQL(", ").join(sql.Identifier(role_name(role)) for role in ROLES)
    database, owner = sql.Identifier(base_name()), sql.Identifier(role_name("owner"))
    admin.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(database))
    admin.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(database, everyone))
    with psycopg.connect(_admin_url_of_ours(), autocommit=True) as inside:
        inside.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
        inside.execute(sql.SQL("GRANT USAGE ON SCHEMA public TO {}").format(everyone))
        inside.execute(sql.SQL("GRANT CREATE ON SCHEMA public TO {}").format(owner))
    with psycopg.connect(database_url("owner"), autocommit=True) as ours:
        for privileges, role in DEFAULT_GRANTS:
            ours.execute(
                sql.SQL("ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT {} TO {}").format(
                    sql.SQL(privileges), sql.Identifier(role_name(role))
                )
            )


def _admin_url_of_ours() -> str:
    return embedded_cluster().url(base_name()) if is_embedded() else os.environ["DATABASE_URL"]
