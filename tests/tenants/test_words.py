"""Finding by the beginnings of words: what is found, that the words follow their rows, and that an index finds them."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from django.db import connection
from django.db.models import QuerySet

from devices.models import Camera, CameraWord
from devices.services import camera_rows, cameras
from devices.services.camera_rows import CameraFilter
from tenants import words
from tenants.models import Organization, OrganizationWord, User, UserWord
from tenants.scoping import domain_scope
from tenants.services import organizations, users
from tests.cast import Cast
from tests.database import superuser_url


def cameras_with(text: str) -> list[str]:
    return [row.name for row in words.search(Camera.objects.all(), CameraWord, "camera", text).order_by("name")]


def users_with(text: str) -> set[str]:
    return {row.login for row in words.search(User.objects.all(), UserWord, "user", text)}


@pytest.fixture
def dock(cast: Cast) -> Camera:
    with domain_scope(cast.north):
        return cameras.add_camera(
            cast.harbour, acting_user=None, title="Fuel dock, cam12 (Süd)", name="fuel-1", stream_url="fake://clock",
            agent_serial="DS-2CD2143G0-20200817AAWRE1234", postal_address="Ulitsa Ленина 5", external_id="C-77001",
        )  # fmt: skip


@pytest.mark.parametrize(
    "text",
    ["fuel", "FUEL", "do", "dock fuel", "cam12", "12", "süd", "SÜD", "ленина", "ЛЕН", "c-77001", "7700", "fuel-1",
     "DS-2CD2143G0", "awre1234", "1234", "  fuel,dock ", "fuel dock cam süd ленина zzz"[:22]],
)  # fmt: skip
def test_a_camera_is_found_by_the_beginnings_of_its_words(cast: Cast, dock: Camera, text: str) -> None:
    with domain_scope(cast.north):
        assert cameras_with(text) == ["fuel-1"]
        rows = camera_rows.camera_rows(cast.nora, CameraFilter(search=text), limit=10)
        assert [row.name for row in rows] == ["fuel-1"], "the lists of the API search alike"


@pytest.mark.parametrize("text", ["uel", "fuel gate", "234", "%", "_", "'", "\\", "zzz", "fuel' OR true --"])
def test_what_no_word_begins_with_finds_nothing(cast: Cast, dock: Camera, text: str) -> None:
    with domain_scope(cast.north):
        assert cameras_with(text) == []
        assert camera_rows.camera_rows(cast.nora, CameraFilter(search=text), limit=10) == []


def test_an_empty_search_finds_all(cast: Cast) -> None:
    with domain_scope(cast.north):
        assert cameras_with("  ") == ["gate", "office", "wheel"]
        assert len(camera_rows.camera_rows(cast.nora, CameraFilter(search=""), limit=10)) == 3


def test_people_and_organizations_are_found(cast: Cast) -> None:
    with domain_scope(cast.north):
        person = users.add_user(acting_user=None, login="d.root@sub.example.org", name="Dora Rootová")
        for text in ("d.root@sub", "root", "dora", "rootová", "ROOTOVÁ", "sub.example"):
            assert person.login in users_with(text), text
        place = organizations.add_organization(acting_user=None, title="Old Mill Bakery", external_id="K-9")
        found = words.search(Organization.objects.all(), OrganizationWord, "organization", "bak mil")
        assert list(found) == [place]


def test_words_follow_their_rows(cast: Cast, dock: Camera) -> None:
    with domain_scope(cast.north):
        cameras.change_camera(dock, acting_user=None, title="Crane")
        assert cameras_with("crane") == ["fuel-1"]
        assert cameras_with("dock") == []
        cameras.delete_camera(dock, acting_user=None)
        assert not CameraWord.objects.filter(word="crane").exists()
        users.change_user(cast.bob, acting_user=None, name="Robert")
        assert users_with("robert") == {cast.bob.login}


def test_who_was_deleted_is_not_found(cast: Cast) -> None:
    with domain_scope(cast.north):
        users.delete_user(User.objects.get(pk=cast.charlie.pk), acting_user=None)
        assert users_with("charlie") == set()


def test_the_other_isps_words_find_nothing_here(cast: Cast) -> None:
    with domain_scope(cast.south):
        assert cameras_with("gate") == []
        assert not UserWord.objects.filter(word="alice").exists()


@pytest.mark.parametrize("login", ["ALICE@example.org", "alice@EXAMPLE.org"])
def test_a_login_is_looked_up_ignoring_case_and_literally(cast: Cast, login: str) -> None:
    with domain_scope(cast.north):
        assert User.objects.get(login__iexact=login).pk == cast.alice.pk
        assert User.objects.get(email__iexact=login).pk == cast.alice.pk
        assert not User.objects.filter(login__iexact="%@example.org").exists()


@pytest.fixture
def many(cast: Cast) -> Cast:
    """Enough rows for a planner to prefer an index, in this transaction."""
    with domain_scope(cast.north), connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO tenants_user (domain_id, login, password, email, name, note, phone, notification_email,
                   locale, external_id, authorized_ip, is_active, is_admin, is_accountant, is_readonly, is_monitoring,
                   can_view_organizations, can_edit_organizations, can_edit_settings, created_at, is_support)
               SELECT domain_id, 'person' || n || '@example.net', password, '', 'Name' || n, '', '', '', '', '', '',
                   true, false, false, false, false, false, false, false, created_at, false
               FROM tenants_user, generate_series(1, 1000) n WHERE id = %s""",
            [cast.bob.pk],
        )
        cursor.execute("SET LOCAL enable_seqscan = off")
        with psycopg.connect(superuser_url(), autocommit=True) as admin:
            admin.execute("GRANT MAINTAIN ON tenants_user, tenants_userword TO perch_app")
        cursor.execute("ANALYZE tenants_user, tenants_userword")
    return cast


def plan_of(rows: QuerySet[Any]) -> str:
    return str(rows.explain())


@pytest.mark.parametrize("text", ["person471@example.net", "name47"])
def test_a_search_reads_an_index_and_not_the_table(many: Cast, text: str) -> None:
    with domain_scope(many.north):
        plan = plan_of(words.search(User.objects.all(), UserWord, "user", text).order_by("login", "id")[:51])
    assert "tenants_userword_pkey" in plan, plan
    assert "word >= " in plan.replace("(word)::text", "word"), "the range is the index's condition\n" + plan
    assert "Seq Scan" not in plan, plan


def test_a_login_is_looked_up_by_its_index(many: Cast) -> None:
    with domain_scope(many.north):
        plan = plan_of(User.objects.filter(login__iexact="Person471@example.net"))
    assert "tenants_user_login_key" in plan, plan
    assert "login_key" in plan.partition("Index Cond")[2].partition("\n")[0], plan


def test_a_camera_is_looked_up_by_the_index_of_words(cast: Cast) -> None:
    with domain_scope(cast.north), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        plan = plan_of(words.search(Camera.objects.all(), CameraWord, "camera", "gat"))
    assert "devices_cameraword_pkey" in plan, plan
    assert "word >= " in plan.replace("(word)::text", "word"), plan


def test_like_would_lose_its_index_here(cast: Cast, superuser_connection: psycopg.Connection) -> None:
    """Why there are words at all: behind row-level security only operators that leak nothing reach an index."""
    leaky = superuser_connection.execute(
        "SELECT oprname FROM pg_operator JOIN pg_proc f ON f.oid = oprcode WHERE oprname IN ('~~', '>=', '=')"
        " AND oprleft = 'text'::regtype AND oprright = 'text'::regtype AND NOT f.proleakproof"
    ).fetchall()
    assert leaky == [("~~",)]
