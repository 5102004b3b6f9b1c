"""An ISP and the host names it answers on."""

from __future__ import annotations

from zoneinfo import ZoneInfo, available_timezones

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

COLOUR = RegexValidator(r"\A#[0-9a-fA-F]{6}\Z", _("A colour is written as # and six hexadecimal digits."))
ANALYTICS = RegexValidator(r"\AG-[A-Z0-9]{4,16}\Z", _("A key looks like G-ABC123DEF4."))
HOST = RegexValidator(
    r"\A[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*\Z",
    _("A host name is lower case, without port and trailing dot."),
)


def validate_timezone(name: str) -> None:
    """Refuse what is no IANA time zone."""
    if name not in available_timezones():
        raise ValidationError(_("%(name)s is no IANA time zone."), params={"name": name})


class Domain(models.Model):
    """An ISP: its name, brand, time zone and currency. Not tenant-owned itself: it is the tenant."""

    title = models.CharField(_("title"), max_length=200)
    slug = models.SlugField(_("short name"), max_length=50, unique=True)
    timezone = models.CharField(_("time zone"), max_length=64, default="UTC", validators=[validate_timezone])
    currency = models.CharField(_("currency"), max_length=3, default="EUR")
    locale = models.CharField(_("language"), max_length=10, default="en")
    is_active = models.BooleanField(_("active"), default=True)
    max_sessions = models.PositiveIntegerField(
        _("sessions per user"), default=10, validators=[MinValueValidator(1)], help_text=_("The user's own limit wins.")
    )
    min_password_length = models.PositiveSmallIntegerField(
        _("shortest password"), default=8, validators=[MinValueValidator(8), MaxValueValidator(64)]
    )
    requires_admin_factor = models.BooleanField(_("administrators need a second factor"), default=False)
    session_hours = models.PositiveIntegerField(
        _("a sign-in lasts, hours"), default=14 * 24, validators=[MinValueValidator(1), MaxValueValidator(90 * 24)]
    )
    session_idle_hours = models.PositiveIntegerField(
        _("signed out when idle for, hours"), default=72, validators=[MinValueValidator(1), MaxValueValidator(90 * 24)]
    )
    brand_color = models.CharField(_("main colour"), max_length=7, default="#0f6fb8", validators=[COLOUR])
    accent_color = models.CharField(_("accent colour"), max_length=7, default="#f59f00", validators=[COLOUR])
    page_title = models.CharField(_("page title"), max_length=100, blank=True)
    footer = models.CharField(_("footer"), max_length=300, blank=True)
    company_address = models.CharField(_("address"), max_length=200, blank=True)
    company_phone = models.CharField(_("telephone"), max_length=60, blank=True)
    company_hours = models.CharField(_("hours"), max_length=100, blank=True)
    # Which pictures there are, kind -> digest (tenants.services.brand); the pictures are rows of their own.
    brand_pictures = models.JSONField(default=dict, blank=True, editable=False)
    # Another one after every change of the ISP's own wording (tenants.services.wording), kept in memory by processes.
    wording_version = models.PositiveIntegerField(default=0, editable=False)
    analytics_key = models.CharField(_("Google Analytics key"), max_length=20, blank=True, validators=[ANALYTICS])
    # Languages besides ours that the ISP writes itself (tenants.services.languages).
    more_locales = ArrayField(models.CharField(max_length=10), default=list, blank=True, editable=False)
    legal_name = models.CharField(_("legal name"), max_length=200, blank=True)
    legal_address = models.TextField(_("address"), blank=True)
    vat_id = models.CharField(_("VAT number"), max_length=32, blank=True)
    # Kept by tenants.services.webhooks, so that the worker need not look into every ISP every two seconds.
    has_webhooks = models.BooleanField(default=False, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return self.title

    @property
    def zone(self) -> ZoneInfo:
        """The ISP's time zone."""
        return ZoneInfo(self.timezone)

    @property
    def base_host(self) -> str:
        """The host name that links in mails and playback addresses use."""
        host = self.hosts.order_by("-is_primary", "id").first()
        return host.host if host else "localhost"


class DomainHost(models.Model):
    """One of the host names of an ISP. Looked up before any scope is open, hence outside the walls."""

    domain = models.ForeignKey(Domain, on_delete=models.CASCADE, related_name="hosts")
    host = models.CharField(_("host name"), max_length=253, unique=True, validators=[HOST])
    is_primary = models.BooleanField(_("used in links"), default=False)

    class Meta:
        ordering = ["domain_id", "id"]

    def __str__(self) -> str:
        return self.host
