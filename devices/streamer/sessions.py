"""Who watches: every playback request is a visit, visits with one token are a session, and Perch decides on sessions.

A decision holds as long as Perch says (X-AuthDuration); then the next request, or the next piece of a long answer, asks
again. So a right that was taken away cuts what is running.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

import orjson

from devices.streamer.errors import Trouble
from tenants import clock

DEFAULT_DURATION = 5.0
LONGEST_DURATION = 3600.0
KEPT = 300.0  # a session without visits is forgotten after this
AGAIN = 2.0  # while Perch is silent it is asked this often about a session


class Refused(Exception):
    """Perch says no; `code` and `title` are its words for why, where it has any."""

    def __init__(self, name: str, code: str = "", title: str = "") -> None:
        super().__init__(name)
        self.code, self.title = code, title


class Moved(Refused):
    """The stream is at another streamer; `address` is there."""

    def __init__(self, address: str) -> None:
        super().__init__(address)
        self.address = address


class Undecided(Exception):
    """Perch does not answer, and there is no earlier decision to go by."""


@dataclass(frozen=True)
class Visit:
    """One request of a viewer."""

    name: str
    proto: str
    token: str = field(repr=False)
    ip: str = ""
    host: str = ""
    user_agent: str = ""
    query: str = field(default="", repr=False)
    dvr: bool = False
    number: int = 0
    bytes: int = 0  # sent to this session so far
    seconds: float = 0.0  # since it began
    part: str = ""  # of the archive that a file is made of; each is a session, because each is asked for

    @property
    def session(self) -> str:
        """The identity of the session: hash of name, token and protocol."""
        digest = hashlib.sha256("\0".join((self.name, self.token, self.proto + self.part)).encode()).digest()
        return str(UUID(bytes=digest[:16], version=4))

    def question(self) -> dict[str, str]:
        """The query of the auth hook."""
        return {
            "name": self.name,
            "proto": self.proto,
            "ip": self.ip,
            "token": self.token,
            "session_id": self.session,
            "request_type": "update_session" if self.number else "new_session",
            "request_number": str(self.number),
            "bytes": str(self.bytes),
            "duration": str(int(self.seconds)),
            "dvr": "true" if self.dvr else "false",
            "host": self.host,
            "user_agent": self.user_agent[:300],
            "qs": "&".join(part for part in (self.query[:1000], self.part) if part),
        }


@dataclass(frozen=True)
class Decision:
    """What Perch said. `ranges` in UTC seconds: None is the whole archive, empty is none of it.

    `code` and `title` say why not; `elsewhere` is the address at another streamer, of a stream that is not here.
    """

    allowed: bool
    duration: float = DEFAULT_DURATION
    user: str = ""
    max_sessions: int | None = None
    ranges: tuple[tuple[float, float], ...] | None = None
    code: str = ""
    title: str = ""
    elsewhere: str = ""

    @classmethod
    def of(cls, status: int, headers: Mapping[str, str], body: bytes) -> Decision:
        duration = _number(headers.get("X-AuthDuration"), DEFAULT_DURATION)
        if status != 200:
            code, title = _reason(body)
            elsewhere = headers.get("Location", "") if status == 302 else ""
            return cls(False, min(duration, LONGEST_DURATION), code=code, title=title, elsewhere=elsewhere)
        limit = headers.get("X-Max-Sessions", "")
        return cls(
            allowed=True,
            duration=min(duration, LONGEST_DURATION),
            user=headers.get("X-UserId", ""),
            max_sessions=int(limit) if limit.isdigit() else None,
            ranges=_ranges(body),
        )

    def clip(self, start: float, end: float) -> list[tuple[float, float]]:
        """The parts of a range of time that may be seen."""
        if self.ranges is None:
            return [(start, end)]
        parts = [(max(start, opened), min(end, closed)) for opened, closed in self.ranges]
        return [(first, last) for first, last in parts if first < last]


@dataclass
class Standing:
    """A decision and when it was made."""

    decision: Decision
    decided_at: float
    tried_at: float = 0.0  # when Perch was last asked in vain


@dataclass
class Session:
    """Visits of one viewer to one stream by one protocol."""

    name: str
    proto: str
    opened_at: float
    seen_at: float
    is_live: bool = False
    standings: dict[bool, Standing] = field(default_factory=dict)
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    user: str = ""
    requests: int = 0
    bytes: int = 0

    @property
    def worth(self) -> float:
        """Seconds it is remembered: a refused one no longer than its ban, or guessing tokens would fill the memory."""
        bans = [one.decision.duration for one in self.standings.values() if not one.decision.allowed]
        return max(bans, default=10.0) if len(bans) == len(self.standings) else KEPT


class Sessions:
    """All sessions of this streamer. `ask` is the auth hook, `doubt` how long an old yes outlives Perch's silence."""

    def __init__(self, ask: Callable[[Visit], Awaitable[Decision]], *, doubt: float, viewer: float) -> None:
        self._ask, self._doubt, self._viewer = ask, doubt, viewer
        self._sessions: dict[str, Session] = {}
        self._swept = clock.monotonic()

    async def admit(self, visit: Visit) -> Decision:
        """The standing decision on a visit. Raises Refused or Undecided."""
        now = clock.monotonic()
        self._sweep(now)
        session = self._sessions.get(visit.session)
        if session is None:
            session = self._sessions[visit.session] = Session(visit.name, visit.proto, now, now)
        async with session.lock:
            standing = session.standings.get(visit.dvr)
            if standing is None or clock.monotonic() - standing.decided_at >= standing.decision.duration:
                standing = await self._decide(session, visit, standing)
        decision = standing.decision
        if not decision.allowed:
            if decision.elsewhere:
                raise Moved(decision.elsewhere)
            raise Refused(visit.name, decision.code, decision.title)
        self._enforce_limit(session, standing.decision)
        session.seen_at = clock.monotonic()
        session.is_live = session.is_live or not visit.dvr
        return standing.decision

    async def _decide(self, session: Session, visit: Visit, before: Standing | None) -> Standing:
        if before and self._may_wait(before):
            return before
        age = clock.monotonic() - session.opened_at
        numbered = replace(visit, number=session.requests, bytes=session.bytes, seconds=age)
        try:
            decision = await self._ask(numbered)
        except Trouble as error:
            if before is None or not self._is_in_doubt(before):
                raise Undecided(visit.name) from error
            before.tried_at = clock.monotonic()
            return before
        session.requests += 1
        session.user = decision.user
        made = session.standings[visit.dvr] = Standing(decision, clock.monotonic())
        return made

    def _is_in_doubt(self, standing: Standing) -> bool:
        """An old yes that may outlive Perch's silence for a while."""
        return standing.decision.allowed and clock.monotonic() - standing.decided_at <= self._doubt

    def _may_wait(self, standing: Standing) -> bool:
        """Perch was just asked in vain: do not let every request wait for it."""
        return self._is_in_doubt(standing) and clock.monotonic() - standing.tried_at < AGAIN

    def _enforce_limit(self, session: Session, decision: Decision) -> None:
        """X-Max-Sessions: the extra session is the one refused."""
        if decision.max_sessions is None or not decision.user:
            return
        others = [one for one in self._active() if one.user == decision.user and one is not session]
        older = [one for one in others if one.opened_at <= session.opened_at]
        if len(older) >= decision.max_sessions:
            raise Refused(session.name)

    def sent(self, visit: Visit, size: int) -> None:
        """Bytes went to a session that was admitted."""
        if session := self._sessions.get(visit.session):
            session.bytes += size

    def viewers(self, name: str) -> int:
        """Sessions that watch a stream live now."""
        return sum(session.name == name and session.is_live and session.proto != "jpeg" for session in self._active())

    def _active(self) -> list[Session]:
        since = clock.monotonic() - self._viewer
        return [
            session
            for session in self._sessions.values()
            if session.seen_at >= since and any(one.decision.allowed for one in session.standings.values())
        ]

    def _sweep(self, now: float) -> None:
        if now - self._swept > 10:
            self._swept = now
            self._sessions = {key: one for key, one in self._sessions.items() if now - one.seen_at < one.worth}


def _number(text: str | None, default: float) -> float:
    try:
        return max(0.0, float(text or default))
    except ValueError:
        return default


def _reason(body: bytes) -> tuple[str, str]:
    """Code and title of the first error of a refusal; empty where it says nothing that can be read."""
    try:
        error = orjson.loads(body)["errors"][0]
        return str(error.get("code", ""))[:60], str(error.get("title", ""))[:300]
    except (ValueError, LookupError, TypeError, AttributeError):
        return "", ""


def _ranges(body: bytes) -> tuple[tuple[float, float], ...] | None:
    """`allowed_dvr_ranges` of an answer; what cannot be read allows nothing."""
    if not body.strip():
        return None
    try:
        data: Any = orjson.loads(body)
    except ValueError:
        return ()
    if not isinstance(data, dict) or "allowed_dvr_ranges" not in data:
        return None
    found = []
    for one in data["allowed_dvr_ranges"] or []:
        if isinstance(one, dict):
            opened, closed = one.get("opened_at"), one.get("closed_at")
            found.append((float(opened or 0), float(closed) if closed is not None else float("inf")))
    return tuple(found)
