"""The looks all forms share, and the forms of signing in and of one's own profile."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext_lazy as _

from devices.models.zones import check_labels
from tenants import password_rules
from tenants.services import languages

if TYPE_CHECKING:
    _RowField = forms.ModelChoiceField[Any]
else:  # fields cannot be subscripted at run time
    _RowField = forms.ModelChoiceField

CLASSES: list[tuple[type[forms.Widget], str]] = [
    (forms.CheckboxInput, "form-check-input"),
    (forms.RadioSelect, "form-check-input"),
    (forms.Select, "form-select"),
    (forms.Widget, "form-control"),
]


class PerchForm(forms.Form):
    """A form whose fields look like the rest of the product and say by themselves what is wrong with them."""

    required_css_class = "required"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("label_suffix", "")
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            kind = next(name for widget, name in CLASSES if isinstance(field.widget, widget))
            field.widget.attrs["class"] = kind

    def lock(self, *names: str) -> None:
        """Show fields with their values but let nobody change them."""
        for name in names:
            self.fields[name].disabled = True


class RowField(_RowField):
    """A choice among rows by their number, written in plain digits: other scripts' digits are no numbers of ours."""

    def to_python(self, value: Any) -> Any:
        if isinstance(value, str) and value and not (value.isascii() and value.isdigit()):
            raise forms.ValidationError(self.error_messages["invalid_choice"], code="invalid_choice")
        return super().to_python(value)


class LoginForm(PerchForm):
    """Login and password."""

    login = forms.CharField(max_length=254, error_messages={"required": _("Type your login.")})
    password = forms.CharField(
        max_length=512, strip=False, error_messages={"required": _("Type your password.")}, widget=forms.PasswordInput
    )


class CodeForm(PerchForm):
    """A code of the second factor: six digits, or one of the recovery codes."""

    code = forms.CharField(
        label=_("Code"),
        max_length=40,
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "autocapitalize": "none", "spellcheck": "false"}
        ),
        error_messages={"required": _("Type the code.")},
    )


class ProofForm(PerchForm):
    """Who is at the keyboard, once more."""

    proof = forms.CharField(
        label=_("Your password, or a code"),
        max_length=512,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


class ProfileForm(PerchForm):
    """What people may change about themselves (item 78)."""

    name = forms.CharField(label=_("Name"), max_length=200, required=False)
    email = forms.EmailField(label=_("E-mail"), required=False)
    phone = forms.CharField(label=_("Phone"), max_length=64, required=False)
    notification_email = forms.EmailField(
        label=_("E-mail for notifications"), required=False, help_text=_("Empty: the e-mail above.")
    )
    locale = forms.ChoiceField(label=_("Language"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["locale"].choices = [("", _("As the browser")), *languages.choices()]  # type: ignore[attr-defined]


class PasswordForm(PerchForm):
    """A new password, proved by the old one."""

    current = forms.CharField(
        label=_("Current password"), strip=False, widget=forms.PasswordInput(attrs={"autocomplete": "current-password"})
    )
    password = forms.CharField(
        label=_("New password"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        again = _("You will sign in again everywhere.")
        self.fields["password"].help_text = f"{password_rules.help_text()} {again}"


class LabelsField(forms.CharField):
    """Labels as text, one key=value a line."""

    widget = forms.Textarea

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            max_length=3000,
            widget=forms.Textarea(attrs={"rows": "2", "spellcheck": "false", "autocapitalize": "none"}), **kwargs,
        )  # fmt: skip

    def prepare_value(self, value: Any) -> Any:
        """The labels as they stand in the field."""
        return "\n".join(f"{key}={text}" for key, text in sorted(value.items())) if isinstance(value, dict) else value

    def clean(self, value: Any) -> dict[str, str]:
        """The labels, apart."""
        parts = [part.partition("=") for part in re.split(r"[\s,;]+", super().clean(value)) if part]
        labels = {key: text if sign else "yes" for key, sign, text in parts}
        check_labels(labels)
        return labels
