"""Who is asking at the installation's address."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from portal.installation.sessions import administrator_of
from portal.pages import errors
from tenants.models import Domain, SuperAdministrator

View = Callable[..., HttpResponseBase]


class Request(HttpRequest):
    """A request of a super administrator."""

    domain: Domain
    administrator: SuperAdministrator


def administrators_only(view: View) -> View:
    """Send strangers to the sign-in page."""

    @never_cache
    @wraps(view)
    def guarded(request: Any, *args: Any, **kwargs: Any) -> HttpResponseBase:
        request.administrator = administrator_of(request)
        if request.administrator is not None:
            return view(request, *args, **kwargs)
        if request.method not in {"GET", "HEAD"}:
            text = _("You are signed out, so nothing was saved. Sign in, go back and send it again.")
            return errors.page(request, 401, _("Please sign in"), text)
        return HttpResponseRedirect(reverse("login"))

    return guarded
