"""Users of the ISP (items 60, 65, 76). Administrators change them; owners see those of their organizations."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import Prefetch, Q
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from portal.pages.common import Request, admins_only, one_page, signed_in, submit
from portal.pages.forms_people import UserForm
from tenants import access
from tenants.errors import Conflict
from tenants.models import Membership, User
from tenants.services import users

METHODS = ["GET", "HEAD", "POST"]
ROLES = {
    "admin": Q(is_admin=True),
    "accountant": Q(is_accountant=True),
    "readonly": Q(is_readonly=True),
    "blocked": Q(is_active=False),
}
FIELDS = ("login", "name", "email", "phone", "note", "is_active", *UserForm.ADMIN_ONLY)


@signed_in
@require_safe
def users_page(request: Request) -> HttpResponse:
    """The users one may know of, with their organizations; owned ones are marked."""
    query, role = request.GET.get("q", "").strip(), request.GET.get("role", "")
    rows = access.visible_users(request.user)
    if query:
        rows = rows.filter(Q(login__icontains=query) | Q(name__icontains=query) | Q(email__icontains=query))
    if role in ROLES:
        rows = rows.filter(ROLES[role])
    known = access.visible_organizations(request.user)
    places = Membership.objects.filter(organization__in=known).select_related("organization")
    owned = Prefetch("owned_organizations", queryset=known)
    rows = rows.prefetch_related(Prefetch("memberships", queryset=places), owned)
    context = {"page": one_page(request, rows.order_by("login")), "query": query, "role": role}
    return render(request, "users/list.html", context)


@sensitive_post_parameters("password")
@admins_only
@require_http_methods(METHODS)
def add(request: Request) -> HttpResponse:
    """A new account; it lands in the default organization, where it sees nothing yet."""
    form = UserForm(request.POST or None, initial={"is_active": True}, by_admin=True)
    form.fields["password"].required = True
    done = submit(request, form, lambda values: users.add_user(acting_user=request.user, **values))
    if done is not None:
        messages.success(request, _("%(login)s is added.") % {"login": done.login})
        return redirect("user", user_id=done.pk)
    return render(request, "users/form.html", {"form": form}, status=422 if form.errors else 200)


@sensitive_post_parameters("password")
@admins_only
@require_http_methods(METHODS)
def change(request: Request, user_id: str) -> HttpResponse:
    """An account: its flags, and where it belongs."""
    person = access.user_for(request.user, user_id)
    initial = {name: getattr(person, name) for name in FIELDS}
    form = UserForm(request.POST or None, initial=initial, by_admin=True)
    form.fields["password"].help_text = _("Empty: unchanged. A new one signs the person out everywhere.")
    done = submit(request, form, lambda values: users.change_user(person, acting_user=request.user, **values))
    if done is not None:
        messages.success(request, _("%(login)s is saved.") % {"login": done.login})
        return redirect("users")
    return render(request, "users/form.html", described(form, person), status=422 if form.errors else 200)


def described(form: UserForm, person: User) -> dict[str, Any]:
    """An account's page: the form and the organizations it belongs to or owns."""
    places = Membership.objects.filter(user=person).select_related("organization").order_by("organization__title")
    owned = person.owned_organizations.order_by("title")
    return {"form": form, "account": person, "places": places, "owned": owned, "sessions": person.sessions.count()}


@admins_only
@require_http_methods(METHODS)
def delete(request: Request, user_id: str) -> HttpResponse:
    """Delete an account, after asking."""
    person = access.user_for(request.user, user_id)
    if request.method != "POST":
        return render(request, "users/delete.html", {"account": person, "owned": person.owned_organizations.all()})
    login = person.login
    try:
        users.delete_user(person, acting_user=request.user)
    except Conflict as error:
        messages.error(request, error.message)
        return redirect("user", user_id=user_id)
    messages.success(request, _("%(login)s is deleted.") % {"login": login})
    return redirect("users")
