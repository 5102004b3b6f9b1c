"""The forms of the installation's pages."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.conf import settings
from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _

from portal.pages.forms import LoginForm, PerchForm
from portal.pages.forms_settings import zone_choices
from tenants.models.domains import HOST

CURRENCY = RegexValidator(r"\A[A-Z]{3}\Z", _("Three capital letters, as in EUR."))
HOSTS = forms.Textarea(attrs={"rows": "3", "spellcheck": "false", "autocapitalize": "none"})
LASTS = [(15, _("15 minutes")), (60, _("1 hour")), (240, _("4 hours")), (480, _("8 hours"))]


class HostsForm(PerchForm):
    """The host names of an ISP."""

    hosts = forms.CharField(
        label=_("Host names"), max_length=5000, widget=HOSTS,
        help_text=_("One a line; links in mails use the first. Each must lead to this machine."),
    )  # fmt: skip

    def clean_hosts(self) -> list[str]:
        """The names, apart."""
        return [host for host in re.split(r"[\s,;]+", self.cleaned_data["hosts"]) if host]


class IspForm(HostsForm):
    """A new ISP (item 24)."""

    title = forms.CharField(label=_("Name"), max_length=200)
    slug = forms.SlugField(
        label=_("Short name"), max_length=50, help_text=_("Latin letters, digits and hyphens; for commands and files.")
    )
    currency = forms.CharField(
        label=_("Currency"), max_length=3, initial="EUR", validators=[CURRENCY], help_text=_("Stays for good.")
    )
    timezone = forms.ChoiceField(label=_("Time zone"), initial="UTC")
    locale = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES)
    admin_email = forms.EmailField(
        label=_("E-mail of the first administrator"), help_text=_("He is sent a link to set his password.")
    )
    field_order = ("title", "slug", "hosts", "currency", "timezone", "locale", "admin_email")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["timezone"].choices = zone_choices()  # type: ignore[attr-defined]  # a ChoiceField


class AdminForm(PerchForm):
    """Where the first administrator's invitation goes."""

    admin_email = forms.EmailField(label=_("E-mail of the first administrator"))


class SupportForm(PerchForm):
    """Why and for how long somebody enters an ISP."""

    reason = forms.CharField(
        label=_("Reason"), max_length=300, help_text=_("The provider reads it: a ticket, who asked, what for.")
    )
    minutes = forms.TypedChoiceField(label=_("For"), coerce=int, choices=LASTS, initial=60)


class OwnPasswordForm(PerchForm):
    """A new password, proved by the old one."""

    current = forms.CharField(
        label=_("Current password"), max_length=512, strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )  # fmt: skip
    password = forms.CharField(
        label=_("New password"), max_length=512, strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("At least twelve characters. You will sign in again."),
    )  # fmt: skip


class SuperLoginForm(LoginForm):
    """Signing in at the installation's address; everybody is asked for a code, whether he has one or not."""

    code = forms.CharField(
        label=_("One-time code"), max_length=12, required=False, help_text=_("Six digits, if you have set them up."),
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric"}),
    )  # fmt: skip


class FactorForm(PerchForm):
    """Setting codes up, or doing without them."""

    current = forms.CharField(
        label=_("Current password"), strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )  # fmt: skip
    code = forms.CharField(
        label=_("One-time code"), max_length=12,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric"}),
    )  # fmt: skip


class StreamerForm(PerchForm):
    """How browsers reach a streamer (items 157, 176)."""

    port = forms.IntegerField(label=_("Port"), min_value=1, max_value=65535)
    public_url = forms.URLField(
        label=_("Public address"), required=False, max_length=200, assume_scheme="https",
        help_text=_("As in https://video1.example.org. Empty: the portal's own host name with the port."),
    )  # fmt: skip
    rtsp_port = forms.IntegerField(
        label=_("RTSP port"),
        required=False,
        min_value=0,
        max_value=65535,
        help_text=_("For third parties. 0: it serves no RTSP."),
    )
    is_default = forms.BooleanField(label=_("New cameras go here"), required=False)


class NewStreamerForm(StreamerForm):
    """A streamer that is added."""

    hostname = forms.CharField(
        label=_("Host name"), max_length=253, validators=[HOST],
        help_text=_("The name it calls itself by. It stays."),
    )  # fmt: skip
    field_order = ("hostname", "port", "rtsp_port", "public_url", "is_default")


class SizingForm(PerchForm):
    """What is to be served (items 8-12)."""

    cameras = forms.IntegerField(label=_("Cameras"), min_value=0, max_value=10_000_000)
    bitrate = forms.FloatField(label=_("Bitrate of each, Mbit/s"), min_value=0.01, max_value=1000)
    users = forms.IntegerField(label=_("Viewers at once"), min_value=0, max_value=10_000_000)
    depth = forms.FloatField(label=_("Archive, days"), min_value=0, max_value=3650)
    disk_speed = forms.FloatField(
        label=_("Speed of a disk, Mbit/s"), min_value=1, max_value=1_000_000,
        help_text=_("160-240 is left of a disk's 100 MB/s when many write and read at once."),
    )  # fmt: skip
    disks = forms.IntegerField(label=_("Disks there are"), min_value=0, max_value=100_000)
    plates = forms.IntegerField(label=_("Cameras that read number plates"), min_value=0, max_value=100_000)
    no_plates = forms.IntegerField(label=_("… and notice vehicles without"), min_value=0, max_value=100_000)
    emergency = forms.IntegerField(label=_("… and emergency vehicles"), min_value=0, max_value=100_000)
    faces = forms.IntegerField(label=_("Cameras that recognize faces"), min_value=0, max_value=100_000)
