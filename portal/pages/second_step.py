"""The second step of signing in: a code, a recovery code, a passkey; or setting one up where the ISP asks for it."""

from __future__ import annotations

import json
from typing import Any

from django.conf import settings
from django.http import HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from portal import hosts
from portal.doors import Door, let_in, pending
from portal.pages.errors import status_of
from portal.pages.forms import CodeForm
from portal.pages.session import start_of, with_language
from tenants import clock
from tenants.errors import Invalid, PerchError, TooManyAttempts, Unauthenticated
from tenants.models import Passkey, User
from tenants.services import passkeys, second_factors, sign_in

CHALLENGE = "challenge"
CHALLENGE_SECONDS = 300
LARGEST = 64 * 1024


@sensitive_post_parameters("code")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def second_factor(request: Any) -> HttpResponse:
    """Ask for a code or a passkey. Nobody is signed in before it."""
    found = pending(request)
    if found is None:
        return redirect("login")
    user, door, target = found
    if not second_factors.has_factor(user):
        return redirect("generator" if second_factors.is_missing(user) else "login")
    form, error = CodeForm(request.POST or None), None
    if request.method == "POST" and form.is_valid():
        error = _wrong(user, form.cleaned_data["code"], door)
        if error is None:
            return finish(request, user, door, target)
        form.add_error("code", error.message)
    context = {
        "form": form,
        "has_generator": second_factors.generator_of(user) is not None,
        "has_passkey": Passkey.objects.filter(user=user, host=place(request).host).exists(),
        "left": second_factors.left(user),
        "who": user,
    }
    status = 429 if isinstance(error, TooManyAttempts) else 422 if form.errors else 200
    page = render(request, "session/second_factor.html", context, status=status)
    if isinstance(error, TooManyAttempts):
        page["Retry-After"] = str(error.retry_after)
    return page


def _wrong(user: User, code: str, door: Door) -> PerchError | None:
    """What is wrong with a code, or nothing."""
    try:
        right = second_factors.check_code(user, code, door=door)
    except TooManyAttempts as error:
        return error
    return None if right else Invalid(_("The code is wrong, or was used already."))


def finish(request: Any, user: User, door: Door, target: str) -> HttpResponse:
    """Everything was shown: in."""
    let_in(request, user, door=door)
    return with_language(HttpResponseRedirect(target or start_of(user)), user)


def place(request: Any) -> passkeys.Place:
    """Where passkeys of this request are used: the ISP's host, and the origin that its pages have."""
    host = request.get_host()
    return passkeys.Place(host=hosts.normalize(host), origin=f"{settings.PERCH_SCHEME}://{host}")


def challenge(request: Any, options: dict[str, Any]) -> JsonResponse:
    """Options for the browser; their challenge is kept for one answer, five minutes."""
    request.session[CHALLENGE] = {"text": options["challenge"], "until": clock.timestamp() + CHALLENGE_SECONDS}
    return JsonResponse(options)


def answered(request: Any) -> tuple[Any, str, str]:
    """A browser's answer: the credential, the challenge it answers, and the name its owner gave it. Good once."""
    kept = request.session.pop(CHALLENGE, None)
    if not kept or kept["until"] < clock.timestamp():
        raise Invalid(_("That took too long. Try again."))
    try:
        body = json.loads(request.body) if len(request.body) <= LARGEST else None
    except ValueError:
        body = None
    if not isinstance(body, dict) or not isinstance(body.get("credential"), dict):
        raise Invalid(_("The device's answer cannot be accepted. Try again."))
    return body["credential"], str(kept["text"]), str(body.get("title") or "").replace("\x00", "")


def told(error: PerchError) -> JsonResponse:
    """A refusal as the script beside the button shows it."""
    answer = JsonResponse({"message": error.message}, status=status_of(error))
    if isinstance(error, TooManyAttempts):
        answer["Retry-After"] = str(error.retry_after)
    return answer


@never_cache
@require_POST
def passkey_options(request: Any) -> HttpResponse:
    """What the browser asks a device to sign: anybody's, or that of whoever is at the second step."""
    found = pending(request)
    return challenge(request, passkeys.sign_in_options(place(request), found[0] if found else None))


@never_cache
@require_POST
def passkey(request: Any) -> HttpResponse:
    """Sign in by a passkey alone, or show it as the second factor."""
    found = pending(request)
    user: User | None = found[0] if found else None
    door = found[1] if found else Door.PASSKEY
    try:
        credential, text, _title = answered(request)
        with sign_in.passkey_attempt(user, door) as attempt:
            shown = _shown(attempt, credential, text, place(request), user)
        if found:
            return JsonResponse({"to": finish(request, shown, door, found[2])["Location"]})
        return JsonResponse({"to": _by_itself(request, shown)})
    except (Invalid, Unauthenticated, TooManyAttempts) as error:
        return told(error)


def _shown(attempt: sign_in.Attempt, credential: Any, text: str, where: passkeys.Place, user: User | None) -> User:
    try:
        shown = passkeys.check(credential, challenge=text, place=where, user=user)
    except Unauthenticated:
        attempt.failed(sign_in.Result.FACTOR, user)
        raise
    attempt.passed(trusted=False)
    return shown


def _by_itself(request: Any, user: User) -> str:
    """A passkey whose device verified its owner is two factors already."""
    why = sign_in.refusal(user)
    if why:
        sign_in.note(user.login, Door.PASSKEY, why, user)
        raise Unauthenticated(_("You cannot sign in here."))
    let_in(request, user, door=Door.PASSKEY)
    return start_of(user)
