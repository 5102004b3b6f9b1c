"""One's own account: who I am and how I am reached, my language (item 78). How one signs in: security.py."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from portal.pages.common import Request, signed_in, submit
from portal.pages.forms import ProfileForm
from portal.pages.session import with_language
from tenants.errors import Forbidden
from tenants.models import User
from tenants.services import users

FIELDS = ("name", "email", "phone", "notification_email", "locale")


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def profile(request: Request) -> HttpResponse:
    """What people may change about themselves."""
    user = request.user
    if request.method == "POST":
        refuse_readonly(user)
    form = ProfileForm(request.POST or None, initial={name: getattr(user, name) for name in FIELDS})
    done = submit(request, form, lambda values: users.change_user(user, acting_user=user, **values))
    if done is not None:
        messages.success(request, _("Your profile is saved."))
        return with_language(redirect("profile"), done)
    context = {"form": form}
    return render(request, "profile/profile.html", context, status=422 if form.errors else 200)


def refuse_readonly(user: User) -> None:
    """Read only means the account itself too (item 61)."""
    if user.is_readonly:
        raise Forbidden(_("This account is read only."))
