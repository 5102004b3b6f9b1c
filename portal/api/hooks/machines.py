"""The door for machines: `/central/api/v3/...`, beside Django, because a thousand players ask here every few seconds.

The next hook: a function `async (scope, receive) -> Answer`, and its line in `_route`.
"""

from __future__ import annotations

import logging

from portal.api.hooks import authorization, configuration, episodes, flussonic, mediamtx, reports
from portal.api.hooks.wire import Answer, Receive, Refusal, Scope, Send, envelope, respond
from portal.fleet import DatabaseAway

logger = logging.getLogger(__name__)

BASE = "/central/api/v3/"
WITH_MORE = {"auth", "events", "srt_port_resolve"}
STREAMS = {"streams", "update-streams", "dynamic-streams"}


async def machines(scope: Scope, receive: Receive, send: Send) -> None:
    """The ASGI application of everything under BASE."""
    try:
        answer = await _route(scope, receive)
    except Refusal as refusal:
        answer = envelope(refusal)
    except DatabaseAway as away:
        # Never an empty list or a "no": the streamer keeps what it has until we know (contracts.md 2.1).
        logger.warning("a machine was put off, the database is away: %s", away)
        answer = envelope(Refusal(503, headers=[("Retry-After", "1")]))
    await respond(send, answer)


async def _route(scope: Scope, receive: Receive) -> Answer:
    method, path = scope["method"], scope["path"].removeprefix(BASE)
    if path == "auth":
        _allow(method, "GET")
        return await authorization.authorize(scope)
    kind, _, rest = path.partition("/")
    hostname, _, call = rest.partition("/")
    if kind != "streamers" or not hostname:
        raise Refusal(404)
    return await _of_streamer(scope, receive, hostname, call)


async def _of_streamer(scope: Scope, receive: Receive, hostname: str, path: str) -> Answer:
    method, (call, _, more) = scope["method"], path.partition("/")
    if more and call not in WITH_MORE:
        raise Refusal(404)
    if call in STREAMS:
        _allow(method, "GET")
        return await configuration.streams(scope, hostname)
    if call == "status":
        _allow(method, "POST")
        return await reports.accept(scope, receive, hostname)
    if call == "episodes":
        _allow(method, "GET")
        return await episodes.episodes(scope, hostname)
    if call == "auth":
        _allow(method, "GET", "POST")
        return await flussonic.authorize(scope, receive, hostname, more)
    if call == "events":
        _allow(method, "POST")
        return await flussonic.events(scope, receive, hostname, more)
    if call == "mediamtx":
        _allow(method, "POST")
        return await mediamtx.authorize(scope, receive, hostname)
    raise Refusal(404)  # srt_port_resolve too: no camera of ours has a port of its own


def _allow(method: str, *wanted: str) -> None:
    if method not in wanted:
        raise Refusal(405, headers=[("Allow", ", ".join(wanted))])
