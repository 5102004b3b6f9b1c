"""Refusals as the v1 dialect says them. The reference documents none; ours are these.

    {"errors": [{"status": "422", "code": "validation_error", "title": "A title is needed.",
                 "source": {"pointer": "/organization/title"}}],
     "error": "A title is needed.", "request_id": "..."}

401 means wrong or missing headers, 403 that the caller is no administrator, 404 that there is no such object or that it
is not yours, 422 that the input or the state of things does not allow it.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from django.core.exceptions import SuspiciousOperation
from django.core.signals import got_request_exception
from django.db import OperationalError
from django.http import Http404
from django.utils.translation import gettext as _
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

from portal import logs
from portal.api.errors import invalid
from tenants import errors

log = logging.getLogger(__name__)

# One row a meaning; the first class that fits decides.
V1: list[tuple[type[Exception], int, str]] = [
    (errors.Missing, 404, "not_found"),
    (errors.Forbidden, 403, "forbidden"),
    (errors.TooManyAttempts, 429, "too_many_attempts"),
    (errors.SecondFactorNeeded, 401, "second_factor_needed"),
    (errors.Unauthenticated, 401, "unauthenticated"),
    (errors.Invalid, 422, "validation_error"),
    (errors.LimitReached, 422, "limit_reached"),
    (errors.Conflict, 422, "conflict"),
    (errors.Unavailable, 503, "unavailable"),
    (exceptions.MethodNotAllowed, 405, "method_not_allowed"),
    (exceptions.ParseError, 400, "bad_request"),
    (SuspiciousOperation, 400, "bad_request"),
    (Http404, 404, "not_found"),
]


def handle(error: Exception, context: Mapping[str, Any]) -> Response | None:
    """The exception handler of all v1 views. A lost database is left to the middleware, which answers 503."""
    if isinstance(error, OperationalError):
        return None
    set_rollback()
    if isinstance(error, exceptions.ValidationError):
        error = invalid(error)
    for kind, status, code in V1:
        if isinstance(error, kind):
            own = getattr(error, "code", code) if code == "conflict" else code
            return Response(envelope(error, status, own), status=status, headers=_headers(error, status))
    log.error("An API view failed", exc_info=error)
    got_request_exception.send(sender=None, request=context["request"]._request)
    broken = Exception(_("Something went wrong on our side."))
    return Response(envelope(broken, 500, "internal_error"), status=500)


def _headers(error: Exception, status: int) -> dict[str, str] | None:
    if status == 401:
        return {"WWW-Authenticate": 'Headers realm="X-USER, X-PASSWORD, X-DOMAIN-ID"'}
    seconds = getattr(error, "retry_after", None) or ("5" if status == 503 else None)
    return {"Retry-After": str(seconds)} if seconds else None


def envelope(error: Exception, status: int, code: str) -> dict[str, Any]:
    """The body: one entry a field, or one in all."""
    fields = dict(error.fields) if isinstance(error, errors.Invalid) else {}
    named = getattr(error, "field", None)
    parts: list[tuple[str | None, str]] = [(field, " ".join(texts)) for field, texts in fields.items()]
    parts = parts or [(named, _message(error))]
    entries = [{"status": str(status), "code": code, "title": text, **_source(field)} for field, text in parts]
    return {"errors": entries, "error": entries[0]["title"], "request_id": logs.request_id.get()}


def _source(field: str | None) -> dict[str, Any]:
    if not field or field == "__all__":
        return {}
    path = field if field in {"organization", "Idempotency-Key"} else f"organization/{field.replace('.', '/')}"
    return {"source": {"pointer": f"/{path}"}}


def _message(error: Exception) -> str:
    if isinstance(error, errors.PerchError):
        return _(error.message)
    return _("There is nothing at this address.") if isinstance(error, Http404) else str(error)
