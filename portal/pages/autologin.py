"""Signing in by a provider's form, and strangers by demo access (items 158, 180).

The form comes from another site, so it carries no proof of ours and the browser withholds our cookie: whether somebody
is signed in here already is seen one step later, at an address of our own. Nobody is replaced without being asked.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from django.contrib.auth import SESSION_KEY
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST, require_safe

from portal import hosts
from portal.doors import LIFETIME, Door, admit
from portal.pages.session import own_path, start_of
from portal.sessions import ENDS_AT
from tenants import clock
from tenants.errors import Forbidden, Missing, PerchError, Unauthenticated
from tenants.models import User
from tenants.services import autologin, demo

COOKIE = "perch_autologin"
COOKIE_SECONDS = 60


@csrf_exempt
@never_cache
@sensitive_post_parameters("autologin_token", "token")
@require_POST
def autologin_form(request: Any) -> HttpResponse:
    """The form of another site. A browser that withheld our cookie is sent one step further; others are let in."""
    text = request.POST.get("autologin_token") or request.POST.get("token") or ""
    target = own_path(request.POST.get("next", ""))
    try:
        person = autologin.person_of(text)
        if is_foreign(request):
            return _carried_on(request, text, target)
        return _enter(request, text, person, target)
    except (Missing, Unauthenticated, Forbidden) as error:
        return _refused(request, error)


def is_foreign(request: Any) -> bool:
    """Whether a browser sent this from another site's page, and therefore without our cookie."""
    site = request.headers.get("Sec-Fetch-Site", "")
    if site:
        return bool(site == "cross-site")
    origin = request.headers.get("Origin", "")
    return bool(origin) and hosts.normalize(urlsplit(origin).netloc) != hosts.normalize(request.get_host())


def _carried_on(request: Any, text: str, target: str) -> HttpResponse:
    """On to our own address, the token in a cookie for one minute: it is in no address and no log."""
    response = HttpResponseRedirect(reverse("autologin-step"), status=303)
    value = urlencode({"token": text, "next": target})
    response.set_signed_cookie(
        COOKIE, value, salt=COOKIE, max_age=COOKIE_SECONDS, path="/vsaas/autologin", httponly=True,
        samesite="Lax", secure=request.is_secure(),
    )  # fmt: skip
    return response


@never_cache
@require_safe
def autologin_step(request: Any) -> HttpResponse:
    """The same browser, now with its cookies."""
    value = request.get_signed_cookie(COOKIE, default="", salt=COOKIE, max_age=COOKIE_SECONDS) or ""
    carried = dict(parse_qsl(value))
    text, target = carried.get("token", ""), own_path(carried.get("next", ""))
    try:
        if request.method == "HEAD":
            raise Missing
        response = _enter(request, text, autologin.person_of(text), target)
    except (Missing, Unauthenticated, Forbidden) as error:
        response = _refused(request, error)
    response.delete_cookie(COOKIE, path="/vsaas/autologin", samesite="Lax")
    return response


@never_cache
@sensitive_post_parameters("autologin_token")
@require_POST
def autologin_switch(request: Any) -> HttpResponse:
    """Somebody who is signed in as another person said yes, on a page of ours."""
    text, target = request.POST.get("autologin_token", ""), own_path(request.POST.get("next", ""))
    try:
        return _let_in(request, text, target)
    except (Missing, Unauthenticated, Forbidden) as error:
        return _refused(request, error)


def _enter(request: Any, text: str, person: User, target: str) -> HttpResponse:
    """Let the token's person in, unless another one sits there: then ask first."""
    if request.user is not None and request.user.pk != person.pk:
        context = {"other": person, "token": text, "next": target}
        return render(request, "session/autologin_switch.html", context)
    return _let_in(request, text, target)


def _let_in(request: Any, text: str, target: str) -> HttpResponse:
    """Spend the token. The session gets a new key and an end; a second factor is asked for all the same."""
    person, lifetime = autologin.use(text)
    request.session.flush()
    address = admit(request, person, door=Door.AUTOLOGIN, target=target or start_of(person))
    end_after(request, lifetime)
    return HttpResponseRedirect(address)


def end_after(request: Any, lifetime: timedelta) -> None:
    """End the session at a moment, however busy it is; that of somebody at the second step once he has passed it."""
    if SESSION_KEY in request.session:
        request.session[ENDS_AT] = clock.timestamp() + lifetime.total_seconds()
    else:
        request.session[LIFETIME] = lifetime.total_seconds()


def _refused(request: Any, error: PerchError) -> HttpResponse:
    return render(request, "session/link_over.html", {"text": error.message}, status=403)


@never_cache
@require_POST
def demo_visit(request: Any) -> HttpResponse:
    """Come in without an account, to look at public cameras."""
    visitor = demo.visitor()
    request.session.flush()
    return HttpResponseRedirect(admit(request, visitor, door=Door.DEMO, target=reverse("cameras")))
