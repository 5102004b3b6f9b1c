"""People: add, change, block, remove."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from tenants import audit
from tenants.broadcast import notify_access
from tenants.errors import Conflict, Invalid
from tenants.models import Organization, User
from tenants.scoping import current_domain_id
from tenants.services import memberships, organizations, sessions
from tenants.services.validation import as_invalid, assign, check

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


@transaction.atomic
def add_user(
    *,
    acting_user: User | None,
    login: str,
    password: str | None = None,
    organization: Organization | None = None,
    strict_password: bool = True,
    **more: Any,
) -> User:
    """Add a person to the ISP. Without an organization he lands in the default one, where he sees nothing (item 72).

    Without a password he cannot sign in until he sets one. CRMs import passwords of any strength:
    `strict_password=False` keeps only the shortest length.
    """
    user = User(domain_id=current_domain_id())
    assign(user, {"login": login.strip(), **more}, FIELDS)
    _set_password(user, password, strict=strict_password)
    _check(user)
    user.save()
    audit.created(user, acting_user=acting_user)
    memberships.add_member(organization or organizations.ensure_default(), acting_user=acting_user, user=user)
    return user


def _check(user: User) -> None:
    if not user.login:
        raise Invalid(_("A login is needed."), field="login")
    if User.objects.filter(login__iexact=user.login).exclude(pk=user.pk).exists():
        raise Invalid(_("This login is taken."), field="login")
    check(user, exclude=("password",))


def _set_password(user: User, password: str | None, *, strict: bool) -> None:
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
    before = audit.snapshot(user)
    password = values.pop("password", None)
    assign(user, values, FIELDS)
    if password:
        _set_password(user, password, strict=strict_password)
    _check(user)
    _keep_an_admin(user, before)
    user.save()
    if password or not user.is_active:
        sessions.end_all(user)
    if audit.changed(user, before, acting_user=acting_user):
        notify_access(user.pk)
    return user


def _keep_an_admin(user: User, before: dict[str, Any]) -> None:
    """The last administrator of an ISP can neither be blocked nor demoted (item 59)."""
    was = before["is_admin"] and before["is_active"]
    if was and not (user.is_admin and user.is_active) and not _other_admins(user):
        raise Conflict(_("The last administrator cannot be blocked or lose his rights."), field="is_admin")


def _other_admins(user: User) -> bool:
    return bool(User.objects.filter(is_admin=True, is_active=True).exclude(pk=user.pk).exists())


@transaction.atomic
def delete_user(user: User, *, acting_user: User | None) -> None:
    """Remove a person; organizations he owned are left without an owner. The last administrator stays."""
    if user.is_admin and not _other_admins(user):
        raise Conflict(_("The last administrator cannot be deleted."))
    audit.deleted(user, acting_user=acting_user)
    notify_access(user.pk)
    user.delete()
