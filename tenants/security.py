"""The second wall: row-level security, composite foreign keys and grants, as one migration operation.

Every migration that creates tenant-owned tables ends with `SecureTables(...)`; a test walks all models and fails on a
table that lacks any of it.
"""

from __future__ import annotations

from typing import Any

from django.apps.registry import Apps
from django.db import models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState

# Wrapped in a select, PostgreSQL evaluates the setting once a statement (measured: half the time of the plain form);
# nullif, because the setting is '' after a transaction that had one.
CURRENT_DOMAIN = "(select nullif(current_setting('app.domain_id', true), '')::bigint)"


def wall(table: str) -> list[str]:
    """The statements that put one tenant-owned table behind row-level security, also for its owner."""
    return [
        f'ALTER TABLE "{table}" ENABLE ROW LEVEL SECURITY',
        f'ALTER TABLE "{table}" FORCE ROW LEVEL SECURITY',
        f'CREATE POLICY "{table}_isp" ON "{table}" USING (domain_id = {CURRENT_DOMAIN}) '
        f"WITH CHECK (domain_id = {CURRENT_DOMAIN})",
    ]


def is_tenant_owned(model: type[models.Model]) -> bool:
    """Whether a model's rows belong to one ISP."""
    return any(field.name == "domain" and field.many_to_one for field in model._meta.get_fields())


def references(model: type[models.Model]) -> list[models.ForeignKey[Any, Any]]:
    """The foreign keys of a tenant-owned model that point to tenant-owned rows."""
    keys = [field for field in model._meta.local_fields if isinstance(field, models.ForeignKey)]
    return [key for key in keys if key.name != "domain" and is_tenant_owned(key.related_model)]


def composite_keys(model: type[models.Model]) -> list[str]:
    """Statements that make every reference carry the ISP: another ISP's row cannot be attached."""
    table = model._meta.db_table
    statements = []
    for key in references(model):
        target = key.related_model._meta.db_table
        name = f"{table}_{key.column}_isp"[:63]
        statements.append(
            f'ALTER TABLE "{table}" ADD CONSTRAINT "{name}" FOREIGN KEY (domain_id, "{key.column}") '
            f'REFERENCES "{target}" (domain_id, id) DEFERRABLE INITIALLY DEFERRED'
        )
    return statements


class SecureTables(Operation):
    """Put the named models of this app behind the second wall. Tables that nothing will ever refer to
    (`referenced=False`) go without the unique index over (domain_id, id), which composite foreign keys need."""

    reversible = True
    reduces_to_sql = True

    def __init__(self, *names: str, referenced: bool = True) -> None:
        self.names = names
        self.referenced = referenced

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        return (type(self).__qualname__, list(self.names), {} if self.referenced else {"referenced": False})

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """The state of the models does not change."""

    def _models(self, app_label: str, apps: Apps) -> list[type[models.Model]]:
        return [apps.get_model(app_label, name) for name in self.names]

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        tenant_models = self._models(app_label, to_state.apps)
        for model in tenant_models if self.referenced else ():
            table = model._meta.db_table
            schema_editor.execute(f'ALTER TABLE "{table}" ADD CONSTRAINT "{table}_isp_id" UNIQUE (domain_id, id)')
        for model in tenant_models:
            for statement in [*wall(model._meta.db_table), *composite_keys(model)]:
                schema_editor.execute(statement)

    def database_backwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        """The tables go away with the models; nothing to undo."""

    def describe(self) -> str:
        return f"Put {', '.join(self.names)} behind row-level security"


class OpenToFleet(Operation):
    """Let the machines' role (`fleet`) at some tables across ISPs: SELECT by default, more where named.

    Streamers serve many ISPs, so the hooks they call cannot run in one ISP's scope; they get a role of their own that
    sees only what they need. The role's name follows from the owner's that runs the migration (`x_owner` -> `x_fleet`).
    """

    reversible = True
    reduces_to_sql = True

    def __init__(self, tables: dict[str, str]) -> None:
        self.tables = tables

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        return (type(self).__qualname__, [self.tables], {})

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """The state of the models does not change."""

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        for table, privileges in self.tables.items():
            for statement in self._statements(table, privileges):
                schema_editor.execute(
                    "DO $do$ BEGIN EXECUTE format("
                    f"$q${statement}$q$, regexp_replace(current_user, '_owner$', '_fleet')); END $do$",
                    params=None,
                )

    def _statements(self, table: str, privileges: str) -> list[str]:
        return [
            f'GRANT {privileges} ON "{table}" TO %I',
            f'DROP POLICY IF EXISTS "{table}_fleet" ON "{table}"',
            f'CREATE POLICY "{table}_fleet" ON "{table}" TO %I USING (true) WITH CHECK (true)',
        ]

    def database_backwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        """The tables go away with the models; nothing to undo."""

    def describe(self) -> str:
        return f"Let the fleet role at {', '.join(self.tables)}"
