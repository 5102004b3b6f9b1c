"""The forms of the rules of signing in."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from portal.pages.forms import PerchForm


class AddressesForm(PerchForm):
    """From where a person may sign in."""

    authorized_ip = forms.CharField(
        label=_("Only from"),
        max_length=256,
        required=False,
        help_text=_("Addresses or networks, as in 192.0.2.7, 10.0.0.0/8. Empty: from everywhere."),
    )


class SignInRulesForm(PerchForm):
    """An ISP's rules for passwords, sessions and second factors."""

    min_password_length = forms.IntegerField(
        label=_("Shortest password"),
        min_value=8,
        max_value=64,
        help_text=_("Holds for new passwords. Those that everybody uses are refused whatever their length."),
    )
    max_sessions = forms.IntegerField(
        label=_("Sessions per user"), min_value=1, max_value=1000, help_text=_("One more ends the oldest.")
    )
    session_hours = forms.IntegerField(label=_("A sign-in lasts, hours"), min_value=1, max_value=90 * 24)
    session_idle_hours = forms.IntegerField(label=_("Signed out when idle for, hours"), min_value=1, max_value=90 * 24)
    requires_admin_factor = forms.BooleanField(
        label=_("Administrators need a second factor"),
        required=False,
        help_text=_("Whoever has none sets it up at the next sign-in, before anything else."),
    )


class ProviderForm(PerchForm):
    """An identity provider, as its own console shows it."""

    title = forms.CharField(label=_("Name on the button"), max_length=60)
    issuer = forms.CharField(
        label=_("Issuer"),
        max_length=300,
        widget=forms.URLInput(attrs={"placeholder": "https://accounts.example.com"}),
        help_text=_("Everything else is read from its /.well-known/openid-configuration."),
    )
    client_id = forms.CharField(label=_("Client id"), max_length=300)
    client_secret = forms.CharField(
        label=_("Client secret"),
        max_length=500,
        required=False,
        strip=True,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
    )
    adds_people = forms.BooleanField(
        label=_("Add unknown people"),
        required=False,
        help_text=_("Off: only those whose e-mail an account here has. On: others get an account without any right."),
    )
    is_active = forms.BooleanField(label=_("Enabled"), required=False, initial=True)

    def __init__(self, *args: Any, has_secret: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if has_secret:
            self.fields["client_secret"].help_text = _("Empty: unchanged.")
