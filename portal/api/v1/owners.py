"""Owners by their e-mail addresses: known people, and new ones who are invited (items 38, 209)."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _

from tenants.errors import Invalid
from tenants.models import Organization, User
from tenants.services import invitations, organizations, users


def find(email: str) -> User | None:
    """The user with this login, else the only one with this e-mail address; None for an address nobody has.

    Whoever merely says that an address is his is not given what its owner is meant to have.
    """
    login = User.objects.filter(login__iexact=email.strip()).first()
    if login is not None and "@" in login.login and not login.is_email_proven:
        raise Invalid(_("An account has this login, and nobody has proved that the address is his."), field="owner")
    if login is not None:
        return login
    found = list(User.objects.filter(email__iexact=email.strip(), is_email_proven=True)[:2])
    if len(found) > 1:
        raise Invalid(_("Several users have this address; name one by his login."), field="owner")
    if not found:
        _check(email.strip())
    return found[0] if found else None


def _check(email: str) -> None:
    try:
        validate_email(email)
    except ValidationError as error:
        raise Invalid(_("This is no e-mail address, and nobody's login."), field="owner") from error


def invite(organization: Organization, email: str, *, acting_user: User) -> User:
    """Add a person to an organization as its owner. He sets his password by the link he is sent."""
    user = users.add_user(acting_user=acting_user, login=email.strip(), email=email.strip(), organization=organization)
    organizations.change_organization(organization, acting_user=acting_user, owner=user)
    invitations.send_activation(user, acting_user=acting_user)
    return user


def give(organization: Organization, email: str, *, acting_user: User) -> None:
    """Make somebody the owner, known or new."""
    owner = find(email)
    if owner is None:
        invite(organization, email, acting_user=acting_user)
    else:
        organizations.change_organization(organization, acting_user=acting_user, owner=owner)
