"""The browser's end of live status: `/ws/live`.

To the browser: `snapshot` (begins with everything it may know), `status` (what changed), `beat` (we are here); each
with `version`, which grows within a process. From it: `{"type": "resync"}` asks for a snapshot.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from typing import Any

import orjson
from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings
from django.contrib.auth import get_user
from django.db import OperationalError
from django.http import HttpRequest

from portal import hosts
from portal.fleet import DatabaseAway
from portal.live import origins
from portal.live.guard import TRY_LATER, welcome
from portal.live.hub import Viewer, hub
from portal.sessions import SessionStore
from tenants import clock
from tenants.models import User, UserSession
from tenants.scoping import domain_scope
from tenants.secrets import digest

logger = logging.getLogger(__name__)

LARGEST_MESSAGE = 16 * 1024
MESSAGES_A_SECOND = 20
RESYNCS_APART = 1.0
LARGEST_BACKLOG = 200  # messages a browser may be behind; then it starts again with a snapshot
POLICY, TOO_BIG, TOO_MANY = 1008, 1009, 4429


@dataclass(frozen=True)
class Guest:
    """Who opened a socket: a user of the ISP whose host he asked, by a session that lives."""

    domain_id: int
    user_id: int
    session_id: int
    is_admin: bool


class LiveConsumer(AsyncWebsocketConsumer):
    """One socket. Nothing is ever sent to it by a channel layer: the hub has it in its hands."""

    channel_layer_alias = "none"

    async def connect(self) -> None:
        self.session_id = 0
        self._viewer: Viewer | None = None
        self._backlog: deque[str] = deque()
        self._writer: asyncio.Task[None] | None = None
        self._heard: deque[float] = deque(maxlen=MESSAGES_A_SECOND)
        self._synced_at = 0.0
        guest = await self._guest()
        if guest is None:
            await self.close()
            return
        await self.accept()
        await self._join(guest)

    async def _guest(self) -> Guest | None:
        headers = dict(self.scope["headers"])
        host = headers.get(b"host", b"").decode("latin-1")
        if not origins.is_own(headers.get(b"origin", b"").decode("latin-1"), host):
            return None
        key = _session_key(headers.get(b"cookie", b"").decode("latin-1"))
        try:
            return await database_sync_to_async(guest_of, thread_sensitive=False)(host, key) if key else None
        except OperationalError:
            return None

    async def _join(self, guest: Guest) -> None:
        self.session_id = guest.session_id
        self._viewer = hub.join(self, guest.domain_id, guest.user_id)
        if self._viewer is None:
            await self.close(TOO_MANY)
            return
        try:
            await welcome(hub, self._viewer, self, is_admin=guest.is_admin)
        except DatabaseAway:
            self.end(TRY_LATER)

    def offer(self, text: str) -> None:
        """Send when the browser takes it; one that falls far behind is let go and will come back for a snapshot."""
        if len(self._backlog) >= LARGEST_BACKLOG:
            self.end(TRY_LATER)
            return
        self._backlog.append(text)
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write())

    async def _write(self) -> None:
        try:
            while self._backlog:
                await self.send(text_data=self._backlog.popleft())
        except (OSError, RuntimeError):
            self._backlog.clear()  # it has gone; `disconnect` follows

    def end(self, code: int) -> None:
        """Close the socket without waiting for it."""
        self._forget()
        self._ending = asyncio.create_task(self._close(code))

    async def _close(self, code: int) -> None:
        try:
            await self.close(code)
        except (OSError, RuntimeError):
            logger.debug("a socket was gone before it could be closed")

    def _forget(self) -> None:
        self._backlog.clear()
        if self._viewer is not None:
            hub.leave(self._viewer, self)
            self._viewer = None

    async def disconnect(self, code: int) -> None:
        self._forget()

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        if text_data is None or len(text_data) > LARGEST_MESSAGE:
            self.end(TOO_BIG)
        elif self._is_flood():
            self.end(POLICY)
        elif self._viewer is not None and _kind(text_data) == "resync":
            await self._resync(self._viewer)

    async def _resync(self, viewer: Viewer) -> None:
        if clock.monotonic() - self._synced_at < RESYNCS_APART:
            return
        self._synced_at = clock.monotonic()
        try:
            await hub.snapshot(viewer, [self])
        except DatabaseAway:
            self.end(TRY_LATER)

    def _is_flood(self) -> bool:
        now = clock.monotonic()
        full = len(self._heard) == MESSAGES_A_SECOND and now - self._heard[0] < 1.0
        self._heard.append(now)
        return full


def guest_of(host: str, session_key: str) -> Guest | None:
    """Who a session cookie is at this host, or None. The same checks as a page's: ISP, session, password, block."""
    domain = hosts.domain_of(host)
    if domain is None:
        return None
    with domain_scope(domain):
        request = HttpRequest()
        request.session = SessionStore(session_key)
        user = get_user(request)
        row = UserSession.objects.filter(digest=digest(session_key)).values_list("pk", "user_id").first()
        if not isinstance(user, User) or row is None or row[1] != user.pk:
            return None
        return Guest(domain.pk, user.pk, row[0], user.is_admin)


def _session_key(cookie: str) -> str:
    try:
        morsel = SimpleCookie(cookie).get(settings.SESSION_COOKIE_NAME)
    except CookieError:
        return ""
    return morsel.value if morsel else ""


def _kind(text: str) -> Any:
    try:
        message = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return message.get("type") if isinstance(message, dict) else None
