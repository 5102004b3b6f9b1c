"""Reading what callers send, by what it is rather than by what they say it is."""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO
from typing import IO, Any

import orjson
from django.http import QueryDict
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser, MultiPartParser


class LenientParser(BaseParser):
    """JSON or a form, told apart by the first character of the body.

    Callers in the field send JSON as `Application/json`, as no type at all, and, with plain `curl -d`, as a form; some
    send `PUT` bodies as real forms (contracts 3.3). A form becomes a plain dictionary of texts.
    """

    media_type = "*/*"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        body = stream.read().strip()
        if not body:
            return {}
        if body[:1] in b"{[":
            return self._json(body)
        kind = (media_type or "").lower()
        if kind.startswith("application/x-www-form-urlencoded"):
            return QueryDict(body, encoding="utf-8").dict()
        if kind.startswith("multipart/form-data"):
            return MultiPartParser().parse(BytesIO(body), media_type, parser_context).data.dict()
        raise ParseError("The body must be a JSON object, or a form.")

    def _json(self, body: bytes) -> Any:
        try:
            return orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise ParseError("The body is not valid JSON.") from error
