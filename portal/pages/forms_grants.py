"""The form of one grant: what it gives, and when it holds (items 69, 303, 304)."""

from __future__ import annotations

from datetime import time
from typing import Any

from django import forms
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext_lazy as _

from portal.pages.forms import PerchForm
from tenants.models import Organization, User
from tenants.models.grants import LIMITS, RIGHTS, Grant

DAY_CHOICES = [(str(number), name) for number, name in WEEKDAYS.items()]
LONGEST_LIST = 200


class Moment(forms.DateTimeInput):
    """A day and a time as browsers let people choose it; shown and read on the ISP's wall clock."""

    input_type = "datetime-local"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%dT%H:%M")


class HourOfDay(forms.TimeInput):
    """A time of day."""

    input_type = "time"

    def __init__(self) -> None:
        super().__init__(format="%H:%M")


class GrantForm(PerchForm):
    """What somebody may do, and when. Live video is the grant itself."""

    can_view_dvr = forms.BooleanField(label=_("Archive"), required=False)
    dvr_depth_limit = forms.IntegerField(
        label=_("Days back"), required=False, min_value=1, max_value=3650, help_text=_("Empty: the whole archive.")
    )
    can_export = forms.BooleanField(
        label=_("Download"), required=False, help_text=_("Files of the archive. Needs the right to the archive.")
    )
    can_use_ptz = forms.BooleanField(label=_("PTZ"), required=False, help_text=_("Turn the camera and zoom."))
    can_talk = forms.BooleanField(label=_("Talk"), required=False, help_text=_("Speak through the camera."))
    can_use_actions = forms.BooleanField(
        label=_("Actions"), required=False, help_text=_("Press what is connected to it: a door, a barrier.")
    )
    valid_from = forms.DateTimeField(label=_("From"), required=False, widget=Moment())
    valid_until = forms.DateTimeField(label=_("Until"), required=False, widget=Moment())
    days = forms.MultipleChoiceField(
        label=_("On"),
        choices=DAY_CHOICES,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose at least one day.")},
    )
    minute_from = forms.TimeField(label=_("Between"), required=False, widget=HourOfDay())
    minute_until = forms.TimeField(
        label=_("And"), required=False, widget=HourOfDay(), help_text=_("May pass midnight: 22:00 to 06:00.")
    )

    def clean(self) -> dict[str, Any]:
        """Days as bits and times as minutes, as grants keep them."""
        values = dict(super().clean() or {})
        if "days" in values:
            values["days"] = sum(1 << int(day) for day in values["days"])
        for name in ("minute_from", "minute_until"):
            if name in values:
                values[name] = _minutes(values[name])
        return values


class CameraGrantForm(GrantForm):
    """The same, for a member of the camera's organization who is named by his login."""

    login = forms.CharField(
        label=_("Person"),
        max_length=254,
        widget=forms.TextInput(attrs={"autocapitalize": "none", "list": "members", "autocomplete": "off"}),
        help_text=_("The login of somebody in the organization."),
    )
    field_order = ["login"]

    def __init__(self, *args: Any, organization: Organization, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._members = User.objects.filter(memberships__organization=organization, is_active=True)

    @property
    def logins(self) -> list[str]:
        """Whom to propose."""
        return list(self._members.order_by("login").values_list("login", flat=True)[:LONGEST_LIST])

    def clean_login(self) -> User:
        """The member with this login."""
        user = self._members.filter(login__iexact=self.cleaned_data["login"].strip()).first()
        if user is None:
            raise forms.ValidationError(_("There is nobody with this login in the organization."))
        return user


def initial_of(grant: Grant | None) -> dict[str, Any]:
    """A grant as the form shows it; a new one gives live video at all times."""
    if grant is None:
        return {"can_export": True, "days": [day for day, _name in DAY_CHOICES]}
    shown: dict[str, Any] = {name: getattr(grant, name) for name in (*RIGHTS, *LIMITS)}
    shown["days"] = [day for day, _name in DAY_CHOICES if grant.days >> int(day) & 1]
    return shown | {"minute_from": _time(grant.minute_from), "minute_until": _time(grant.minute_until)}


def _minutes(at: time | None) -> int | None:
    return None if at is None else at.hour * 60 + at.minute


def _time(minutes: int | None) -> time | None:
    return None if minutes is None else time(*divmod(minutes, 60))
