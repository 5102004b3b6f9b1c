"""Two walls between ISPs: the scope in Python and row-level security in PostgreSQL."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.db import IntegrityError, ProgrammingError, connection, models, transaction

from tenants.models import Organization
from tenants.scoping import NoDomainScope, ScopedManager, ScopedModel, domain_scope
from tenants.security import is_tenant_owned, references
from tests.cast import Cast

TENANT_MODELS = [
    model
    for model in apps.get_models()
    if model._meta.app_label in {"tenants", "devices", "billing"} and is_tenant_owned(model)
]
# Not tenant-owned rows, or rows that are read before an ISP is known.
OUTSIDE = {"DomainHost"}
# References checked a statement at a time: row by row they took longer than the night (tests/billing/test_law.py).
KEPT_BY_TRIGGERS = {"InvoiceLine": 2, "InvoiceTax": 1}


def _column(sql: str, *parameters: str | int) -> set[object]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return {row[0] for row in cursor.fetchall()}


def _walled(model: type[models.Model]) -> bool:
    return model.__name__ not in OUTSIDE


@pytest.mark.parametrize(
    "model", [model for model in TENANT_MODELS if _walled(model)], ids=lambda model: model.__name__
)
def test_every_tenant_owned_model_stands_behind_both_walls(model: type[models.Model], db: None) -> None:
    assert issubclass(model, ScopedModel)
    assert isinstance(model._base_manager, ScopedManager)
    assert isinstance(model._default_manager, ScopedManager)
    table = model._meta.db_table
    assert _column("SELECT relrowsecurity AND relforcerowsecurity FROM pg_class WHERE oid = %s::regclass", table) == {
        True
    }
    assert f"{table}_isp" in _column("SELECT polname FROM pg_policy WHERE polrelid = %s::regclass", table)
    assert _column(
        "SELECT attnotnull FROM pg_attribute WHERE attrelid = %s::regclass AND attname = 'domain_id'", table
    ) == {True}
    composite = _column(
        """SELECT conname FROM pg_constraint
           WHERE conrelid = %s::regclass AND contype = 'f' AND array_length(conkey, 1) = 2""",
        table,
    )
    kept = KEPT_BY_TRIGGERS.get(model.__name__, 0)
    assert len(composite) + kept == len(references(model)), "every reference to a tenant-owned row carries the ISP"


# Uniques over a reference that carries the ISP by its composite key; their values are row numbers nobody chooses.
UNIQUE_BY_NUMBER = {"devices_camerastatus_camera_id_key", "tenants_floorplan_folder_id_key"}


def test_no_unique_of_a_tenant_owned_table_tells_of_another_isp(db: None) -> None:
    names = _column(
        """SELECT c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
           JOIN pg_attribute d ON d.attrelid = i.indrelid AND d.attname = 'domain_id'
           WHERE i.indisunique AND NOT i.indisprimary AND i.indrelid != 'tenants_domainhost'::regclass
             AND NOT d.attnum = ANY(i.indkey::int2[])"""
    )
    assert names <= UNIQUE_BY_NUMBER


def test_no_view_looks_past_the_wall(db: None) -> None:
    views = _column(
        """SELECT relname FROM pg_class WHERE relkind IN ('v', 'm') AND relnamespace = 'public'::regnamespace
           AND NOT coalesce(reloptions && ARRAY['security_invoker=true', 'security_invoker=on'], false)"""
    )
    assert views == set()


def test_the_portal_works_as_a_role_that_owns_nothing_and_may_skip_nothing(db: None) -> None:
    assert _column("SELECT rolsuper OR rolbypassrls OR rolcreaterole FROM pg_roles WHERE rolname = current_user") == {
        False
    }
    assert _column("SELECT count(*) FROM pg_class WHERE relowner = current_user::regrole") == {0}


def test_a_query_outside_every_scope_is_an_error(cast: Cast) -> None:
    with pytest.raises(NoDomainScope):
        Organization.objects.first()


def test_raw_sql_in_one_isp_sees_nothing_of_the_other(cast: Cast) -> None:
    with domain_scope(cast.south):
        assert _column("SELECT title FROM tenants_organization WHERE NOT is_default") == {"Orchard"}
        assert _column("SELECT name FROM devices_camera") == {"tree"}
        assert _column("SELECT count(*) FROM tenants_user WHERE domain_id = %s", cast.north.pk) == {0}
    assert _column("SELECT count(*) FROM tenants_organization") == {0}


def test_raw_sql_cannot_write_into_the_other_isp(cast: Cast) -> None:
    with domain_scope(cast.south), pytest.raises(ProgrammingError, match="row-level security"), transaction.atomic():
        Organization(domain_id=cast.north.pk, title="Trojan").save(force_insert=True)
    with domain_scope(cast.south), connection.cursor() as cursor:
        cursor.execute("UPDATE tenants_organization SET title = 'gone' WHERE id = %s", [cast.harbour.pk])
        assert cursor.rowcount == 0


def test_a_row_of_the_other_isp_cannot_be_attached(cast: Cast) -> None:
    with pytest.raises(IntegrityError), domain_scope(cast.south), transaction.atomic():
        Organization.objects.filter(pk=cast.orchard.pk).update(owner_id=cast.alice.pk)
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def test_the_audit_log_cannot_be_edited(cast: Cast) -> None:
    with domain_scope(cast.north):
        for statement in ("UPDATE tenants_auditentry SET user_login = 'x'", "DELETE FROM tenants_auditentry"):
            with (
                pytest.raises(ProgrammingError, match="never changed"),
                transaction.atomic(),
                connection.cursor() as cursor,
            ):
                cursor.execute(statement)


def test_scopes_nest_and_give_back_what_was_before(cast: Cast) -> None:
    with domain_scope(cast.north):
        with domain_scope(cast.south):
            assert Organization.objects.filter(is_default=False).get().title == "Orchard"
        assert Organization.objects.filter(is_default=False).count() == 2
        with pytest.raises(ValueError, match="on the way"), domain_scope(cast.south):
            raise ValueError("on the way")
        assert Organization.objects.filter(is_default=False).count() == 2
