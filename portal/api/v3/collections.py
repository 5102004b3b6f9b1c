"""Lists as all v3 dialects answer them: `select`, `sort`, `limit`, `cursor`, `q`, and any field as a filter.

A noun declares its fields as a table (`Collection`); everything else is here. However long a list is, a page takes
the same few statements: one for the count, one for the rows, and what the noun's shape takes for all of them at once.

`next` and `prev` are null at the ends, never "": the official client walks on until `next` is null.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Generic, TypeVar

from django.db.models import F, Q, QuerySet
from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.response import Response

from portal.api.v3 import cursors, selecting
from portal.api.v3.columns import SUFFIXES, Column
from portal.api.v3.cursors import Position
from portal.api.v3.errors import InvalidParameter
from tenants import clock

DEFAULT, MOST = 100, 500
MOST_KEYS = 5
LONGEST_SEARCH = 200  # characters
# Parameters that every list has, and `part`, which old clients still send and which means nothing here.
RESERVED = {
    "select": "fields to answer, dotted: `id,stats.alive`",
    "sort": "fields to sort by, `-` for descending: `-created_at,name`",
    "limit": f"at most this many, {DEFAULT} if absent, never more than {MOST}",
    "cursor": "`next` or `prev` of an earlier answer",
    "q": "a text to look for",
}
SILENT = {"token", "part"}

RowT = TypeVar("RowT", bound=Any)


@dataclass(frozen=True)
class Page(Generic[RowT]):
    """Rows and the way on and back."""

    rows: list[RowT]
    next: str | None
    prev: str | None


@dataclass(frozen=True)
class Key:
    """One column of a sort order."""

    column: Column
    descending: bool

    def order(self, backwards: bool) -> Any:
        """The term of the ORDER BY; PostgreSQL takes null for the greatest value, and so does `beyond`."""
        term = F(self.column.alias())
        return term.desc() if self.descending != backwards else term.asc()

    def beyond(self, value: Any, backwards: bool) -> Q | None:
        """Rows after a value in the order; None where there can be none."""
        name = self.column.alias()
        if self.descending != backwards:
            return Q(**{f"{name}__isnull": False}) if value is None else Q(**{f"{name}__lt": value})
        if value is None:
            return None
        after = Q(**{f"{name}__gt": value})
        return after | Q(**{f"{name}__isnull": True}) if self.column.nullable else after

    def at(self, value: Any) -> Q:
        """Rows with this very value."""
        name = self.column.alias()
        return Q(**{f"{name}__isnull": True}) if value is None else Q(**{name: value})

    def bound(self, value: Any, backwards: bool) -> Q:
        """What all rows from the value on have in common, in words for which an index has a starting point."""
        if self.column.nullable or value is None:
            return Q()
        operator = "lte" if self.descending != backwards else "gte"
        return Q(**{f"{self.column.alias()}__{operator}": value})


@dataclass(frozen=True)
class Collection:
    """A list: the key its rows stand under, its fields, and the order of those who do not ask for one.

    `unique` is the path of the field that tells any two rows apart; it is always answered and ends every order.
    `more` are parameters the view itself reads. `finds` makes the condition of `q` where an index of words serves it;
    without it the columns that are `searched` are read for the text.
    """

    items: str
    columns: Sequence[Column]
    sort: str = "id"
    unique: str = "id"
    more: tuple[tuple[str, str], ...] = ()
    finds: Callable[[str], Q] | None = None
    counts: bool = True  # nobody counts a log of millions at each page: `estimated_count` is null then

    @cached_property
    def by_path(self) -> dict[str, Column]:
        """The columns by their paths."""
        return {column.path: column for column in self.columns}

    def answer(self, request: Request, rows: QuerySet[RowT], shape: Callable[[list[RowT]], Any]) -> Response:
        """One page of the rows a caller may see, as he asked for it."""
        began = clock.monotonic()
        narrowed = self._narrowed(request, rows)
        count = narrowed.count() if self.counts else None
        found = self._page(request, narrowed)
        tree = selecting.wanted(request.query_params.get("select", ""), always=self.unique)
        shaped = [selecting.pruned(row, tree) for row in shape(found.rows)]
        body = {
            "estimated_count": count,
            "next": found.next,
            "prev": found.prev,
            "timing": {"total": round((clock.monotonic() - began) * 1000, 1)},
            self.items: shaped,
        }
        return Response(body)

    def _narrowed(self, request: Request, rows: QuerySet[RowT]) -> QuerySet[RowT]:
        """The rows that the filters and the search let through."""
        used: dict[str, Any] = {}
        condition = Q()
        for parameter, texts in request.query_params.lists():
            column, operator = self._filter(parameter)
            if column is not None:
                used[column.alias()] = column.expression()
                condition &= column.condition(parameter, operator, [str(text) for text in texts])
        if search := request.query_params.get("q", "").strip()[:LONGEST_SEARCH]:
            searched = [column for column in self.columns if column.searched and self.finds is None]
            used |= {column.alias(): column.expression() for column in searched}
            condition &= self.finds(search) if self.finds else _contains(searched, search)
        narrowed: QuerySet[RowT] = rows.alias(**used).filter(condition)
        return narrowed

    def _filter(self, parameter: str) -> tuple[Column | None, str]:
        """The column and the comparison a parameter means; no column for parameters that are no filters."""
        if parameter in RESERVED or parameter in SILENT or parameter.startswith("_") or parameter in dict(self.more):
            return None, ""
        path, operator = parameter, ""
        for suffix, word in SUFFIXES.items():
            if parameter not in self.by_path and parameter.endswith(suffix):
                path, operator = parameter.removesuffix(suffix), word
        column = self.by_path.get(path)
        if column is None or not column.filters:
            raise InvalidParameter(_("The list cannot be filtered by this."), field=parameter)
        return column, operator

    def _page(self, request: Request, rows: QuerySet[RowT]) -> Page[RowT]:
        asked = request.query_params.get("sort", "").strip()
        position = self._position(request)
        if position and asked and asked != position.sort:
            raise InvalidParameter(_("This cursor was given for another order."), field="cursor")
        sort = asked or (position.sort if position else self.sort)
        keys, limit = self._keys(sort), _limit(request)
        backwards = bool(position and position.backwards)
        wanted = rows.annotate(**{key.column.alias(): key.column.expression() for key in keys})
        if position:
            values = [key.column.unpack(value) for key, value in zip(keys, position.values, strict=True)]
            wanted = wanted.filter(_from(keys, values, position))
        wanted = wanted.order_by(*(key.order(backwards) for key in keys))
        found = list(wanted[: limit + 1])
        return self._cut(found, limit, keys, sort, position)

    def _position(self, request: Request) -> Position | None:
        text = request.query_params.get("cursor", "")
        return cursors.unpack(self.items, text) if text else None

    def _keys(self, sort: str) -> list[Key]:
        """The columns of an order, ended by the one that tells all rows apart."""
        keys: dict[str, Key] = {}
        for name in [part.strip() for part in sort.split(",") if part.strip()]:
            path = name.removeprefix("-")
            column = self.by_path.get(path)
            if column is None or not column.sorts:
                raise InvalidParameter(_("The list cannot be sorted by this: %s") % path[:60], field="sort")
            keys.setdefault(path, Key(column, name.startswith("-")))
        if len(keys) > MOST_KEYS:
            raise InvalidParameter(_("Sort by at most %s fields.") % MOST_KEYS, field="sort")
        keys.setdefault(self.unique, Key(self.by_path[self.unique], descending=False))
        order = list(keys.values())
        last = next(number for number, key in enumerate(order) if key.column.path == self.unique)
        return order[: last + 1]  # nothing is left to order behind a unique key

    def _cut(self, found: list[RowT], limit: int, keys: list[Key], sort: str, position: Position | None) -> Page[RowT]:
        """The page out of one row more than it has: that one only says whether the list goes on."""
        more, rows = len(found) > limit, found[:limit]
        backwards = bool(position and position.backwards)
        if backwards:
            rows.reverse()
        if not rows:
            turned = Position(sort, position.values, not backwards, True) if position else None
            back = cursors.pack(self.items, turned) if turned else None
            return Page([], back if backwards else None, None if backwards else back)

        def cursor(row: RowT, to_front: bool) -> str:
            values = tuple(key.column.pack(getattr(row, key.column.alias())) for key in keys)
            return cursors.pack(self.items, Position(sort, values, to_front))

        has_next = backwards or more
        has_prev = more if backwards else position is not None
        return Page(rows, cursor(rows[-1], False) if has_next else None, cursor(rows[0], True) if has_prev else None)


def _contains(columns: list[Column], text: str) -> Q:
    found = Q()
    for column in columns:
        found |= Q(**{f"{column.alias()}__icontains": text})
    return found


def _from(keys: list[Key], values: list[Any], position: Position) -> Q:
    """All rows beyond a position: greater in the first key, or equal there and greater in the next, and so on."""
    rest: Q | None = Q() if position.inclusive else None
    for number in range(len(keys) - 1, -1, -1):
        key, value = keys[number], values[number]
        last = number == len(keys) - 1
        beyond = key.beyond(value, position.backwards)
        same = (key.at(value) if last else key.at(value) & rest) if rest is not None else None
        rest = _either(beyond, same)
    if rest is None:
        return Q(pk__in=[])
    return keys[0].bound(values[0], position.backwards) & rest


def _either(one: Q | None, other: Q | None) -> Q | None:
    if one is None or other is None:
        return one if other is None else other
    return one | other


def _limit(request: Request) -> int:
    text = request.query_params.get("limit", "")
    if not text:
        return DEFAULT
    if not (text.isascii() and text.isdigit() and len(text) <= 18 and int(text)):
        raise InvalidParameter(_("This must be a whole number, one or more."), field="limit")
    return min(int(text), MOST)
