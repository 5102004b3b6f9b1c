"""Signing in and out at the installation's address."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from portal.installation import sessions
from portal.installation.common import Request, administrators_only
from portal.installation.forms import OwnPasswordForm, SuperLoginForm
from portal.pages.common import put_errors
from tenants.errors import Invalid, TooManyAttempts, Unauthenticated
from tenants.services import super_administrators

METHODS = ["GET", "HEAD", "POST"]


@sensitive_post_parameters("password", "code")
@never_cache
@require_http_methods(METHODS)
def sign_in(request: Any) -> HttpResponse:
    """The sign-in page. A wrong password and an unknown login are answered alike, and counted."""
    if request.method != "POST" and sessions.administrator_of(request) is not None:
        return redirect("home")
    form = SuperLoginForm(request.POST or None)
    if request.method != "POST" or not form.is_valid():
        return render(request, "installation/login.html", {"form": form}, status=422 if form.errors else 200)
    try:
        found = super_administrators.authenticate(**form.cleaned_data)
    except (Unauthenticated, TooManyAttempts) as error:
        form.add_error(None, error.message)
        slow = error.retry_after if isinstance(error, TooManyAttempts) else 0
        response = render(request, "installation/login.html", {"form": form}, status=429 if slow else 422)
        if slow:
            response.headers["Retry-After"] = str(slow)
        return response
    sessions.sign_in(request, found)
    return redirect("home")


@require_POST
def sign_out(request: Any) -> HttpResponse:
    """End this session."""
    request.session.flush()
    return redirect("login")


@sensitive_post_parameters("current", "password")
@administrators_only
@require_http_methods(METHODS)
def password(request: Request) -> HttpResponse:
    """One's own password; the old one proves who is at the browser, and wrong ones count as at the door."""
    form = OwnPasswordForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        login = request.administrator.login
        try:
            super_administrators.authenticate(login, form.cleaned_data["current"])
            super_administrators.set_password(login, form.cleaned_data["password"], acting=request.administrator)
        except Invalid as error:
            put_errors(form, error)
        except (Unauthenticated, TooManyAttempts) as error:
            text = error.message if isinstance(error, TooManyAttempts) else _("This is not your password.")
            form.add_error("current", text)
        else:
            request.session.flush()
            messages.success(request, _("The password is set. Sign in with it."))
            return redirect("login")
    return render(request, "installation/password.html", {"form": form}, status=422 if form.errors else 200)
