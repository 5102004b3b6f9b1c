"""Two accounts of one person become one: places, rights and organizations are united, the other account is deleted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import models, transaction
from django.utils.translation import gettext as _

from tenants import audit
from tenants.broadcast import notify_access
from tenants.errors import Conflict
from tenants.models import AuditEntry, FolderPermission, Membership, Organization, User
from tenants.models.grants import LIMITS, RIGHTS, Grant
from tenants.services import users
from tenants.services.memberships import FLAGS
from tenants.services.removal import TOLD
from tenants.services.validation import lock

# Told to the account that stays where it has none of its own.
TEXTS = ("name", "email", "phone", "note", "notification_email", "external_id")


@transaction.atomic
def merge_users(kept: User, gone: User, *, acting_user: User | None) -> User:
    """Unite two people: `kept` gets the places, rights and organizations of `gone`, who is deleted.

    What `gone` may at the ISP as a whole (administrator, accountant) does not pass on, and his sessions and keys end.
    Raises Conflict for one and the same person, and for the last administrator.
    """
    if kept.pk == gone.pk:
        raise Conflict(_("Choose two different users."), field="user_id")
    for person in sorted((kept, gone), key=lambda person: person.pk):
        lock(person)
    before = audit.snapshot(kept)
    for name in TEXTS:
        setattr(kept, name, getattr(kept, name) or getattr(gone, name))
    kept.save()
    _move_places(kept, gone, acting_user)
    for grant in FolderPermission.objects.filter(user=gone):
        move(grant, "user", kept, acting_user=acting_user)
    for organization in Organization.everyone.filter(owner=gone):
        with told(organization, acting_user):
            organization.owner = kept
            organization.save(update_fields=["owner"])
    changed = {**audit.difference(before, audit.snapshot(kept)), "merged": [gone.login, kept.login]}
    audit.record(AuditEntry.Action.CHANGE, kept, acting_user=acting_user, changed=changed)
    users.delete_user(gone, acting_user=acting_user)
    notify_access(kept.pk)
    return kept


@contextmanager
def told(row: models.Model, acting_user: User | None) -> Iterator[None]:
    """Write what becomes different of a row into the audit log, if that tells of such rows."""
    before = audit.snapshot(row)
    yield
    if type(row).__name__ in TOLD:
        audit.changed(row, before, acting_user=acting_user)


def _move_places(kept: User, gone: User, acting_user: User | None) -> None:
    """Memberships, each with what hangs on it; in an organization of both the rights are united."""
    own = {row.organization_id: row for row in Membership.objects.filter(user=kept)}
    for place in Membership.objects.filter(user=gone):
        if place.organization_id not in own:
            with told(place, acting_user):
                place.user = kept
                place.save(update_fields=["user"])
            continue
        stays = own[place.organization_id]
        with told(stays, acting_user):
            for flag in FLAGS:
                setattr(stays, flag, getattr(stays, flag) or getattr(place, flag))
            stays.save()
        for relation in Membership._meta.related_objects:
            for row in relation.related_model._base_manager.filter(**{relation.field.name: place}):
                move(row, relation.field.name, stays, acting_user=acting_user)


def move(row: models.Model, name: str, owner: models.Model, *, acting_user: User | None) -> None:
    """Give a row to another owner; where he has such a row, two grants are united and of other rows his own stays."""
    old = getattr(row, name)
    setattr(row, name, owner)
    twin = _twin(row)
    setattr(row, name, old)
    if twin is None:
        with told(row, acting_user):
            setattr(row, name, owner)
            row.save(update_fields=[name])
    elif isinstance(row, Grant) and isinstance(twin, Grant):
        with told(twin, acting_user):
            unite(twin, row)
            twin.save()


def _twin(row: models.Model) -> models.Model | None:
    """The row that a unique constraint would not let this one stand beside."""
    model = type(row)
    columns = {field.name: field.attname for field in model._meta.local_concrete_fields}
    for constraint in model._meta.constraints:
        if isinstance(constraint, models.UniqueConstraint) and constraint.condition is None:
            names = [str(vars(part)["name"]) for part in constraint.expressions if isinstance(part, models.F)]
            values: dict[str, Any] = {name: getattr(row, columns[name]) for name in names}
            found: models.Model | None = model._base_manager.filter(**values).exclude(pk=row.pk).first()
            if found is not None:
                return found
    return None


def unite(stays: Grant, goes: Grant) -> None:
    """The most generous of two grants. Of two that hold at different times the one without limits is kept, else the
    first: a sum of both cannot be written as one grant, and nobody gets more than he had."""
    if [getattr(stays, name) for name in LIMITS] != [getattr(goes, name) for name in LIMITS]:
        if stays.is_limited and not goes.is_limited:
            for name in (*RIGHTS, *LIMITS):
                setattr(stays, name, getattr(goes, name))
        return
    depths = [grant.dvr_depth_limit for grant in (stays, goes) if grant.can_view_dvr]
    exports = stays.exports or goes.exports
    for name in ("can_view_dvr", "can_use_ptz", "can_talk", "can_use_actions"):
        setattr(stays, name, getattr(stays, name) or getattr(goes, name))
    stays.can_export = exports if stays.can_view_dvr else stays.can_export
    stays.dvr_depth_limit = None if None in depths or not depths else max(depth for depth in depths if depth)
