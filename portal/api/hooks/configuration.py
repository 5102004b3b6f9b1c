"""What a streamer has to run (config_external, contracts.md 2.1): pulled every second, rendered once a version."""

from __future__ import annotations

import asyncio
import base64
import binascii
import logging
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import orjson
from psycopg.types.numeric import Int8

from devices.drivers.streamer import flussonic
from devices.models import Streamer
from devices.placement import LEASE
from devices.services.replacements import LONGEST, TRIALS, trial_entry
from devices.services.streamers import HOSTS, SEVERAL, STREAMS, WITNESSES, hook_url, stream_entry
from portal import fleet
from portal.api.hooks.callers import ROW, Caller, caller
from portal.api.hooks.wire import Answer, Refusal, Scope, header, query
from tenants import clock

logger = logging.getLogger(__name__)

FORMAT = 2  # raise it when the same rows come to mean another answer, so that no streamer keeps the old one
PAGE = 1000
AFTER_CAMERAS = 2**62  # trials of new cameras come last in the order that pages are cut by
HEADERS = (
    ("X-Config-Server-Separate-Endpoints", "true"),
    ("X-Config-Server-Dynamic-Streams", "false"),
    ("X-Config-Server-Episodes", "true"),
)


@dataclass(frozen=True)
class Rendered:
    """One streamer's answer at one version: the streams as JSON by ascending camera id.

    `ours` are members that streamers of our own make know: the hosts of all ISPs, the lease (null: nobody else
    could be given these streams), and the streamers to ask whether they hear Perch.
    """

    etag: str
    ids: list[int]
    names: list[str]
    streams: list[bytes]
    ours: bytes

    def page(self, after: int, names: frozenset[str] | None) -> bytes:
        """A page of at most PAGE streams whose camera id is above `after`, or only the named ones."""
        chosen = [
            index
            for index, (camera_id, name) in enumerate(zip(self.ids, self.names, strict=True))
            if camera_id > after and (names is None or name in names)
        ]
        shown = chosen[:PAGE]
        more = b',"next":"%s"' % _cursor(self.ids[shown[-1]]).encode() if len(chosen) > PAGE else b""
        body = b",".join(self.streams[index] for index in shown)
        return b'{"streams":[%s]%s%s,"estimated_count":%d}' % (body, more, self.ours, len(self.ids))


_rendered: dict[int, Rendered] = {}
_locks: defaultdict[int, asyncio.Lock] = defaultdict(asyncio.Lock)


async def streams(scope: Scope, hostname: str) -> Answer:
    """A page of the streamer's streams; 304 when it has them already, which costs one row."""
    asked = query(scope)
    after, names = _after(asked.get("cursor", "")), _names(asked.get("name"))
    calling = await caller(scope, hostname)
    etag = _etag(calling.version, calling.key_digest)
    if header(scope, b"if-none-match") == etag and not after and names is None:
        return Answer(304, headers=[("ETag", etag), *HEADERS])
    rendered = await _current(calling, etag)
    return Answer(200, rendered.page(after, names), [("ETag", rendered.etag), *HEADERS])


def _etag(version: int, key_digest: str) -> str:
    return f'"{FORMAT}-{version}-{key_digest[:12]}"'


async def _current(calling: Caller, etag: str) -> Rendered:
    """The rendered answer; of many who ask for a new version at once, one renders it."""
    async with _locks[calling.id]:
        found = _rendered.get(calling.id)
        if found is None or found.etag != etag:
            found = _rendered[calling.id] = await _render(calling)
        return found


async def _render(calling: Caller) -> Rendered:
    # One snapshot, so that the version belongs to the rows: a change in between would otherwise be lost for good.
    parameters = {"streamer": Int8(calling.id), "now": clock.now()}
    async with fleet.connection() as held, held.transaction():
        await held.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        versions = await held.execute(ROW.replace("hostname = %(hostname)s", "id = %(streamer)s").encode(), parameters)
        row = await versions.fetchone()
        cameras = await (await held.execute(STREAMS, parameters)).fetchall()
        hosts = await (await held.execute(HOSTS)).fetchall()
        trials = await (await held.execute(TRIALS, {**parameters, "since": clock.now() - LONGEST})).fetchall()
        several = await (await held.execute(SEVERAL)).fetchone()
        others = await (await held.execute(WITNESSES, parameters)).fetchall()
    if row is None:
        raise Refusal(404)
    ours = {
        "hosts": {row["host"]: row["domain_id"] for row in hosts},
        "lease": LEASE if several else None,
        "witnesses": others,
    }
    return await asyncio.to_thread(_build, row, cameras, trials, b"," + orjson.dumps(ours)[1:-1])


def _build(row: dict[str, Any], cameras: list[dict[str, Any]], trials: list[dict[str, Any]], ours: bytes) -> Rendered:
    entries = [(row["id"], entry) for row in cameras if (entry := stream_entry(row)) is not None]
    if len(entries) < len(cameras):
        logger.error("%d stream addresses cannot be opened with the keys at hand", len(cameras) - len(entries))
        if not entries:  # a lost key, not a damaged row: telling a streamer to run nothing would stop every recording
            raise Refusal(503)
    entries += [(AFTER_CAMERAS + row["id"], entry) for row in trials if (entry := trial_entry(row)) is not None]
    is_flussonic = row["kind"] == Streamer.Kind.FLUSSONIC
    if is_flussonic:
        on_play = hook_url(row, "auth")
        entries = [(at, flussonic.config(entry, storage=row["storage"], on_play=on_play)) for at, entry in entries]
    return Rendered(
        etag=_etag(row["version"], row["key_digest"]),
        ids=[camera_id for camera_id, _entry in entries],
        names=[entry["name"] for _id, entry in entries],
        streams=[orjson.dumps(entry) for _id, entry in entries],
        ours=b"" if is_flussonic else ours,
    )


def _names(text: str | None) -> frozenset[str] | None:
    return frozenset(text.split(",")) if text else None


def _cursor(camera_id: int) -> str:
    return base64.urlsafe_b64encode(camera_id.to_bytes(8)).decode().rstrip("=")


def _after(cursor: str) -> int:
    """The camera id a cursor stands for, 0 without one. Raises Refusal for one that we did not make."""
    if not cursor:
        return 0
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) != 8:
        raise Refusal(400, "The cursor is not one of ours.")
    return int.from_bytes(raw)
