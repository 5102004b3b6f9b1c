"""Support access as the ISP sees it: who was here, why and until when, ending it; how support comes in and leaves."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, logout
from django.http import HttpResponse
from django.middleware.csrf import rotate_token
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from portal.pages.common import Request, admins_only, signed_in
from portal.pages.recovery import secret_address
from tenants import access
from tenants.errors import Forbidden
from tenants.models import User
from tenants.services import support

BACKEND = settings.AUTHENTICATION_BACKENDS[1]


@admins_only
@require_safe
def support_page(request: Request) -> HttpResponse:
    """Who of the installation was let in here, newest first."""
    return render(request, "settings/support.html", {"stays": support.history()})


@admins_only
@require_POST
def end_access(request: Request, access_id: str) -> HttpResponse:
    """End a stay at once."""
    support.end_by(access.as_id(access_id), acting_user=request.user)
    messages.success(request, _("The support access is ended."))
    return redirect("support")


@require_http_methods(["GET", "HEAD", "POST"])
@secret_address
def enter(request: Any, token: str) -> HttpResponse:
    """The link of a super administrator. Looking at it changes nothing; his button opens the session."""
    stay = support.waiting(token)
    if request.method != "POST":
        return render(request, "session/support.html", {"stay": stay})
    _open_session(request, support.enter(token))
    return redirect("home")


def _open_session(request: Any, user: User) -> None:
    """A session of the stand-in. Django's own `login` would note it on the row, which no manager finds."""
    request.session.flush()
    request.session[SESSION_KEY] = str(user.pk)
    request.session[BACKEND_SESSION_KEY] = BACKEND
    request.session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    request.session.cycle_key()
    rotate_token(request)


@signed_in
@require_POST
def leave(request: Request) -> HttpResponse:
    """Support ends its own stay."""
    if not request.user.is_support:
        raise Forbidden(_("You are not here as support."))
    for stay in support.open_of(request.user):
        support.end(stay, by=request.user.login)
    logout(request)
    return redirect("login")
