"""Where a page's pictures and streams come from: addresses with tokens, and the policy that lets browsers go there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any, TypeVar

from django.http.response import HttpResponseBase

from devices import playback as tokens
from devices.models import Camera
from devices.services import streamers
from portal.pages.common import Request
from portal.playback import Player, addresses, addresses_at

ResponseT = TypeVar("ResponseT", bound=HttpResponseBase)
FROM_STREAMERS = ("img-src", "connect-src", "media-src")


def player_of(request: Request) -> Player:
    """The player behind the request, looked up once."""
    found: Player | None = getattr(request, "_player", None)
    if found is None:
        found = Player.by_session(request.user, request.session.session_key)
        request._player = found  # type: ignore[attr-defined]  # kept where it belongs: with the request
    return found


def preview(request: Request, camera: Camera) -> str:
    """The address of the camera's newest picture; empty where its streamer makes none."""
    found = addresses(request, camera)
    shown = found.picture if found else ""
    return f"{shown}?token={player_of(request).token(camera, archive=False)}" if shown else ""


def playback(request: Request, camera: Camera) -> dict[str, Any]:
    """What a player in the browser needs; `expires_in` is in seconds. `addresses` is null without a streamer."""
    found = addresses(request, camera)
    return {
        "addresses": asdict(found) if found else None,
        "token": player_of(request).token(camera),
        "expires_in": tokens.LIFETIME,
    }


def allow(
    response: ResponseT, request: Request, cameras: Iterable[Camera], *, archive: Sequence[Camera] = ()
) -> ResponseT:
    """Let the page load pictures and streams from these cameras' streamers, and from nowhere else; for those whose
    `archive` is played, also from where they were before (item 92)."""
    found = [addresses(request, camera) for camera in cameras]
    if archive:
        left = streamers.former(camera.pk for camera in archive)
        found += [addresses_at(request, row, archive[0].media) for row in left]
    origins = sorted(set[str]().union(*(one.origins() for one in found if one)))
    if origins:
        response._csp_update = dict.fromkeys(FROM_STREAMERS, origins)  # type: ignore[attr-defined]  # django-csp's own
    return response
