"""JSON over HTTP with a streamer's own API, through the one way out; what goes wrong becomes a code."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import orjson

from tenants import clock
from tenants.addresses import AddressPolicy, AddressRefused, NameUnknown
from tenants.outbound import Answer, Garbled, Unreachable, fetch_async

DEADLINE = 5.0  # seconds a call
LARGEST = 16 * 1024 * 1024


class Trouble(Exception):
    """The streamer could not be asked. `code`: unreachable, unknown_name, refused_address, unauthorized, not_found,
    garbled or failed; `detail` is the streamer's own word for it."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(code, detail)
        self.code, self.detail = code, detail


@dataclass(frozen=True)
class Reach:
    """Where a streamer's API is, and what opens it: a login with its password, or a secret alone."""

    url: str
    login: str
    secret: str
    policy: AddressPolicy


def basic(reach: Reach) -> dict[str, str]:
    """A login and its password."""
    pair = base64.b64encode(f"{reach.login}:{reach.secret}".encode()).decode()
    return {"Authorization": f"Basic {pair}"}


def cluster(reach: Reach) -> dict[str, str]:
    """The proof that one knows the cluster key (contracts.md 1.4); it is true for the moment only."""
    now = int(clock.timestamp())
    proof = hashlib.sha1(f"{now}:{reach.secret}".encode()).hexdigest()  # noqa: S324 - the streamer's scheme, not ours
    return {"Authorization": f"Cluster {now}:{proof}"}


async def ask(
    reach: Reach, method: str, path: str, headers: Mapping[str, str], *, query: Mapping[str, Any] | None = None,
    body: Any = None,
) -> Any:  # fmt: skip
    """What the API answers, None where it answers nothing. Raises Trouble."""
    url = f"{reach.url.rstrip('/')}{path}" + (f"?{urlencode(query)}" if query else "")
    sent = None if body is None else orjson.dumps(body)
    typed = {**headers, "Content-Type": "application/json"} if sent is not None else dict(headers)
    try:
        answer = await fetch_async(
            url, policy=reach.policy, method=method, headers=typed, body=sent, deadline=DEADLINE, largest=LARGEST
        )
    except AddressRefused as error:
        raise Trouble("refused_address") from error
    except NameUnknown as error:
        raise Trouble("unknown_name") from error
    except Unreachable as error:
        raise Trouble("unreachable") from error
    except Garbled as error:
        raise Trouble("garbled") from error
    return _read(answer)


def _read(answer: Answer) -> Any:
    if answer.status in (401, 403):
        raise Trouble("unauthorized")
    if answer.status == 404:
        raise Trouble("not_found")
    if answer.status >= 400:
        raise Trouble("failed", _said(answer))
    if answer.status >= 300:
        raise Trouble("garbled")  # it leads elsewhere, which is not followed
    try:
        return orjson.loads(answer.body) if answer.body else None
    except orjson.JSONDecodeError as error:
        raise Trouble("garbled") from error


def _said(answer: Answer) -> str:
    """The reason in either dialect: `errors` of Flussonic, `error` of MediaMTX."""
    try:
        body = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        return str(answer.status)
    if not isinstance(body, dict):
        return str(answer.status)
    errors = body.get("errors")
    first = errors[0] if isinstance(errors, list) and errors and isinstance(errors[0], dict) else {}
    return str(first.get("title") or body.get("error") or answer.status)[:200]
