"""Demo access (item 158): strangers look at the ISP's public cameras as one shared account that may do nothing else."""

from __future__ import annotations

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from tenants import audit
from tenants.broadcast import notify_access
from tenants.errors import Conflict, Forbidden
from tenants.models import DemoAccess, Folder, FolderPermission, User
from tenants.scoping import current_domain_id
from tenants.services import sessions

LOGIN = "Demo"
# What belongs to a person: strangers who share one account have none of it in common. Paths of pages, nouns of APIs.
PRIVATE_PATHS = ("/profile/", "/messages/")
PRIVATE_NOUNS = frozenset({"profile", "messages", "sessions"})


def access() -> DemoAccess | None:
    """The ISP's switch with its account; None if it was never on."""
    row: DemoAccess | None = DemoAccess.objects.select_related("user").first()
    return row


def is_on() -> bool:
    """Whether strangers may look."""
    row = access()
    return row is not None and row.is_on and row.user.is_active


def is_demo(user: User) -> bool:
    """Whether this is the account of demo access."""
    return bool(DemoAccess.objects.filter(user=user).exists())


def visitor() -> User:
    """The account strangers come in as; Forbidden while demo access is off."""
    row = access()
    if row is None or not row.is_on or not row.user.is_active:
        raise Forbidden(_("Demo access is off."))
    user: User = row.user
    return user


def refuse_private(user: User) -> None:
    """Strangers neither see nor end each other's sessions, and get nobody's messages."""
    if user.is_readonly and user.pk and is_demo(user):
        raise Forbidden(_("This is a demonstration: there is no profile behind it."))


def refuse_password(user: User) -> None:
    """Nobody sets a password for the shared account: it has none."""
    if user.pk is not None and is_demo(user):
        raise Conflict(_("The demo account has no password."), field="password")


def keep_harmless(user: User) -> None:
    """The shared account stays what it is, whoever edits it."""
    if (user.is_high or not user.is_readonly) and user.pk is not None and is_demo(user):
        raise Conflict(_("The demo account stays read only."), field="is_readonly")


@transaction.atomic
def switch(*, acting_user: User | None, on: bool) -> DemoAccess:
    """Let strangers in or keep them out; switched off, those who are in are out."""
    row = access()
    if row is None:
        row = DemoAccess(domain_id=current_domain_id(), user=_account(acting_user), is_on=on)
        row.save()
        audit.created(row, acting_user=acting_user)
        return row
    before = audit.snapshot(row)
    row.is_on = on
    row.save()
    audit.changed(row, before, acting_user=acting_user)
    if not on:
        sessions.end_all(row.user)
        notify_access(row.user_id)
    return row


def public_folders() -> QuerySet[Folder]:
    """The folders whose cameras strangers may look at, with all below them."""
    rows: QuerySet[Folder] = Folder.objects.filter(permissions__user__in=DemoAccess.objects.values("user"))
    return rows.select_related("organization").order_by("organization__title", "title")


def is_public(folder: Folder) -> bool:
    """Whether strangers may look at the cameras of this very folder."""
    return bool(public_folders().filter(pk=folder.pk).exists())


@transaction.atomic
def set_public(folder: Folder, *, acting_user: User | None, on: bool) -> None:
    """Show a folder's cameras to strangers, live, or hide them again. The shared account is in no organization, so
    this is its one way to a camera."""
    row = access() or switch(acting_user=acting_user, on=False)
    held = FolderPermission.objects.filter(folder=folder, user=row.user).first()
    if on and held is None:
        held = FolderPermission(domain_id=current_domain_id(), folder=folder, user=row.user)
        held.save()
        audit.created(held, acting_user=acting_user)
    elif not on and held is not None:
        audit.deleted(held, acting_user=acting_user)
        held.delete()
    notify_access(row.user_id)


def _account(acting_user: User | None) -> User:
    """The shared account: read only, in no organization, without a password."""
    user = User(domain_id=current_domain_id(), login=_free_login(), name="Demo", is_readonly=True, max_sessions=1000)
    user.set_unusable_password()
    user.save()
    audit.created(user, acting_user=acting_user)
    return user


def _free_login() -> str:
    taken = set(User.objects.filter(login__istartswith=LOGIN).values_list("login", flat=True))
    lowered = {login.lower() for login in taken}
    names = [LOGIN, *(f"{LOGIN}-{number}" for number in range(2, len(lowered) + 3))]
    return next(name for name in names if name.lower() not in lowered)
