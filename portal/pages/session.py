"""Signing in and out."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth import login, logout
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from portal.doors import Door, enter
from portal.pages.forms import LoginForm
from tenants.errors import Unauthenticated
from tenants.models import User

YEAR = 365 * 24 * 3600


def home(request: Any) -> HttpResponse:
    """The address of the portal itself: where this person's work is."""
    if request.user is None:
        return redirect("login")
    return HttpResponseRedirect(start_of(request.user))


def start_of(user: User) -> str:
    """The first page after signing in: the ISP's accountant has invoices, everybody else cameras."""
    return reverse("usage") if user.is_accountant and not user.is_admin else reverse("cameras")


@sensitive_post_parameters("password")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: Any) -> HttpResponse:
    """The sign-in page. A wrong password and an unknown login are answered alike."""
    target = own_path(request.POST.get("next") or request.GET.get("next") or "")
    if request.method != "POST" and request.user is not None:
        return HttpResponseRedirect(target or start_of(request.user))
    form = LoginForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            user = enter(request, door=Door.PAGE, **form.cleaned_data)
        except Unauthenticated as error:
            form.add_error(None, error.message)
        else:
            login(request, user, backend=settings.AUTHENTICATION_BACKENDS[0])
            return with_language(HttpResponseRedirect(target or start_of(user)), user)
    status = 200 if request.method != "POST" else 422
    return render(request, "session/login.html", {"form": form, "next": target}, status=status)


@require_POST
def sign_out(request: Any) -> HttpResponse:
    """End this session."""
    logout(request)
    return redirect("login")


def own_path(target: str) -> str:
    """The target if it is a path of this portal, else nothing: nobody is sent elsewhere after signing in."""
    safe = target.startswith("/") and url_has_allowed_host_and_scheme(target, allowed_hosts=None)
    return target if safe else ""


def with_language(response: HttpResponse, user: User) -> HttpResponse:
    """Remember the user's language in his browser."""
    if user.locale in {code for code, _name in settings.LANGUAGES}:
        response.set_cookie("perch_language", user.locale, max_age=YEAR, samesite="Lax")
    return response
