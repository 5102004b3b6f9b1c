"""The sockets there are."""

from __future__ import annotations

from portal.api.hooks.wire import Receive, Scope, Send
from portal.live.consumers import LiveConsumer

PATHS = {"/ws/live": LiveConsumer.as_asgi()}


async def sockets(scope: Scope, receive: Receive, send: Send) -> None:
    """Hand a socket to its consumer; one that asks for anything else is refused before it is opened."""
    consumer = PATHS.get(scope["path"])
    if consumer is None:
        await receive()
        await send({"type": "websocket.close"})
        return
    await consumer(scope, receive, send)
