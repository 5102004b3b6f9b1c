"""Pages of bare arrays: `limit` and `offset`, or the headers X-Page-Limit and X-Page-Offset (contracts 3.3).

The dialect has no totals, and callers walk until a page is shorter than they asked. Cutting a page silently would make
them stop too early, so a page may be as long as the longest anybody asks for in the field (2,000, 0.1 s of work), and
the answer says where the next one is: `Link: <...>; rel="next"`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.response import Response

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


def page_of(request: Request) -> Page:
    """The page a request asks for. An absent or empty limit is the longest page; so is a longer one."""
    limit = _number(request, "limit", "X-Page-Limit", LONGEST)
    offset = _number(request, "offset", "X-Page-Offset", 0)
    if offset > FURTHEST:
        raise Invalid(_("The list is not that long."), field="offset")
    return Page(limit=min(limit, LONGEST) or LONGEST, offset=offset)


def _number(request: Request, name: str, header: str, default: int) -> int:
    text = request.query_params.get(name) or request.headers.get(header) or ""
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise Invalid(_("This must be a whole number, zero or more."), field=name)
    return int(text)


def answer(request: Request, page: Page, rows: Iterable[RowT], shape: Callable[[list[RowT]], Any]) -> Response:
    """The page's rows in shape. `rows` holds one more than the page if there is a next page."""
    found = list(rows)
    more = len(found) > page.limit
    response = Response(shape(found[: page.limit]))
    response["X-Page-Limit"], response["X-Page-Offset"] = str(page.limit), str(page.offset)
    if more:
        response["Link"] = f'<{_next(request, page)}>; rel="next"'
    return response


def _next(request: Request, page: Page) -> str:
    query = request.query_params.copy()
    query["limit"], query["offset"] = str(page.limit), str(page.offset + page.limit)
    return f"{request.path}?{query.urlencode()}"
