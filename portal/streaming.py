"""Long answers in pieces: made while they are sent, so that no size of table fills the memory.

The request's own transaction is over by then; each piece reads in a scope it opens itself.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.db import connection
from django.http import HttpRequest, StreamingHttpResponse


def table(request: HttpRequest, pieces: Iterator[str], *, name: str) -> StreamingHttpResponse:
    """A CSV file of pieces. Under ASGI Django would gather an ordinary iterator whole before it sends a byte."""
    content = _in_threads(pieces) if isinstance(request, ASGIRequest) else pieces
    answer = StreamingHttpResponse(content, content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


async def _in_threads(pieces: Iterator[str]) -> AsyncIterator[str]:
    """Each piece in whatever thread is free; none keeps its database connection between two."""

    def following() -> str | None:
        try:
            return next(pieces, None)
        finally:
            connection.close()

    while (piece := await sync_to_async(following, thread_sensitive=False)()) is not None:
        yield piece
