"""Everything the streamer knows of Perch: three calls of the streamer contract, over HTTP."""

from __future__ import annotations

import asyncio
import logging
import random
from typing import Any

import httpx
import orjson

from devices.streamer.archive import Archive
from devices.streamer.deadline import before
from devices.streamer.errors import CutOff, Trouble
from devices.streamer.fleet import Fleet
from devices.streamer.index import Index, Totals
from devices.streamer.lease import Lease
from devices.streamer.retention import Episode
from devices.streamer.sessions import Decision, Sessions, Visit
from devices.streamer.settings import Settings
from devices.streamer.wire import Configuration, Place, Wanted, read_hosts, read_lease, read_places, read_stream
from tenants import clock

log = logging.getLogger("perch.streamer")

PAGES = 1000
REPORTED_AT_ONCE = 1000  # streams in one report: about half a megabyte, and Perch reads no more than five
SLOWEST_POLL = 5.0  # a streamer that Perch does not hear for 20 s is taken for lost


class Perch:
    """The client side of the contract."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._client = httpx.AsyncClient(
            headers={"Authorization": f"Bearer {settings.key}"},
            timeout=httpx.Timeout(5.0, connect=2.0),
            follow_redirects=False,
            trust_env=False,
        )

        self._tells_episodes = False

    async def close(self) -> None:
        await self._client.aclose()

    async def episodes(self, names: list[str]) -> dict[str, list[Episode]] | None:
        """What is protected of these streams, by stream; None when that cannot be said for certain now."""
        if not self._tells_episodes:
            return None
        try:
            answer = await self._get("/episodes", {"name": ",".join(names)}, {})
            data = orjson.loads(answer.content) if answer.status_code == 200 else None
            return _episodes(data["episodes"]) if data is not None else None
        except (Trouble, ValueError, KeyError, TypeError) as error:
            log.warning("Perch does not say what is protected (%s); nothing that may be is deleted", error)
            return None

    async def configuration(self, version: str) -> Configuration | None:
        """What Perch wants, None when nothing changed since `version`. Raises Trouble."""
        streams: dict[str, Wanted] = {}
        hosts: dict[str, int] = {}
        lease: float | None = None
        witnesses: tuple[Place, ...] = ()
        cursor = tag = ""
        for page in range(PAGES):
            headers = {"If-None-Match": version} if version and not page else {}
            answer = await self._get("/streams", {"host": self._settings.hostname, "cursor": cursor}, headers)
            if answer.status_code == 304:
                return None
            data = self._read(answer)
            tag = tag or answer.headers.get("ETag", "")
            self._tells_episodes = answer.headers.get("X-Config-Server-Episodes", "").lower() == "true"
            hosts |= read_hosts(data.get("hosts"))
            lease, witnesses = read_lease(data.get("lease")), read_places(data.get("witnesses"))
            for one in data.get("streams") or []:
                wanted = read_stream(one) if isinstance(one, dict) else None
                if wanted:
                    streams[wanted.name] = wanted
                else:
                    log.warning("a stream of the configuration cannot be understood and is left out")
            cursor = str(data.get("next") or "")
            if not cursor:
                return Configuration(streams, hosts, tag, lease, witnesses)
        raise Trouble("the configuration has no end")

    async def decide(self, visit: Visit) -> Decision:
        """Ask the auth hook. Raises Trouble when there is no answer to go by."""
        url = f"{self._settings.perch_url.rstrip('/')}/central/api/v3/auth"
        try:
            answer = await self._client.get(url, params=visit.question())
        except httpx.HTTPError as error:
            raise Trouble(type(error).__name__) from error
        if answer.status_code >= 500:
            raise Trouble(f"status {answer.status_code}")
        try:
            return Decision.of(answer.status_code, answer.headers, answer.content)
        except (TypeError, ValueError) as error:
            raise Trouble("an answer that cannot be read") from error

    async def report(self, streams: list[dict[str, Any]], disks: list[dict[str, Any]] | None = None) -> None:
        """Send the status of streams, and of the disks where it is given. Raises Trouble."""
        said = {"streams": streams} | ({"disks": disks} if disks is not None else {})
        try:
            answer = await self._client.post(
                f"{self._settings.base}/status",
                content=orjson.dumps(said),
                headers={"Content-Type": "application/json"},
            )
        except httpx.HTTPError as error:
            raise Trouble(type(error).__name__) from error
        if answer.status_code >= 300:
            raise Trouble(f"status {answer.status_code}")

    async def _get(self, path: str, query: dict[str, str], headers: dict[str, str]) -> httpx.Response:
        try:
            query = {key: value for key, value in query.items() if value}
            return await self._client.get(self._settings.base + path, params=query, headers=headers)
        except httpx.HTTPError as error:
            kind = Trouble if _is_refused(error) else CutOff
            raise kind(type(error).__name__) from error

    def _read(self, answer: httpx.Response) -> dict[str, Any]:
        if answer.status_code >= 500:
            raise Trouble(f"status {answer.status_code}")
        if answer.status_code != 200:
            raise CutOff(f"status {answer.status_code}", answered=True)
        try:
            data = orjson.loads(answer.content)
        except ValueError as error:
            raise Trouble("no JSON") from error
        if not isinstance(data, dict) or not isinstance(data.get("streams"), list):
            raise Trouble("no list of streams")
        return data


def _is_refused(error: BaseException | None) -> bool:
    """Whether Perch's machine answered that nobody listens there: Perch is stopped, not the way to it."""
    while error is not None:
        if isinstance(error, ConnectionRefusedError):
            return True
        if isinstance(error, BaseExceptionGroup):
            return any(_is_refused(one) for one in error.exceptions)
        error = error.__cause__ or error.__context__
    return False


class Follower:
    """Polls the configuration and lets the fleet converge; says once when Perch goes and once when it returns.

    While Perch is down, what runs goes on: nobody can have been told anything else. A streamer that is cut off from
    Perch, or that Perch does not know any more, stops when its lease is over.
    """

    def __init__(self, perch: Perch, fleet: Fleet, settings: Settings) -> None:
        self._perch, self._fleet, self._settings = perch, fleet, settings
        self._trouble = ""
        self.lease = Lease(settings)
        self.polls = 0

    @property
    def is_ready(self) -> bool:
        """Whether Perch has answered at least once."""
        return self.polls > 0

    async def run(self) -> None:
        pause = self._settings.poll
        while True:
            pause = self._settings.poll if await self.poll() else min(pause * 1.5, SLOWEST_POLL)
            await asyncio.sleep(pause * random.uniform(0.8, 1.2))  # noqa: S311

    async def poll(self) -> bool:
        """Ask once; False when there was no answer to go by, or not all of it could be done."""
        asked_at = clock.monotonic()
        try:
            wanted = await self._perch.configuration(self._fleet.version)
            self.lease.hear(asked_at, wanted)
            settled = wanted is None or await self._fleet.converge(wanted)
        except Trouble as error:
            if await self.lease.is_over(error, asked_at):
                await self._fleet.stand_down()
            if not self._trouble:
                log.warning("Perch gives no configuration (%s); what runs goes on", error)
            self._trouble = str(error)
            return False
        if self._trouble:
            log.info("Perch answers again")
        self._trouble, self.polls = "", self.polls + 1
        return settled


class Reporter:
    """Tells Perch how the cameras are: all of them now and then, a changed one at once."""

    def __init__(self, perch: Perch, fleet: Fleet, sessions: Sessions, archive: Archive, settings: Settings) -> None:
        self._perch, self._fleet, self._sessions = perch, fleet, sessions
        self._archive, self._settings = archive, settings
        self._told: dict[str, tuple[Any, ...]] = {}
        self._archived: dict[str, Totals] = {}
        self._next_measure = 0.0
        self._trouble = ""

    async def run(self) -> None:
        next_full = clock.monotonic()
        while True:
            try:
                if clock.monotonic() >= next_full:
                    await self.report_all()
                    next_full = clock.monotonic() + self._settings.report
                else:
                    await self.report_news()
                self._note("")
            except Trouble as error:
                self._note(str(error))
            await self._wait(next_full - clock.monotonic())

    def _note(self, trouble: str) -> None:
        """Say once that reports do not arrive, and once that they do again."""
        if trouble and not self._trouble:
            log.warning("Perch does not take the status of all streams (%s); they are reported again", trouble)
        elif self._trouble and not trouble:
            log.info("Perch takes the status of all streams again")
        self._trouble = trouble

    async def _wait(self, longest: float) -> None:
        """Until there is news, then a little longer, so that many changes share one report."""
        try:
            await before(self._fleet.news.wait(), max(0.05, longest))
        except TimeoutError:
            return
        await asyncio.sleep(self._settings.news)

    async def report_all(self) -> None:
        await self._measure_archive()
        names = [name for name, stream in self._fleet.streams.items() if not stream.wanted.archive_only]
        await self._send(names, await self._archive.index.read(lambda _: self._archive.disks.report()))

    async def _measure_archive(self) -> None:
        """The sums of a large archive take a while: not more than a hundredth of the time is spent on them."""
        began = clock.monotonic()
        if began >= self._next_measure:
            self._archived = await self._archive.index.read(Index.totals, round(clock.timestamp() * 1000))
            self._next_measure = began + 100 * (clock.monotonic() - began)

    async def report_news(self) -> None:
        self._fleet.news.clear()
        names, self._fleet.changed = self._fleet.changed, set()
        streams = self._fleet.streams
        await self._send([name for name in names if name in streams and self._told.get(name) != streams[name].news()])

    async def _send(self, names: list[str], disks: list[dict[str, Any]] | None = None) -> None:
        """Report part by part, the disks with the first. One part that fails keeps no other from being sent; raises
        Trouble at the end."""
        trouble: Trouble | None = None
        for start in range(0, max(len(names), disks is not None), REPORTED_AT_ONCE):
            part = names[start : start + REPORTED_AT_ONCE]
            try:
                await self._send_part(part, None if start else disks)
            except Trouble as error:
                self._fleet.changed.update(part)
                trouble = error
        if trouble:
            raise trouble

    async def _send_part(self, names: list[str], disks: list[dict[str, Any]] | None) -> None:
        report, told = [], {}
        for name in names:
            stream = self._fleet.streams.get(name)
            if stream is None or stream.wanted.archive_only:
                continue  # closed while the parts before were on their way, or spoken for by another streamer
            stats = stream.stats(self._sessions.viewers(name), self._archived.get(name))
            report.append({"name": name, "stats": stats})
            told[name] = stream.news()
        if report or disks is not None:
            await self._perch.report(report, disks)
        self._told.update(told)


def _episodes(listed: list[dict[str, Any]]) -> dict[str, list[Episode]]:
    """Raises ValueError, KeyError or TypeError for what cannot be read: a part of an answer is no answer."""
    found: dict[str, list[Episode]] = {}
    for one in listed:
        episode = Episode(int(one["opened_at"]), int(one["closed_at"]), str(one.get("kind", "")))
        found.setdefault(str(one["media"]), []).append(episode)
    return found
