"""Signing in and out."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import logout
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from portal.doors import Door, admit, enter
from portal.pages.forms import LoginForm
from tenants.errors import SecondFactorNeeded, TooManyAttempts, Unauthenticated
from tenants.models import IdentityProvider, User
from tenants.services import languages

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
            return welcome(request, _recognised(request, form), door=Door.PAGE, target=target)
        except (Unauthenticated, TooManyAttempts) as error:
            return refused(request, form, error, target)
    return login_page(request, form, target, status=200 if request.method != "POST" else 422)


def _recognised(request: Any, form: LoginForm) -> User:
    """Whose password this is; what else he must show is asked on the next page."""
    try:
        return enter(request, door=Door.PAGE, **form.cleaned_data)
    except SecondFactorNeeded as needed:
        if not isinstance(needed.user, User):
            raise
        return needed.user


def refused(request: Any, form: LoginForm, error: Unauthenticated | TooManyAttempts, target: str = "") -> HttpResponse:
    """The sign-in page again, with the reason; whoever guesses too fast is told how long to wait."""
    form.add_error(None, error.message)
    if isinstance(error, TooManyAttempts):
        page = login_page(request, form, target, status=429)
        page["Retry-After"] = str(error.retry_after)
        return page
    return login_page(request, form, target, status=422)


def login_page(request: Any, form: LoginForm, target: str = "", *, status: int = 200) -> HttpResponse:
    """The sign-in page, with the ISP's other ways to sign in."""
    context = {"form": form, "next": target, "providers": IdentityProvider.objects.filter(is_active=True)}
    return render(request, "session/login.html", context, status=status)


def welcome(request: Any, user: User, *, door: Door, target: str = "") -> HttpResponse:
    """Send somebody who proved himself to his second factor, or in: to `target`, or to his first page.

    Every way into the portal ends here: links from mails and identity providers, too.
    """
    to = admit(request, user, door=door, target=own_path(target) or start_of(user))
    return with_language(HttpResponseRedirect(to), user)


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
    if user.locale in languages.known():
        response.set_cookie("perch_language", user.locale, max_age=YEAR, samesite="Lax")
    return response
