"""The one way out: every HTTP request Perch makes to somebody else's machine leaves here.

Whole-call deadline (a peer that drips a byte now and then cannot hold it), byte cap, no compression (a bomb cannot
unfold), no redirects, and the address is resolved once, judged, and that very address dialled (security.md T17).
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

import httpx

from tenants.addresses import AddressPolicy, Endpoint, resolve_async
from tenants.errors import PerchError, Unavailable

DEADLINE = 5.0
LARGEST = 1024 * 1024
PORTS = {"http": 80, "https": 443}


class Unreachable(Unavailable):
    """The peer did not answer in time, or not at all: try again later."""

    code = "unreachable"


class Garbled(PerchError):
    """The peer answered what cannot be an answer (too long, compressed, cut off): keep nothing of it."""

    code = "garbled"


@dataclass(frozen=True)
class Answer:
    """What came back; any status, redirects included."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


def fetch(
    url: str,
    *,
    policy: AddressPolicy,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
    deadline: float = DEADLINE,
    largest: int = LARGEST,
) -> Answer:
    """Ask somebody else's machine, from a thread without an event loop. Units: seconds, bytes.

    Raises AddressRefused or NameUnknown before anything is sent, Unreachable, and Garbled.
    """
    return asyncio.run(
        fetch_async(url, policy=policy, method=method, headers=headers, body=body, deadline=deadline, largest=largest)
    )


async def fetch_async(
    url: str,
    *,
    policy: AddressPolicy,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
    deadline: float = DEADLINE,
    largest: int = LARGEST,
) -> Answer:
    """`fetch` for event loops."""
    try:
        async with asyncio.timeout(deadline):
            target = _parse(url)
            endpoint = await resolve_async(target.host, _port(target), policy, timeout=deadline)
            return await _exchange(target, endpoint, method, dict(headers or {}), body, largest)
    except TimeoutError:
        raise Unreachable(f"{_named(url)} did not answer within {deadline:g} s") from None
    except httpx.HTTPError as error:
        raise Unreachable(f"{_named(url)} did not answer: {type(error).__name__}") from error


def _parse(url: str) -> httpx.URL:
    try:
        target = httpx.URL(url)
    except (httpx.InvalidURL, ValueError) as error:
        raise Unreachable("the address cannot be read") from error
    if target.scheme not in PORTS or not target.host:
        raise Unreachable("only http and https addresses can be asked")
    return target


def _port(target: httpx.URL) -> int:
    return target.port or PORTS[target.scheme]


def _named(url: str) -> str:
    """Host and port only: paths and queries may carry secrets."""
    try:
        return httpx.URL(url).host or "the peer"
    except (httpx.InvalidURL, ValueError):
        return "the peer"


async def _exchange(
    target: httpx.URL, endpoint: Endpoint, method: str, headers: dict[str, str], body: bytes | None, largest: int
) -> Answer:
    """Dial the judged address; speak of the name in the Host header and in TLS."""
    dialled = target.copy_with(host=endpoint.address)
    named = {**headers, "Host": target.netloc.decode().rpartition("@")[2], "Accept-Encoding": "identity"}
    transport = httpx.AsyncHTTPTransport(retries=0, verify=_trust())
    async with httpx.AsyncClient(transport=transport, follow_redirects=False, timeout=None, trust_env=False) as client:  # noqa: S113 - the deadline is the whole call's
        request = client.build_request(
            method, dialled, headers=named, content=body, extensions={"sni_hostname": endpoint.host}
        )
        response = await client.send(request, stream=True)
        try:
            return Answer(response.status_code, dict(response.headers), await _read(response, largest))
        finally:
            await response.aclose()


@lru_cache(maxsize=1)
def _trust() -> ssl.SSLContext:
    """Whose certificates are believed; read once, because that takes longer than most calls."""
    return httpx.create_ssl_context(trust_env=False)


async def _read(response: httpx.Response, largest: int) -> bytes:
    if response.headers.get("content-encoding", "identity") != "identity":
        raise Garbled("the peer compressed its answer although it was asked not to")
    received = bytearray()
    async for chunk in response.aiter_raw():
        received += chunk
        if len(received) > largest:
            raise Garbled(f"the peer's answer is longer than {largest} bytes")
    declared = response.headers.get("content-length")
    if (
        declared is not None
        and declared.isdigit()
        and response.request.method != "HEAD"
        and len(received) != int(declared)
    ):
        raise Garbled("the peer's answer was cut off")
    return bytes(received)
