"""Error pages: plain words, the request's id, no detail of the machine."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from portal import logs
from tenants import errors

STATUS: dict[type[errors.PerchError], int] = {
    errors.Missing: 404,
    errors.Forbidden: 403,
    errors.Unauthenticated: 401,
    errors.TooManyAttempts: 429,
    errors.Invalid: 400,
    errors.LimitReached: 409,
    errors.Conflict: 409,
    errors.Unavailable: 503,
}


def status_of(error: errors.PerchError) -> int:
    """The HTTP status that means what the error means, in every dialect."""
    return next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), 400)


def page(request: HttpRequest, status: int, title: str, text: str) -> HttpResponse:
    """A page that says what is wrong and where to go."""
    context = {"status": status, "title": title, "text": text, "request_id": logs.request_id.get()}
    return render(request, "errors/error.html", context, status=status)


def page_for(request: HttpRequest, error: errors.PerchError) -> HttpResponse:
    """The page of one of Perch's errors."""
    titles = {404: _("Not found"), 403: _("Not allowed"), 401: _("Please sign in"), 409: _("Not possible now"),
              429: _("Too many attempts")}  # fmt: skip
    status = status_of(error)
    answer = page(request, status, titles.get(status, _("This cannot be done")), error.message)
    if isinstance(error, errors.TooManyAttempts):
        answer["Retry-After"] = str(error.retry_after)
    return answer


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """No such address."""
    return page(request, 404, _("Not found"), _("There is nothing at this address."))


def server_error(request: HttpRequest) -> HttpResponse:
    """Something broke on our side; plain text, because a template may be what broke."""
    text = f"Something went wrong. Request {logs.request_id.get()}\n"
    return HttpResponse(text, status=500, content_type="text/plain; charset=utf-8")


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form came without its proof of origin: usually an old tab."""
    return page(request, 403, _("Please try again"), _("The page was open too long. Go back, reload it and try again."))


def unavailable(request: HttpRequest) -> HttpResponse:
    """The database does not answer: say so and when to come back."""
    text = "The service is starting or its database does not answer. Please try again in a few seconds.\n"
    return HttpResponse(text, status=503, content_type="text/plain; charset=utf-8", headers={"Retry-After": "5"})
