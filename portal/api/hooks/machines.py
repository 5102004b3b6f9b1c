"""The door for machines: `/central/api/v3/...`, beside Django, because a thousand players ask here every few seconds.

The next hook: a function `async (scope, receive) -> Answer`, and its line in `_route`.
"""

from __future__ import annotations

import logging

from portal.api.hooks import authorization, configuration, episodes, reports
from portal.api.hooks.wire import Answer, Receive, Refusal, Scope, Send, envelope, respond
from portal.fleet import DatabaseAway

logger = logging.getLogger(__name__)

BASE = "/central/api/v3/"
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
    if call in STREAMS:
        _allow(method, "GET")
        return await configuration.streams(scope, hostname)
    if call == "status":
        _allow(method, "POST")
        return await reports.accept(scope, receive, hostname)
    if call == "episodes":
        _allow(method, "GET")
        return await episodes.episodes(scope, hostname)
    raise Refusal(404)


def _allow(method: str, wanted: str) -> None:
    if method != wanted:
        raise Refusal(405, headers=[("Allow", wanted)])
