"""Forms of streamers and zones at the installation's address."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from devices.models import Streamer, Zone
from devices.models.zones import ZONE_NAME
from portal.pages.forms import LabelsField, PerchForm
from tenants.models.domains import HOST

PLACING = {"zones", "labels", "channel_limit", "total_bandwidth", "role", "is_default"}


class CarriedForm(PerchForm):
    """Which cameras a streamer of any make carries (items 106, 176), and where third parties find it."""

    zones: forms.ModelMultipleChoiceField[Zone] = forms.ModelMultipleChoiceField(
        label=_("Zones"), queryset=Zone.objects.all(), required=False, widget=forms.CheckboxSelectMultiple,
        help_text=_("The networks or regions it stands in. Cameras ask for zones, never for a streamer."),
    )  # fmt: skip
    labels = LabelsField(
        label=_("Labels"), required=False, help_text=_("One a line, as in gpu=yes. Presets may ask for them.")
    )
    channel_limit = forms.IntegerField(
        label=_("Cameras at most"), required=False, min_value=0, max_value=1_000_000,
        help_text=_("Empty: no limit. 0: all cameras move away, as before a removal."),
    )  # fmt: skip
    total_bandwidth = forms.IntegerField(
        label=_("Incoming at most, kbit/s"), required=False, min_value=1, max_value=2_000_000_000,
        help_text=_("Empty: no limit. No camera is added beyond it; those that are there stay."),
    )  # fmt: skip
    role = forms.ChoiceField(
        label=_("Role"), choices=Streamer.Role.choices, required=False,
        help_text=_("Only a streamer carries cameras."),
    )  # fmt: skip
    is_default = forms.BooleanField(
        label=_("Cameras without a zone go here"), required=False,
        help_text=_("To this one and any other marked so; where none is, to any streamer."),
    )  # fmt: skip

    rtsp_port = forms.IntegerField(
        label=_("RTSP port"), required=False, min_value=0, max_value=65535, initial=8554,
        help_text=_("For third parties. 0: it serves no RTSP."),
    )  # fmt: skip

    def clean_role(self) -> str:
        """A streamer, if nothing else is said."""
        return self.cleaned_data["role"] or Streamer.Role.STREAMER

    def clean_rtsp_port(self) -> int:
        """Left empty, it is none."""
        return self.cleaned_data["rtsp_port"] or 0

    @property
    def reach(self) -> list[forms.BoundField]:
        """The other fields: how the streamer is reached."""
        return [self[name] for name in self.fields if name not in PLACING]


class StreamerForm(CarriedForm):
    """How browsers reach a streamer of our own make (item 157)."""

    port = forms.IntegerField(label=_("Port"), min_value=1, max_value=65535)
    public_url = forms.URLField(
        label=_("Public address"), required=False, max_length=200, assume_scheme="https",
        help_text=_("As in https://video1.example.org. Empty: the portal's own host name with the port."),
    )  # fmt: skip


class NewStreamerForm(StreamerForm):
    """A streamer that is added."""

    hostname = forms.CharField(
        label=_("Host name"), max_length=253, validators=[HOST],
        help_text=_("The name it calls itself by. It stays."),
    )  # fmt: skip
    field_order = ("hostname", "port", "rtsp_port", "public_url")


class ZoneForm(PerchForm):
    """A zone (item 106)."""

    title = forms.CharField(label=_("Title"), max_length=200)
    note = forms.CharField(
        label=_("Note"), max_length=2000, required=False, widget=forms.Textarea(attrs={"rows": "3"}),
        help_text=_("Which network or place it is. Providers read the title only."),
    )  # fmt: skip
    returns = forms.BooleanField(
        label=_("Cameras return by themselves"), required=False,
        help_text=_("To the streamer they were on before it failed. Cameras that prefer the zone always return to the"
                    " zone; this is about which streamer in it."),
    )  # fmt: skip


class NewZoneForm(ZoneForm):
    """A zone that is added."""

    name = forms.CharField(
        label=_("Name"), max_length=64, validators=[ZONE_NAME], help_text=_("For the API. It stays.")
    )
    field_order = ("name", "title", "note", "returns")


PASSWORD = forms.PasswordInput(attrs={"autocomplete": "off"})
HOSTNAME: dict[str, Any] = {"label": _("Host name"), "max_length": 253, "validators": [HOST]}


class FlussonicForm(CarriedForm):
    """How a Flussonic is reached (items 157, 176)."""

    public_url = forms.URLField(
        label=_("Public address"), max_length=200, assume_scheme="https",
        help_text=_("Where browsers get video, as in https://video1.example.org."),
    )  # fmt: skip
    api_url = forms.CharField(
        label=_("Address of its API"), max_length=200, help_text=_("As Perch reaches it: http://10.0.0.5:8080.")
    )
    api_login = forms.CharField(
        label=_("Login"), max_length=100, required=False, help_text=_("Empty: the secret is the cluster key.")
    )
    api_secret = forms.CharField(
        label=_("Password or cluster key"), max_length=200, required=False, strip=False, widget=PASSWORD,
        help_text=_("Empty: the same as before."),
    )  # fmt: skip
    perch_url = forms.CharField(
        label=_("Address of Perch"), max_length=200, help_text=_("Where the streamer reaches this portal.")
    )
    storage = forms.CharField(
        label=_("Storage"), max_length=200, required=False,
        help_text=_("The name of a DVR on it, or a folder that begins with a slash. Empty: where it records anyway."),
    )  # fmt: skip


class NewFlussonicForm(FlussonicForm):
    """A Flussonic that is added."""

    hostname = forms.CharField(**HOSTNAME, help_text=_("It stays, and is a part of config_external."))
    field_order = ("hostname",)


class MediaMtxForm(FlussonicForm):
    """How a MediaMTX is reached."""

    public_url = forms.URLField(
        label=_("Public address"), max_length=200, assume_scheme="https",
        help_text=_("Where browsers get HLS, as in https://video1.example.org:8888."),
    )  # fmt: skip
    playback_url = forms.URLField(
        label=_("Address of the archive"), max_length=200, required=False, assume_scheme="https",
        help_text=_("Of its playback server, as in https://video1.example.org:9996. Empty: no archive."),
    )  # fmt: skip
    api_login = forms.CharField(
        label=_("Login"), max_length=100, required=False, help_text=_("What Perch shows at its API, and allows there.")
    )
    api_secret = forms.CharField(
        label=_("Password"), max_length=200, required=False, strip=False, widget=PASSWORD,
        help_text=_("Empty: the same as before."),
    )  # fmt: skip
    storage = forms.CharField(
        label=_("Storage"), max_length=200, required=False,
        help_text=_("The folder that recordings go to. Empty: where it records anyway."),
    )  # fmt: skip
    field_order: tuple[str, ...] = ("public_url", "playback_url")


class NewMediaMtxForm(MediaMtxForm):
    """A MediaMTX that is added."""

    hostname = forms.CharField(**HOSTNAME, help_text=_("It stays, and is a part of authHTTPAddress."))
    field_order = ("hostname", "public_url", "playback_url")


# By make: the form of one that is added, and of one that is there.
STREAMER_FORMS: dict[str, tuple[type[PerchForm], type[PerchForm]]] = {
    Streamer.Kind.EMBEDDED: (NewStreamerForm, StreamerForm),
    Streamer.Kind.FLUSSONIC: (NewFlussonicForm, FlussonicForm),
    Streamer.Kind.MEDIAMTX: (NewMediaMtxForm, MediaMtxForm),
}
