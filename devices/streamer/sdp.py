"""What a camera offers (SDP, RFC 8866), and the same said again in our own words for ffmpeg."""

from __future__ import annotations

import re
from dataclasses import dataclass

from devices.streamer.errors import SourceError

VIDEO = {"H264": "h264", "H265": "h265"}
COPIED_AUDIO = {"MPEG4-GENERIC", "MP4A-LATM"}
CONVERTED_AUDIO = {"PCMU", "PCMA", "L16", "OPUS", "G722", "MPA"}
STATIC = {0: ("PCMU", "8000"), 8: ("PCMA", "8000"), 9: ("G722", "8000"), 10: ("L16", "44100/2"), 11: ("L16", "44100"),
          14: ("MPA", "90000"), 26: ("JPEG", "90000"), 32: ("MPV", "90000")}  # fmt: skip
_MEDIA = re.compile(r"^m=(video|audio|application|text)\s+\d+(?:/\d+)?\s+(\S+)\s+(\d{1,3})\b")
_RTPMAP = re.compile(r"^a=rtpmap:(\d{1,3})\s+([A-Za-z0-9.-]{1,32})/(\d{1,6}(?:/\d{1,2})?)\s*$")
_FMTP = re.compile(r"^a=fmtp:(\d{1,3})\s+([A-Za-z0-9;=,+/.: _-]{0,4000})$")
_CONTROL = re.compile(r"^a=control:([\x21-\x7e]{1,1000})\s*$")


@dataclass
class Offer:
    """One m= section that a recorder can take."""

    content: str
    payload: int
    encoding: str = ""
    clock: str = ""
    parameters: str = ""
    control: str = ""

    @property
    def codec(self) -> str:
        return VIDEO.get(self.encoding, self.encoding.lower())

    @property
    def is_copied_audio(self) -> bool:
        return self.encoding in COPIED_AUDIO

    @property
    def is_known_audio(self) -> bool:
        return self.encoding in COPIED_AUDIO | CONVERTED_AUDIO


@dataclass
class Session:
    """What DESCRIBE answered: the first usable video, and the first audio if there is one."""

    control: str
    video: Offer
    audio: Offer | None


def parse_sdp(text: str) -> Session:
    """Read a camera's answer; raises SourceError no_video or unsupported_codec."""
    session_control, offers = "", []
    for line in text.replace("\r", "\n").split("\n"):
        media = _MEDIA.match(line)
        if media:
            payload = int(media[3])
            name, rate = STATIC.get(payload, ("", ""))
            offers.append(Offer(media[1], payload, name, rate))
        elif control := _CONTROL.match(line):
            if offers:
                offers[-1].control = control[1]
            else:
                session_control = control[1]
        elif offers:
            _describe(offers[-1], line)
    return _choose(session_control, offers)


def _describe(offer: Offer, line: str) -> None:
    if (found := _RTPMAP.match(line)) and int(found[1]) == offer.payload:
        offer.encoding, offer.clock = found[2].upper(), found[3]
    elif (found := _FMTP.match(line)) and int(found[1]) == offer.payload:
        offer.parameters = found[2].strip()


def _choose(control: str, offers: list[Offer]) -> Session:
    videos = [offer for offer in offers if offer.content == "video"]
    if not videos:
        raise SourceError("no_video")
    video = next((offer for offer in videos if offer.encoding in VIDEO), None)
    if video is None:
        raise SourceError("unsupported_codec", videos[0].encoding or "unknown")
    audio = next((offer for offer in offers if offer.content == "audio"), None)
    return Session(control, video, audio)


def write_sdp(offers: list[Offer]) -> str:
    """The description ffmpeg is given: only what was understood, with our own control names."""
    lines = ["v=0", "o=- 0 0 IN IP4 127.0.0.1", "s=-", "c=IN IP4 127.0.0.1", "t=0 0", "a=control:*"]
    for number, offer in enumerate(offers):
        lines.append(f"m={offer.content} 0 RTP/AVP {offer.payload}")
        lines.append(f"a=rtpmap:{offer.payload} {offer.encoding}/{offer.clock}")
        if offer.parameters:
            lines.append(f"a=fmtp:{offer.payload} {offer.parameters}")
        lines.append(f"a=control:track{number}")
    return "\r\n".join(lines) + "\r\n"
