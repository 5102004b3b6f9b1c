"""Keeps open sockets honest: signed-out ones are closed, and rights are read again, every few seconds and on news.

A notice only makes it sooner. Without any, a socket outlives its session by CHECK_EVERY at most, and a right it lost
by RIGHTS_EVERY; a right that ends by the clock, of which nobody gives notice, by CHECK_EVERY.
"""

from __future__ import annotations

import asyncio
import logging

from portal import fleet
from portal.fleet import DatabaseAway
from portal.live import statuses
from portal.live.hub import Hub, Socket, Viewer
from tenants import clock
from tenants.rights import BY_THE_CLOCK

logger = logging.getLogger(__name__)

CHECK_EVERY = 4.0  # seconds
RIGHTS_EVERY = 8.0
AT_ONCE = 4  # users whose rights are read at a time
AT_LEAST_APART = 0.25  # a burst of notices is one look
BLIND_FOR = 60.0  # how long sockets stay open while nothing can be checked
SIGNED_OUT, TRY_LATER = 4401, 1013

ALIVE = """
SELECT s.id, u.is_admin
FROM tenants_usersession s
JOIN tenants_user u ON u.id = s.user_id AND u.domain_id = s.domain_id AND u.is_active
JOIN tenants_domain d ON d.id = s.domain_id AND d.is_active
WHERE s.id = ANY(%(sessions)s) AND s.expires_at > %(now)s
"""
# Users with a grant that begins or ends by itself: on a day, or with an hour of the week (item 303).
LIMITED = f"""
SELECT p.user_id FROM tenants_folderpermission p
WHERE p.user_id = ANY(%(users)s) AND ({BY_THE_CLOCK})
UNION
SELECT m.user_id FROM tenants_membership m JOIN devices_camerapermission p ON p.membership_id = m.id
WHERE m.user_id = ANY(%(users)s) AND ({BY_THE_CLOCK})
"""  # noqa: S608 - constants of this code base


class Guard:
    """Watches over one hub; `run` it as a task."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._woken = asyncio.Event()
        self._seen_at = clock.monotonic()
        self._doubted: set[int] = set()

    def doubt(self, domain_id: int, user_id: int | None) -> None:
        """Rights or sessions of a user (None: of anybody at the ISP, or its cameras) may have changed: look now."""
        for viewer in self._hub.viewers.values():
            if viewer.domain_id == domain_id and user_id in (None, viewer.user_id):
                viewer.is_stale = True
        if user_id is None:
            self._doubted.add(domain_id)
        self._woken.set()

    async def run(self) -> None:
        while True:
            try:
                await self.check()
                self._seen_at = clock.monotonic()
            except DatabaseAway as away:
                logger.warning("open sockets cannot be checked: %s", away)
                self._give_up_if_blind()
            await asyncio.sleep(AT_LEAST_APART)
            try:
                async with asyncio.timeout(CHECK_EVERY - AT_LEAST_APART):
                    await self._woken.wait()
            except TimeoutError:
                pass
            self._woken.clear()

    async def check(self) -> None:
        """Close what is signed out, and read the rights of whoever is due. Raises DatabaseAway."""
        admins = await self._alive()
        limited = await self._limited()
        viewers = list(self._hub.viewers.values())
        due = [one for one in viewers if one.is_stale or one.user_id in limited or self._is_due(one)]
        for start in range(0, len(due), AT_ONCE):
            await asyncio.gather(*(self._reread(viewer, admins) for viewer in due[start : start + AT_ONCE]))
        while self._doubted:
            await self._hub.refresh_isp(self._doubted.pop())

    async def _reread(self, viewer: Viewer, admins: dict[int, bool]) -> None:
        is_admin = any(admins.get(socket.session_id) for socket in viewer.sockets)
        if await read_rights(self._hub, viewer, is_admin=is_admin):
            await self._hub.snapshot(viewer, viewer.sockets)

    async def _alive(self) -> dict[int, bool]:
        """Whether each living session is an administrator's; sockets of all others are closed."""
        sockets = [socket for viewer in self._hub.viewers.values() for socket in viewer.sockets]
        if not sockets:
            return {}
        sessions = list({socket.session_id for socket in sockets})
        rows = await fleet.fetch(ALIVE, {"sessions": sessions, "now": clock.now()})
        alive = {row["id"]: row["is_admin"] for row in rows}
        for socket in sockets:
            if socket.session_id not in alive:
                socket.end(SIGNED_OUT)
        return alive

    async def _limited(self) -> set[int]:
        """Those among the users who have a grant that ends by itself."""
        users = list({viewer.user_id for viewer in self._hub.viewers.values()})
        rows = await fleet.fetch(LIMITED, {"users": users}) if users else []
        return {row["user_id"] for row in rows}

    @staticmethod
    def _is_due(viewer: Viewer) -> bool:
        return clock.monotonic() - viewer.read_at > RIGHTS_EVERY - CHECK_EVERY

    def _give_up_if_blind(self) -> None:
        if clock.monotonic() - self._seen_at > BLIND_FOR:
            for viewer in list(self._hub.viewers.values()):
                for socket in list(viewer.sockets):
                    socket.end(TRY_LATER)


async def read_rights(hub: Hub, viewer: Viewer, *, is_admin: bool) -> bool:
    """Read what a user may know of; True when it changed. Raises DatabaseAway."""
    viewer.is_stale = False
    cameras = None if is_admin else await statuses.known_cameras(viewer.user_id, viewer.domain_id)
    viewer.read_at = clock.monotonic()
    return hub.allow(viewer, cameras)


async def welcome(hub: Hub, viewer: Viewer, newcomer: Socket, *, is_admin: bool) -> None:
    """Read a user's rights as he opens a socket, and tell it everything he may know. Raises DatabaseAway."""
    changed = await read_rights(hub, viewer, is_admin=is_admin)
    await hub.snapshot(viewer, viewer.sockets if changed else [newcomer])
