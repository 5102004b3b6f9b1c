"""What goes with a person or subscriber who is deleted softly: whatever had a meaning only while he was there."""

from __future__ import annotations

from typing import Any

from django.db import models

from tenants import audit
from tenants.models import User

# What the audit log and the change feed tell of each by itself; sessions, tokens and marks are the person's own.
TOLD = frozenset(
    {"ApiKey", "CameraPermission", "Folder", "FolderPermission", "Invitation", "Membership", "Organization"}
)


def detach(row: models.Model, *, acting_user: User | None) -> None:
    """Remove what belongs to a row, and let go of what only names it: as the database's own cascade would.

    Every app's models are found through their references, so that a new one is not forgotten. What must outlive people
    (the audit log, invoices, the facts of billing) keeps numbers and names instead of references.
    """
    for relation, rows in _related(row):
        if relation.on_delete is models.CASCADE:
            _tell(rows, acting_user)
            rows.delete()
        elif relation.on_delete is models.SET_NULL:
            _let_go(rows, relation.field.name, acting_user)


def _related(row: models.Model) -> list[tuple[Any, models.QuerySet[Any]]]:
    return [
        (relation, relation.related_model._base_manager.filter(**{relation.field.name: row}))
        for relation in row._meta.related_objects
    ]


def _tell(rows: models.QuerySet[Any], acting_user: User | None) -> None:
    """One entry for each row that is about to go, and for each that goes with it."""
    if rows.model.__name__ not in TOLD:
        return
    for row in rows:
        for relation, below in _related(row):
            if relation.on_delete is models.CASCADE:
                _tell(below, acting_user)
        audit.deleted(row, acting_user=acting_user)


def _let_go(rows: models.QuerySet[Any], name: str, acting_user: User | None) -> None:
    if rows.model.__name__ not in TOLD:
        rows.update(**{name: None})
        return
    for row in rows:
        before = audit.snapshot(row)
        setattr(row, name, None)
        row.save(update_fields=[name])
        audit.changed(row, before, acting_user=acting_user)
