"""Which addresses the installation may dial: one policy for cameras, devices and web hooks.

The rule (security.md T17): a name is resolved once, every resolved address is judged against an explicit list, and the
very address that was judged is dialled. `ipaddress.is_global` is not asked: it calls several embedded and metadata
addresses global.

- Public addresses are open.
- Private networks (10/8, 192.168/16, fc00::/7, ...) are closed until the operator opens them in PERCH_CAMERA_NETWORKS.
- Loopback, link-local, metadata, multicast and the like are closed too, and only a network *inside* that very range
  opens them: `0.0.0.0/0` opens every private network and still no loopback; `127.0.0.1/32:8554` opens one port of it.
"""

from __future__ import annotations

import asyncio
import ipaddress
import os
import re
import socket
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from tenants.errors import PerchError, Unavailable

# Threads of its own: a dead name server may hold them all, and nothing else of the process waits for them.
_resolving = ThreadPoolExecutor(8, "resolve")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Resolver = Callable[[str, int], Iterable[str]]

CAMERA_NETWORKS = "PERCH_CAMERA_NETWORKS"
STREAMER_NETWORKS = "PERCH_STREAMER_NETWORKS"


def _networks(*texts: str) -> tuple[Network, ...]:
    return tuple(ipaddress.ip_network(text) for text in texts)


# Closed unless a wider or equal network is opened: the subscriber's or the ISP's own side.
PRIVATE = _networks("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "198.18.0.0/15", "fc00::/7")

# Closed unless a network inside the range is opened: nothing there is ever a camera by accident.
SPECIAL = _networks(
    "169.254.169.254/32",  # cloud metadata, also at the next three
    "192.0.0.192/32",
    "100.100.100.200/32",
    "fd00:ec2::254/128",
    "0.0.0.0/8",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.88.99.0/24",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/4",
    "240.0.0.0/4",
    "::/96",  # unspecified, loopback and the old IPv4-compatible form
    "64:ff9b::/96",  # NAT64: carries an IPv4 address past a check of the IPv6 one
    "64:ff9b:1::/48",
    "100::/64",
    "2001::/23",  # Teredo and other protocol assignments
    "2001:db8::/32",
    "2002::/16",  # 6to4, carries an IPv4 address too
    "3fff::/20",
    "5f00::/16",
    "fe80::/10",
    "fec0::/10",
    "ff00::/8",
)

PUBLIC_V6 = ipaddress.ip_network("2000::/3")


class AddressRefused(PerchError):
    """The address lies outside the networks this installation may dial; nothing was sent to it."""

    code = "refused_address"


class NameUnknown(Unavailable):
    """The name has no address now; trying later may help."""

    code = "unreachable"


@dataclass(frozen=True)
class Opening:
    """A network the operator opened, whole or for one port."""

    network: Network
    port: int | None = None

    def holds(self, address: Address, port: int) -> bool:
        same_family = address.version == self.network.version
        return same_family and address in self.network and self.port in (None, port)


@dataclass(frozen=True)
class Endpoint:
    """A judged address: dial `address`, speak of `host`."""

    host: str
    address: str
    port: int


@dataclass(frozen=True)
class AddressPolicy:
    """What may be dialled; with no openings, the public Internet only."""

    openings: tuple[Opening, ...] = ()

    @classmethod
    def parse(cls, text: str) -> AddressPolicy:
        """Read `10.0.0.0/8, 127.0.0.1/32:8554, fd00::/8, [::1/128]:8554`; raises ValueError on anything else."""
        return cls(tuple(_opening(part.strip()) for part in text.split(",") if part.strip()))

    def allows(self, address: Address, port: int) -> bool:
        """Whether this resolved address and port may be dialled."""
        address = _plain(address)
        openings = [opening for opening in self.openings if opening.holds(address, port)]
        special = [network for network in SPECIAL if address.version == network.version and address in network]
        if special:
            return any(_inside(opening.network, network) for opening in openings for network in special[:1])
        if any(address.version == network.version and address in network for network in PRIVATE):
            return bool(openings)
        return address.version == 4 or address in PUBLIC_V6

    def check(self, address: Address, port: int) -> None:
        """Raise AddressRefused unless the address may be dialled."""
        if not self.allows(address, port):
            raise AddressRefused(f"the address {address} is outside the networks this installation may reach")


def camera_policy(environment: Mapping[str, str] = os.environ) -> AddressPolicy:
    """The policy of this installation, from PERCH_CAMERA_NETWORKS."""
    return AddressPolicy.parse(environment.get(CAMERA_NETWORKS, ""))


def streamer_policy(environment: Mapping[str, str] = os.environ) -> AddressPolicy:
    """Where the APIs of streamers may be, from PERCH_STREAMER_NETWORKS: what subscribers type never opens these."""
    return AddressPolicy.parse(environment.get(STREAMER_NETWORKS, ""))


def check_literal(host: str, port: int, policy: AddressPolicy) -> None:
    """Judge a host without asking DNS: every spelling of an address, and the names that always mean loopback.

    For forms: the answer is immediate, and what is left unsaid here is said when the name is resolved and dialled.
    """
    name = host.strip("[]").rstrip(".").lower()
    if name == "localhost" or name.endswith((".localhost", ".localdomain")):
        name = "127.0.0.1"
    literal = _literal(name)
    if literal is not None:
        policy.check(literal, port)


def resolve(host: str, port: int, policy: AddressPolicy, resolver: Resolver | None = None) -> Endpoint:
    """Resolve a name once and return the first address that may be dialled.

    Raises NameUnknown when the name has no address and AddressRefused when it has none that is allowed. Blocks for as
    long as the system resolver takes; inside an event loop use `resolve_async`.
    """
    check_literal(host, port, policy)
    return _choose(host, port, policy, _ask(resolver or _system_resolver, host, port))


async def resolve_async(
    host: str, port: int, policy: AddressPolicy, *, timeout: float = 5.0, resolver: Resolver | None = None
) -> Endpoint:
    """`resolve` for event loops: at most `timeout` seconds, in a thread."""
    check_literal(host, port, policy)
    asking = asyncio.get_running_loop().run_in_executor(_resolving, _ask, resolver or _system_resolver, host, port)
    try:
        found = await asyncio.wait_for(asking, timeout)
    except TimeoutError:
        raise NameUnknown(f"the name {host} could not be resolved in time") from None
    return _choose(host, port, policy, found)


def _choose(host: str, port: int, policy: AddressPolicy, found: list[Address]) -> Endpoint:
    if not found:
        raise NameUnknown(f"the name {host} has no address")
    for address in found:
        if policy.allows(address, port):
            return Endpoint(host=host, address=str(_plain(address)), port=port)
    raise AddressRefused(f"the address of {host} is outside the networks this installation may reach")


def _ask(resolver: Resolver, host: str, port: int) -> list[Address]:
    try:
        texts = list(resolver(host, port))
    except (OSError, UnicodeError) as error:
        raise NameUnknown(f"the name {host} could not be resolved") from error
    return [ipaddress.ip_address(text.partition("%")[0]) for text in texts]


def _system_resolver(host: str, port: int) -> list[str]:
    answers = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)
    return [str(answer[4][0]) for answer in answers]


def _literal(name: str) -> Address | None:
    """The address a text spells (also `127.1`, `0x7f000001`, full-width digits), or None if it is a name."""
    try:
        answers = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    except (OSError, UnicodeError):
        return None
    return ipaddress.ip_address(str(answers[0][4][0]).partition("%")[0])


def _plain(address: Address) -> Address:
    """An IPv4-mapped IPv6 address is the IPv4 address."""
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def _inside(inner: Network, outer: Network) -> bool:
    if isinstance(inner, ipaddress.IPv4Network) and isinstance(outer, ipaddress.IPv4Network):
        return inner.subnet_of(outer)
    if isinstance(inner, ipaddress.IPv6Network) and isinstance(outer, ipaddress.IPv6Network):
        return inner.subnet_of(outer)
    return False


_OPENING = re.compile(r"^(?:\[(?P<v6>[0-9a-fA-F:./]+)\]|(?P<plain>[^\[\]]+?))(?::(?P<port>\d{1,5}))?$")


def _opening(text: str) -> Opening:
    try:
        return Opening(ipaddress.ip_network(text))
    except ValueError:
        found = _OPENING.match(text)
    if not found or not found["port"] or not 0 < int(found["port"]) < 65536:
        raise ValueError(f"not a network: {text!r} (write 10.0.0.0/8 or 127.0.0.1/32:8554)")
    return Opening(ipaddress.ip_network(found["v6"] or found["plain"]), int(found["port"]))
