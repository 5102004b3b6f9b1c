"""People who sign in at one ISP."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from tenants.caseless import CaselessCharField, CaselessEmailField
from tenants.scoping import LivingManager, ScopedManager, ScopedModel

HIGH = ("is_admin", "is_accountant", "can_view_organizations", "can_edit_organizations", "can_edit_settings")


class UserManager(LivingManager["User"]):
    """The users of the ISP in scope, without those who were deleted."""

    def get_by_natural_key(self, login: str | None) -> User:
        """The user with this login, ignoring case."""
        return self.get(login__iexact=login)


class User(ScopedModel, AbstractBaseUser):
    """A person or machine account of one ISP (checklist items 60, 76). The login is unique within the ISP.

    Deleting is soft: the row stays with its names, for the audit log and the books, and its login is free again.
    """

    login = CaselessCharField(_("login"), max_length=254)
    email = CaselessEmailField(_("e-mail"), blank=True)
    # Whether the address is known to be his: said by the ISP, or proved by following a mail. What somebody says of
    # himself, or an organization's editor of somebody, makes him nobody else (`tenants.services.users`).
    is_email_proven = models.BooleanField(default=True, db_default=True, editable=False)
    name = models.CharField(_("name"), max_length=200, blank=True)
    note = models.TextField(_("note"), blank=True)
    phone = models.CharField(_("phone"), max_length=64, blank=True)
    notification_email = models.EmailField(_("e-mail for notifications"), blank=True)
    locale = models.CharField(_("language"), max_length=10, blank=True)
    external_id = models.CharField(_("external id"), max_length=128, blank=True)
    authorized_ip = models.CharField(_("sign-in only from"), max_length=256, blank=True)
    is_active = models.BooleanField(_("enabled"), default=True)
    is_admin = models.BooleanField(_("administrator"), default=False)
    is_accountant = models.BooleanField(_("accountant"), default=False)
    is_readonly = models.BooleanField(_("read only"), default=False)
    is_monitoring = models.BooleanField(_("monitoring"), default=False)
    can_view_organizations = models.BooleanField(_("sees all organizations"), default=False)
    can_edit_organizations = models.BooleanField(_("edits organizations"), default=False)
    can_edit_settings = models.BooleanField(_("edits settings"), default=False)
    max_sessions = models.PositiveIntegerField(_("sessions at once"), null=True, blank=True)
    # The row a super administrator acts as during support access; no list shows it (tenants.services.support).
    is_support = models.BooleanField(default=False, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    deleted_at = models.DateTimeField(null=True, blank=True, editable=False)

    # True for whoever acts by the ISP's system key: nobody's row (see `tenants.access.system_user`).
    is_system: bool = False
    # Whether the ISP's key acts in this person's name: it does what he may, and is not he.
    is_impersonated: bool = False
    # The stay of a stand-in of support, where a session is his (tenants.services.support); for the banner.
    stay: Any = None

    objects: ClassVar[UserManager] = UserManager()
    everyone: ClassVar[ScopedManager[Any]] = ScopedManager()

    USERNAME_FIELD = "login"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        base_manager_name = "objects"
        default_manager_name = "objects"
        ordering = ["login"]
        constraints = [
            models.UniqueConstraint(
                "domain", Lower("login"), condition=models.Q(deleted_at=None), name="tenants_user_login"
            ),
        ]
        indexes = [models.Index(fields=["domain", "login", "id"], name="tenants_user_list")]

    def __str__(self) -> str:
        return self.login

    @property
    def is_high(self) -> bool:
        """Whether he holds rights at the ISP as a whole: nobody without them may become him by a key or a link."""
        return any(getattr(self, flag) for flag in HIGH)

    def save(self, *args: Any, **kwargs: Any) -> None:
        settle_flags(self)
        super().save(*args, **kwargs)


def settle_flags(user: User) -> None:
    """Apply the precedence of items 60 and 61: Administrator clears Read only and brings the organization flags."""
    if user.is_admin:
        user.is_readonly = False
        user.can_edit_organizations = True
        user.can_edit_settings = True
    if user.can_edit_organizations:
        user.can_view_organizations = True
