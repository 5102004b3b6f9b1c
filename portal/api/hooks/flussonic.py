"""What a Flussonic asks and tells beside its configuration: before playback (contracts.md 2.2), and events (2.5)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from psycopg.types.numeric import Int8

from devices.drivers.streamer.flussonic import EVENTS
from portal import fleet
from portal.api.hooks import authorization
from portal.api.hooks.callers import caller
from portal.api.hooks.wire import Answer, Receive, Refusal, Scope, json_body, query
from portal.live.converging import LOOK_EVERY
from tenants import clock

LARGEST_EVENTS = 1024 * 1024
SOON = timedelta(seconds=2)  # a burst of events is one look
# Events are a reason to look, never the truth: they come late, twice, or not at all, and the API says how it is.
LOOK_SOON = """
UPDATE devices_streamer SET looked_at = least(looked_at, %(due)s) WHERE id = %(streamer)s RETURNING id
"""


async def authorize(scope: Scope, receive: Receive, hostname: str, proof: str) -> Answer:
    """The question before playback, as a GET with a query or a POST with JSON."""
    asked = query(scope) if scope["method"] == "GET" else _flat(await json_body(scope, receive))
    calling = await caller(scope, hostname, proof)
    return await authorization.answer(calling.key_digest, asked)


def _flat(body: Any) -> dict[str, str]:
    """The same question in JSON, as the query would say it."""
    if not isinstance(body, dict):
        raise Refusal(400, "A question is an object.")
    return {name: _text(value) for name, value in body.items() if isinstance(value, str | int | float | bool)}


def _text(value: str | float | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


async def events(scope: Scope, receive: Receive, hostname: str, proof: str) -> Answer:
    """One event or a list of them: when a stream came or went, the streamer is looked at soon."""
    calling = await caller(scope, hostname, proof)
    body = await json_body(scope, receive, largest=LARGEST_EVENTS)
    told = body if isinstance(body, list) else [body]
    if not all(isinstance(event, dict) for event in told):
        raise Refusal(400, "An event is an object.")
    if any(event.get("event") in EVENTS for event in told):
        due = clock.now() - timedelta(seconds=LOOK_EVERY) + SOON
        await fleet.fetch(LOOK_SOON, {"due": due, "streamer": Int8(calling.id)})
    return Answer(200, b"{}")
