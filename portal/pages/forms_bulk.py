"""The form that changes many cameras at once: whatever is left alone in it stays as it is on each of them."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from devices.models import Preset
from portal.pages.folders import indented
from portal.pages.forms import PerchForm, RowField
from portal.pages.forms_cameras import DEPTH, DaysField
from tenants.models import Folder, Organization

LEAVE = _("Leave as it is")
# A choice of the form: what the service calls it, and what is sent for each of the two answers.
CHOICES: dict[str, tuple[Any, Any, Any]] = {
    "enabled": (_("Work"), _("Switched on"), _("Switched off")),
    "static": (_("Opening"), _("Always on"), _("Only on demand")),
    "video_only": (_("Sound"), _("Without sound"), _("With sound")),
    "transcode_audio": (_("Format of the sound"), _("Convert the sound to AAC"), _("As the camera sends it")),
    "thumbnails": (_("Thumbnails"), _("With pictures"), _("Without pictures")),
}
# How a change is told: the service's names, in words.
LABELS: dict[str, Any] = {
    "organization": _("Organization"),
    "folder": _("Folder"),
    "preset": _("Preset"),
    "dvr_depth": _("Archive, days"),
    "dvr_space": _("Archive at most, GB"),
    "dvr_lock_days": _("Motion kept, days"),
    "precise_thumbnails_days": _("Precise thumbnails, days"),
    **{name: label for name, (label, _yes, _no) in CHOICES.items()},
}


class BulkForm(PerchForm):
    """What is to become of the chosen cameras."""

    organization: forms.ModelChoiceField[Organization] = RowField(
        label=_("Organization"), queryset=None, required=False, empty_label=LEAVE
    )
    folder = forms.ChoiceField(label=_("Folder"), required=False)
    preset: forms.ModelChoiceField[Preset] = RowField(
        label=_("Preset"), queryset=None, required=False, empty_label=LEAVE
    )
    dvr_depth = DaysField(
        label=_("Archive, days"), required=False, min_value=0, max_value=3650,
        widget=forms.NumberInput(attrs={**DEPTH, "placeholder": LEAVE}),
        help_text=_("Only where the preset lets cameras differ."),
    )  # fmt: skip
    dvr_space = forms.IntegerField(
        label=_("Archive at most, GB"), required=False, min_value=0, max_value=1_000_000,
        widget=forms.NumberInput(attrs={"placeholder": LEAVE}),
        help_text=_("0: no limit. Only where the preset lets cameras differ."),
    )  # fmt: skip

    def __init__(self, *args: Any, organizations: Any, presets: Any, home: Organization | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["organization"].queryset = organizations.order_by("title")  # type: ignore[attr-defined]
        self.fields["preset"].queryset = presets  # type: ignore[attr-defined]
        rows = Folder.objects.filter(organization=home) if home else Folder.objects.none()
        self.folders: dict[int, Folder] = {folder.pk: folder for folder in rows}
        tree = indented(self.folders.values())
        self.fields["folder"].choices = [("", LEAVE), *tree]  # type: ignore[attr-defined]
        for name, (label, yes, no) in CHOICES.items():
            choices = [("", LEAVE), ("1", yes), ("0", no)]
            self.fields[name] = forms.ChoiceField(label=label, required=False, choices=choices)
            self.fields[name].widget.attrs["class"] = "form-select"

    def clean(self) -> dict[str, Any]:
        """The service's values of what is to change; an error if that is nothing."""
        sent = dict(super().clean() or {})
        values = {name: sent[name] for name in ("organization", "preset") if sent.get(name) is not None}
        if sent.get("folder"):
            values["folder"] = self.folders[int(sent["folder"])]
        values |= {name: sent[name] == "1" for name in CHOICES if sent.get(name)}
        if sent.get("dvr_depth") is not None:
            values["dvr_depth"] = sent["dvr_depth"]
        if sent.get("dvr_space") is not None:
            values["dvr_space"] = sent["dvr_space"] or None
        if not values and not self.errors:
            raise forms.ValidationError(_("Choose at least one thing to change."))
        return values


def told(name: str, value: Any) -> Any:
    """A field's value in words."""
    if name in CHOICES:
        _label, yes, no = CHOICES[name]
        return yes if value else no
    if value is None:
        return _("no limit")
    return int(value) if isinstance(value, float) and value.is_integer() else value
