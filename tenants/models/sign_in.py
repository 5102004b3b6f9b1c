"""Who tried to sign in, and how often: the access log and the brake on guessing.

Both are written on a connection of their own (`tenants.aside`), because a refused request's own transaction may be
undone. Therefore the reference to the ISP has no constraint: it would wait for rows of the other transaction.
"""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from tenants.scoping import ScopedModel


class SignInEntry(ScopedModel):
    """One attempt to sign in and what became of it (items 21, 317). Facts, no references: it outlives the user."""

    class Door(models.TextChoices):
        PAGE = "page", _("portal")
        PASSKEY = "passkey", _("passkey")
        OIDC = "oidc", _("identity provider")
        AUTOLOGIN = "autologin", _("auto-login link")
        INVITATION = "invitation", _("invitation")
        RESET = "reset", _("password recovery")
        DEMO = "demo", _("demo")
        V1 = "v1", _("API v1")
        V2 = "v2", _("API v2")
        V3 = "v3", _("API v3")
        CHECK = "check", _("password check")
        PROOF = "proof", _("confirmation")

    class Result(models.TextChoices):
        ENTERED = "entered", _("signed in")
        PASSWORD = "password", _("wrong password")
        UNKNOWN = "unknown", _("unknown login")
        BLOCKED = "blocked", _("account is disabled")
        ADDRESS = "address", _("not from this address")
        THROTTLED = "throttled", _("too many attempts")
        NEEDS_FACTOR = "needs_factor", _("second factor asked for")
        FACTOR = "factor", _("wrong second factor")
        REFUSED = "refused", _("refused")

    domain = models.ForeignKey(
        "tenants.Domain", on_delete=models.CASCADE, related_name="+", editable=False, db_constraint=False
    )
    user_id = models.BigIntegerField(null=True)
    login = models.CharField(max_length=254, blank=True)
    door = models.CharField(max_length=16, choices=Door.choices)
    result = models.CharField(max_length=16, choices=Result.choices)
    ip = models.GenericIPAddressField(null=True)
    user_agent = models.CharField(max_length=300, blank=True)
    request_id = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField()

    class Meta(ScopedModel.Meta):
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["domain", "-id"], name="tenants_signin_recent"),
            models.Index(fields=["domain", "user_id", "-id"], name="tenants_signin_user"),
        ]

    def __str__(self) -> str:
        return f"{self.login} at {self.door}: {self.result}"


class SignInBrake(ScopedModel):
    """Wrong answers counted under one name: a login at a network, a login, a network, a user's second factor.

    `pending` are answers that are being looked at: they count until they turn out right.
    `digest` hides the name: what people type as a login may be a password. `trusted_until` stands on a login at a
    network: somebody who signs in there is not held back by what others do elsewhere.
    """

    domain = models.ForeignKey(
        "tenants.Domain", on_delete=models.CASCADE, related_name="+", editable=False, db_constraint=False
    )
    digest = models.CharField(max_length=64)
    attempts = models.PositiveIntegerField(default=0)
    pending = models.PositiveIntegerField(default=0)
    level = models.PositiveIntegerField(default=0)
    window_at = models.DateTimeField()
    blocked_until = models.DateTimeField(null=True)
    is_noted = models.BooleanField(default=False)
    trusted_until = models.DateTimeField(null=True)
    updated_at = models.DateTimeField()

    class Meta(ScopedModel.Meta):
        constraints = [models.UniqueConstraint("domain", "digest", name="tenants_signinbrake_digest")]

    def __str__(self) -> str:
        return f"{self.attempts} attempts, blocked until {self.blocked_until}"
