"""The door: hot machine hooks and WebSockets beside Django, and Django itself behind them."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

from django.core.asgi import get_asgi_application

_django = get_asgi_application()

# After Django is set up: these import models.
from portal.api.hooks.machines import BASE, machines  # noqa: E402
from portal.api.hooks.wire import Receive, Scope, Send  # noqa: E402
from portal.live import lifespan  # noqa: E402
from portal.live.routing import sockets  # noqa: E402


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Hand a connection to whoever speaks its kind."""
    if scope["type"] == "lifespan":
        await lifespan.run(receive, send)
    elif scope["type"] == "websocket":
        await sockets(scope, receive, send)
    elif scope["path"].startswith(BASE):
        await machines(scope, receive, send)
    else:
        await _django(scope, receive, send)  # type: ignore[arg-type]  # ASGI dictionaries, which uvicorn types loosely
