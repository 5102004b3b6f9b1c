"""Forms of API keys and webhooks (item 314)."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils.translation import gettext_lazy as _

from portal.pages.audit_log import KINDS
from portal.pages.forms import PerchForm
from tenants import clock
from tenants.models import ApiKey, Webhook

Right = ApiKey.Right
RIGHT_HELP = {
    Right.READ: _("Everything its holder may see, except what has a right of its own here: video, money and settings."),
    Right.CAMERAS: _("Adds cameras and presets and changes them."),
    Right.VIDEO: _("Gets playback tokens: live and archive, as far as its holder may watch."),
    Right.PEOPLE: _("Adds users and changes what they may; never administrators."),
    Right.ORGANIZATIONS: _("Opens organizations and folders and changes them."),
    Right.MONEY: _("Plans, prices, usage and invoices."),
    Right.SETTINGS: _("Settings of the service, webhooks, and other keys that may no more than this one."),
    Right.CHANGES: _("Follows the feed of changes and reads the audit log."),
}


class KeyForm(PerchForm):
    """What an API key is for, and what limits it."""

    title = forms.CharField(
        label=_("What it is for"), max_length=100, widget=forms.TextInput(attrs={"placeholder": _("CRM")})
    )
    everything = forms.BooleanField(
        label=_("Everything its holder may"), required=False, help_text=_("Off: only what is chosen below.")
    )
    networks = forms.CharField(
        label=_("Only from these addresses"), required=False, max_length=2000,
        widget=forms.Textarea(attrs={"rows": "2", "placeholder": "192.0.2.7, 10.0.0.0/8", "class": "mono"}),
        help_text=_("Addresses and networks. Empty: from anywhere."),
    )  # fmt: skip
    last_day = forms.DateField(
        label=_("Last day"), required=False, widget=forms.DateInput(attrs={"type": "date"}),
        help_text=_("From the day after on it opens nothing. Empty: until it is ended by hand."),
    )  # fmt: skip

    def __init__(self, *args: Any, zone: ZoneInfo, key: ApiKey | None = None, **kwargs: Any) -> None:
        self.zone = zone
        kwargs.setdefault("initial", _initial(key, zone))
        super().__init__(*args, **kwargs)
        for right in Right:
            self.fields[f"may_{right}"] = forms.BooleanField(
                label=right.label, required=False, help_text=RIGHT_HELP[right],
                widget=forms.CheckboxInput(attrs={"class": "form-check-input"}),
            )  # fmt: skip

    def clean_last_day(self) -> date | None:
        """A day at the ISP that is not over yet."""
        day: date | None = self.cleaned_data["last_day"]
        if day is not None and not clock.local_date(self.zone.key) <= day < date(9999, 1, 1):
            raise forms.ValidationError(_("This day is over."))
        return day

    def rights(self) -> list[forms.BoundField]:
        """The switches of the rights."""
        return [self[f"may_{right}"] for right in Right]

    def clean(self) -> dict[str, Any]:
        """A key that may nothing at all is a mistake."""
        values: dict[str, Any] = super().clean() or {}
        if not values.get("everything") and not any(values.get(f"may_{right}") for right in Right):
            self.add_error("everything", _("Choose what the key may."))
        return values

    def values(self) -> dict[str, Any]:
        """What the service takes."""
        given = self.cleaned_data
        chosen = [] if given["everything"] else [str(right) for right in Right if given[f"may_{right}"]]
        return {
            "title": given["title"],
            "rights": chosen,
            "networks": [given["networks"]] if given["networks"].strip() else [],
            "expires_at": _end_of(given["last_day"], self.zone) if given["last_day"] else None,
        }


def _initial(key: ApiKey | None, zone: ZoneInfo) -> dict[str, Any]:
    if key is None:
        return {"everything": True}
    rights = {f"may_{right}": right in key.rights for right in Right}
    return {"title": key.title, "everything": not key.rights, "networks": ", ".join(key.networks),
            "last_day": last_day(key, zone), **rights}  # fmt: skip


def last_day(key: ApiKey, zone: ZoneInfo) -> date | None:
    """The last day a key opens anything, at the ISP."""
    return (key.expires_at - timedelta(microseconds=1)).astimezone(zone).date() if key.expires_at else None


def _end_of(day: date, zone: ZoneInfo) -> datetime:
    return clock.midnight(day + timedelta(days=1), zone.key)


class WebhookForm(PerchForm):
    """Where changes are sent, and which."""

    title = forms.CharField(
        label=_("What it is for"), required=False, max_length=100,
        widget=forms.TextInput(attrs={"placeholder": _("CRM")}),
    )  # fmt: skip
    url = forms.CharField(
        label=_("Address"), max_length=500,
        widget=forms.URLInput(attrs={"placeholder": "https://crm.example/perch", "spellcheck": "false"}),
        help_text=_("It answers 200 within five seconds. Redirects are not followed."),
    )  # fmt: skip
    is_active = forms.BooleanField(
        label=_("Enabled"), required=False, help_text=_("Off: nothing is sent. On again: what is changed from then on.")
    )
    everything = forms.BooleanField(
        label=_("All changes"), required=False, help_text=_("Off: only of the objects chosen below.")
    )

    def __init__(self, *args: Any, webhook: Webhook | None = None, **kwargs: Any) -> None:
        kwargs.setdefault("initial", self._initial(webhook))
        super().__init__(*args, **kwargs)
        for kind, label in KINDS.items():
            self.fields[f"of_{kind}"] = forms.BooleanField(
                label=label, required=False, widget=forms.CheckboxInput(attrs={"class": "form-check-input"})
            )

    @staticmethod
    def _initial(webhook: Webhook | None) -> dict[str, Any]:
        if webhook is None:
            return {"is_active": True, "everything": True}
        chosen = {f"of_{kind}": kind in webhook.kinds for kind in KINDS}
        return {"title": webhook.title, "url": webhook.url, "is_active": webhook.is_active,
                "everything": not webhook.kinds, **chosen}  # fmt: skip

    def kinds(self) -> list[forms.BoundField]:
        """The switches of the objects."""
        return [self[f"of_{kind}"] for kind in KINDS]

    def clean(self) -> dict[str, Any]:
        """A webhook that hears of nothing is a mistake."""
        values: dict[str, Any] = super().clean() or {}
        if not values.get("everything") and not any(values.get(f"of_{kind}") for kind in KINDS):
            self.add_error("everything", _("Choose what it hears of."))
        return values

    def values(self) -> dict[str, Any]:
        """What the service takes."""
        given = self.cleaned_data
        chosen = [] if given["everything"] else [kind for kind in KINDS if given[f"of_{kind}"]]
        return {"title": given["title"], "url": given["url"], "is_active": given["is_active"], "kinds": chosen}
