"""How one of the ISP's people signs in, for administrators: sessions, second factors, addresses, last sign-ins."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from portal.browsers import device
from portal.pages.common import Request, admins_only, submit
from portal.pages.forms_sign_in import AddressesForm
from portal.pages.security import LAST_SIGN_INS, places_of
from tenants import access
from tenants.access import as_id
from tenants.errors import Missing
from tenants.models import Passkey, User, UserSession
from tenants.secrets import digest
from tenants.services import second_factors, sessions, sign_in, users

METHODS = ["GET", "HEAD", "POST"]


@admins_only
@require_http_methods(METHODS)
def user_sign_in(request: Request, user_id: str) -> HttpResponse:
    """Where a person is signed in, and from where he may sign in."""
    person = access.user_for(request.user, user_id)
    form = AddressesForm(request.POST or None, initial={"authorized_ip": person.authorized_ip})
    done = submit(request, form, lambda values: users.change_user(person, acting_user=request.user, **values))
    if done is not None:
        messages.success(request, _("%(login)s is saved.") % {"login": person.login})
        return redirect("user-sign-in", user_id=person.pk)
    context = {
        "account": person,
        "form": form,
        "places": places_of(person, here=digest(request.session.session_key or "")),
        "generator": second_factors.generator_of(person),
        "passkeys": Passkey.objects.filter(user=person).count(),
        "left": second_factors.left(person),
        "sign_ins": [(entry, device(entry.user_agent)) for entry in sign_in.entries(user=person)[:LAST_SIGN_INS]],
    }
    return render(request, "users/sign_in.html", context, status=422 if form.errors else 200)


@admins_only
@require_POST
def end_session(request: Request, user_id: str, session_id: str) -> HttpResponse:
    """Sign a person out at one place."""
    person = access.user_for(request.user, user_id)
    row = UserSession.objects.filter(user=person, pk=as_id(session_id)).first()
    if row is None:
        raise Missing(_("This session has ended already."))
    sessions.end(row, acting_user=request.user)
    messages.success(request, _("That session is ended."))
    return redirect("user-sign-in", user_id=person.pk)


@admins_only
@require_POST
def end_sessions(request: Request, user_id: str) -> HttpResponse:
    """Sign a person out everywhere; oneself everywhere else."""
    person = access.user_for(request.user, user_id)
    keep = digest(request.session.session_key or "") if person.pk == request.user.pk else ""
    sessions.end_others(person, keep=keep, acting_user=request.user)
    messages.success(request, _("%(login)s is signed out everywhere.") % {"login": person.login})
    return redirect("user-sign-in", user_id=person.pk)


@admins_only
@require_http_methods(METHODS)
def remove_factors(request: Request, user_id: str) -> HttpResponse:
    """Help somebody who lost his telephone, after asking: his second factors are forgotten and he signs in anew."""
    person: User = access.user_for(request.user, user_id)
    if request.method != "POST":
        return render(request, "users/factors_remove.html", {"account": person})
    second_factors.remove_all(person, acting_user=request.user)
    sessions.end_others(person, acting_user=request.user)
    messages.success(
        request, _("%(login)s signs in by password alone until he sets up anew.") % {"login": person.login}
    )
    return redirect("user-sign-in", user_id=person.pk)
