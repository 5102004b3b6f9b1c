"""External authentication: whom an ISP asks about passwords, and what was last said of each user (6.1.6, 6.1.7)."""

from __future__ import annotations

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from tenants.encryption import EncryptedTextField, secret_property
from tenants.models.mail import new_secret_id
from tenants.scoping import ScopedModel


class OuterDoor(ScopedModel):
    """An ISP's own authority on passwords: an HTTP backend or a RADIUS server (items 177-179, decision k)."""

    class Kind(models.TextChoices):
        NONE = "none", _("Perch's own database")
        HTTP = "http", _("HTTP backend")
        RADIUS = "radius", _("RADIUS server")

    class Method(models.TextChoices):
        GET = "get", _("GET with a query, as documented")
        POST = "post", _("POST with JSON")

    secret_id = models.CharField(max_length=32, default=new_secret_id, editable=False)
    kind = models.CharField(_("who knows the passwords"), max_length=10, choices=Kind.choices, default=Kind.NONE)
    url = models.CharField(_("address"), max_length=500, blank=True)
    method = models.CharField(_("asked by"), max_length=10, choices=Method.choices, default=Method.GET)
    radius_host = models.CharField(_("server"), max_length=253, blank=True)
    radius_port = models.PositiveIntegerField(
        _("port"), default=1812, validators=[MinValueValidator(1), MaxValueValidator(65535)]
    )
    radius_secret_sealed = EncryptedTextField(blank=True)
    require_authenticator = models.BooleanField(_("answers must be signed"), default=True)
    lock_on_reject = models.BooleanField(_("disable whom RADIUS rejects"), default=False)
    cache_days = models.PositiveIntegerField(
        _("days a known password stays good"), default=7, validators=[MaxValueValidator(365)]
    )

    radius_secret = secret_property("radius_secret_sealed")

    class Meta(ScopedModel.Meta):
        constraints = [models.UniqueConstraint("domain", name="tenants_outerdoor_once")]

    def __str__(self) -> str:
        return self.get_kind_display()


class OuterVerdict(ScopedModel):
    """What the outer door last said of a user, which decides whether our copy of his password may be believed.

    It is written beside the request (`tenants.aside`), whose own transaction is undone by a refusal; hence no
    constraint binds the row to the user's. `confirmed_digest` says which copy was confirmed: another one is not
    believed.
    """

    domain = models.ForeignKey(
        "tenants.Domain", on_delete=models.CASCADE, related_name="+", editable=False, db_constraint=False
    )
    user_id = models.BigIntegerField()
    confirmed_at = models.DateTimeField(null=True)
    confirmed_digest = models.CharField(max_length=64, blank=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta(ScopedModel.Meta):
        constraints = [models.UniqueConstraint("domain", "user_id", name="tenants_outerverdict_once")]

    def __str__(self) -> str:
        return f"outer verdict on {self.user_id}"
