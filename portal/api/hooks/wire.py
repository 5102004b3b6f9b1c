"""The little HTTP that the hot hooks need, straight on ASGI (measured.md: six times Django's requests a second)."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any
from urllib.parse import unquote_plus

import orjson

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Headers = Iterable[tuple[str, str]]

MOST_PARAMETERS = 100
LARGEST_BODY = 5 * 1024 * 1024
TITLES = {
    400: ("bad_request", "The request cannot be understood."),
    401: ("unauthenticated", "A streamer key is needed."),
    403: ("forbidden", "This is not allowed."),
    404: ("not_found", "There is no such thing here."),
    405: ("method_not_allowed", "This method is not served here."),
    413: ("too_large", "The body is too large."),
    501: ("not_implemented", "It cannot be said for certain what is protected."),
    503: ("unavailable", "The database does not answer; try again."),
}


class Refusal(Exception):
    """An answer other than success."""

    def __init__(self, status: int, title: str = "", headers: Headers = (), *, code: str = "") -> None:
        super().__init__(status, title)
        self.status, self.title, self.headers, self.code = status, title, tuple(headers), code


class Answer:
    """What goes back: a status, headers, and a body that is JSON already."""

    __slots__ = ("body", "headers", "status")

    def __init__(self, status: int = 200, body: bytes = b"", headers: Headers = ()) -> None:
        self.status, self.body, self.headers = status, body, tuple(headers)


def envelope(refusal: Refusal) -> Answer:
    """A refusal as the answer every streamer understands."""
    code, title = TITLES[refusal.status]
    error = {"status": str(refusal.status), "code": refusal.code or code, "title": refusal.title or title}
    return Answer(refusal.status, orjson.dumps({"errors": [error]}), refusal.headers)


def header(scope: Scope, name: bytes) -> str:
    """A header of the request, or an empty text."""
    for key, value in scope["headers"]:
        if key == name:
            return str(value.decode("latin-1"))
    return ""


def query(scope: Scope) -> dict[str, str]:
    """The query's parameters; of one given twice the last counts. Raises Refusal for too many."""
    text = scope["query_string"].decode("latin-1")
    if text.count("&") >= MOST_PARAMETERS:
        raise Refusal(400)
    pairs = (part.partition("=") for part in text.split("&"))
    return {_plain(name): _plain(value) for name, _, value in pairs if name}


def _plain(text: str) -> str:
    """A percent-encoded text; nearly none is, and asking first is cheaper than decoding."""
    return unquote_plus(text) if "%" in text or "+" in text else text


def bearer_digest(scope: Scope) -> str:
    """The digest of the key shown as `Authorization: Bearer`, or as the password of `Basic`, which is what programs
    make of a key in an address. Raises Refusal when there is none."""
    kind, _, key = header(scope, b"authorization").partition(" ")
    if kind.lower() == "basic":
        key = _of_basic(key)
    elif kind.lower() != "bearer":
        key = ""
    if not key.strip():
        raise Refusal(401, headers=[("WWW-Authenticate", "Bearer")])
    return hashlib.sha256(key.strip().encode()).hexdigest()


def _of_basic(pair: str) -> str:
    """The password of a login, or the login where there is no password."""
    try:
        login, _, password = base64.b64decode(pair, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return ""
    return password or login


async def json_body(scope: Scope, receive: Receive, *, largest: int = LARGEST_BODY) -> Any:
    """The request's JSON. Raises Refusal when it is none or larger than 5 MB, read no further than that."""
    declared = header(scope, b"content-length")
    if declared.isdigit() and int(declared) > largest:
        raise Refusal(413)
    parts, size, more = [], 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Refusal(400)
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > largest:
            raise Refusal(413)
        more = message.get("more_body", False)
    try:
        return orjson.loads(b"".join(parts))
    except orjson.JSONDecodeError:
        raise Refusal(400, "The body is no JSON.") from None


async def respond(send: Send, answer: Answer) -> None:
    """Send an answer."""
    headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers]
    if answer.status not in (204, 304):
        headers.append((b"content-type", b"application/json"))
        headers.append((b"content-length", str(len(answer.body)).encode()))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})
