"""One's own keys to the house: password, second factors, passkeys, and where one is signed in."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any
from urllib.parse import quote

import segno
from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from portal.browsers import device
from portal.doors import Door, is_fresh, let_in, pending, prove
from portal.pages import second_step
from portal.pages.common import Request, View, put_errors, signed_in, submit
from portal.pages.errors import status_of
from portal.pages.forms import CodeForm, PasswordForm, ProofForm
from portal.pages.profile import refuse_readonly
from portal.pages.session import own_path, start_of
from tenants.access import as_id
from tenants.errors import Conflict, Invalid, Missing, TooManyAttempts
from tenants.models import Passkey, User, UserSession
from tenants.secrets import digest
from tenants.services import passkeys, second_factors, sessions, sign_in, users

METHODS = ["GET", "HEAD", "POST"]
LAST_SIGN_INS = 8
PHONES = ("Mobile", "Android", "iPhone")


@dataclass(frozen=True)
class Place:
    """Somewhere a user is signed in."""

    session: UserSession
    device: str
    is_phone: bool
    is_here: bool


def fresh(view: View) -> View:
    """Let only those in who signed in a moment ago; others prove themselves once more, and come back."""

    @signed_in
    @wraps(view)
    def guarded(request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
        refuse_readonly(request.user)
        if is_fresh(request):
            return view(request, *args, **kwargs)
        back = request.get_full_path() if request.method in {"GET", "HEAD"} else reverse("security")
        return HttpResponseRedirect(f"{reverse('prove')}?next={quote(back)}")

    return guarded


def setting_up(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """For pages that set a factor up: somebody freshly signed in, or at the second step and without a factor yet."""
    for_users = fresh(lambda request, *args, **kwargs: view(request, request.user, *args, **kwargs))

    @wraps(view)
    def guarded(request: Any, *args: Any, **kwargs: Any) -> HttpResponseBase:
        found = pending(request) if request.user is None else None
        if found is not None and second_factors.is_missing(found[0]):
            return view(request, found[0], *args, **kwargs)
        return for_users(request, *args, **kwargs)

    return never_cache(guarded)


def _arrive(request: Any, user: User) -> str:
    """Let somebody in who has just set up what was asked of him; returns where he wanted to go."""
    found = pending(request) if request.user is None else None
    if found is None:
        return reverse("security")
    let_in(request, user, door=found[1])
    return found[2] or start_of(user)


@signed_in
@require_safe
def security(request: Request) -> HttpResponse:
    """Everything about how one signs in."""
    return security_page(request, PasswordForm())


def security_page(request: Request, form: PasswordForm) -> HttpResponse:
    """The page, with the form of a new password."""
    user = request.user
    context = {
        "password_form": form,
        "places": places(request),
        "generator": second_factors.generator_of(user),
        "passkeys": Passkey.objects.filter(user=user),
        "left": second_factors.left(user),
        "has_factor": second_factors.has_factor(user),
        "sign_ins": sign_in.entries(user=user)[:LAST_SIGN_INS],
        "identities": user.identities.select_related("provider"),
    }
    return render(request, "security/security.html", context, status=422 if form.errors else 200)


@sensitive_post_parameters("current", "password")
@signed_in
@require_POST
def password(request: Request) -> HttpResponse:
    """A new password; every session ends, this one too."""
    refuse_readonly(request.user)
    form = PasswordForm(request.POST)
    if submit(request, form, lambda values: change_password(request.user, **values)) is not None:
        messages.success(request, _("The password is changed. Sign in with the new one."))
        return redirect("login")
    return security_page(request, form)


def change_password(user: User, *, current: str, password: str) -> User:
    """The service call, once the old password was proved; guessing it is held back like at any door."""
    with sign_in.attempt(user.login, Door.PROOF) as attempt:
        if not user.check_password(current):
            attempt.failed(sign_in.Result.PASSWORD, user)
            raise Invalid(_("This is not your current password."), field="current")
        attempt.passed(trusted=False)
    return users.change_user(user, acting_user=user, password=password)


@sensitive_post_parameters("proof")
@never_cache
@signed_in
@require_http_methods(METHODS)
def prove_page(request: Request) -> HttpResponse:
    """Prove oneself once more before changing what lets one in."""
    form, status = ProofForm(request.POST or None), 200
    target = own_path(request.POST.get("next") or request.GET.get("next") or "") or reverse("security")
    if request.method == "POST":
        status = 422
        try:
            if form.is_valid():
                prove(request, form.cleaned_data["proof"])
                return HttpResponseRedirect(target)
        except (Invalid, TooManyAttempts) as error:
            put_errors(form, Invalid(error.message, field="proof"))
            status = status_of(error) if isinstance(error, TooManyAttempts) else status
    return render(request, "security/prove.html", {"form": form, "next": target}, status=status)


@sensitive_post_parameters("code")
@setting_up
@require_http_methods(METHODS)
def generator(request: Any, user: User) -> HttpResponse:
    """Set up one-time codes: scan, type the first one, keep the recovery codes."""
    form = CodeForm(request.POST or None)
    codes = submit(
        request, form, lambda values: second_factors.confirm_generator(user, values["code"], acting_user=user)
    )
    if codes is not None:
        to = _arrive(request, user)
        return recovery_page(request, user, codes, to) if codes else HttpResponseRedirect(to)
    if second_factors.generator_of(user) is not None:
        return redirect("security")
    row = second_factors.begin_generator(user)
    context = {"form": form, "secret": _grouped(row.secret), "who": user, "base": _base(request)}
    return render(request, "security/generator.html", context, status=422 if form.errors else 200)


def _grouped(secret: str) -> str:
    return " ".join(secret[start : start + 4] for start in range(0, len(secret), 4))


def _base(request: Any) -> str:
    """Whoever is not signed in yet sees no menu."""
    return "bare.html" if request.user is None else "portal.html"


@setting_up
@require_safe
def generator_picture(request: Any, user: User) -> HttpResponse:
    """The QR code of the generator that is being set up; once it counts, there is no picture of it any more."""
    if second_factors.generator_of(user) is not None:
        raise Missing(_("One-time codes are set up already."))
    row = second_factors.begin_generator(user)
    picture = segno.make(second_factors.address_of(row, issuer=request.domain.title), error="m", micro=False)
    svg = io.BytesIO()
    picture.save(svg, kind="svg", xmldecl=False, scale=5, border=3, dark="#000000", light="#ffffff")
    return HttpResponse(svg.getvalue(), content_type="image/svg+xml")


@fresh
@require_http_methods(METHODS)
def generator_remove(request: Request) -> HttpResponse:
    """Do without one-time codes, after asking."""
    if request.method != "POST":
        return render(request, "security/generator_remove.html")
    try:
        second_factors.remove_generator(request.user, acting_user=request.user)
        messages.success(request, _("One-time codes are not asked any more."))
    except Conflict as error:
        messages.error(request, error.message)
    return redirect("security")


@never_cache
@fresh
@require_POST
def recovery_codes(request: Request) -> HttpResponse:
    """Ten new recovery codes, shown this once."""
    if not second_factors.has_factor(request.user):
        raise Conflict(_("Recovery codes stand in for a second factor: set one up first."))
    codes = second_factors.renew_recovery_codes(request.user, acting_user=request.user)
    return recovery_page(request, request.user, codes, reverse("security"))


def recovery_page(request: Any, user: User, codes: list[str], to: str) -> HttpResponse:
    """The codes, to print or to copy."""
    return render(request, "security/recovery.html", {"codes": codes, "who": user, "to": to})


@setting_up
@require_POST
def passkey_options(request: Any, user: User) -> HttpResponse:
    """What a browser needs to make a passkey."""
    return second_step.challenge(request, passkeys.registration_options(user, second_step.place(request)))


@setting_up
@require_POST
def passkey_add(request: Any, user: User) -> HttpResponse:
    """Keep the passkey that a browser made."""
    try:
        credential, challenge, title = second_step.answered(request)
        name = title or device(request.headers.get("User-Agent", ""))
        passkeys.register(
            user, credential, challenge=challenge, place=second_step.place(request), title=name, acting_user=user
        )
    except (Invalid, Conflict) as error:
        return second_step.told(error)
    _arrive(request, user)
    messages.success(request, _("The passkey is added."))
    return JsonResponse({"to": reverse("security")})


@fresh
@require_http_methods(METHODS)
def passkey_remove(request: Request, passkey_id: str) -> HttpResponse:
    """A lost device opens nothing any more, after asking."""
    row = Passkey.objects.filter(user=request.user, pk=as_id(passkey_id)).first()
    if row is None:
        raise Missing(_("There is no such passkey."))
    if request.method != "POST":
        return render(request, "security/passkey_remove.html", {"passkey": row})
    try:
        second_factors.remove_passkey(row, acting_user=request.user)
        messages.success(request, _("The passkey is removed."))
    except Conflict as error:
        messages.error(request, error.message)
    return redirect("security")


@signed_in
@require_POST
def end_session(request: Request, session_id: Any) -> HttpResponse:
    """Sign out somewhere else."""
    row = UserSession.objects.filter(user=request.user, pk=as_id(session_id)).first()
    if row is None:
        raise Missing(_("This session has ended already."))
    sessions.end(row, acting_user=request.user)
    messages.success(request, _("That session is ended."))
    return redirect("security")


@signed_in
@require_POST
def end_others(request: Request) -> HttpResponse:
    """Sign out everywhere but here."""
    sessions.end_others(request.user, keep=digest(request.session.session_key or ""), acting_user=request.user)
    messages.success(request, _("You are signed in here only."))
    return redirect("security")


def places(request: Request) -> list[Place]:
    """The user's sessions, this one first, then the most recent."""
    here = digest(request.session.session_key or "")
    return sorted(places_of(request.user, here=here), key=lambda place: not place.is_here)


def places_of(user: User, *, here: str = "") -> list[Place]:
    """Where somebody is signed in."""
    return [
        Place(row, device(row.user_agent), any(word in row.user_agent for word in PHONES), row.digest in {here})
        for row in sessions.living(user)
    ]
