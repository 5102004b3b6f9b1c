"""The forms of plans, prices and terms. Amounts are typed as decimals and kept in minor units."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from billing import money
from billing.models import Plan
from portal.pages.forms import PerchForm
from portal.pages.forms_cameras import DEPTH, DaysField

DAY = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


class AmountField(forms.CharField):
    """An amount of money in the ISP's currency, as people type it; cleaned to minor units."""

    widget = forms.TextInput(attrs={"inputmode": "decimal", "placeholder": "10.00"})

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=20, **kwargs)
        self.currency = "EUR"

    def clean(self, value: Any) -> Any:
        """Minor units; the message says how an amount is written."""
        text = super().clean(value)
        try:
            return money.parse(text, self.currency)
        except ValueError:
            example = money.plain(10 ** (money.digits(self.currency) + 1), self.currency)
            raise ValidationError(gettext("Write the amount like %(example)s.") % {"example": example}) from None


class PriceForm(PerchForm):
    """A new price of a plan from a day on (item 51)."""

    amount = AmountField(label=_("Price for a camera and month"))
    from_day = forms.DateField(label=_("From"), widget=DAY, help_text=_("Days already counted keep their price."))

    def __init__(self, *args: Any, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        amount = self.fields["amount"]
        amount.currency = currency  # type: ignore[attr-defined]
        amount.label = gettext("Price for a camera and month, %(currency)s") % {"currency": currency}


class PlanForm(PerchForm):
    """A plan: what is sold (item 47). All its services are filled in; zero is allowed."""

    title = forms.CharField(label=_("Name"), max_length=200)
    note = forms.CharField(label=_("Note"), required=False, widget=forms.Textarea(attrs={"rows": "2"}))
    dvr_depth = DaysField(
        label=_("Archive, days"), min_value=0, max_value=3650, widget=forms.NumberInput(attrs=DEPTH),
        help_text=_("0: live only, nothing is recorded."),
    )  # fmt: skip
    dvr_space = forms.IntegerField(
        label=_("Archive at most, GB"),
        required=False,
        min_value=1,
        max_value=1_000_000,
        help_text=_("Empty: no limit."),
    )
    max_streams = forms.IntegerField(
        label=_("Cameras watched at once"), required=False, min_value=1, max_value=1000,
        help_text=_("By one person, of all cameras with such a limit. Empty: no limit."),
    )  # fmt: skip
    is_default = forms.BooleanField(
        label=_("The usual choice"),
        required=False,
        help_text=_("Only one plan is; naming this one takes it from the other."),
    )
    applies_to_new = forms.BooleanField(label=_("Given to every new organization"), required=False)
    is_archived = forms.BooleanField(
        label=_("No longer sold"), required=False, help_text=_("Who has it keeps it and keeps paying for it.")
    )
    SERVICES = ("dvr_depth", "dvr_space", "max_streams")

    def clean(self) -> dict[str, Any]:
        """The services apart from the plan's own fields: they are the settings of its preset."""
        values = dict(super().clean() or {})
        services = {name: values.pop(name) for name in self.SERVICES if name in values}
        return {**values, "settings": services}


class NewPlanForm(PlanForm):
    """A plan with its first price."""

    amount = AmountField(label=_("Price for a camera and month"))
    field_order = ["title", "amount", "note"]

    def __init__(self, *args: Any, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        del self.fields["is_archived"]
        amount = self.fields["amount"]
        amount.currency = currency  # type: ignore[attr-defined]
        amount.label = gettext("Price for a camera and month, %(currency)s") % {"currency": currency}


class PlansForm(PerchForm):
    """Which plans an organization may use (item 58: none is allowed)."""

    plans: forms.ModelMultipleChoiceField[Plan] = forms.ModelMultipleChoiceField(
        label=_("Plans"), queryset=None, required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, plans: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["plans"].queryset = plans  # type: ignore[attr-defined]


class TermsForm(PerchForm):
    """What was agreed with a subscriber (item 56)."""

    discount = forms.CharField(
        label=_("Discount, %"), max_length=10, required=False, widget=forms.TextInput(attrs={"inputmode": "decimal"})
    )
    trial_until = forms.DateField(
        label=_("Trial until"), required=False, widget=DAY, help_text=_("Days before this one cost nothing.")
    )

    def clean(self) -> dict[str, Any]:
        """The discount in parts per million."""
        values = dict(super().clean() or {})
        try:
            values["discount_ppm"] = money.parse_percent(values.pop("discount", "") or "0")
        except ValueError:
            self.add_error("discount", _("Write the discount like 10 or 12.5."))
            return values
        if values["discount_ppm"] > money.PPM:
            self.add_error("discount", _("A discount is at most 100 %."))
        return values
