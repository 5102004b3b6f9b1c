"""People: add, change, block, remove."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from tenants import audit, clock, networks
from tenants.broadcast import notify_access
from tenants.errors import Conflict, Forbidden, Invalid
from tenants.models import Organization, Token, User
from tenants.scoping import current_domain_id
from tenants.services import (
    demo,
    memberships,
    notices,
    organizations,
    outer_doors,
    second_factors,
    sessions,
    support,
    tokens,
)
from tenants.services.removal import detach
from tenants.services.validation import as_invalid, assign, check, lock, lock_isp

ADMINS_LOCK = 0x6461
# With these somebody could come in later: support changes none of them.
OPENING = ("password", "login", "email", "is_admin", "authorized_ip")
FIELDS = frozenset(
    {
        "login",
        "email",
        "name",
        "note",
        "phone",
        "notification_email",
        "locale",
        "external_id",
        "authorized_ip",
        "is_active",
        "is_admin",
        "is_accountant",
        "is_readonly",
        "is_monitoring",
        "can_view_organizations",
        "can_edit_organizations",
        "can_edit_settings",
        "max_sessions",
    }
)


@dataclass(frozen=True)
class Hashed:
    """A password that was hashed already: imports hash many at once, and compare before they change."""

    encoded: str


@transaction.atomic
def add_user(
    *,
    acting_user: User | None,
    login: str,
    password: str | Hashed | None = None,
    organization: Organization | None = None,
    strict_password: bool = True,
    **more: Any,
) -> User:
    """Add a person to the ISP. Without an organization he lands in the default one, where he sees nothing (item 72).

    Without a password he cannot sign in until he sets one. CRMs import passwords of any strength:
    `strict_password=False` keeps only the shortest length.
    """
    support.require_no_lasting_access(acting_user)
    user = User(domain_id=current_domain_id())
    assign(user, {"login": login.strip(), **more}, FIELDS)
    user.is_email_proven = _vouches(acting_user)
    _set_password(user, password, strict=strict_password)
    _check(user)
    user.save()
    audit.created(user, acting_user=acting_user)
    memberships.add_member(organization or organizations.ensure_default(), acting_user=acting_user, user=user)
    return user


def _vouches(acting_user: User | None) -> bool:
    """Whether the ISP itself says what an address is."""
    return acting_user is None or acting_user.is_admin


def _settle_email(user: User, before: dict[str, Any], acting_user: User | None) -> None:
    """Another address is proved anew; and nobody takes an address that is not known to be his for a login."""
    if user.email != before["email"] or user.login != before["login"]:
        for purpose in (Token.Purpose.PASSWORD_RESET, Token.Purpose.ACTIVATION):
            tokens.withdraw(purpose, user=user)  # a link that went to the old address proves nothing of the new one
    if _vouches(acting_user):
        user.is_email_proven = user.is_email_proven or user.email != before["email"]
        return
    if user.email != before["email"]:
        user.is_email_proven = False
    is_own = user.is_email_proven and user.login.casefold() == user.email.casefold()
    if user.login != before["login"] and "@" in user.login and not is_own:
        raise Invalid(_("Only an address that is known to be yours can be your login."), field="login")


def _check(user: User) -> None:
    if not user.login:
        raise Invalid(_("A login is needed."), field="login")
    if user.login.casefold().startswith(support.PREFIX.strip()):
        raise Invalid(_("Such a login is support's."), field="login")
    if User.objects.filter(login__iexact=user.login).exclude(pk=user.pk).exists():
        raise Invalid(_("This login is taken."), field="login")
    if not networks.is_list(user.authorized_ip):
        raise Invalid(_("Write addresses or networks, as in 192.0.2.7, 10.0.0.0/8."), field="authorized_ip")
    check(user, exclude=("password",))
    _leave_the_high(user)


def _leave_the_high(user: User) -> None:
    """Whoever came by a limited key neither makes nor touches somebody with rights at the ISP: he could sign in as him
    and have what the key has not (item 314)."""
    if not audit.current_origin().rights:
        return
    stored = User.objects.filter(pk=user.pk).first()
    if user.is_high or (stored and stored.is_high):
        raise Forbidden(_("A limited key does not touch people with rights at the whole service."))


def _set_password(user: User, password: str | Hashed | None, *, strict: bool) -> None:
    if isinstance(password, Hashed):
        user.password = password.encoded
        return
    if password is None:
        user.set_unusable_password()
        return
    if len(password) < 5:
        raise Invalid(_("A password has at least five characters."), field="password")
    if strict:
        try:
            validate_password(password, user)
        except ValidationError as error:
            raise Invalid(" ".join(as_invalid(error).fields["__all__"]), field="password") from error
    user.set_password(password)


@transaction.atomic
def change_user(user: User, *, acting_user: User | None, strict_password: bool = True, **values: Any) -> User:
    """Change a person. A block or a new password ends all his sessions at once."""
    lock(user)
    before = audit.snapshot(user)
    if any(name in values and values[name] != getattr(user, name) for name in OPENING):
        support.require_no_lasting_access(acting_user)
    password = values.pop("password", None)
    assign(user, values, FIELDS)
    _settle_email(user, before, acting_user)
    if password:
        demo.refuse_password(user)
        _set_password(user, password, strict=strict_password)
    _check(user)
    demo.keep_harmless(user)
    _keep_an_admin(user, before)
    user.save()
    if password or not user.is_active or (user.is_admin and not before["is_admin"] and second_factors.is_missing(user)):
        sessions.end_all(user)
    if password and acting_user is not None and acting_user.pk == user.pk:
        notices.password_changed(user)
    elif password:
        outer_doors.forget(user)
    if audit.changed(user, before, acting_user=acting_user):
        notify_access(user.pk)
    return user


def email_is_proven(user: User) -> None:
    """He followed a link that was mailed to him."""
    User.objects.filter(pk=user.pk).update(is_email_proven=True)
    user.is_email_proven = True


def _keep_an_admin(user: User, before: dict[str, Any]) -> None:
    """The last administrator of an ISP can neither be blocked nor demoted (item 59)."""
    was = before["is_admin"] and before["is_active"]
    if was and not (user.is_admin and user.is_active) and not _other_admins(user):
        raise Conflict(_("The last administrator cannot be blocked or lose his rights."), field="is_admin")


def _other_admins(user: User) -> bool:
    """Under a lock: of two who take each other's rights at the same moment one is told that he is the last."""
    lock_isp(ADMINS_LOCK)
    return bool(User.objects.filter(is_admin=True, is_active=True).exclude(pk=user.pk).exists())


@transaction.atomic
def delete_user(user: User, *, acting_user: User | None) -> None:
    """Remove a person; organizations he owned are left without an owner. The last administrator stays.

    Softly: his row keeps its names for the audit log and the books. What let him in is gone, and his login is free.
    """
    lock(user)
    _leave_the_high(user)
    if user.is_admin and not _other_admins(user):
        raise Conflict(_("The last administrator cannot be deleted."))
    audit.deleted(user, acting_user=acting_user)
    notify_access(user.pk)
    detach(user, acting_user=acting_user)
    user.deleted_at, user.is_active = clock.now(), False
    user.set_unusable_password()
    user.save(update_fields=["deleted_at", "is_active", "password"])
