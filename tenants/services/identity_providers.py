"""Identity providers of an ISP, and who their people are here."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from tenants import audit, clock, oidc
from tenants.errors import Invalid, Unauthenticated
from tenants.models import ExternalIdentity, IdentityProvider, User
from tenants.scoping import current_domain_id
from tenants.services import users
from tenants.services.validation import assign, check

FIELDS = frozenset({"title", "issuer", "client_id", "client_secret", "adds_people", "is_active"})


@transaction.atomic
def add_provider(*, acting_user: User | None, **values: Any) -> IdentityProvider:
    """Trust a provider from now on."""
    row = IdentityProvider(domain_id=current_domain_id(), created_at=clock.now())
    _assign(row, values)
    row.save()
    audit.created(row, acting_user=acting_user)
    return row


@transaction.atomic
def change_provider(row: IdentityProvider, *, acting_user: User | None, **values: Any) -> IdentityProvider:
    """Change a provider; an empty secret leaves the old one, and another issuer forgets who its people were."""
    before = audit.snapshot(row)
    if not values.get("client_secret"):
        values.pop("client_secret", None)
    _assign(row, values)
    if row.issuer != before["issuer"]:
        ExternalIdentity.objects.filter(provider=row).delete()
    row.save()
    audit.changed(row, before, acting_user=acting_user)
    return row


def _assign(row: IdentityProvider, values: dict[str, Any]) -> None:
    values["issuer"] = values.get("issuer", row.issuer).strip()
    assign(row, values, FIELDS)
    if not oidc.is_address(row.issuer):
        raise Invalid(_("The issuer is an https address."), field="issuer")
    check(row, exclude=("client_secret_sealed",))


@transaction.atomic
def delete_provider(row: IdentityProvider, *, acting_user: User | None) -> None:
    """Trust a provider no more; its people keep their accounts."""
    audit.deleted(row, acting_user=acting_user)
    row.delete()


@transaction.atomic
def identify(provider: IdentityProvider, claims: dict[str, Any]) -> User:
    """Who the provider's person is here: known from last time, or by a verified e-mail, or added where the ISP says so.

    Raises Unauthenticated. An e-mail that is not verified, there or here, or that two accounts have, opens nothing.
    """
    subject = str(claims["sub"])[:255]
    known: ExternalIdentity | None = (
        ExternalIdentity.objects.select_related("user").filter(provider=provider, subject=subject).first()
    )
    if known is not None:
        owner: User = known.user
        return owner
    email = _verified_email(claims)
    found = list(User.objects.filter(email__iexact=email, is_email_proven=True).order_by("id")[:2])
    if len(found) > 1:
        raise Unauthenticated(_("Several accounts have this e-mail. Sign in with your password."))
    user = found[0] if found else _added(provider, email, claims)
    row = ExternalIdentity(
        domain_id=current_domain_id(), provider=provider, user=user, subject=subject, created_at=clock.now()
    )
    row.save()
    audit.created(row, acting_user=None)
    return user


def _verified_email(claims: dict[str, Any]) -> str:
    email = claims.get("email")
    if claims.get("email_verified") not in (True, "true") or not isinstance(email, str) or "@" not in email:
        raise Unauthenticated(_("The provider does not vouch for your e-mail, so it is not known who you are here."))
    return email.strip().replace("\x00", "")


def _added(provider: IdentityProvider, email: str, claims: dict[str, Any]) -> User:
    """A new account without any right; it lands in the default organization, where it sees nothing."""
    if not provider.adds_people:
        raise Unauthenticated(
            _("Nobody here has the e-mail %(email)s. Ask the provider for an account.") % {"email": email}
        )
    name = claims.get("name")
    return users.add_user(acting_user=None, login=email, email=email, name=name[:200] if isinstance(name, str) else "")
