"""What goes with a person or subscriber who is deleted softly: whatever had a meaning only while he was there."""

from __future__ import annotations

from django.db import models


def detach(row: models.Model) -> None:
    """Remove what belongs to a row, and let go of what only names it: as the database's own cascade would.

    Every app's models are found through their references, so that a new one is not forgotten. What must outlive people
    (the audit log, invoices, the facts of billing) keeps numbers and names instead of references.
    """
    for relation in row._meta.related_objects:
        rows = relation.related_model._base_manager.filter(**{relation.field.name: row})
        if relation.on_delete is models.CASCADE:
            rows.delete()
        elif relation.on_delete is models.SET_NULL:
            rows.update(**{relation.field.name: None})
