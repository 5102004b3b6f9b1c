"""The forms of cameras and presets."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from devices.models import Camera, Preset, Zone, ZoneMode
from devices.services.cameras import shown
from devices.services.presets import RULED, presets_of
from portal.pages.folders import indented
from portal.pages.forms import LabelsField, PerchForm, RowField
from tenants.models import Folder, Organization

RECOGNITION = [("", _("Nothing")), ("plates", _("License plates")), ("faces", _("Faces"))]
PLACED = ("zone", "zone_mode", "labels")
ZONE_MODES = [
    (ZoneMode.PREFERRED, _("preferred: elsewhere while it fails")), (ZoneMode.REQUIRED, _("required: nowhere else")),
]  # fmt: skip
DEPTH = {"step": "any", "min": "0", "max": "3650", "inputmode": "decimal"}


class DaysField(forms.FloatField):
    """Days of archive, which may be parts of one; whole ones are shown without a point."""

    def prepare_value(self, value: Any) -> Any:
        """The number as it stands in the field."""
        return int(value) if isinstance(value, float) and value.is_integer() else value


class CameraForm(PerchForm):
    """A camera's settings (items 90, 91, 93, 94)."""

    title = forms.CharField(label=_("Title"), max_length=200, widget=forms.TextInput(attrs={"placeholder": _("Gate")}))
    stream_url = forms.CharField(
        label=_("Stream address"),
        max_length=2000,
        widget=forms.TextInput(attrs={"placeholder": "rtsp://login:password@10.0.0.5/stream1", "spellcheck": "false"}),
        help_text=_("rtsp://, rtsps:// or http(s):// HLS. A stored password is shown as ***: leave it so to keep it."),
    )
    substream_url = forms.CharField(
        label=_("Second stream"),
        max_length=2000,
        required=False,
        widget=forms.TextInput(attrs={"placeholder": "rtsp://login:password@10.0.0.5/stream2", "spellcheck": "false"}),
        help_text=_("A smaller picture for slow connections. Optional."),
    )
    organization: forms.ModelChoiceField[Organization] = RowField(
        label=_("Organization"), queryset=None, empty_label=None
    )
    folder = forms.ChoiceField(label=_("Folder"))
    preset: forms.ModelChoiceField[Preset] = RowField(label=_("Preset"), queryset=None, empty_label=None)
    dvr_depth = DaysField(
        label=_("Archive, days"), required=False, min_value=0, max_value=3650, widget=forms.NumberInput(attrs=DEPTH)
    )
    dvr_space = forms.IntegerField(
        label=_("Archive at most, GB"),
        required=False,
        min_value=1,
        max_value=1_000_000,
        help_text=_("Empty: no limit."),
    )
    vision_alg = forms.ChoiceField(label=_("Recognition"), required=False, choices=RECOGNITION)
    enabled = forms.BooleanField(
        label=_("Switched on"), required=False, help_text=_("While off, the camera neither records nor costs.")
    )
    on_demand = forms.BooleanField(
        label=_("Only on demand"),
        required=False,
        help_text=_("Opened by the first viewer and closed a minute after the last one. Recording, motion and analytics"
                    " work only while somebody watches."),
    )  # fmt: skip
    video_only = forms.BooleanField(label=_("Without sound"), required=False)
    transcode_audio = forms.BooleanField(
        label=_("Convert the sound to AAC"),
        required=False,
        help_text=_("For cameras whose sound browsers cannot play."),
    )
    zone: forms.ModelChoiceField[Zone] = RowField(
        label=_("Zone"), queryset=Zone.objects.all(), required=False, empty_label=_("As the preset says"),
        help_text=_("The network or region whose recording servers take the camera."),
    )  # fmt: skip
    zone_mode = forms.ChoiceField(label=_("The zone is"), required=False, choices=ZONE_MODES)
    postal_address = forms.CharField(label=_("Address"), max_length=300, required=False)
    coordinates = forms.CharField(
        label=_("Coordinates"),
        max_length=64,
        required=False,
        widget=forms.TextInput(attrs={"placeholder": "59.93 30.33"}),
    )
    comment = forms.CharField(label=_("Note"), required=False, widget=forms.Textarea(attrs={"rows": "3"}))

    def __init__(self, *args: Any, organizations: Any, organization: Organization, places: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not places or not Zone.objects.exists():
            del self.fields["zone"], self.fields["zone_mode"]
        self.fields["organization"].queryset = organizations  # type: ignore[attr-defined]
        self.fields["organization"].initial = organization.pk
        self.folders: dict[int, Folder] = {
            folder.pk: folder for folder in Folder.objects.filter(organization=organization)
        }
        self.fields["folder"].choices = indented(self.folders.values())  # type: ignore[attr-defined]
        self.fields["preset"].queryset = presets_of(organization)  # type: ignore[attr-defined]

    def clean_folder(self) -> Folder:
        """The folder, out of the organization's own."""
        return self.folders[int(self.cleaned_data["folder"])]

    def clean(self) -> dict[str, Any]:
        """The form's words as the service's: on demand is not static; a locked preset's values are not sent."""
        values = dict(super().clean() or {})
        if "on_demand" in values:
            values["static"] = not values.pop("on_demand")
        if "zone_mode" in values:
            values["zone_mode"] = values["zone_mode"] or ZoneMode.PREFERRED
        preset = values.get("preset")
        if preset is not None and not preset.is_adjustable:
            values = {name: value for name, value in values.items() if name not in RULED}
        elif "dvr_depth" in values:
            values["dvr_depth"] = values["dvr_depth"] or 0
        return values


def camera_initial(camera: Camera) -> dict[str, Any]:
    """A camera as its form shows it: passwords in addresses as stars."""
    same = ("title", "dvr_depth", "dvr_space", "vision_alg", "enabled", "video_only", "transcode_audio",
            "postal_address", "coordinates", "comment", "zone_mode")  # fmt: skip
    return {
        **{name: getattr(camera, name) for name in same},
        "stream_url": shown(camera.stream_url),
        "substream_url": shown(camera.substream_url),
        "organization": camera.organization_id,
        "folder": camera.folder_id,
        "preset": camera.preset_id,
        "zone": camera.zone_id,
        "on_demand": not camera.static,
    }


class PresetForm(PerchForm):
    """A preset (item 41)."""

    title = forms.CharField(label=_("Title"), max_length=200)
    dvr_depth = DaysField(
        label=_("Archive, days"),
        min_value=0,
        max_value=3650,
        widget=forms.NumberInput(attrs=DEPTH),
        help_text=_("0: live only, nothing is recorded."),
    )
    dvr_space = forms.IntegerField(
        label=_("Archive at most, GB"), required=False, min_value=1, max_value=1_000_000,
        help_text=_("Per camera; the oldest goes first. Empty: no limit."),
    )  # fmt: skip
    dvr_lock_days = forms.IntegerField(
        label=_("Motion kept, days"), required=False, min_value=0, max_value=3650,
        help_text=_("How long recordings of motion are kept. Empty: as long as there is room. 0: as the archive."),
    )  # fmt: skip
    precise_thumbnails_days = forms.IntegerField(
        label=_("Precise thumbnails, days"), required=False, min_value=0, max_value=3650,
        help_text=_("For streamers that make them beforehand; the embedded one cuts pictures when they are asked for."),
    )  # fmt: skip
    vision_alg = forms.ChoiceField(
        label=_("Recognition"), required=False, choices=RECOGNITION,
        help_text=_("What streamers with analytics look for. Zones are each camera's own."),
    )  # fmt: skip
    max_streams = forms.IntegerField(
        label=_("Cameras watched at once"), required=False, min_value=1, max_value=1000,
        help_text=_("By one person, of all cameras with such a limit. Empty: no limit."),
    )  # fmt: skip
    is_adjustable = forms.BooleanField(
        label=_("Cameras may differ"), required=False,
        help_text=_("On: the values are copied and can then be changed on a camera. Off: they are fixed."),
    )  # fmt: skip
    is_everywhere = forms.BooleanField(
        label=_("In all organizations"), required=False,
        help_text=_("Off: only organizations it is attached to may choose it."),
    )  # fmt: skip
    zone: forms.ModelChoiceField[Zone] = RowField(
        label=_("Zone"), queryset=Zone.objects.all(), required=False, empty_label=_("Any"),
        help_text=_("The network or region whose recording servers take its cameras. A camera's own zone wins."),
    )  # fmt: skip
    zone_mode = forms.ChoiceField(label=_("The zone is"), required=False, choices=ZONE_MODES)
    labels = LabelsField(
        label=_("Labels"), required=False,
        help_text=_("One a line, as in gpu=yes. Its cameras go only to recording servers that have all of them."),
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not Zone.objects.exists():
            for name in PLACED:
                del self.fields[name]

    def clean_zone_mode(self) -> str:
        """Preferred, if nothing is said."""
        return self.cleaned_data["zone_mode"] or ZoneMode.PREFERRED

    def clean_precise_thumbnails_days(self) -> int:
        """Empty is none."""
        return self.cleaned_data["precise_thumbnails_days"] or 0


class AttachForm(PerchForm):
    """Which organization may choose a preset."""

    organization: forms.ModelChoiceField[Organization] = RowField(
        label=_("Organization"), queryset=None, empty_label=_("Choose an organization")
    )

    def __init__(self, *args: Any, preset: Preset, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        free = Organization.objects.exclude(pk__in=preset.attachments.values("organization")).order_by("title")
        self.fields["organization"].queryset = free  # type: ignore[attr-defined]
