"""What a camera's status means in plain words: for badges, cards and the player."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext_lazy

from devices.models import Camera, CameraStatus


@dataclass(frozen=True)
class Condition:
    """How a camera is: `state` for the colour, `label` for the badge, `reason` for whoever wonders why."""

    state: str
    label: str
    reason: str = ""


# The streamer contract's error codes, as a subscriber would be told on the telephone.
REASONS = {
    "unreachable": gettext_lazy("The camera does not answer. Check its power and network, then its address."),
    "unauthorized": gettext_lazy("The camera refused the login or password. Correct them in the stream address."),
    "no_video": gettext_lazy("The camera answers but sends no video. Check the path of the stream address."),
    "unsupported_codec": gettext_lazy("The camera sends a format that cannot be recorded. Switch it to H.264."),
    "refused_address": gettext_lazy("The address is outside the networks this service may reach."),
    "not_found": gettext_lazy("The camera has no such stream. Check the path of the stream address."),
    "stalled": gettext_lazy("The camera stopped sending pictures. It is being connected again."),
    "disk_full": gettext_lazy("The recording server has no free space. The provider has been told."),
    "no_streamer": gettext_lazy(
        "No recording server that this camera may be on answers. It starts by itself once one does."
    ),
    "unknown": gettext_lazy("The camera cannot be opened. It is being tried again."),
}

LABELS = {
    "online": gettext_lazy("On line"),
    "offline": gettext_lazy("Off line"),
    "waiting": gettext_lazy("Connecting"),
    "asleep": gettext_lazy("On demand"),
    "disabled": gettext_lazy("Switched off"),
    "private": gettext_lazy("Privacy mode"),
}
EXPLAINED = {
    "waiting": gettext_lazy("The camera is being connected. The first picture takes up to a minute."),
    "asleep": gettext_lazy("The camera starts when somebody watches it."),
    "disabled": gettext_lazy("The camera is switched off: it neither records nor costs."),
    "private": gettext_lazy("Its people want to be alone: nothing is recorded and nobody watches until they end it."),
}


def reason(code: str) -> str:
    """The sentence for an error code; an unknown code gets the general one."""
    return str(REASONS.get(code, REASONS["unknown"])) if code else ""


def describe(camera: Camera) -> Condition:
    """The condition of a camera whose status was fetched with it."""
    status: CameraStatus | None = getattr(camera, "status", None)
    if not camera.enabled:
        return condition("disabled")
    if camera.is_private:
        return condition("private")
    if status is not None and status.alive:
        return condition("online")
    if status is not None and status.error_code:
        return condition("offline", status.error_code)
    return condition("waiting" if camera.static else "asleep")


def condition(state: str, code: str = "") -> Condition:
    """A state in words; the reason of being off line is the error's."""
    return Condition(state, str(LABELS[state]), reason(code) if code else str(EXPLAINED.get(state, "")))


def live_texts() -> dict[str, dict[str, str]]:
    """The same words for live.js, which shows changes without a reload."""
    reasons = {**REASONS, **EXPLAINED}
    return {
        "states": {state: str(label) for state, label in LABELS.items()},
        "reasons": {code: str(text) for code, text in reasons.items()},
    }
