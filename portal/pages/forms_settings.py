"""The forms of the ISP's own settings: rules, brand, words."""

from __future__ import annotations

from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.utils.translation import gettext_lazy as _

from portal.pages.forms import PerchForm
from tenants.services import languages

COLOUR = forms.TextInput(attrs={"type": "color"})
PICTURE = forms.FileInput(attrs={"accept": "image/png,image/jpeg,image/webp"})
ROWS_3 = forms.Textarea(attrs={"rows": "3"})


def zone_choices() -> list[tuple[str, str]]:
    """The time zones of the world by place."""
    zones = sorted(zone for zone in available_timezones() if "/" in zone and not zone.startswith("Etc/"))
    return [(zone, zone.replace("_", " ")) for zone in ("UTC", *zones)]


class GeneralForm(PerchForm):
    """The ISP's name and rules, and what stands on its invoices (item 172)."""

    title = forms.CharField(label=_("Name"), max_length=200, help_text=_("In the menu, in titles and on invoices."))
    locale = forms.ChoiceField(label=_("Language"), help_text=_("For those whose browser speaks none of ours."))
    timezone = forms.ChoiceField(
        label=_("Time zone"), help_text=_("Days of the bill end at midnight here, and the archive shows this time.")
    )
    legal_name = forms.CharField(label=_("Legal name"), max_length=200, required=False)
    legal_address = forms.CharField(label=_("Address"), required=False, widget=ROWS_3)
    vat_id = forms.CharField(label=_("VAT number"), max_length=32, required=False)
    analytics_key = forms.CharField(
        label=_("Google Analytics key"), max_length=20, required=False,
        help_text=_("Counts which pages subscribers open. Their names, numbers and cameras are not told."),
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["locale"].choices = languages.choices()  # type: ignore[attr-defined]  # a ChoiceField
        self.fields["timezone"].choices = zone_choices()  # type: ignore[attr-defined]  # a ChoiceField


class BrandForm(PerchForm):
    """What subscribers see everywhere (item 173)."""

    page_title = forms.CharField(
        label=_("Page title"), max_length=100, required=False, help_text=_("In the browser's tab. Empty: the name.")
    )
    brand_color = forms.CharField(label=_("Main colour"), max_length=7, widget=COLOUR)
    accent_color = forms.CharField(label=_("Accent colour"), max_length=7, widget=COLOUR)
    logo = forms.FileField(
        label=_("Logo"), required=False, widget=PICTURE,
        help_text=_("In the menu, 32 pixels high. PNG with a transparent background looks best; at most 2 MB."),
    )  # fmt: skip
    remove_logo = forms.BooleanField(label=_("Show the name instead"), required=False)
    login_logo = forms.FileField(
        label=_("Logo of the sign-in page"), required=False, widget=PICTURE, help_text=_("Empty: the logo above.")
    )
    remove_login_logo = forms.BooleanField(label=_("Show the logo above instead"), required=False)
    favicon = forms.FileField(
        label=_("Icon"), required=False, widget=PICTURE,
        help_text=_("For the browser's tab: square, at least 64 pixels a side. Other sizes are made of it."),
    )  # fmt: skip
    remove_favicon = forms.BooleanField(label=_("Show the initial instead"), required=False)
    footer = forms.CharField(label=_("Footer"), max_length=300, required=False)
    company_address = forms.CharField(label=_("Address"), max_length=200, required=False)
    company_phone = forms.CharField(label=_("Telephone"), max_length=60, required=False)
    company_hours = forms.CharField(
        label=_("Hours"), max_length=100, required=False, help_text=_("As in: Mon to Fri, 9 to 18.")
    )


class MessageForm(PerchForm):
    """A message to one person, an organization or everybody (item 79)."""

    to = forms.ChoiceField(label=_("To"))
    login = forms.CharField(label=_("Login"), max_length=254, required=False)
    title = forms.CharField(label=_("Title"), max_length=200)
    body = forms.CharField(
        label=_("Text"), max_length=10_000, required=False, widget=forms.Textarea(attrs={"rows": "5"})
    )
    type = forms.ChoiceField(label=_("Kind"))
    is_dashboard = forms.BooleanField(
        label=_("Show above every page"), required=False, help_text=_("Until it is read or put away.")
    )
    is_push = forms.BooleanField(
        label=_("Show at once"), required=False, help_text=_("In browsers that are open now, without a reload.")
    )
