"""Pages of long lists by cursor: a page begins behind a row, not at a number, so the last costs as little as the first
and nothing is skipped or shown twice when rows come and go meanwhile.

A cursor is the sort keys of a row, in an address. It needs no signature: it narrows a list of what one may see anyway.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Generic, TypeVar

import orjson
from django.db.models import F, Q, QuerySet
from django.db.models.fields.tuple_lookups import Tuple, TupleGreaterThan, TupleLessThan

LONGEST = 2000  # characters of a cursor
COUNTED = 1000  # rows; to count 100,000 costs more than to show fifty of them
MOST = 2**63 - 1

RowT = TypeVar("RowT", bound=Any)


class BadCursor(ValueError):
    """A text that is no cursor of this list."""


def pack(values: Sequence[Any]) -> str:
    """Sort keys as a text for an address."""
    return base64.urlsafe_b64encode(orjson.dumps(list(values))).rstrip(b"=").decode()


def unpack(text: str, count: int) -> list[Any]:
    """The sort keys of a cursor; raises BadCursor."""
    try:
        if len(text) > LONGEST:
            raise BadCursor
        values = orjson.loads(base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, ValueError) as error:
        raise BadCursor from error
    if not isinstance(values, list) or len(values) != count or not _are_keys(*values):
        raise BadCursor
    return values


def _are_keys(*values: Any) -> bool:
    """Whether values could be the sort keys of a row: texts, and the row's number at the end."""
    *texts, number = values
    if isinstance(number, bool) or not isinstance(number, int) or abs(number) > MOST:
        return False
    return all(isinstance(text, str) and "\x00" not in text for text in texts)


def beyond(order: Sequence[str], values: Sequence[Any], *, backwards: bool = False) -> Q:
    """The rows behind the one with these sort keys (or before it), as one comparison that an index answers."""
    keys = Tuple(*map(F, order))
    return Q((TupleLessThan if backwards else TupleGreaterThan)(keys, tuple(values)))


@dataclass
class Part(Generic[RowT]):
    """One page. `next` and `previous` are cursors, empty at the ends; `everything` is the whole list."""

    object_list: list[RowT]
    next: str
    previous: str
    everything: QuerySet[Any]

    @cached_property
    def total(self) -> int:
        """How many rows the whole list has, counted no further than just beyond COUNTED."""
        rows: int = self.everything.order_by()[: COUNTED + 1].count()
        return rows

    @property
    def count(self) -> str:
        """The same for people: "17", or "1000+"."""
        return f"{COUNTED}+" if self.total > COUNTED else str(self.total)

    @property
    def is_first(self) -> bool:
        """Whether nothing comes before."""
        return not self.previous

    def __iter__(self) -> Iterator[RowT]:
        return iter(self.object_list)

    def __len__(self) -> int:
        return len(self.object_list)


Full = Callable[[QuerySet[Any]], QuerySet[Any]]


def cut(
    rows: QuerySet[Any], order: Sequence[str], *, after: str = "", before: str = "", size: int, full: Full | None = None
) -> Part[Any]:
    """The page behind (or before) a cursor. `order` ends with a number that tells all rows apart. Raises BadCursor.

    `full` adds what is shown of each row. The page is found without it: a join beside a search makes the planner
    multiply what it should intersect (measured: minutes instead of milliseconds).
    """
    backwards = bool(before) and not after
    cursor = after or before
    wanted = rows.filter(beyond(order, unpack(cursor, len(order)), backwards=backwards)) if cursor else rows
    directed = [f"-{name}" for name in order] if backwards else list(order)
    wanted = wanted.order_by(*directed)[: size + 1]
    found = list(wanted) if full is None else completed(wanted, directed, full)
    more = len(found) > size
    if backwards and not found:  # whatever was before is gone: begin anew
        return cut(rows, order, size=size, full=full)
    shown = found[:size][::-1] if backwards else found[:size]
    has_next, has_previous = (True, more) if backwards else (more, bool(cursor))
    return Part(
        shown,
        of_row(shown[-1], order) if shown and has_next else "",
        of_row(shown[0], order) if shown and has_previous else "",
        rows,
    )


def completed(wanted: QuerySet[Any], directed: Sequence[str], full: Full) -> list[Any]:
    """The rows of one page with all that is shown of them, fetched by their numbers."""
    found = list(wanted.values_list("pk", flat=True))
    return list(full(wanted.model._default_manager.filter(pk__in=found)).order_by(*directed)) if found else []


def of_row(row: Any, order: Sequence[str]) -> str:
    """The cursor of the page behind a row."""
    return pack([_value(row, name) for name in order])


def _value(row: Any, path: str) -> Any:
    for name in path.split("__"):
        row = getattr(row, name)
    return row
