"""One's own one-time codes at the installation's address."""

from __future__ import annotations

import io

import segno
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from portal.installation import sessions
from portal.installation.common import Request, administrators_only
from portal.installation.forms import FactorForm
from portal.pages.common import put_errors
from tenants.errors import Invalid, Missing, TooManyAttempts, Unauthenticated
from tenants.services import super_administrators, super_factors

METHODS = ["GET", "HEAD", "POST"]


@sensitive_post_parameters("current", "code")
@administrators_only
@require_http_methods(METHODS)
def page(request: Request) -> HttpResponse:
    """Set codes up, or do without them again: either way the password and a code prove who is at the browser."""
    who = request.administrator
    form = FactorForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            return _changed(request, form.cleaned_data["current"], form.cleaned_data["code"])
        except Invalid as error:
            put_errors(form, error)
        except (Unauthenticated, TooManyAttempts) as error:
            form.add_error("current", error.message)
    has_factor = super_factors.has_factor(who)
    secret = "" if has_factor else super_factors.begin(who)
    grouped = " ".join(secret[start : start + 4] for start in range(0, len(secret), 4))
    context = {"form": form, "has_factor": has_factor, "secret": grouped}
    return render(request, "installation/second_factor.html", context, status=422 if form.errors else 200)


def _changed(request: Request, current: str, code: str) -> HttpResponse:
    who = request.administrator
    if super_factors.has_factor(who):
        super_administrators.authenticate(who.login, current, code=code)
        super_factors.remove(who.login, acting=who)
        request.session.flush()
        messages.success(request, _("One-time codes are removed. Sign in with the password."))
        return redirect("login")
    super_administrators.authenticate(who.login, current)
    super_factors.confirm(who, code)
    sessions.sign_in(request, who)
    messages.success(request, _("From now on a code is asked at each sign-in."))
    return redirect("home")


@administrators_only
@require_safe
def picture(request: Request) -> HttpResponse:
    """The QR code of what is being set up; once it counts, there is no picture of it any more."""
    if super_factors.has_factor(request.administrator):
        raise Missing(_("One-time codes are set up already."))
    svg = io.BytesIO()
    drawn = segno.make(super_factors.address_of(request.administrator), error="m", micro=False)
    drawn.save(svg, kind="svg", xmldecl=False, scale=5, border=3, dark="#000000", light="#ffffff")
    return HttpResponse(svg.getvalue(), content_type="image/svg+xml")
