"""The roles: who may do what in the database, whatever the code above them asks."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from django.db import connection
from psycopg.conninfo import conninfo_to_dict

from portal.embedded import database
from portal.embedded.cluster import Cluster
from portal.embedded.database import ROLES, Role

FLAGS = "rolsuper, rolbypassrls, rolcreatedb, rolcreaterole, rolreplication"


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A fresh server beside the run's own, bootstrapped twice."""
    folder = tmp_path_factory.mktemp("cluster")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PERCH_DATA_DIR", str(folder / "data"))
        patch.delenv("PERCH_RUN_DIR", raising=False)
        patch.delenv("PERCH_DB_NAME", raising=False)
        made = Cluster(folder / "data" / "postgres", database.socket_folder(), durable=False)
        made.initialize()
        with (folder / "log").open("wb") as log:
            made.start(log)
        made.wait_ready()
        database.bootstrap()
        database.bootstrap()
        yield made
        made.stop()
        shutil.rmtree(database.socket_folder().parent)


def ask(role: Role, question: str) -> list[tuple[object, ...]]:
    with psycopg.connect(database.database_url(role), autocommit=True) as asking:
        cursor = asking.execute(question)
        return cursor.fetchall() if cursor.description else []


@pytest.mark.parametrize("role", ROLES)
def test_every_role_comes_in_by_its_derived_password_and_is_no_master(cluster: Cluster, role: Role) -> None:
    [(name, superuser, bypasses, *rest)] = ask(
        role, f"SELECT rolname, {FLAGS} FROM pg_roles WHERE rolname = current_user"
    )
    assert name == f"perch_{role}"
    assert superuser is False
    assert bypasses is (role == "backup")
    assert rest == [False, False, False]


def test_no_role_comes_in_with_another_password(cluster: Cluster) -> None:
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(cluster.url("perch", user="perch_app", password="guess"))


def test_bootstrap_mends_a_role_that_was_given_too_much(cluster: Cluster) -> None:
    with psycopg.connect(cluster.url(), autocommit=True) as admin:
        admin.execute("ALTER ROLE perch_app SUPERUSER BYPASSRLS PASSWORD 'other'")
    database.bootstrap()
    assert ask("app", "SELECT rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user") == [(False, False)]


def test_what_the_owner_makes_the_others_get_by_their_station(cluster: Cluster) -> None:
    ask("owner", "CREATE TABLE thing (id bigserial PRIMARY KEY, name text)")
    ask("app", "INSERT INTO thing (name) VALUES ('a')")
    assert ask("app", "UPDATE thing SET name = 'b' RETURNING id, name") == [(1, "b")]
    assert ask("backup", "SELECT name FROM thing") == [("b",)]
    assert ask("backup", "SELECT last_value FROM thing_id_seq") == [(1,)]
    for role, forbidden in (
        ("app", "ALTER TABLE thing ADD COLUMN more text"),
        ("app", "TRUNCATE thing"),
        ("app", "CREATE TABLE mine (id int)"),
        ("app", "SET ROLE perch_owner"),
        ("backup", "DELETE FROM thing"),
        ("fleet", "SELECT name FROM thing"),
        ("fleet", "CREATE TEMPORARY TABLE mine (id int)"),
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            ask(role, forbidden)  # type: ignore[arg-type] # literals, widened by the loop


def test_row_level_security_binds_app_and_owner_and_not_the_backup(cluster: Cluster) -> None:
    ask("owner", "CREATE TABLE walled (domain_id bigint)")
    ask("app", "INSERT INTO walled VALUES (1), (2)")
    ask("owner", "ALTER TABLE walled ENABLE ROW LEVEL SECURITY")
    ask("owner", "ALTER TABLE walled FORCE ROW LEVEL SECURITY")
    ask(
        "owner",
        "CREATE POLICY own ON walled USING "
        "(domain_id = (SELECT nullif(current_setting('app.domain_id', true), '')::bigint))",
    )
    assert ask("app", "SELECT * FROM walled") == []
    assert ask("owner", "SELECT * FROM walled") == []
    assert ask("backup", "SELECT count(*) FROM walled") == [(2,)]


def test_the_server_listens_on_no_port_and_its_files_are_its_own(cluster: Cluster) -> None:
    assert ask("app", "SHOW listen_addresses") == [("",)]
    assert cluster.folder.stat().st_mode & 0o077 == 0
    assert cluster.socket_folder.stat().st_mode & 0o077 == 0


def test_a_lock_file_that_names_a_living_stranger_does_not_keep_the_server_down(
    cluster: Cluster, tmp_path: Path
) -> None:
    cluster.stop()
    (cluster.folder / "postmaster.pid").write_text("1\n")
    cluster.initialize()
    with (tmp_path / "log").open("wb") as log:
        cluster.start(log)
    cluster.wait_ready()
    assert ask("app", "SELECT 1") == [(1,)]


def test_an_external_address_keeps_its_host_and_options_and_changes_its_login(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://root:secret@db.example:6432/video?sslmode=require")
    monkeypatch.delenv("PERCH_DB_NAME", raising=False)
    parts = conninfo_to_dict(database.database_url("app"))
    assert (parts["host"], parts["port"], parts["dbname"]) == ("db.example", "6432", "video")
    assert (parts["user"], parts["sslmode"]) == ("video_app", "require")
    assert parts["password"] not in ("secret", conninfo_to_dict(database.database_url("owner"))["password"])
    assert database.django_database("app")["OPTIONS"] == {"sslmode": "require"}


def test_an_administrator_elsewhere_who_is_no_superuser_suffices(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with psycopg.connect(cluster.url(), autocommit=True) as admin:
        admin.execute("CREATE ROLE hosted LOGIN CREATEROLE PASSWORD 'secret'")
        admin.execute("CREATE DATABASE video OWNER hosted")
    monkeypatch.setenv("DATABASE_URL", cluster.url("video", user="hosted", password="secret"))
    for _ in range(2):
        database.bootstrap()
    ask("owner", "CREATE TABLE thing (id int)")
    ask("app", "INSERT INTO thing VALUES (7)")
    assert ask("app", "SELECT id, current_user::text FROM thing") == [(7, "video_app")]
    assert "video_backup cannot be given BYPASSRLS" in caplog.text


@pytest.mark.django_db
def test_the_tests_themselves_run_as_the_role_of_production() -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT current_user, {FLAGS} FROM pg_roles WHERE rolname = current_user")
        assert cursor.fetchone() == ("perch_app", False, False, False, False, False)


@pytest.mark.django_db
def test_the_role_of_the_tests_owns_no_table() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'")
        assert cursor.fetchall() == [("perch_owner",)]
