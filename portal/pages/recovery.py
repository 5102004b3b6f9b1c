"""A forgotten password, a first password, and an invitation: what links from mails open.

These addresses hold a secret: they are not kept by browsers and proxies, and never told to other sites. Opening one
changes nothing, because mail scanners open them, too.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from portal.doors import Door, admit
from portal.pages.common import submit
from portal.pages.forms_mail import ForgottenForm, JoinForm, NewPasswordForm
from tenants.errors import Missing, TooManyAttempts
from tenants.models import Token, User
from tenants.services import invitations, passwords

METHODS = ["GET", "HEAD", "POST"]
View = Callable[..., HttpResponseBase]


def secret_address(view: View) -> View:
    """A page whose address is a secret; one that is used up or over gets a page that says what to do."""

    @never_cache
    @wraps(view)
    def guarded(request: Any, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            response = view(request, *args, **kwargs)
        except Missing as error:
            response = render(request, "session/link_over.html", {"text": error.message}, status=404)
        # Not no-referrer: a browser would then send forms of this page with `Origin: null`, which CSRF refuses.
        response.headers["Referrer-Policy"] = "same-origin"
        return response

    return guarded


@never_cache
@require_http_methods(METHODS)
def forgotten(request: Any) -> HttpResponse:
    """Ask for a link by mail. Known and unknown people are answered alike."""
    form = ForgottenForm(request.POST or None)
    if request.method != "POST" or not form.is_valid():
        return render(request, "session/forgotten.html", {"form": form}, status=422 if form.errors else 200)
    try:
        passwords.request_recovery(form.cleaned_data["name"])
    except TooManyAttempts as error:
        form.add_error(None, error.message)
        response = render(request, "session/forgotten.html", {"form": form}, status=429)
        response.headers["Retry-After"] = str(error.retry_after)
        return response
    return render(request, "session/forgotten_sent.html")


@sensitive_post_parameters("password")
@require_http_methods(METHODS)
@secret_address
def reset(request: Any, token: str) -> HttpResponse:
    """A new password in place of the forgotten one."""
    return _set_password(request, token, Token.Purpose.PASSWORD_RESET, "session/reset.html")


@sensitive_post_parameters("password")
@require_http_methods(METHODS)
@secret_address
def activate(request: Any, token: str) -> HttpResponse:
    """The first password of an account that somebody else made."""
    return _set_password(request, token, Token.Purpose.ACTIVATION, "session/activate.html")


def _set_password(request: Any, token: str, purpose: Token.Purpose, template: str) -> HttpResponse:
    person = passwords.person_of(token, purpose)
    form = NewPasswordForm(request.POST or None)
    if submit(request, form, lambda values: passwords.reset(token, purpose=purpose, **values)) is not None:
        messages.success(request, _("The password is set. Sign in with it."))
        return redirect("login")
    context = {"form": form, "account": person}
    return render(request, template, context, status=422 if form.errors else 200)


@sensitive_post_parameters("password")
@require_http_methods(METHODS)
@secret_address
def invitation(request: Any, key: str) -> HttpResponse:
    """Join an organization: as the person who is signed in, or with a new account."""
    found = invitations.invitation_of(key)
    form = JoinForm(request.POST or None, email=found.email)
    if request.method == "POST" and request.user is not None:
        return _accept(request, key)
    person = submit(request, form, lambda values: _join(key, values))
    if person is not None:
        messages.success(request, _("Welcome to %(title)s.") % {"title": found.organization.title})
        return HttpResponseRedirect(admit(request, person, door=Door.INVITATION, target=reverse("cameras")))
    exists = invitations.account_exists(found.email)
    context = {"form": form, "invitation": found, "exists": exists, "here": reverse("invitation", args=[key])}
    return render(request, "session/invitation.html", context, status=422 if form.errors else 200)


def _join(key: str, values: dict[str, Any]) -> User:
    return invitations.accept_as_new(key, email=values.pop("email", ""), **values)


def _accept(request: Any, key: str) -> HttpResponse:
    membership = invitations.accept(key, user=request.user)
    title = membership.organization.title
    messages.success(request, _("You are in the organization %(title)s now.") % {"title": title})
    return redirect("organization", organization_id=membership.organization_id)
