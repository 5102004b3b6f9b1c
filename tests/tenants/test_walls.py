"""Two walls between ISPs: the scope in Python and row-level security in PostgreSQL."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.db import connection, models

from tenants.models import Organization
from tenants.scoping import NoDomainScope, ScopedManager, ScopedModel, domain_scope
from tenants.security import is_tenant_owned, references

TENANT_MODELS = [
    model for model in apps.get_models() if model._meta.app_label in {"tenants", "devices", "billing"} and is_tenant_owned(model)
]
# Not tenant-owned rows, or rows that are read before an ISP is known.
OUTSIDE = {"DomainHost"}


def _column(sql: str, *parameters: object) -> set[object]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return {row[0] for row in cursor.fetchall()}


def _walled(model: type[models.Model]) -> bool:
    return model.__name__ not in OUTSIDE


@pytest.mark.parametrize("model", filter(_walled, TENANT_MODELS), ids=lambda model: model.__name__)
def test_every_tenant_owned_model_stands_behind_both_walls(model: type[models.Model], db: None) -> None:
    assert issubclass(model, ScopedModel)
    assert isinstance(model._base_manager, ScopedManager)
    assert isinstance(model._default_manager, ScopedManager)
    table = model._meta.db_table
    assert _column("SELECT relrowsecurity AND relforcerowsecurity FROM pg_class WHERE oid = %s::regclass", table) == {True}
    assert f"{table}_isp" in _column("SELECT polname FROM pg_policy WHERE polrelid = %s::regclass", table)
    assert _column(
        "SELECT attnotnull FROM pg_attribute WHERE attrelid = %s::regclass AND attname = 'domain_id'", table
    ) == {True}
    composite = _column(
        "SELECT conname FROM pg_constraint WHERE conrelid = %s::regclass AND contype = 'f' AND array_length(conkey, 1) = 2",
        table,
    )
    assert len(composite) == len(references(model)), "every reference to a tenant-owned row carries the ISP"
