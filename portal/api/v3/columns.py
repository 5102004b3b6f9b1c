"""What a list can be sorted and filtered by: one row a field, and how its values stand in a query string."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any

from django.db.models import F, Q
from django.db.models.expressions import Combinable
from django.utils.translation import gettext as _

from portal.api.v3.errors import InvalidParameter

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FURTHEST = 253_402_300_799_999  # the last millisecond of the year 9999
SUFFIXES = {"_gt": "gt", "_gte": "gte", "_lt": "lt", "_lte": "lte"}
TRUTHS = {"true": True, "1": True, "false": False, "0": False}
MOST_VALUES = 100


def _text(text: str) -> str:
    return text


def _whole(text: str) -> int:
    digits = text.removeprefix("-")
    if not digits.isascii() or not digits.isdigit() or len(digits) > 18:
        raise ValueError
    return int(text)


def _real(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError
    return number


def _truth(text: str) -> bool:
    return TRUTHS[text.lower()]


def _moment(text: str) -> datetime:
    number = _whole(text)
    if not 0 <= number <= FURTHEST:
        raise ValueError
    return EPOCH + timedelta(milliseconds=number)


class Kind(Enum):
    """The kinds of values: how each is read from a query string."""

    TEXT = "string", _text
    WHOLE = "integer", _whole
    REAL = "number", _real
    TRUTH = "boolean", _truth
    MOMENT = "utc_ms", _moment

    def __init__(self, word: str, read: Callable[[str], Any]) -> None:
        self.word, self.read = word, read


@dataclass(frozen=True)
class Column:
    """A field of a list: `path` as in the answer, `source` what yields it in its unit: an ORM path, an expression, or,
    for one that looks at rows of the ISP in scope, a function that makes the expression."""

    path: str
    source: str | Combinable | Callable[[], Any]
    kind: Kind = Kind.TEXT
    nullable: bool = False
    searched: bool = False
    filters: bool = True
    sorts: bool = True

    def expression(self) -> Any:
        """The value in a query."""
        if isinstance(self.source, str):
            return F(self.source)
        return self.source() if callable(self.source) else self.source

    def alias(self) -> str:
        """A name for the expression that is no field's."""
        return "column_" + self.path.replace(".", "_")

    def value(self, parameter: str, text: str) -> Any:
        """One value of a filter; None for `null`."""
        if text == "null" and self.nullable:
            return None
        try:
            return self.kind.read(text)
        except (ValueError, KeyError, OverflowError):
            raise InvalidParameter(
                _("This must be a value of the type %s.") % self.kind.word, field=parameter
            ) from None

    def condition(self, parameter: str, operator: str, texts: list[str]) -> Q:
        """A filter: one value compared, or several of which one must be equal."""
        if len(texts) > MOST_VALUES:
            raise InvalidParameter(_("At most %s values.") % MOST_VALUES, field=parameter)
        values = [self.value(parameter, text) for text in texts]
        if operator:
            return self._compared(parameter, operator, values)
        given = [value for value in values if value is not None]
        found = Q(**{f"{self.alias()}__in": given}) if given else Q()
        return found | Q(**{f"{self.alias()}__isnull": True}) if None in values else found

    def _compared(self, parameter: str, operator: str, values: list[Any]) -> Q:
        if self.kind is Kind.TRUTH or values[-1] is None:
            raise InvalidParameter(_("This can only be compared for equality."), field=parameter)
        return Q(**{f"{self.alias()}__{operator}": values[-1]})

    def pack(self, value: Any) -> Any:
        """A value as it stands in a cursor, without loss."""
        return (value - EPOCH) // timedelta(microseconds=1) if isinstance(value, datetime) else value

    def unpack(self, value: Any) -> Any:
        """The value of a cursor."""
        if self.kind is Kind.MOMENT and value is not None:
            return EPOCH + timedelta(microseconds=value)
        return value
