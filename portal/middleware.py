"""What every request passes: its id, its ISP, its user, and one place where errors become pages."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user
from django.db import OperationalError, transaction
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone, translation
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.utils.translation.trans_real import parse_accept_lang_header

from portal import hosts, logs
from portal.installation import support
from portal.pages import errors
from tenants import audit, clock
from tenants.errors import Forbidden, PerchError
from tenants.installation import installation_scope
from tenants.models import Domain, User
from tenants.scoping import domain_scope
from tenants.services import demo, languages
from tenants.services.wording import speaking

GetResponse = Callable[[HttpRequest], HttpResponseBase]
_SECRET_NAME = re.compile(r"token|secret|code")
_REQUEST_ID = re.compile(r"\A[A-Za-z0-9-]{8,64}\Z")


class PerchRequest(HttpRequest):
    """A request after our middleware: it knows its ISP, and its user if somebody is signed in."""

    domain: Domain
    user: User | None  # type: ignore[assignment]  # nobody is None here, not AnonymousUser
    request_id: str


class RequestIdMiddleware:
    """Gives every request a correlation id (or takes the caller's), for logs, audit rows and the answer's header."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        given = request.headers.get("X-Request-Id", "")
        request_id = given if _REQUEST_ID.match(given) else uuid.uuid4().hex
        request.request_id = request_id  # type: ignore[attr-defined]  # see PerchRequest
        token = logs.request_id.set(request_id)
        try:
            response = self.get_response(request)
        finally:
            logs.request_id.reset(token)
        response["X-Request-Id"] = request_id
        return response


class SlashMiddleware:
    """In the v2 dialect a slash at the end and doubled slashes mean nothing: the reference's own examples have them.
    The v3 client dialect was somewhere else once: applications of those days still call it there."""

    BASE = "/vsaas/api/v2/"
    BEFORE, NOW = "/watcher-client/api/v3/", "/watcher/client-api/v3/"

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.path_info.startswith(self.BASE):
            tail = request.path_info.removeprefix(self.BASE)
            request.path_info = self.BASE + "/".join(part for part in tail.split("/") if part)
        elif request.path_info.startswith(self.BEFORE):
            request.path_info = self.NOW + request.path_info.removeprefix(self.BEFORE)
        return self.get_response(request)


class HealthMiddleware:
    """Answers /healthz for any host name, before an ISP is looked for."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.path != "/healthz":
            return self.get_response(request)
        try:
            Domain.objects.exists()
        except OperationalError:
            return HttpResponse("the database does not answer", status=503, content_type="text/plain")
        return HttpResponse("ok", content_type="text/plain")


class DomainMiddleware:
    """Finds the ISP by the Host header and opens its scope for the whole request.

    One transaction spans the request; the view runs in a savepoint of it (ATOMIC_REQUESTS), so that a failed view
    leaves nothing half-written while the session is still kept. Pages show times in the ISP's zone.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        try:
            return self._scoped(request)
        except OperationalError:
            return errors.unavailable(request)

    def _scoped(self, request: HttpRequest) -> HttpResponseBase:
        host = request.META.get("HTTP_HOST", "")
        if hosts.is_installation(host):
            return self._at_installation(request)
        domain = hosts.domain_of(host)
        if domain is None:
            return HttpResponse("Not found\n", status=404, content_type="text/plain")
        request.domain = domain  # type: ignore[attr-defined]  # see PerchRequest
        with domain_scope(domain), audit.originating(_origin_of(request)), timezone.override(domain.zone):
            return self._answered(request)

    def _at_installation(self, request: HttpRequest) -> HttpResponseBase:
        """The installation's own address (T16): its own pages and sessions, no ISP's scope."""
        request.is_installation = True  # type: ignore[attr-defined]  # read by sessions and UserMiddleware
        request.urlconf = "portal.installation.urls"
        request.domain = Domain(**hosts.FACE)  # type: ignore[attr-defined]  # dresses the pages; it is no row
        with installation_scope(), audit.originating(_origin_of(request)):
            return self._answered(request)

    def _answered(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        # A view's own savepoint is gone already; this is for a 5xx raised in the middleware below us.
        if response.status_code >= 500:
            transaction.set_rollback(True)
        return response

    def process_view(self, request: HttpRequest, view: Any, arguments: Any, named: dict[str, Any]) -> None:
        """The audit log tells what was asked for; secrets in an address (a link of a mail) are not told."""
        path = request.path
        for name, value in named.items():
            if _SECRET_NAME.search(name) and str(value):
                path = path.replace(str(value), "***")
        query = logs.scrub(request.META.get("QUERY_STRING", ""))
        audit.refine(method=request.method or "", path=path, query=query)


def _origin_of(request: HttpRequest) -> audit.Origin:
    request_id: str = request.request_id  # type: ignore[attr-defined]  # see PerchRequest
    address, agent = request.META.get("REMOTE_ADDR"), request.headers.get("User-Agent", "")
    return audit.Origin(address, agent, request_id, began=clock.monotonic())


class LocaleMiddleware:
    """Speaks the user's language, else the browser's, else the ISP's (item 172)."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        domain: Domain = request.domain  # type: ignore[attr-defined]  # see PerchRequest
        with languages.of(domain), speaking(domain, self._language(request)):
            response = self.get_response(request)
            response.headers.setdefault("Content-Language", translation.get_language() or settings.LANGUAGE_CODE)
        patch_vary_headers(response, ["Accept-Language"])
        return response

    def _language(self, request: Any) -> str:
        chosen = request.COOKIES.get("perch_language", "")
        if chosen in languages.known():
            return str(chosen)
        spoken = parse_accept_lang_header(request.headers.get("Accept-Language", ""))
        own = request.domain.locale if request.domain.locale in languages.known() else settings.LANGUAGE_CODE
        return next((found for code, _weight in spoken if (found := languages.meant_by(code))), own)


class UserMiddleware:
    """Puts the signed-in user on the request, or None."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: Any) -> HttpResponseBase:
        user = None if getattr(request, "is_installation", False) else get_user(request)
        request.user = user if isinstance(user, User) else None
        if request.user is not None and request.user.is_support:
            audit.refine(via="support access")
            if request.method not in {"GET", "HEAD"} and support.is_kept_out(request.path):
                return errors.page(request, 403, _("Not allowed"), _("Support does not change this."))
        if request.user is not None and request.path.startswith(demo.PRIVATE_PATHS):
            try:
                demo.refuse_private(request.user)
            except Forbidden as error:
                return errors.page_for(request, error)
        return self._in_own_language(request)

    def _in_own_language(self, request: Any) -> HttpResponseBase:
        """The language a person chose holds wherever he signs in, and by whatever door."""
        own = request.user.locale if request.user else ""
        if own == translation.get_language() or own not in languages.known():
            return self.get_response(request)
        with speaking(request.domain, own):
            response = self.get_response(request)
            response.headers["Content-Language"] = own
        return response


class ErrorMiddleware:
    """Turns Perch's errors, raised anywhere in a page, into the page that says so."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponseBase | None:
        return errors.page_for(request, exception) if isinstance(exception, PerchError) else None
