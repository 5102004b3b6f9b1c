"""Letting people in by mail: an account that is there already sets its password, a stranger joins an organization.

`send_activation` and `activate` are for accounts somebody else made (items 24, 28, 207). `invite` is for an
organization (item 214): whoever follows the link joins it with the rights that were written into it, as the person he
is signed in as, or with a new account. Whoever has the link may use it once, within a week.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from tenants import access, audit, clock
from tenants.errors import Conflict, Forbidden, Invalid, Missing
from tenants.models import AuditEntry, Folder, Membership, Organization, Token, User
from tenants.services import demo, mail, mail_templates, memberships, passwords, tokens, users

LIFETIME = mail_templates.KINDS["activation"].lifetime


@dataclass(frozen=True)
class Invitation:
    """What a link opens."""

    token: Token
    organization: Organization
    flags: dict[str, bool]
    watches: bool
    email: str
    inviter: User | None

    @property
    def until(self) -> datetime:
        """When the link ends."""
        return self.token.expires_at


@transaction.atomic
def send_activation(user: User, *, acting_user: User | None) -> str:
    """Mail the owner of an account that somebody made for him a link that sets its password.

    Returns the link's secret, for whoever hands it over in another way; Conflict without an e-mail.
    """
    to = mail.address_of(user)
    if not to:
        raise Conflict(_("There is no e-mail to write to."), field="email")
    demo.refuse_password(user)
    tokens.withdraw(Token.Purpose.ACTIVATION, user=user)
    row, text = tokens.issue(Token.Purpose.ACTIVATION, user=user, lifetime=LIFETIME)
    audit.created(row, acting_user=acting_user)
    mail.send("activation", to=to, locale=mail.locale_of(user), **mail.about(user), token=text)
    return text


def activate(text: str, password: str) -> User:
    """Set the first password of an account by its link; raises Missing and Invalid."""
    return passwords.reset(text, password, purpose=Token.Purpose.ACTIVATION)


@transaction.atomic
def invite(
    organization: Organization,
    *,
    acting_user: User,
    email: str = "",
    locale: str = "",
    watches: bool = False,
    flags: Mapping[str, bool] | None = None,
) -> tuple[Token, str]:
    """Invite into an organization; with an e-mail the link is sent there and is for its reader only. `watches`: whoever
    comes sees all its cameras live.

    Returns the token and the link's secret. The caller has checked that the acting user edits the organization's users;
    he gives no right that he does not have himself.
    """
    unknown = set(flags or {}) - memberships.FLAGS
    if unknown:
        raise Invalid(_("This field cannot be set."), field=sorted(unknown)[0])
    held = {name: bool(value) for name, value in (flags or {}).items() if value}
    access.require_may_grant(acting_user, organization, User(), held)
    to = mail.checked(email.strip()) if email.strip() else ""
    by = None if acting_user.is_system else acting_user.pk
    payload = {"organization": organization.pk, "flags": held, "watches": watches, "email": to, "by": by}
    row, text = tokens.issue(Token.Purpose.INVITATION, lifetime=LIFETIME, payload=payload)
    audit.record(
        AuditEntry.Action.CREATE, row, acting_user=acting_user, organization_id=organization.pk,
        changed={"email": [None, to], **{name: [None, True] for name in held}},
    )  # fmt: skip
    if to:
        values = {
            "login": to,
            "name": to,
            "organization": organization.title,
            "inviter": acting_user.name or acting_user.login,
        }
        mail.send("invitation", to=to, locale=locale or organization.domain.locale, token=text, **values)
    return row, text


def pending(organization: Organization) -> list[Invitation]:
    """Invitations into an organization that nobody followed yet, the newest first."""
    rows = Token.objects.filter(
        purpose=Token.Purpose.INVITATION,
        used_at=None,
        expires_at__gt=clock.now(),
        payload__organization=organization.pk,
    )
    found = list(rows.order_by("-id")[:200])
    inviters = User.objects.in_bulk({row.payload["by"] for row in found} - {None})
    return [_invitation(row, organization, inviters.get(row.payload["by"])) for row in found]


def withdraw(organization: Organization, token_id: int, *, acting_user: User | None) -> None:
    """End an invitation that nobody followed yet."""
    row = Token.objects.filter(
        purpose=Token.Purpose.INVITATION, pk=token_id, used_at=None, payload__organization=organization.pk
    ).first()
    if row is None:
        raise Missing(_("There is no such invitation."))
    audit.record(
        AuditEntry.Action.DELETE, row, acting_user=acting_user, organization_id=organization.pk,
        changed={"email": [row.payload.get("email"), None]},
    )  # fmt: skip
    row.delete()


def invitation_of(text: str) -> Invitation:
    """What a link opens, while it may be used; else Missing. Looking does not use it."""
    row = tokens.find(Token.Purpose.INVITATION, text)
    organization = Organization.objects.filter(pk=row.payload["organization"]).first()
    if organization is None:
        raise Missing(_("The organization is gone."))
    found = _read(row, organization)
    if row.payload["by"] is not None:
        _require_still_allowed(found)
    return found


def _read(row: Token, organization: Organization) -> Invitation:
    by = row.payload["by"]
    return _invitation(row, organization, User.objects.filter(pk=by).first() if by is not None else None)


def _invitation(row: Token, organization: Organization, inviter: User | None) -> Invitation:
    return Invitation(
        row, organization, dict(row.payload["flags"]), row.payload["watches"], row.payload["email"], inviter
    )


def _require_still_allowed(invitation: Invitation) -> None:
    """An invitation is worth what its writer may do now: his rights may be gone since."""
    inviter, organization = invitation.inviter, invitation.organization
    if inviter is None or not inviter.is_active or not access.rights_in(inviter, organization).edit_users:
        raise Missing(_("This invitation is void: whoever wrote it may not invite any more."))
    try:
        access.require_may_grant(inviter, organization, User(), invitation.flags)
    except Forbidden as error:
        raise Missing(_("This invitation is void: whoever wrote it may not invite any more.")) from error


@transaction.atomic
def accept(text: str, *, user: User) -> Membership:
    """Join as a person who has an account; Forbidden when the invitation was sent to somebody else."""
    found = invitation_of(text)
    if found.email and found.email.casefold() not in {user.email.casefold(), user.login.casefold()}:
        raise Forbidden(_("This invitation was sent to %(email)s.") % {"email": found.email})
    if user.is_system or user.is_readonly:
        raise Forbidden(_("Only a person who may change something joins an organization."))
    tokens.use(Token.Purpose.INVITATION, text)
    membership = memberships.add_member(found.organization, acting_user=user, user=user, **found.flags)
    _open_folders(found, user)
    return membership


def _open_folders(found: Invitation, user: User) -> None:
    """All cameras of the organization, where the invitation says so."""
    tops = Folder.objects.filter(organization=found.organization, parent=None) if found.watches else []
    for top in tops:
        memberships.grant_folder(top, acting_user=found.inviter, user=user)


@transaction.atomic
def accept_as_new(text: str, *, email: str, name: str, password: str) -> User:
    """Join with a new account, whose login is the e-mail."""
    found = invitation_of(text)
    login = found.email or mail.checked(email.strip())
    if User.objects.filter(login__iexact=login).exists():
        raise Conflict(_("There is an account with this login; sign in to accept."), field="email")
    tokens.use(Token.Purpose.INVITATION, text)
    user = users.add_user(
        acting_user=found.inviter, login=login, email=login, name=name, password=password,
        organization=found.organization,
    )  # fmt: skip
    if found.email:
        users.email_is_proven(user)
    membership = memberships.membership_of(found.organization, user)
    memberships.change_member(membership, acting_user=found.inviter, **found.flags)
    _open_folders(found, user)
    return user


def account_exists(email: str) -> bool:
    """Whether the reader of an invitation should sign in rather than make an account."""
    return bool(email) and bool(User.objects.filter(login__iexact=email).exists())
