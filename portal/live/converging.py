"""Streamers of other makes, asked every few seconds by whichever web process comes first: how their cameras fare, how
what they run differs from what is wanted, and who watches that may not any more.

Each streamer is visited by a task of its own with a deadline: one that hangs or lies keeps nobody else waiting.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs

import orjson
from psycopg.types.numeric import Int8

from devices.drivers.streamer import STREAMER_DRIVERS
from devices.drivers.streamer.base import Difference, Driver, Entry, Seen, Session
from devices.drivers.streamer.flussonic import Flussonic
from devices.drivers.streamer.http import Trouble
from devices.reports import media_name
from devices.services.replacements import LONGEST as LONGEST_TRIAL
from devices.services.replacements import TRIALS, trial_entry
from devices.services.streamers import STREAMS, hook_url, reach_of, stream_entry
from portal import fleet
from portal.api.hooks.callers import SEEN
from portal.api.hooks.mediamtx import permitted
from portal.api.hooks.reports import take
from portal.api.hooks.wire import Refusal
from portal.fleet import DatabaseAway
from portal.live import drifts
from tenants import clock

logger = logging.getLogger(__name__)

TICK = 0.5  # seconds
LOOK_EVERY = 10.0
VIEW_EVERY = 4.0
AT_LEAST_APART = 1.0  # a change is brought to a streamer no sooner than this after the last look
LONGEST = 60.0  # a visit; what it has done by then stays done, and the next one goes on
A_REPORT = 1000  # streams
JUDGED_AT_ONCE = 8
MAKES = [name for name, make in STREAMER_DRIVERS.items() if make.asked]
WATCHED_BY_US = [name for name, make in STREAMER_DRIVERS.items() if make.has_viewers]

# Claimed by writing the time: of several web processes one visits. A pushed make is visited as soon as it lags behind.
CLAIM_LOOK = """
UPDATE devices_streamer SET looked_at = %(now)s
WHERE kind = ANY(%(makes)s) AND api_url <> '' AND (
    looked_at IS NULL OR looked_at <= %(before)s
    OR (kind = ANY(%(watched)s) AND applied_version <> version AND looked_at <= %(soon)s))
RETURNING *
"""
CLAIM_VIEW = """
UPDATE devices_streamer SET viewed_at = %(now)s
WHERE kind = ANY(%(watched)s) AND api_url <> '' AND (viewed_at IS NULL OR viewed_at <= %(before)s)
RETURNING *
"""
IN_LINE = """
UPDATE devices_streamer SET applied_version = %(version)s, trouble = '', drift = %(drift)s::jsonb,
       last_seen_at = CASE WHEN kind = ANY(%(watched)s) THEN %(now)s ELSE last_seen_at END
WHERE id = %(streamer)s RETURNING id
"""
IN_TROUBLE = "UPDATE devices_streamer SET trouble = %(trouble)s WHERE id = %(streamer)s RETURNING id"


@dataclass
class Visited:
    """What a process remembers of one streamer between two visits."""

    driver: Driver
    row: dict[str, Any]
    version: int = -1
    wanted: dict[str, Entry] = field(default_factory=dict)
    unknown: set[str] = field(default_factory=set)  # wanted, but their addresses cannot be opened: left alone
    suspected: set[Difference] = field(default_factory=set)
    watched: set[str] = field(default_factory=set)  # streams that somebody watched at the last look
    doubted: set[int] = field(default_factory=set)  # ISPs whose people's rights changed since


class Converger:
    """Visits streamers; `run` it as a task."""

    def __init__(self) -> None:
        self._visited: dict[tuple[Any, ...], Visited] = {}
        self._busy: dict[tuple[int, str], asyncio.Task[None]] = {}

    async def run(self) -> None:
        try:
            while True:
                await asyncio.sleep(TICK)
                try:
                    await self.round()
                except DatabaseAway as away:
                    logger.warning("streamers are not asked: %s", away)
        finally:
            for task in self._busy.values():
                task.cancel()

    def doubt(self, domain_id: int) -> None:
        """Rights of an ISP's people changed: let streamers ask again now, not when their last answer has run out."""
        for known in self._visited.values():
            known.doubted.add(domain_id)

    async def round(self) -> None:
        """Begin the visits that are due. Raises DatabaseAway."""
        now = clock.now()
        claim = {"now": now, "makes": MAKES, "watched": WATCHED_BY_US, "soon": now - timedelta(seconds=AT_LEAST_APART)}
        for row in await fleet.fetch(CLAIM_LOOK, {**claim, "before": now - timedelta(seconds=LOOK_EVERY)}):
            self._begin(row, "look", self._look)
        for row in await fleet.fetch(CLAIM_VIEW, {**claim, "before": now - timedelta(seconds=VIEW_EVERY)}):
            self._begin(row, "view", self._view)
        for known in [known for known in self._visited.values() if known.doubted]:
            if known.driver.has_viewers:
                known.doubted.clear()
                self._begin(known.row, "view", self._view)
            else:
                self._begin(known.row, "recheck", self._recheck)

    def _begin(self, row: dict[str, Any], what: str, visit: Any) -> None:
        key = (row["id"], what)
        if key not in self._busy:
            self._busy[key] = task = asyncio.create_task(self._guarded(row, visit))
            task.add_done_callback(lambda _task: self._busy.pop(key, None))

    async def _guarded(self, row: dict[str, Any], visit: Any) -> None:
        """One visit that cannot fail: whatever a streamer answers, it is written down and tried again."""
        try:
            async with asyncio.timeout(LONGEST):
                await visit(row, self._known(row))
        except DatabaseAway as away:
            logger.warning("what streamer %s said is not kept: %s", row["hostname"], away)
        except Trouble as trouble:
            await _in_trouble(row, trouble.code)
        except TimeoutError:
            await _in_trouble(row, "unreachable")
        except Exception:  # it answered what no driver expected
            logger.exception("streamer %s cannot be understood", row["hostname"])
            await _in_trouble(row, "garbled")

    def _known(self, row: dict[str, Any]) -> Visited:
        key = tuple(row[name] for name in ("id", "kind", "api_url", "api_login", "api_secret_sealed", "storage"))
        if key not in self._visited:
            for old in [other for other in self._visited if other[0] == row["id"]]:
                del self._visited[old]
            driver = STREAMER_DRIVERS[row["kind"]](reach_of(row), storage=row["storage"])
            self._visited[key] = Visited(driver, row)
        self._visited[key].row = row
        return self._visited[key]

    async def _look(self, row: dict[str, Any], known: Visited) -> None:
        if known.version != row["version"]:
            await _want(row, known)
        driver = known.driver
        if isinstance(driver, Flussonic) and (url := hook_url(row, "events")):
            await driver.events_to(url)
        seen = await driver.look()
        for name in known.unknown:
            seen.running.pop(name, None)
        await _report(row["id"], seen)
        known.watched = {one["name"] for one in seen.reports if one["stats"].get("online_clients")}
        found = self._noted(row, known, seen)
        refused = await driver.converge(known.wanted, seen)
        summary = await drifts.note(row, [*found, *refused])
        await fleet.fetch(
            IN_LINE,
            {
                "version": Int8(row["version"]), "streamer": Int8(row["id"]), "now": clock.now(),
                "drift": orjson.dumps(summary).decode(), "watched": WATCHED_BY_US,
            },
        )  # fmt: skip

    @staticmethod
    def _noted(row: dict[str, Any], known: Visited, seen: Seen) -> list[Difference]:
        """What differs though nothing was changed here. A make that pulls gets the time until the next look for it."""
        differences = set(known.driver.differences(known.wanted, seen))
        is_settled = row["applied_version"] == row["version"]
        before, known.suspected = known.suspected, differences if is_settled else set()
        if not is_settled:
            return []
        return sorted(differences if known.driver.has_viewers else differences & before, key=lambda one: one.name)

    @staticmethod
    async def _recheck(row: dict[str, Any], known: Visited) -> None:
        endings = tuple(f"~{domain_id}" for domain_id in known.doubted)
        known.doubted.clear()
        for name in [name for name in known.watched if name.endswith(endings)]:
            await known.driver.recheck(name)

    async def _view(self, row: dict[str, Any], known: Visited) -> None:
        sessions = await known.driver.sessions()
        # A look at all its paths may take longer than a streamer may be silent before its cameras are given away.
        await fleet.fetch(SEEN, {"now": clock.now(), "streamer": Int8(row["id"])})
        for start in range(0, len(sessions), JUDGED_AT_ONCE):
            part = sessions[start : start + JUDGED_AT_ONCE]
            may = await asyncio.gather(*(_may_watch(row, session) for session in part))
            await asyncio.gather(
                *(known.driver.cut(one) for one, is_allowed in zip(part, may, strict=True) if not is_allowed)
            )


async def _want(row: dict[str, Any], known: Visited) -> None:
    """Read what is wanted. The version was read before: what is newer comes with the next look."""
    asked = {"streamer": Int8(row["id"]), "now": clock.now()}
    cameras = await fleet.fetch(STREAMS, asked)
    trials = await fleet.fetch(TRIALS, {**asked, "since": clock.now() - LONGEST_TRIAL})
    entries = await asyncio.to_thread(lambda: [*map(stream_entry, cameras), *map(trial_entry, trials)])
    names = [f"{camera['name']}~{camera['domain_id']}" for camera in cameras]
    known.wanted = {entry["name"]: entry for entry in entries if entry is not None}
    known.unknown = set(names) - set(known.wanted)
    known.version = row["version"]


async def _report(streamer_id: int, seen: Seen) -> None:
    for start in range(0, len(seen.reports), A_REPORT):
        await take(streamer_id, seen.reports[start : start + A_REPORT])


async def _may_watch(row: dict[str, Any], session: Session) -> bool:
    """Whether somebody who watches still may: the same question as before he began. Raises DatabaseAway."""
    tokens = parse_qs(session.query).get("token", [])
    token = tokens[0] if len(tokens) == 1 else ""
    if media_name(session.name) is None:
        return False
    try:
        proto = "rtsp" if session.kind.startswith("rtsp") else "hls"
        asked = {"name": session.name, "token": token, "proto": proto, "session_id": session.id}
        await permitted(row["key_digest"], asked)
    except Refusal as refusal:
        return refusal.status != 403  # anything else is no answer about him: the streamer's key was just renewed
    return True


async def _in_trouble(row: dict[str, Any], code: str) -> None:
    try:
        await fleet.fetch(IN_TROUBLE, {"trouble": code, "streamer": Int8(row["id"])})
    except DatabaseAway as away:
        logger.warning("the trouble of streamer %s is not kept: %s", row["hostname"], away)


converger = Converger()
