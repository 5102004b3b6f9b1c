"""Subscribers: organizations, their folders, and who may do what in them."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tenants.models.grants import Grant
from tenants.scoping import LivingManager, ScopedForeignKey, ScopedManager, ScopedModel

CORNER = RegexValidator(
    r"\A-?[0-9]{1,2}(\.[0-9]{1,20})? -?[0-9]{1,3}(\.[0-9]{1,20})?\Z",
    _("Write latitude and longitude with a space between them and points for the decimals: 53.54 9.98."),
)


class Organization(ScopedModel):
    """A subscriber of an ISP: cameras, users and invoices belong to it (items 31-36).

    Deleting is soft: the row stays with its names, for the bills and the audit log. `objects` does not know it then.
    """

    title = models.CharField(_("title"), max_length=200)
    owner = ScopedForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="owned_organizations"
    )
    is_default = models.BooleanField(_("default"), default=False)
    camera_limit = models.PositiveIntegerField(_("cameras at most"), default=1000)
    user_limit = models.PositiveIntegerField(_("users at most"), default=1000)
    dvr_limit = models.PositiveIntegerField(_("archive at most, GB"), default=100)
    external_id = models.CharField(_("external id"), max_length=128, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    deleted_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects: ClassVar[LivingManager[Any]] = LivingManager()
    everyone: ClassVar[ScopedManager[Any]] = ScopedManager()

    class Meta(ScopedModel.Meta):
        ordering = ["title", "id"]
        constraints = [
            models.UniqueConstraint("domain", condition=Q(is_default=True), name="tenants_organization_one_default"),
        ]
        indexes = [models.Index(fields=["domain", "title", "id"], name="tenants_organization_list")]

    def __str__(self) -> str:
        return self.title


class Membership(ScopedModel):
    """A user in an organization, with the rights of item 68."""

    organization = ScopedForeignKey(Organization, on_delete=models.CASCADE, related_name="memberships")
    user = ScopedForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    can_edit_cameras = models.BooleanField(_("edits cameras"), default=False)
    can_edit_users = models.BooleanField(_("edits users"), default=False)
    can_view_stats = models.BooleanField(_("sees statistics"), default=False)
    can_view_person_lists = models.BooleanField(_("sees person lists"), default=False)
    can_edit_person_lists = models.BooleanField(_("edits person lists"), default=False)
    is_accountant = models.BooleanField(_("accountant"), default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta(ScopedModel.Meta):
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint("domain", "organization", "user", name="tenants_membership_once"),
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.organization}"


class Folder(ScopedModel):
    """A place for cameras in an organization's tree; an organization has at least the root one (items 88, 195)."""

    organization = ScopedForeignKey(Organization, on_delete=models.CASCADE, related_name="folders")
    parent = ScopedForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="children")
    title = models.CharField(_("title"), max_length=200)
    order_num = models.PositiveIntegerField(default=1)
    coordinates = models.CharField(_("coordinates"), max_length=64, blank=True)
    # Corners of the floor plan on the map; the fourth follows from them.
    map_topleft = models.CharField(max_length=64, blank=True, validators=[CORNER])
    map_topright = models.CharField(max_length=64, blank=True, validators=[CORNER])
    map_bottomleft = models.CharField(max_length=64, blank=True, validators=[CORNER])

    class Meta(ScopedModel.Meta):
        ordering = ["order_num", "id"]
        indexes = [
            models.Index(fields=["domain", "organization"], name="tenants_folder_organization"),
            models.Index(fields=["domain", "parent"], name="tenants_folder_parent"),
        ]

    def __str__(self) -> str:
        return self.title


class FolderPermission(Grant):
    """What a user may do with the cameras of a folder and of all folders below it (items 69, 70)."""

    folder = ScopedForeignKey(Folder, on_delete=models.CASCADE, related_name="permissions")
    user = ScopedForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="folder_permissions")

    class Meta(Grant.Meta):
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint("domain", "folder", "user", name="tenants_folderpermission_once"),
            *Grant.Meta.constraints,
        ]
        indexes = [models.Index(fields=["domain", "user"], name="tenants_folderpermission_user")]

    def __str__(self) -> str:
        return f"{self.user} · {self.folder}"
