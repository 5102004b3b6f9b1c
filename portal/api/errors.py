"""Errors as each dialect says them: the one place where `tenants.errors` meets an API's envelope.

The v2 dialect's documents name the statuses 400, 403, 404, 500 and the words ValidationError, BadRequest, Forbidden,
WrongApikey; they do not show a body. Ours, for every error:

    {"success": false, "error": "ValidationError", "message": "A title is needed.",
     "field": "title" | null, "fields": {"title": ["A title is needed."]}, "request_id": "..."}

`message` is for people, in the caller's language; `error` is for programs. There is no 401: a caller without or with
wrong credentials gets 403, as in the reference.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
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
from portal.api.idempotency import KeyReused
from tenants import errors
from tenants.services.keys import KeyExpired

log = logging.getLogger(__name__)


class WrongKey(errors.Unauthenticated):
    """A key or session was shown that we do not know, or that is not for this user."""

    code = "wrong_key"


# One row a meaning: status and word of the v2 dialect. The first class that fits decides.
V2: list[tuple[type[Exception], int, str]] = [
    (errors.Missing, 404, "NotFound"),
    (errors.Forbidden, 403, "Forbidden"),
    (WrongKey, 403, "WrongApikey"),
    (KeyExpired, 403, "ApikeyExpired"),
    (errors.SecondFactorNeeded, 403, "SecondFactorNeeded"),
    (errors.TooManyAttempts, 429, "TooManyAttempts"),
    (errors.Unauthenticated, 403, "Forbidden"),
    (errors.Invalid, 400, "ValidationError"),
    (KeyReused, 422, "IdempotencyKeyReused"),
    (errors.LimitReached, 400, "LimitReached"),
    (errors.Conflict, 400, "Conflict"),
    (errors.Unavailable, 503, "Unavailable"),
    (exceptions.MethodNotAllowed, 405, "MethodNotAllowed"),
    (exceptions.ParseError, 400, "BadRequest"),
    (Http404, 404, "NotFound"),
    (exceptions.PermissionDenied, 403, "Forbidden"),
    (PermissionDenied, 403, "Forbidden"),
    (SuspiciousOperation, 400, "BadRequest"),
]


def handle(error: Exception, context: Mapping[str, Any]) -> Response | None:
    """The exception handler of all API views. A lost database is left to the middleware, which answers 503."""
    if isinstance(error, OperationalError):
        return None
    set_rollback()
    if isinstance(error, exceptions.ValidationError):
        error = invalid(error)
    for kind, status, word in V2:
        if isinstance(error, kind):
            return Response(envelope(word, error), status=status, headers=_headers(error))
    return _broken(error, context)


def _headers(error: Exception) -> dict[str, str] | None:
    if isinstance(error, errors.TooManyAttempts):
        return {"Retry-After": str(error.retry_after)}
    return {"Retry-After": "5"} if isinstance(error, errors.Unavailable) else None


def _broken(error: Exception, context: Mapping[str, Any]) -> Response:
    """A mistake of ours: the log tells it whole, the caller gets the request's id."""
    log.error("An API view failed", exc_info=error)
    got_request_exception.send(sender=None, request=context["request"]._request)
    return Response(envelope("InternalError", Exception(_("Something went wrong on our side."))), status=500)


def envelope(word: str, error: Exception) -> dict[str, Any]:
    """The body of a v2 error."""
    fields = dict(error.fields) if isinstance(error, errors.Invalid) else {}
    return {
        "success": False,
        "error": word,
        "message": _message(error),
        "field": getattr(error, "field", None) or next(iter(fields), None),
        "fields": fields,
        "request_id": logs.request_id.get(),
    }


def _message(error: Exception) -> str:
    if isinstance(error, errors.PerchError):
        return _(error.message)
    if isinstance(error, Http404):
        return _("There is nothing at this address.")
    return str(error)


def invalid(error: exceptions.ValidationError) -> errors.Invalid:
    """What a serializer found, as our error; nested fields are joined by dots."""
    fields = dict(_flat(error.detail, ""))
    first = next(iter(fields), "")
    return errors.Invalid(fields[first][0] if fields else "", field=first or None, fields=fields)


def _flat(detail: Any, path: str) -> list[tuple[str, list[str]]]:
    if isinstance(detail, Mapping):
        return [pair for key, value in detail.items() for pair in _flat(value, f"{path}.{key}" if path else str(key))]
    if isinstance(detail, list) and any(isinstance(item, Mapping | list) for item in detail):
        return [pair for number, item in enumerate(detail) if item for pair in _flat(item, f"{path}.{number}")]
    return [(path, [str(item) for item in detail] if isinstance(detail, list) else [str(detail)])]
