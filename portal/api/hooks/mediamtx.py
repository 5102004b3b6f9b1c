"""What a MediaMTX asks before anybody reads, plays back or uses its API (contracts.md 6.2): any 2xx lets him.

It asks once a session and takes no conditions with the answer. So the token must be in the address, where it is seen
again when viewers are judged (portal.live.converging), and how far back the archive reaches is judged here.
"""

from __future__ import annotations

import hmac
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

import orjson

from devices.services.streamers import api_secret_of
from portal.api.hooks import authorization
from portal.api.hooks.callers import Caller, caller
from portal.api.hooks.wire import Answer, Receive, Refusal, Scope, json_body
from tenants.encryption import Undecipherable

OWN = {"api", "metrics", "pprof"}
ASK_AGAIN = [("WWW-Authenticate", 'Basic realm="perch"')]
EXPORTS = {"mp4"}


async def authorize(scope: Scope, receive: Receive, hostname: str) -> Answer:
    """200, 401 where nothing was shown yet, or 403."""
    calling = await caller(scope, hostname)
    body = await json_body(scope, receive)
    if not isinstance(body, dict):
        raise Refusal(400, "A question is an object.")
    action = body.get("action")
    if action in OWN:
        return _own(calling, body)
    if action not in ("read", "playback"):
        raise Refusal(403, "Streams come from their cameras only.")
    shown = _shown(_text(body, "query"))
    if not shown.get("token"):
        raise Refusal(401, "A token is needed in the address.", headers=ASK_AGAIN)
    asked = question(_text(body, "path"), shown["token"], _text(body, "protocol"))
    asked |= {"ip": _text(body, "ip"), "user_agent": _text(body, "userAgent"), "session_id": _text(body, "id")}
    if action == "playback":
        return await _archive(calling, asked, shown)
    await permitted(calling.key_digest, asked)
    return Answer(200, b"{}")


async def permitted(key: str, asked: dict[str, str]) -> Answer:
    """The hook's answer, where it lets somebody in: "it is elsewhere" is no permission here. Raises Refusal."""
    answer = await authorization.answer(key, asked)
    if answer.status != 200:
        raise Refusal(403)
    return answer


def _shown(query: str) -> dict[str, str]:
    """The address's parameters. Of one given twice the streamer takes the first: whatever we took, we might judge
    something else than what it serves."""
    pairs = parse_qsl(query, keep_blank_values=True)
    if len(dict(pairs)) < len(pairs):
        raise Refusal(403, "A parameter is given twice.")
    return dict(pairs)


def question(path: str, token: str, protocol: str) -> dict[str, str]:
    """A viewer's question in the words of the playback hook."""
    return {"name": path.strip("/"), "token": token, "proto": protocol or "hls"}


async def _archive(calling: Caller, asked: dict[str, str], shown: dict[str, str]) -> Answer:
    """The archive from a moment on: this server cannot be told how far back somebody may look, so we look ourselves."""
    begun = _moment(shown.get("start", ""))
    proto = "mp4" if shown.get("format") in EXPORTS else "hls"
    window = f"from={int(begun or 0)}&duration={shown.get('duration', '').partition('.')[0]}"
    answer = await permitted(calling.key_digest, asked | {"dvr": "true", "proto": proto, "qs": window})
    ranges = orjson.loads(answer.body)["allowed_dvr_ranges"]
    if begun is None or not any(begun + 1 >= one["opened_at"] for one in ranges):
        raise Refusal(403, "This part of the archive is not open to this viewer.")
    return Answer(200, b"{}")


def _moment(text: str) -> float | None:
    """Unix seconds of an RFC 3339 moment; a plus sign in an address that was not escaped is a space by now."""
    try:
        return datetime.fromisoformat(text.replace(" ", "+")).timestamp()
    except (ValueError, OverflowError):
        return None


def _own(calling: Caller, body: dict[str, Any]) -> Answer:
    """The streamer's own API is for whoever knows the login that Perch itself uses there."""
    login, password = _text(body, "user"), _text(body, "password")
    if not login and not password:
        raise Refusal(401, headers=ASK_AGAIN)
    try:
        known = api_secret_of(calling.row)
    except Undecipherable:
        known = ""
    is_right = hmac.compare_digest(login.encode(), calling.row["api_login"].encode())
    if (
        not known
        or not calling.row["api_login"]
        or not (hmac.compare_digest(password.encode(), known.encode()) and is_right)
    ):
        raise Refusal(403)
    return Answer(200, b"{}")


def _text(body: dict[str, Any], name: str) -> str:
    value = body.get(name)
    return value if isinstance(value, str) else ""
