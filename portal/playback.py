"""Playback for whoever made a request: tokens bound to the session or key that came with it, and the address to use."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _

from devices import playback
from devices.drivers.streamer import STREAMER_DRIVERS
from devices.drivers.streamer.base import Addresses
from devices.models import Camera, Streamer
from devices.services import streamers
from portal.api import key_rights
from portal.hosts import normalize
from tenants.errors import Unauthenticated
from tenants.models import ApiKey, User, UserSession
from tenants.secrets import digest


class Player:
    """One signed-in caller who asks for video; make one a request, then ask it for each camera (no query)."""

    def __init__(self, user: User, *, session_id: int = 0, key_id: int = 0, may_watch: bool = True) -> None:
        self._may_watch = may_watch
        self._issuer = playback.Issuer(user.pk, session_id=session_id, key_id=key_id)

    @classmethod
    def by_session(cls, user: User, session_key: str | None) -> Player:
        """The player of a browser or application session. Raises Unauthenticated when the session has just ended."""
        row = UserSession.objects.filter(user=user, digest=digest(session_key or "")).values_list("pk").first()
        if row is None:
            raise Unauthenticated(_("The session has ended."))
        return cls(user, session_id=row[0])

    @classmethod
    def by_key(cls, user: User, key: ApiKey) -> Player:
        """The player of an API key, acting for its own user or for one the system key named."""
        return cls(user, key_id=key.pk, may_watch=key_rights.may_watch(key))

    def token(self, camera: playback.Watched, *, archive: bool = True) -> str:
        """A token for a camera the user may watch, for two hours; `archive=False` keeps it to live video. Empty for a
        key that is limited to other things than video."""
        return "" if not self._may_watch else self._issuer.token(camera, archive=archive)


def addresses(request: HttpRequest, camera: Camera) -> Addresses | None:
    """What the browser behind this request loads of the camera; None while it has no streamer."""
    return addresses_at(request, camera.streamer, camera.media) if camera.streamer else None


def addresses_at(request: HttpRequest, streamer: Streamer, media: str) -> Addresses:
    """The same of a stream at a streamer that need not be the camera's now."""
    host: Any = request.META.get("HTTP_HOST", "")
    base = streamers.playback_base(streamer, normalize(host))
    return STREAMER_DRIVERS[streamer.kind].addresses(base, streamer.playback_url.rstrip("/"), media)
