"""Where a page's pictures and streams come from: addresses with tokens, and the policy that lets browsers go there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit

from django.http.response import HttpResponseBase

from devices import playback as tokens
from devices.models import Camera
from devices.services import streamers
from portal.pages.common import Request
from portal.playback import Player, base_url, former_base

ResponseT = TypeVar("ResponseT", bound=HttpResponseBase)
FROM_STREAMERS = ("img-src", "connect-src", "media-src")


def player_of(request: Request) -> Player:
    """The player behind the request, looked up once."""
    found: Player | None = getattr(request, "_player", None)
    if found is None:
        found = Player.by_session(request.user, request.session.session_key)
        request._player = found  # type: ignore[attr-defined]  # kept where it belongs: with the request
    return found


def stream_base(request: Request, camera: Camera) -> str:
    """The camera's address on its streamer; empty while it has none."""
    base = base_url(request, camera)
    return f"{base}/{quote(camera.media, safe='/~')}" if base else ""


def preview(request: Request, camera: Camera) -> str:
    """The address of the camera's newest picture."""
    base = stream_base(request, camera)
    return f"{base}/preview.jpg?token={player_of(request).token(camera, archive=False)}" if base else ""


def playback(request: Request, camera: Camera) -> dict[str, Any]:
    """What a player in the browser needs; `expires_in` is in seconds."""
    return {
        "base": stream_base(request, camera),
        "token": player_of(request).token(camera),
        "expires_in": tokens.LIFETIME,
    }


def allow(
    response: ResponseT, request: Request, cameras: Iterable[Camera], *, archive: Sequence[Camera] = ()
) -> ResponseT:
    """Let the page load pictures and streams from these cameras' streamers, and from nowhere else; for those whose
    `archive` is played, also from where they were before (item 92)."""
    bases = {base_url(request, camera) for camera in cameras}
    before = streamers.former(camera.pk for camera in archive) if archive else ()
    bases |= {former_base(request, row) for row in before}
    origins = sorted({_origin(base) for base in bases} - {""})
    if origins:
        response._csp_update = dict.fromkeys(FROM_STREAMERS, origins)  # type: ignore[attr-defined]  # django-csp's own
    return response


def _origin(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""
