"""Refusals as the v3 dialects say them (contracts of the official client: JSON:API-like, `status` is a text).

    {"errors": [{"id": "the request's id", "status": "400", "code": "validation_error", "title": "A title is needed.",
                 "source": {"pointer": "/title"}}],
     "error": "A title is needed."}

`error` is what older clients read; `code` is for programs. A part of the body is named by `source.pointer`, a query
parameter by `source.parameter`. 401 always means: show other credentials (clients then refresh their token); 403
means that this caller may not do this, whatever he shows.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from typing import Any

from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.core.signals import got_request_exception
from django.db import OperationalError
from django.http import Http404
from django.utils.translation import gettext as _
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

from portal import logs
from portal.api.errors import WrongKey, invalid
from tenants import errors
from tenants.services.keys import KeyExpired

log = logging.getLogger(__name__)

# One row a meaning: status and code. The first class that fits decides.
V3: list[tuple[type[Exception], int, str]] = [
    (errors.Missing, 404, "not_found"),
    (errors.Forbidden, 403, "forbidden"),
    (errors.TooManyAttempts, 429, "too_many_attempts"),
    (errors.SecondFactorNeeded, 403, "second_factor_needed"),
    (WrongKey, 401, "wrong_credentials"),
    (KeyExpired, 401, "apikey_expired"),
    (errors.Unauthenticated, 401, "unauthenticated"),
    (errors.Invalid, 400, "validation_error"),
    (errors.LimitReached, 402, "limit_reached"),
    (errors.Conflict, 409, "conflict"),
    (errors.Unavailable, 503, "unavailable"),
    (exceptions.MethodNotAllowed, 405, "method_not_allowed"),
    (exceptions.ParseError, 400, "bad_request"),
    (Http404, 404, "not_found"),
    (exceptions.PermissionDenied, 403, "forbidden"),
    (PermissionDenied, 403, "forbidden"),
    (SuspiciousOperation, 400, "bad_request"),
]
# For statuses that a perch error brings by itself (see `status_and_code`).
WORDS = {400: "bad_request", 403: "forbidden", 409: "conflict", 422: "unprocessable"}


class InvalidParameter(errors.Invalid):
    """A query parameter that cannot be understood; `field` is its name."""

    code = "invalid_parameter"


def handle(error: Exception, context: Mapping[str, Any]) -> Response | None:
    """The exception handler of all v3 views. A lost database is left to the middleware, which answers 503."""
    if isinstance(error, OperationalError):
        return None
    set_rollback()
    names: Mapping[str, str] = getattr(context.get("view"), "names", {})
    if isinstance(error, exceptions.ValidationError):
        error, names = invalid(error), {}  # it names fields as they are on the wire already
    found = status_and_code(error)
    if found is None:
        return _broken(error, context)
    return answer(error, *found, names=names)


def status_and_code(error: Exception) -> tuple[int, str] | None:
    """The status and the code of an error; None for one that is a mistake of ours.

    An error class may say its own `status` (such as 422 or 429); the table knows the others.
    """
    own = getattr(error, "status", None)
    if isinstance(error, errors.PerchError) and isinstance(own, int):
        return own, error.code if error.code != "error" else WORDS.get(own, "error")
    if isinstance(error, InvalidParameter):
        return 400, error.code
    found = next(((status, code) for kind, status, code in V3 if isinstance(error, kind)), None)
    if found is None and isinstance(error, errors.PerchError):  # it has words for whoever asked: no mistake of ours
        return 409, error.code if error.code != "error" else WORDS[409]
    return found


def answer(error: Exception, status: int, code: str, *, names: Mapping[str, str] | None = None) -> Response:
    """The refusal itself, for the few views that must keep what they wrote and therefore do not raise."""
    return Response(envelope(error, status, code, names or {}), status=status, headers=_headers(error, status))


def _headers(error: Exception, status: int) -> dict[str, str] | None:
    if status == 401:
        return {"WWW-Authenticate": 'Bearer realm="Perch"'}
    seconds = getattr(error, "retry_after", None) or ("5" if status == 503 else None)
    return {"Retry-After": str(seconds)} if seconds else None


def _broken(error: Exception, context: Mapping[str, Any]) -> Response:
    """A mistake of ours: the log tells it whole, the caller gets the request's id."""
    log.error("An API view failed", exc_info=error)
    got_request_exception.send(sender=None, request=context["request"]._request)
    return answer(Exception(_("Something went wrong on our side.")), 500, "internal_error")


def envelope(error: Exception, status: int, code: str, names: Mapping[str, str]) -> dict[str, Any]:
    """The body of a refusal; one entry a field, or one in all."""
    message = _message(error)
    base = {"id": logs.request_id.get(), "status": str(status), "code": code}
    entries = [{**base, "title": text, **_source(error, field, names)} for field, text in _parts(error, message)]
    return {"errors": entries, "error": entries[0]["title"]}


def _parts(error: Exception, message: str) -> Iterator[tuple[str | None, str]]:
    fields = error.fields if isinstance(error, errors.Invalid) else {}
    if not fields:
        yield getattr(error, "field", None), message
    for field, texts in fields.items():
        yield (None if field == "__all__" else field), " ".join(_(text) for text in texts)


def _source(error: Exception, field: str | None, names: Mapping[str, str]) -> dict[str, Any]:
    """Where the fault is. Services know their own names of fields; `names` says what they are on the wire."""
    if not field:
        return {}
    if isinstance(error, InvalidParameter):
        return {"source": {"parameter": field}}
    return {"source": {"pointer": "/" + names.get(field, field).replace(".", "/")}}


def _message(error: Exception) -> str:
    if isinstance(error, errors.PerchError):
        return _(error.message)
    if isinstance(error, Http404):
        return _("There is nothing at this address.")
    return str(error)
