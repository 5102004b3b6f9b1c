"""The folder tree of an organization (items 88, 89, 193-195)."""

from __future__ import annotations

from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext as _

from tenants import audit
from tenants.broadcast import notify_access
from tenants.errors import Conflict, Invalid
from tenants.models import Folder, Organization, User
from tenants.scoping import current_domain_id
from tenants.services.validation import assign, check, lock

FIELDS = frozenset({"title", "parent", "order_num", "coordinates", "map_topleft", "map_topright", "map_bottomleft"})


def add_root(organization: Organization, *, acting_user: User | None) -> Folder:
    """The folder every organization begins with."""
    return _add(organization, acting_user=acting_user, title="Cameras", parent=None)


def root(organization: Organization) -> Folder:
    """The first folder at the top of an organization's tree."""
    found: Folder = Folder.objects.filter(organization=organization, parent=None).order_by("order_num", "id")[0]
    return found


@transaction.atomic
def add_folder(
    organization: Organization, *, acting_user: User | None, title: str, parent: Folder | None, **more: Any
) -> Folder:
    """A new folder, last among its siblings unless `order_num` says otherwise and is free (item 193)."""
    if parent is not None and parent.organization_id != organization.pk:
        raise Invalid(_("The folder above belongs to another organization."), field="parent_id")
    return _add(organization, acting_user=acting_user, title=title, parent=parent, **more)


def _add(
    organization: Organization, *, acting_user: User | None, title: str, parent: Folder | None, **more: Any
) -> Folder:
    folder = Folder(domain_id=current_domain_id(), organization=organization)
    taken = set(Folder.objects.filter(organization=organization, parent=parent).values_list("order_num", flat=True))
    number = more.pop("order_num", None)
    number = max(taken, default=0) + 1 if number is None or number in taken else number
    assign(folder, {"title": title, "parent": parent, "order_num": number, **more}, FIELDS)
    check(folder)
    folder.save()
    audit.created(folder, acting_user=acting_user)
    notify_access()
    return folder


@transaction.atomic
def change_folder(folder: Folder, *, acting_user: User | None, **values: Any) -> Folder:
    """Rename, reorder or move a folder; never below itself and never to another organization."""
    _lock_tree(folder)
    before = audit.snapshot(folder)
    assign(folder, values, FIELDS)
    parent: Folder | None = folder.parent
    if parent is not None and parent.organization_id != folder.organization_id:
        raise Invalid(_("The folder above belongs to another organization."), field="parent_id")
    if parent is not None and parent.pk in subtree(folder):
        raise Invalid(_("A folder cannot be moved into itself."), field="parent_id")
    check(folder)
    folder.save()
    if audit.changed(folder, before, acting_user=acting_user):
        notify_access()
    return folder


@transaction.atomic
def delete_folder(folder: Folder, *, acting_user: User | None) -> None:
    """Remove an empty folder (item 89); the last folder at the top stays."""
    if folder.children.exists() or folder.cameras.exists():
        raise Conflict(_("The folder is not empty: move or delete its cameras and folders first."))
    tops = Folder.objects.filter(organization_id=folder.organization_id, parent=None)
    if folder.parent_id is None and tops.count() == 1:
        raise Conflict(_("An organization keeps at least one folder."))
    audit.deleted(folder, acting_user=acting_user)
    folder.delete()
    notify_access()


def _lock_tree(folder: Folder) -> None:
    """One move in an organization at a time: two could make a circle of what each of them alone leaves a tree."""
    Organization.objects.select_for_update(no_key=True).get(pk=folder.organization_id)
    lock(folder)


def delete_all(organization: Organization, *, acting_user: User | None) -> None:
    """Remove an organization's whole tree, leaves first."""
    while leaves := list(Folder.objects.filter(organization=organization, children=None)):
        for leaf in leaves:
            audit.deleted(leaf, acting_user=acting_user)
        Folder.objects.filter(pk__in=[leaf.pk for leaf in leaves]).delete()


def subtree(folder: Folder) -> set[int]:
    """The ids of a folder and of all folders below it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH RECURSIVE below AS (SELECT id FROM tenants_folder WHERE id = %s UNION"
            " SELECT f.id FROM tenants_folder f JOIN below b ON f.parent_id = b.id) SELECT id FROM below",
            [folder.pk],
        )
        return {row[0] for row in cursor.fetchall()}


@transaction.atomic
def move_folder(folder: Folder, *, acting_user: User | None, target: Folder, place: str) -> Folder:
    """Put a folder after, before or inside (as the last one of) another folder of its organization (item 194)."""
    _lock_tree(folder)
    parent = target if place == "inside" else target.parent
    siblings = Folder.objects.filter(organization_id=folder.organization_id, parent=parent).exclude(pk=folder.pk)
    row = list(siblings.order_by("order_num", "id"))
    at = len(row) if place == "inside" else row.index(target) + (place == "after") if target in row else None
    if at is None:
        raise Invalid(_("A folder cannot be moved beside itself."), field=f"move_{place}")
    row.insert(at, folder)
    for number, sibling in enumerate(row, start=1):
        if sibling.pk != folder.pk and sibling.order_num != number:
            was = audit.snapshot(sibling)
            sibling.order_num = number
            sibling.save(update_fields=["order_num"])
            audit.changed(sibling, was, acting_user=acting_user)
    return change_folder(folder, acting_user=acting_user, parent=parent, order_num=row.index(folder) + 1)
