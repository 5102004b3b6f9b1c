"""Users of the ISP (items 60, 65, 76). Administrators change them; owners see those of their organizations."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import Exists, OuterRef, Prefetch, Q
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from portal.pages.cameras import MANY_ORGANIZATIONS
from portal.pages.common import Request, admins_only, cursor_page, signed_in, submit
from portal.pages.forms_people import UserForm
from tenants import access, words
from tenants.errors import Conflict
from tenants.models import Membership, Organization, User, UserWord
from tenants.services import invitations, users
from tenants.services import messages as mailbox

METHODS = ["GET", "HEAD", "POST"]
MANY_MEMBERS = 2000
ROLES = {
    "admin": Q(is_admin=True),
    "accountant": Q(is_accountant=True),
    "readonly": Q(is_readonly=True),
    "blocked": Q(is_active=False),
}
FIELDS = tuple(name for name in UserForm.base_fields if name != "password")


@signed_in
@require_safe
def users_page(request: Request) -> HttpResponse:
    """The users one may know of, with their organizations; owned ones are marked."""
    query, role = request.GET.get("q", "").strip(), request.GET.get("role", "")
    known = access.visible_organizations(request.user)
    place = known.filter(pk=access.as_id(request.GET["organization"])).first() if in_one(request) else None
    rows = words.search(access.visible_users(request.user), UserWord, "user", query)
    if in_one(request):
        rows = rows.filter(of_place(place))
    if role in ROLES:
        rows = rows.filter(ROLES[role])
    places = Membership.objects.filter(organization__in=known).select_related("organization")
    homes = Prefetch("memberships", queryset=places.order_by("organization__title"))
    owned = Prefetch("owned_organizations", queryset=known.order_by("title"))
    page = cursor_page(request, rows, ["login", "id"], full=lambda found: found.prefetch_related(homes, owned))
    organizations = list(known.order_by("title", "id")[:MANY_ORGANIZATIONS])
    if place is not None and place not in organizations:
        organizations.append(place)
    context = {"page": page, "query": query, "role": role, "place": place, "organizations": organizations}
    context["can_write"] = mailbox.can_send(request.user)
    return render(request, "users/list.html", context)


def in_one(request: Request) -> bool:
    """Whether only the people of one organization are wanted."""
    return bool(request.GET.get("organization"))


def of_place(place: Organization | None) -> Q:
    """The members and the owner of an organization; nobody of one that the user may not know of. Those of a usual one
    are named by their numbers: a condition of two halves makes the database look at everybody at the ISP."""
    if place is None:
        return Q(pk__in=[])
    members = Membership.objects.filter(organization=place)
    ids = list(members.values_list("user_id", flat=True)[: MANY_MEMBERS + 1])
    if len(ids) > MANY_MEMBERS:
        return Q(Exists(members.filter(user=OuterRef("pk")))) | Q(pk=place.owner_id)
    return Q(pk__in=[*ids, place.owner_id] if place.owner_id else ids)


@sensitive_post_parameters("password")
@admins_only
@require_http_methods(METHODS)
def add(request: Request) -> HttpResponse:
    """A new account; it lands in the default organization, where it sees nothing yet."""
    form = UserForm(request.POST or None, initial={"is_active": True})
    form.fields["password"].help_text = _("At least eight characters. Empty: a link to set it goes to the e-mail.")
    done = submit(request, form, lambda values: add_person(request.user, values))
    if done is not None:
        messages.success(request, _("%(login)s is added.") % {"login": done.login})
        return redirect("user", user_id=done.pk)
    return render(request, "users/form.html", {"form": form}, status=422 if form.errors else 200)


def add_person(acting_user: User, values: dict[str, Any]) -> User:
    """The account; without a password its owner is sent a link to set one."""
    person = users.add_user(acting_user=acting_user, **values)
    if not values.get("password"):
        invitations.send_activation(person, acting_user=acting_user)
    return person


@sensitive_post_parameters("password")
@admins_only
@require_http_methods(METHODS)
def change(request: Request, user_id: str) -> HttpResponse:
    """An account: its flags, and where it belongs."""
    person = access.user_for(request.user, user_id)
    initial = {name: getattr(person, name) for name in FIELDS}
    form = UserForm(request.POST or None, initial=initial)
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
