"""The level above all ISPs: who runs the installation, what he did, and how large each ISP is.

None of these rows belongs to an ISP. A policy of their own hides them from whoever has not opened
`tenants.installation.installation_scope`: a request at an ISP's address never does.
"""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from tenants.encryption import EncryptedTextField, secret_property
from tenants.models.domains import Domain
from tenants.scoping import ScopedForeignKey, ScopedModel


class SuperAdministrator(AbstractBaseUser):
    """Somebody who runs the installation (item 59). He is nobody at any ISP."""

    login = models.CharField(_("login"), max_length=254)
    is_active = models.BooleanField(_("enabled"), default=True)
    created_at = models.DateTimeField(auto_now_add=True)
    # One-time codes (tenants.services.super_factors): they count once confirmed, each half minute once.
    secret_id = models.UUIDField(default=uuid.uuid4, editable=False)
    secret_sealed = EncryptedTextField(blank=True, default="")
    factor_confirmed_at = models.DateTimeField(null=True, blank=True, editable=False)
    last_step = models.BigIntegerField(default=0, editable=False)

    secret = secret_property("secret_sealed")
    domain_id = 0  # of no ISP: what the secret is sealed for

    USERNAME_FIELD = "login"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        ordering = ["login"]
        constraints = [models.UniqueConstraint(Lower("login"), name="tenants_superadministrator_login")]

    def __str__(self) -> str:
        return self.login


class SuperSession(models.Model):
    """A browser's session at the installation's own address. Only the digest of its key is kept."""

    digest = models.CharField(max_length=64, unique=True)
    administrator = models.ForeignKey(
        SuperAdministrator, on_delete=models.CASCADE, null=True, blank=True, related_name="sessions"
    )
    data = models.TextField(blank=True)
    created_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    ip = models.GenericIPAddressField(null=True, blank=True)
    user_agent = models.CharField(max_length=300, blank=True)

    def __str__(self) -> str:
        return f"session {self.pk} of super administrator {self.administrator_id}"


class SuperSignIn(models.Model):
    """One attempt to sign in at the installation's address; what the brake on guessing counts."""

    class Result(models.TextChoices):
        ENTERED = "entered", _("signed in")
        WRONG = "wrong", _("wrong login or password")

    login_digest = models.CharField(max_length=64)
    network = models.CharField(max_length=64)
    ip = models.GenericIPAddressField(null=True)
    user_agent = models.CharField(max_length=300, blank=True)
    result = models.CharField(max_length=16, choices=Result.choices)
    created_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["network", "-created_at"], name="tenants_supersignin_network"),
            models.Index(fields=["login_digest", "-created_at"], name="tenants_supersignin_login"),
        ]

    def __str__(self) -> str:
        return f"{self.result} from {self.ip}"


class InstallationEntry(models.Model):
    """What a super administrator did; a trigger refuses changes to it. Facts, no references: it outlives both."""

    class Action(models.TextChoices):
        OPENED = "opened", _("opened the ISP")
        CHANGED = "changed", _("changed the ISP")
        SUSPENDED = "suspended", _("suspended the ISP")
        RESUMED = "resumed", _("resumed the ISP")
        INVITED = "invited", _("invited an administrator to")
        SUPPORT = "support", _("asked for support access to")
        SUPPORT_ENDED = "support_ended", _("ended support access to")
        ADMINISTRATOR = "administrator", _("changed a super administrator")
        STREAMER_ADDED = "streamer_added", _("added the streamer")
        STREAMER_CHANGED = "streamer_changed", _("changed the streamer")
        STREAMER_KEY = "streamer_key", _("renewed the key of the streamer")
        STREAMER_REMOVED = "streamer_removed", _("removed the streamer")
        ZONE_ADDED = "zone_added", _("added the zone")
        ZONE_CHANGED = "zone_changed", _("changed the zone")
        ZONE_REMOVED = "zone_removed", _("removed the zone")

    action = models.CharField(max_length=20, choices=Action.choices)
    administrator_login = models.CharField(max_length=254, blank=True)
    isp_id = models.BigIntegerField(null=True)
    title = models.CharField(max_length=200, blank=True)
    changed = models.JSONField(default=dict)
    ip = models.GenericIPAddressField(null=True)
    request_id = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["isp_id", "-id"], name="tenants_installationentry_isp")]

    def __str__(self) -> str:
        return f"{self.administrator_login} {self.action} {self.title}"


class IspFigures(models.Model):
    """How large an ISP is and how it fares, as last counted in its own scope (billing.services.figures).

    The installation's pages read these and no ISP's rows.
    """

    isp = models.OneToOneField(Domain, on_delete=models.CASCADE, related_name="figures")
    organizations = models.PositiveIntegerField(default=0)
    users = models.PositiveIntegerField(default=0)
    admins_waiting = models.PositiveIntegerField(default=0)
    cameras = models.PositiveIntegerField(default=0)
    cameras_failing = models.PositiveIntegerField(default=0)
    streamers = models.PositiveIntegerField(default=0)
    sessions = models.PositiveIntegerField(default=0)
    mails_failing = models.PositiveIntegerField(default=0)
    webhooks_failing = models.PositiveIntegerField(default=0)
    last_night = models.DateField(null=True)
    nights_due = models.PositiveIntegerField(default=0)
    counted_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"figures of ISP {self.isp_id}"

    @property
    def is_well(self) -> bool:
        """Whether nothing wants looking after. One night may be due: the one that is being counted."""
        failing = self.cameras_failing or self.mails_failing or self.webhooks_failing
        return self.nights_due <= 1 and not failing


class SupportAccess(ScopedModel):
    """A super administrator's stay at an ISP, which the ISP sees and can end.

    `user` acts for him there: a row without password that no list shows and no other door knows. `digest` is of the
    link that opens the session, once.
    """

    administrator_login = models.CharField(max_length=254)
    reason = models.CharField(_("reason"), max_length=300)
    user = ScopedForeignKey("tenants.User", on_delete=models.PROTECT, related_name="+")
    digest = models.CharField(max_length=64)
    started_at = models.DateTimeField()
    entered_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    ended_by = models.CharField(max_length=254, blank=True)

    class Meta(ScopedModel.Meta):
        ordering = ["-id"]
        constraints = [models.UniqueConstraint("domain", "digest", name="tenants_supportaccess_digest")]

    def __str__(self) -> str:
        return f"support: {self.administrator_login}"
