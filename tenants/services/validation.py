"""Django's own validation, told in Perch's error type."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.db import connection, models
from django.utils.translation import gettext as _

from tenants.errors import Invalid, Missing
from tenants.scoping import current_domain_id


def check(row: models.Model, *, exclude: tuple[str, ...] = ()) -> None:
    """Run `full_clean` on a row about to be saved; Invalid names every field that is wrong.

    References are left out: services fetch them inside the scope, and the database checks them with the ISP.
    """
    keys = tuple(field.name for field in row._meta.local_fields if field.is_relation)
    try:
        row.full_clean(exclude={*exclude, *keys}, validate_constraints=True)
    except ValidationError as error:
        raise as_invalid(error) from error


def lock(row: models.Model) -> None:
    """Read a row again and keep it until the transaction ends: what was changed or taken away since it was fetched is
    not written back with the next save. Raises Missing for a row that is gone."""
    try:
        row.refresh_from_db(from_queryset=type(row)._default_manager.select_for_update(no_key=True))
    except ObjectDoesNotExist as error:
        raise Missing(_("This was deleted in the meantime.")) from error


def lock_isp(number: int) -> None:
    """Let one transaction of the ISP at a time pass, until it ends; each purpose has a number of its own."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [(number << 48) + current_domain_id()])


def as_invalid(error: ValidationError) -> Invalid:
    """Django's validation error as ours."""
    if hasattr(error, "error_dict"):
        fields: dict[str, list[str]] = {name: list(messages) for name, messages in error.message_dict.items()}
    else:
        fields = {"__all__": list(error.messages)}
    first = next(iter(fields))
    return Invalid(fields[first][0], field=None if first == "__all__" else first, fields=fields)


def assign(row: models.Model, values: dict[str, Any], allowed: frozenset[str]) -> None:
    """Set fields from a caller's values; Invalid for a field that callers do not set."""
    for name, value in values.items():
        if name not in allowed:
            raise Invalid(_("This field cannot be set."), field=name)
        setattr(row, name, value)
