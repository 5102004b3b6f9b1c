"""Texts that are looked up ignoring case, by an index.

`lower(login) = ...` loses its index behind row-level security, because `lower` might leak what it is given; a column
keeps it. So the database keeps the lower form of such a text in a generated column beside it, `<name>_key`, and
`login__iexact` asks for that one. The column is made by the migration and unknown to Django, which never writes it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import models

if TYPE_CHECKING:
    _Lookup = models.Lookup[Any]
    _CharField = models.CharField[str, str]
    _EmailField = models.EmailField[str, str]
else:  # these cannot be subscripted at run time
    _Lookup, _CharField, _EmailField = models.Lookup, models.CharField, models.EmailField


class CaselessExact(_Lookup):
    """`iexact` by the column of the lower form."""

    lookup_name = "iexact"
    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        lhs, values = self.process_lhs(compiler, connection)
        rhs, more = self.process_rhs(compiler, connection)
        return f"{lhs[:-1]}_key{lhs[-1]} = lower({rhs})", (*values, *more)


class CaselessCharField(_CharField):
    """A text with a column of its lower form."""


class CaselessEmailField(_EmailField):
    """An e-mail address with a column of its lower form."""


CaselessCharField.register_lookup(CaselessExact, "iexact")
CaselessEmailField.register_lookup(CaselessExact, "iexact")
