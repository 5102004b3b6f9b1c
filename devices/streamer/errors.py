"""What goes wrong. With a camera, in words a subscriber understands and the codes of the status report; with Perch."""

from __future__ import annotations

MESSAGES = {
    "unreachable": "The camera does not answer.",
    "unauthorized": "The camera refuses the user name or password.",
    "no_video": "The camera answers but sends no video.",
    "unsupported_codec": "The camera's video codec is not supported; set the camera to H.264 or H.265.",
    "refused_address": "The camera's address is outside the networks that may be reached.",
    "not_found": "The camera does not know this path; check the address of the stream.",
    "stalled": "The camera stopped sending video.",
    "disk_full": "The disk is full: live works, nothing is recorded.",
    "unknown": "The camera's video could not be read.",
}


class SourceError(Exception):
    """No video from a camera: one of the codes above, and a message for people."""

    def __init__(self, code: str, detail: str = "", *, message: str = "") -> None:
        self.code = code
        self.message = message or MESSAGES[code] + (f" ({detail})" if detail else "")
        super().__init__(self.message)

    def as_json(self) -> dict[str, str]:
        return {"code": self.code, "message": self.message}


class Trouble(Exception):
    """Perch does not answer, or not as agreed; what runs goes on."""


class CutOff(Trouble):
    """Perch cannot be reached, or does not know this streamer (`answered`): others may have been given the cameras."""

    def __init__(self, text: str, *, answered: bool = False) -> None:
        super().__init__(text)
        self.answered = answered
