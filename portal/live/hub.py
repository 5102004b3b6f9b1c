"""The hub of a web process: which browsers look at which cameras, and what they were last told.

Statuses are read from the database and never believed from a notice; reading and telling happen in one step of the
event loop, so a browser hears states in the order they were read. An administrator looks at his whole ISP and is not
listed camera by camera.
"""

from __future__ import annotations

import asyncio
import itertools
from collections import defaultdict
from collections.abc import Iterable
from typing import Protocol

from portal.live import statuses
from portal.live.statuses import Status

SOCKETS_A_USER = 10
STATUSES_A_MESSAGE = 500


class Socket(Protocol):
    """One browser's connection, as the hub sees it. `offer` and `end` never wait."""

    session_id: int

    def offer(self, text: str) -> None: ...

    def end(self, code: int) -> None: ...


class Viewer:
    """One user of one ISP and his sockets in this process. `cameras` is what he may know of, None for everything."""

    def __init__(self, domain_id: int, user_id: int) -> None:
        self.domain_id, self.user_id = domain_id, user_id
        self.sockets: set[Socket] = set()
        self.cameras: frozenset[int] | None = frozenset()
        self.is_stale = True
        self.read_at = 0.0

    def may_know(self, status: Status) -> bool:
        if status.domain_id != self.domain_id:
            return False
        return self.cameras is None or status.camera_id in self.cameras


class Hub:
    """See the module. One a process, in its event loop."""

    def __init__(self) -> None:
        self.viewers: dict[tuple[int, int], Viewer] = {}
        self._by_camera: defaultdict[int, set[Viewer]] = defaultdict(set)
        self._by_domain: defaultdict[int, set[Viewer]] = defaultdict(set)
        self._told: dict[int, Status] = {}
        self._reading = asyncio.Lock()
        self._version = itertools.count(1)

    def join(self, socket: Socket, domain_id: int, user_id: int) -> Viewer | None:
        """Let a socket in; None when the user has too many. What it may hear, `allow` says."""
        viewer = self.viewers.setdefault((domain_id, user_id), Viewer(domain_id, user_id))
        if len(viewer.sockets) >= SOCKETS_A_USER:
            return None
        viewer.sockets.add(socket)
        return viewer

    def leave(self, viewer: Viewer, socket: Socket) -> None:
        """Forget a socket, and with the last one its user."""
        viewer.sockets.discard(socket)
        if not viewer.sockets and self.viewers.get((viewer.domain_id, viewer.user_id)) is viewer:
            self._unlist(viewer)
            del self.viewers[viewer.domain_id, viewer.user_id]

    def allow(self, viewer: Viewer, cameras: frozenset[int] | None) -> bool:
        """Set what a user may know of; True when it changed, so that his sockets want a snapshot."""
        if viewer.cameras == cameras or not viewer.sockets:
            return False
        self._unlist(viewer)
        viewer.cameras = cameras
        self._list(viewer)
        return True

    async def snapshot(self, viewer: Viewer, sockets: Iterable[Socket]) -> None:
        """Tell sockets of a user the state of all he may know of, from one read."""
        async with self._reading:
            read = await (
                statuses.of_domains([viewer.domain_id])
                if viewer.cameras is None
                else statuses.of_cameras(viewer.cameras)
            )
            self._tell(self._news(read))
            texts = self._texts("snapshot", [status.wire for status in read.values() if viewer.may_know(status)])
            for socket in list(sockets):
                for text in texts:
                    socket.offer(text)

    async def refresh(self, domain_id: int, ids: Iterable[int]) -> None:
        """Read cameras that are said to have changed, and tell whoever looks at them."""
        watched = [i for i in ids if domain_id in self._by_domain or i in self._by_camera]
        if watched:
            async with self._reading:
                self._tell(self._news(await statuses.of_cameras(watched)))

    async def refresh_isp(self, domain_id: int) -> None:
        """Read what is looked at of one ISP: its cameras were changed, added or switched."""
        viewers = [viewer for viewer in self.viewers.values() if viewer.domain_id == domain_id]
        ids = frozenset[int]().union(*(viewer.cameras or () for viewer in viewers))
        if not viewers:
            return
        async with self._reading:
            read = await (
                statuses.of_domains([domain_id]) if domain_id in self._by_domain else statuses.of_cameras(ids)
            )
            self._tell(self._news(read))

    async def refresh_all(self) -> None:
        """Read everything anybody looks at: whatever notice was lost, browsers are right again after this."""
        if not self.viewers:
            return
        async with self._reading:
            read = await statuses.of_cameras(list(self._by_camera)) | await statuses.of_domains(list(self._by_domain))
            news = self._news(read)
            self._told = read
            self._tell(news)

    def tell_of_messages(self, domain_id: int, people: list[int] | None) -> None:
        """Let users' pages look at their messages again; None is everybody at the ISP."""
        text = self._texts("messages", [])[0]
        if people is None:
            viewers = [viewer for viewer in self.viewers.values() if viewer.domain_id == domain_id]
        else:
            viewers = [viewer for one in people if (viewer := self.viewers.get((domain_id, one)))]
        for socket in [socket for viewer in viewers for socket in viewer.sockets]:
            socket.offer(text)

    def beat(self) -> None:
        """Let every socket know that we are there."""
        text = self._texts("beat", [])[0]
        # A list, because a socket that has fallen behind leaves while it is spoken to.
        for socket in [socket for viewer in self.viewers.values() for socket in viewer.sockets]:
            socket.offer(text)

    def _news(self, read: dict[int, Status]) -> list[Status]:
        news = [status for camera_id, status in read.items() if self._told.get(camera_id) != status]
        self._told |= {status.camera_id: status for status in news}
        return news

    def _tell(self, news: list[Status]) -> None:
        """One text for all who may know the same cameras among the news."""
        wanted: defaultdict[Socket, list[int]] = defaultdict(list)
        for index, status in enumerate(news):
            viewers = self._by_camera.get(status.camera_id, set()) | self._by_domain.get(status.domain_id, set())
            for viewer in viewers:
                if viewer.may_know(status):
                    for socket in viewer.sockets:
                        wanted[socket].append(index)
        written: dict[tuple[int, ...], list[str]] = {}
        parts = [status.wire for status in news]
        for socket, indexes in wanted.items():
            key = tuple(indexes)
            if key not in written:
                written[key] = self._texts("status", [parts[index] for index in indexes])
            for text in written[key]:
                socket.offer(text)

    def _texts(self, kind: str, parts: list[bytes]) -> list[str]:
        """Messages of at most STATUSES_A_MESSAGE statuses; only the first one of a snapshot says that it begins one."""
        texts = []
        for start in range(0, max(len(parts), 1), STATUSES_A_MESSAGE):
            body = b",".join(parts[start : start + STATUSES_A_MESSAGE]).decode()
            texts.append(f'{{"type":"{kind}","version":{next(self._version)},"cameras":[{body}]}}')
            kind = "status" if kind == "snapshot" else kind
        return texts

    def _list(self, viewer: Viewer) -> None:
        if viewer.cameras is None:
            self._by_domain[viewer.domain_id].add(viewer)
            return
        for camera_id in viewer.cameras:
            self._by_camera[camera_id].add(viewer)

    def _unlist(self, viewer: Viewer) -> None:
        self._drop(self._by_domain, viewer.domain_id, viewer)
        for camera_id in viewer.cameras or ():
            self._drop(self._by_camera, camera_id, viewer)

    @staticmethod
    def _drop(index: defaultdict[int, set[Viewer]], key: int, viewer: Viewer) -> None:
        if key in index:
            index[key].discard(viewer)
            if not index[key]:
                del index[key]


hub = Hub()
