"""The doors: every way to sign in passes here, so that no door forgets a rule.

A login and a password pass `enter`, at every door alike: the brake first, then the password, then where the person
comes from, then the second factor. A browser's session is opened by `admit` and nowhere else, also for those who proved
themselves without a password (a link from a mail, an identity provider): it asks for the second factor, too.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth import authenticate
from django.contrib.auth import login as open_session
from django.urls import reverse
from django.utils.translation import gettext as _

from portal.browsers import device
from portal.sessions import ENDS_AT
from tenants import clock
from tenants.errors import Invalid, SecondFactorNeeded, Unauthenticated
from tenants.models import SignInEntry, User
from tenants.services import notices, outer_doors, second_factors, sign_in

Door = SignInEntry.Door
Result = SignInEntry.Result

PENDING = "pending"
PENDING_SECONDS = 600
LIFETIME = "lifetime"  # of the session to come, in seconds; who came by a link may be at the second step
PROVED_AT = "proved_at"
FRESH_SECONDS = 900


def enter(request: Any, *, login: str, password: str, door: Door, otp: str = "") -> User:
    """The user behind a login and password at the ISP in scope.

    Raises TooManyAttempts before anything is compared; Unauthenticated, in the same words for an unknown login, a wrong
    password, a blocked user and an address he may not come from; SecondFactorNeeded where the password is not enough.
    A page takes that one to `admit`; other doors take a code as `otp`.
    """
    with sign_in.attempt(login, door) as attempt:
        user = _known(request, login, password)
        why = sign_in.refusal(user) if user else Result.PASSWORD
        if user is None or why:
            named = User.objects.filter(login__iexact=login).first()
            attempt.failed(_reason(why, named), named)
            raise Unauthenticated(_("The login or the password is wrong."))
        attempt.passed(trusted=False)
    _ask_more(user, door, otp)
    if door != Door.PAGE:
        sign_in.entered(user, door)
    return user


def _known(request: Any, login: str, password: str) -> User | None:
    """Whose login and password these are. Whoever else may know passwords (HTTP, RADIUS) is asked here, too."""
    found = outer_doors.authenticate(login, password)
    user = authenticate(request, login=login, password=password) if found is outer_doors.LOCAL else found
    return user if isinstance(user, User) else None


def _reason(why: str, named: User | None) -> str:
    if named is None:
        return Result.UNKNOWN
    return why if named.is_active else Result.BLOCKED


def _ask_more(user: User, door: Door, otp: str) -> None:
    """What is asked besides the password. A browser goes on to the page that asks it."""
    if second_factors.is_missing(user):
        text = _("The provider asks administrators for a second factor: sign in at the portal and set it up.")
    elif not second_factors.has_factor(user):
        return
    elif otp:
        if second_factors.check_code(user, otp, door=door):
            return
        raise Unauthenticated(_("The code of the second factor is wrong."))
    else:
        text = _("This account has a second factor. Send its code as otp, use an API key, or sign in at the portal.")
    if door == Door.PAGE:
        raise SecondFactorNeeded(text, user=user)
    raise sign_in.need_factor(user, door, text)


def admit(request: Any, user: User, *, door: Door, target: str = "") -> str:
    """Let somebody who proved himself into the portal; returns the path to send him to.

    That is `target`, or the page that asks for his second factor; until he has shown it there is no session of his.
    Raises Unauthenticated for a blocked user, or one who may not come from here.
    """
    why = sign_in.refusal(user)
    if why:
        sign_in.note(user.login, door, why, user)
        raise Unauthenticated(_("You cannot sign in here."))
    if second_factors.has_factor(user) or second_factors.is_missing(user):
        sign_in.note(user.login, door, Result.NEEDS_FACTOR, user)
        _put_off(request, user, door, target)
        return reverse("second-factor")
    let_in(request, user, door=door)
    return target


def _put_off(request: Any, user: User, door: Door, target: str) -> None:
    """Remember in an anonymous session, for ten minutes, who has proved half of himself."""
    request.session.flush()
    request.session[PENDING] = {
        "user": user.pk,
        "hash": user.get_session_auth_hash(),
        "door": str(door),
        "target": target,
        "until": clock.timestamp() + PENDING_SECONDS,
    }


def pending(request: Any) -> tuple[User, Door, str] | None:
    """Who is at the second step, by which door he came, and where he wants to go."""
    kept = request.session.get(PENDING)
    if not kept or kept["until"] < clock.timestamp():
        return None
    user = User.objects.filter(pk=kept["user"], is_active=True).first()
    if user is None or user.get_session_auth_hash() != kept["hash"] or not sign_in.may_come(user):
        return None
    return user, Door(kept["door"]), str(kept["target"])


def let_in(request: Any, user: User, *, door: Door) -> None:
    """Open a browser's session, with a key of its own, for somebody of whom nothing more is asked."""
    request.session.pop(PENDING, None)
    seconds = request.session.pop(LIFETIME, None)
    open_session(request, user, backend=settings.AUTHENTICATION_BACKENDS[0])
    if seconds is not None:
        request.session[ENDS_AT] = clock.timestamp() + seconds
    notices.signed_in(user, device=device(request.headers.get("User-Agent", "")))
    sign_in.entered(user, door)


def is_fresh(request: Any) -> bool:
    """Whether somebody signed in, or proved himself again, a moment ago: a forgotten browser opens no new doors."""
    request.session.get(PROVED_AT)  # reads the session
    proved_at: float = max(float(request.session.get(PROVED_AT, 0)), request.session.began_at)
    return proved_at > clock.timestamp() - FRESH_SECONDS


def prove(request: Any, text: str) -> None:
    """Prove oneself again, by password or by a code. Raises TooManyAttempts, and Invalid for a wrong one."""
    check_proof(request.user, text)
    request.session.cycle_key()
    request.session[PROVED_AT] = clock.timestamp()


def check_proof(user: User, text: str) -> None:
    """Whether this is a person's password or a code of his; the same errors."""
    with sign_in.attempt(user.login, Door.PROOF) as attempt:
        if user.check_password(text):
            attempt.passed(trusted=False)
        elif second_factors.generator_of(user) is None or not second_factors.check_code(user, text, door=Door.PROOF):
            attempt.failed(Result.PASSWORD, user)
            raise Invalid(_("This is neither your password nor a code of yours."), field="proof")
