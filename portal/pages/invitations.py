"""Inviting people into an organization (items 28, 214)."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from portal.pages.common import Request, admins_only, signed_in, submit
from portal.pages.forms_mail import InviteForm
from portal.pages.organizations import head
from tenants import access
from tenants.errors import Conflict
from tenants.models import Domain, Organization, Token
from tenants.services import invitations, mail, passwords


@never_cache
@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def invite(request: Request, organization_id: str) -> HttpResponse:
    """Invite somebody by mail, or make a link to hand over; and those who have not come yet."""
    organization = access.organization_for(request.user, organization_id, "edit_users")
    form = InviteForm(request.POST if request.method == "POST" else None)
    made = submit(request, form, lambda values: _made(request, organization, values))
    context: dict[str, Any] = {"tab": "users", **head(request, organization)}
    if made is not None:
        token, key = made
        to = token.payload["email"]
        if to:
            messages.success(request, _("An invitation is on its way to %(email)s.") % {"email": to})
            return redirect("invite", organization_id=organization.pk)
        context |= {"link": link_of(request.domain, key)}
        form = InviteForm()
    context |= {"form": form, "pending": invitations.pending(organization)}
    return render(request, "organizations/invite.html", context, status=422 if form.errors else 200)


def _made(request: Request, organization: Organization, values: dict[str, Any]) -> tuple[Token, str]:
    email, watches = values.pop("email"), values.pop("watches")
    return invitations.invite(
        organization, acting_user=request.user, email=email, watches=watches, locale=get_language() or "", flags=values
    )


def link_of(domain: Domain, key: str) -> str:
    """The address that accepts an invitation, at the ISP's own name."""
    return f"{mail.base_url(domain)}/vsaas/invite/{key}"


@signed_in
@require_POST
def withdraw(request: Request, organization_id: str, invitation_id: str) -> HttpResponse:
    """End an invitation nobody followed yet."""
    organization = access.organization_for(request.user, organization_id, "edit_users")
    invitations.withdraw(organization, access.as_id(invitation_id), acting_user=request.user)
    messages.success(request, _("The invitation is withdrawn."))
    return redirect("invite", organization_id=organization.pk)


@admins_only
@require_POST
def send_reset(request: Request, user_id: str) -> HttpResponse:
    """Mail somebody a link that sets his password: the first one, or a new one (item 30)."""
    person = access.user_for(request.user, user_id)
    try:
        if person.has_usable_password():
            passwords.send_reset(person, acting_user=request.user)
        else:
            invitations.send_activation(person, acting_user=request.user)
    except Conflict as error:
        messages.error(request, error.message)
    else:
        messages.success(request, _("A mail with a link is on its way to %(to)s.") % {"to": mail.address_of(person)})
    return redirect("user", user_id=person.pk)
