"""Pages of bare arrays: `limit` and `offset`, or the headers X-Page-Limit and X-Page-Offset (contracts 3.3).

The dialect has no totals, and callers walk until a page is shorter than they asked. Cutting a page silently would make
them stop too early, so a page may be as long as the longest anybody asks for in the field (2,000, 0.1 s of work), and
the answer says where the next one is: `Link: <...>; rel="next"`. On lists that grow large that is a cursor: the page
behind a row, which costs the same at the end of the list as at its beginning. Old clients go on counting.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.response import Response

from portal import keyset
from tenants.errors import Invalid

LONGEST = 2000
FURTHEST = 1_000_000

RowT = TypeVar("RowT")


@dataclass(frozen=True)
class Page:
    """What part of a list is asked for."""

    limit: int
    offset: int

    @property
    def end(self) -> int:
        """One row beyond the page: fetched to know whether there is a next one."""
        return self.offset + self.limit + 1


def page_of(request: Request, *, longest: int = LONGEST) -> Page:
    """The page a request asks for. An absent or empty limit is the longest page; so is a longer one."""
    limit = _number(request, "limit", "X-Page-Limit", longest)
    offset = _number(request, "offset", "X-Page-Offset", 0)
    if offset > FURTHEST:
        raise Invalid(_("The list is not that long."), field="offset")
    return Page(limit=min(limit, longest) or longest, offset=offset)


def cursor_of(request: Request, count: int) -> list[Any] | None:
    """The sort keys the page begins behind, or None at the beginning of the list."""
    text = str(request.query_params.get("cursor") or "")
    if not text:
        return None
    try:
        return keyset.unpack(text, count)
    except keyset.BadCursor as error:
        raise Invalid(_("This cursor does not belong to this list."), field="cursor") from error


def long_list(
    request: Request,
    rows: QuerySet[Any],
    order: Sequence[str],
    shape: Callable[[list[Any]], Any],
    *,
    longest: int = LONGEST,
    full: keyset.Full | None = None,
) -> Response:
    """A page of a list of any length, sorted by `order`, whose last name is a number that tells all rows apart; `full`
    adds what is shown of each row (see `portal.keyset.cut`)."""
    page, cursor = page_of(request, longest=longest), cursor_of(request, len(order))
    wanted = rows.order_by(*order)
    if cursor is not None:
        wanted, page = wanted.filter(keyset.beyond(order, cursor)), Page(page.limit, 0)
    found = wanted[page.offset : page.end]
    rows_of_page = found if full is None else keyset.completed(found, order, full)
    return answer(request, page, rows_of_page, shape, order=order)


def _number(request: Request, name: str, header: str, default: int) -> int:
    text = request.query_params.get(name) or request.headers.get(header) or ""
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise Invalid(_("This must be a whole number, zero or more."), field=name)
    return int(text)


def answer(
    request: Request,
    page: Page,
    rows: Iterable[RowT],
    shape: Callable[[list[RowT]], Any],
    *,
    order: Sequence[str] = (),
) -> Response:
    """The page's rows in shape. `rows` holds one more than the page if there is a next page; with an `order` the next
    one begins behind the last row instead of at a number."""
    found = list(rows)
    more, shown = len(found) > page.limit, found[: page.limit]
    response = Response(shape(shown))
    response["X-Page-Limit"], response["X-Page-Offset"] = str(page.limit), str(page.offset)
    if more:
        response["Link"] = f'<{_next(request, page, keyset.of_row(shown[-1], order) if order else "")}>; rel="next"'
    return response


def _next(request: Request, page: Page, cursor: str) -> str:
    query = request.query_params.copy()
    query["limit"] = str(page.limit)
    if cursor:
        query.pop("offset", None)
        query["cursor"] = cursor
    else:
        query["offset"] = str(page.offset + page.limit)
    return f"{request.path}?{query.urlencode()}"
