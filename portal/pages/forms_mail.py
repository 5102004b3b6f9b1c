"""The forms of mail, recovery, invitations, external authentication and demo access."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from portal.pages.forms import PerchForm
from portal.pages.forms_people import RightsForm
from tenants.models import MailRelay, OuterDoor

STAYS = _("Empty: the one that is kept stays.")


class ForgottenForm(PerchForm):
    """Who forgot his password."""

    name = forms.CharField(
        label=_("Login or e-mail"), max_length=254,
        widget=forms.TextInput(attrs={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"}),
    )  # fmt: skip


class NewPasswordForm(PerchForm):
    """A password by a link from a mail."""

    password = forms.CharField(
        label=_("New password"), max_length=1000, strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )  # fmt: skip


class JoinForm(PerchForm):
    """A new account by an invitation."""

    email = forms.EmailField(
        label=_("E-mail"), required=False, help_text=_("It is your login, too."),
        widget=forms.EmailInput(attrs={"autocomplete": "username"}),
    )  # fmt: skip
    name = forms.CharField(
        label=_("Name"), max_length=200, required=False, widget=forms.TextInput(attrs={"autocomplete": "name"})
    )
    password = forms.CharField(
        label=_("Password"), max_length=1000, strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )  # fmt: skip

    def __init__(self, *args: Any, email: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if email:
            del self.fields["email"]
        else:
            self.fields["email"].required = True


class InviteForm(RightsForm):
    """Whom to invite, with which rights."""

    email = forms.EmailField(
        label=_("E-mail"), required=False, help_text=_("Empty: a link is made that you hand over yourself.")
    )
    watches = forms.BooleanField(
        label=_("Watches all cameras"), required=False, help_text=_("Live; more is given later.")
    )
    field_order = ["email", "watches"]


class RelayForm(PerchForm):
    """The ISP's mail server (item 174)."""

    host = forms.CharField(label=_("Server"), max_length=253, widget=forms.TextInput(attrs={"spellcheck": "false"}))
    port = forms.IntegerField(label=_("Port"), min_value=1, max_value=65535, initial=587)
    security = forms.ChoiceField(label=_("Encryption"), choices=MailRelay.Security.choices)
    login = forms.CharField(
        label=_("Login"), max_length=200, required=False, help_text=_("None of @ ; # [ \\ / may be in it."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )  # fmt: skip
    password = forms.CharField(
        label=_("Password"), max_length=200, required=False, strip=False, help_text=STAYS,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )  # fmt: skip
    sender = forms.EmailField(label=_("Sender's address"))
    sender_name = forms.CharField(label=_("Sender's name"), max_length=100, required=False)

    def clean(self) -> dict[str, Any]:
        """An empty password is no change."""
        values = dict(super().clean() or {})
        if not values.get("password"):
            values.pop("password", None)
        return values


class TemplateForm(PerchForm):
    """The text of one mail in one language (item 175)."""

    text = forms.CharField(
        label=_("Text"), max_length=100_000, strip=False,
        widget=forms.Textarea(attrs={"rows": "14", "spellcheck": "true"}),
    )  # fmt: skip
    html = forms.CharField(
        label=_("HTML"), max_length=100_000, required=False, strip=False,
        widget=forms.Textarea(attrs={"rows": "14", "spellcheck": "false"}),
        help_text=_("Empty: the mail is plain text."),
    )  # fmt: skip


class TestMailForm(PerchForm):
    """Where a test goes."""

    to = forms.EmailField(label=_("Send a test to"))


class OuterDoorForm(PerchForm):
    """Who knows the subscribers' passwords (items 177-179)."""

    kind = forms.ChoiceField(label=_("Who knows the passwords"), choices=OuterDoor.Kind.choices)
    url = forms.CharField(
        label=_("Address"), max_length=500, required=False,
        widget=forms.URLInput(attrs={"placeholder": "https://billing.example/auth", "spellcheck": "false"}),
    )  # fmt: skip
    method = forms.ChoiceField(
        label=_("Asked by"), choices=OuterDoor.Method.choices,
        help_text=_("A query may end up in the log of a proxy or a web server; JSON does not."),
    )  # fmt: skip
    radius_host = forms.CharField(
        label=_("Server"), max_length=253, required=False, help_text=_("Or all of radius://host:1812/secret."),
        widget=forms.TextInput(attrs={"spellcheck": "false"}),
    )  # fmt: skip
    radius_port = forms.IntegerField(label=_("Port"), min_value=1, max_value=65535, initial=1812)
    radius_secret = forms.CharField(
        label=_("Shared secret"), max_length=200, required=False, strip=False, help_text=STAYS,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )  # fmt: skip
    require_authenticator = forms.BooleanField(
        label=_("Answers must be signed"), required=False, initial=True,
        help_text=_("Without Message-Authenticator whoever sits between can turn a no into a yes (BlastRADIUS)."),
    )  # fmt: skip
    lock_on_reject = forms.BooleanField(
        label=_("Disable whom RADIUS rejects"), required=False,
        help_text=_("Anybody who types a wrong password for somebody disables his account."),
    )  # fmt: skip
    cache_days = forms.IntegerField(
        label=_("Days a known password stays good"), min_value=0, max_value=365,
        help_text=_("When nobody answers, who was confirmed within these days gets in by our copy of his password."),
    )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        """An empty secret is no change."""
        values = dict(super().clean() or {})
        if not values.get("radius_secret"):
            values.pop("radius_secret", None)
        return values
