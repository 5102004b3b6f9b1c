"""One's own account: who I am, where I am signed in, my password, my language (item 78)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from portal.pages.common import Request, signed_in, submit
from portal.pages.forms import PasswordForm, ProfileForm
from portal.pages.session import with_language
from tenants.access import as_id
from tenants.errors import Forbidden, Invalid, Missing
from tenants.models import User, UserSession
from tenants.secrets import digest
from tenants.services import users

FIELDS = ("name", "email", "phone", "notification_email", "locale")
BROWSERS = (("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))
SYSTEMS = (("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"), ("Mac OS", "macOS"),
           ("Linux", "Linux"))  # fmt: skip


@dataclass(frozen=True)
class Place:
    """Somewhere the user is signed in."""

    session: UserSession
    device: str
    is_phone: bool
    is_here: bool


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def profile(request: Request) -> HttpResponse:
    """The profile, and the list "where you are signed in"."""
    user = request.user
    if request.method == "POST":
        refuse_readonly(user)
    form = ProfileForm(request.POST or None, initial={name: getattr(user, name) for name in FIELDS})
    done = submit(request, form, lambda values: users.change_user(user, acting_user=user, **values))
    if done is not None:
        messages.success(request, _("Your profile is saved."))
        return with_language(redirect("profile"), done)
    context = {"form": form, "password_form": PasswordForm(), "places": places(request)}
    return render(request, "profile/profile.html", context, status=422 if form.errors else 200)


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
    initial = {name: getattr(request.user, name) for name in FIELDS}
    context = {"form": ProfileForm(initial=initial), "password_form": form, "places": places(request)}
    return render(request, "profile/profile.html", context, status=422)


def refuse_readonly(user: User) -> None:
    """Read only means the account itself too (item 61)."""
    if user.is_readonly:
        raise Forbidden(_("This account is read only."))


def change_password(user: User, *, current: str, password: str) -> User:
    """The service call, once the old password was proved."""
    if not user.check_password(current):
        raise Invalid(_("This is not your current password."), field="current")
    return users.change_user(user, acting_user=user, password=password)


@signed_in
@require_POST
def end_session(request: Request, session_id: Any) -> HttpResponse:
    """Sign out somewhere else."""
    ended, _rows = UserSession.objects.filter(user=request.user, pk=as_id(session_id)).delete()
    if not ended:
        raise Missing(_("This session has ended already."))
    messages.success(request, _("That session is ended."))
    return redirect("profile")


def places(request: Request) -> list[Place]:
    """The user's sessions, this one first, then the most recent."""
    here = digest(request.session.session_key or "")
    rows = UserSession.objects.filter(user=request.user).order_by("-last_seen_at")
    found = [
        Place(row, device(row.user_agent), any(word in row.user_agent for word in ("Mobile", "Android", "iPhone")),
              row.digest in {here})
        for row in rows
    ]  # fmt: skip
    return sorted(found, key=lambda place: not place.is_here)


def device(agent: str) -> str:
    """A browser's own description in two words."""
    browser = next((name for mark, name in BROWSERS if mark in agent), "")
    system = next((name for mark, name in SYSTEMS if mark in agent), "")
    if browser and system:
        return _("%(browser)s on %(system)s") % {"browser": browser, "system": system}
    return browser or agent.partition(" ")[0][:40] or _("Unknown device")
