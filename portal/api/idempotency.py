"""`Idempotency-Key`: a client that never heard the answer may ask again without doing it twice (issue 314, F5).

For every write of every dialect, by whoever is signed in. Same key and same request: the same answer, with the header
`Idempotent-Replayed: true`. Same key and another request: 422. Keys are each caller's own and live for 24 hours. A
request that was refused did nothing and leaves its key free.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import orjson
from django.http import HttpResponse
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from tenants.errors import Conflict, Invalid
from tenants.services import idempotency

HEADER = "Idempotency-Key"
WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})
KEPT_HEADERS = ("Location", "Link", "Content-Type")
_KEY = re.compile(r"[\x21-\x7e]{1,255}")

if TYPE_CHECKING:
    _View = APIView
else:
    _View = object


class KeyReused(Conflict):
    """The key came with another request before: one of the two is a mistake of the caller's."""

    code = "idempotency_key_reused"
    status = 422


class Idempotent(_View):
    """For the base view of a dialect: each write that carries a key is done once."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """After the caller is known and let in, and before his body is looked at."""
        super().initial(request, *args, **kwargs)
        key = request.headers.get(HEADER, "")
        if key and request.method in WRITES and request.user is not None:
            name = request.method.lower()
            handler = getattr(self, name, None)
            if handler is not None:  # DRF takes the handler from the instance: this request's own one
                setattr(self, name, partial(self._once, handler, _checked(key)))

    def _once(self, handler: Callable[..., Any], key: str, request: Request, *args: Any, **kwargs: Any) -> Any:
        fingerprint = _fingerprint(request, self.body_digest(request))
        row, fresh = idempotency.claim(caller_of(request), key, fingerprint)
        if not fresh:
            if row.fingerprint != fingerprint:
                raise KeyReused(_("This idempotency key came with another request before."), field=HEADER)
            return _again(row.status, row.headers, row.answer)
        answer = handler(request, *args, **kwargs)
        idempotency.keep(row, status=answer.status_code, headers=_headers(answer), answer=_text(answer))
        return answer

    def body_digest(self, request: Request) -> str:
        """What stands for the body; views that stream theirs have another way."""
        return hashlib.sha256(request._request.body).hexdigest()


def parameters_of(method: str) -> list[OpenApiParameter]:
    """How the header stands in a dialect's description."""
    if method not in WRITES:
        return []
    said = "Asking again by the same key gives the same answer and does nothing; kept for 24 hours."
    return [OpenApiParameter(HEADER, str, "header", description=said)]


def caller_of(request: Any) -> str:
    """Who a key belongs to: the user, or the ISP's system key that was shown."""
    key = getattr(request.auth, "key", None)
    return f"{request.user.pk}/{key.pk if key is not None else ''}"


def _checked(key: str) -> str:
    if not _KEY.fullmatch(key):
        raise Invalid(_("An idempotency key is 1 to 255 visible characters."), field=HEADER)
    return key


def _fingerprint(request: Request, body: str) -> str:
    parts = (request.method or "", request._request.get_full_path(), request.headers.get("force", ""), body)
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _headers(answer: HttpResponse) -> dict[str, str]:
    """Headers that belong to the answer; a DRF answer's content type is not there yet and always JSON."""
    found = {name: str(answer[name]) for name in KEPT_HEADERS if name in answer}
    return (
        found
        if "Content-Type" in found and not isinstance(answer, Response)
        else {**found, "Content-Type": "application/json"}
    )


def _text(answer: HttpResponse) -> str:
    if isinstance(answer, Response):
        return "" if answer.data is None else orjson.dumps(answer.data, option=orjson.OPT_NON_STR_KEYS).decode()
    return answer.content.decode()


def _again(status: int, headers: dict[str, str], text: str) -> HttpResponse:
    answer = HttpResponse(text, status=status)
    for name, value in headers.items():
        answer[name] = value
    answer["Idempotent-Replayed"] = "true"
    return answer
