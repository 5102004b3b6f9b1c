"""Addresses that people come from: the network around one, and lists of those that are let in."""

from __future__ import annotations

import ipaddress
import re

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_BETWEEN = re.compile(r"[\s,;]+")


def parse(text: str) -> tuple[Network, ...]:
    """Read `192.0.2.7, 10.0.0.0/8 2001:db8::/32`; raises ValueError on anything else."""
    return tuple(ipaddress.ip_network(part, strict=False) for part in _BETWEEN.split(text.strip()) if part)


def is_list(text: str) -> bool:
    """Whether a text can be read as a list of addresses and networks; an empty one can."""
    try:
        parse(text)
    except ValueError:
        return False
    return True


def holds(text: str, ip: str | None) -> bool:
    """Whether a list lets an address in; an empty list lets everybody in, an unreadable one nobody."""
    if not text.strip():
        return True
    try:
        networks, address = parse(text), plain(ip)
    except ValueError:
        return False
    return any(address.version == network.version and address in network for network in networks)


def neighbourhood(ip: str | None) -> str:
    """The network an address shares with its neighbours, who may be the same person: /24, or /64 in IPv6."""
    try:
        address = plain(ip)
    except ValueError:
        return "nowhere"
    return str(ipaddress.ip_network((address, 24 if address.version == 4 else 64), strict=False))


def plain(ip: str | None) -> Address:
    """An address; an IPv4 one written as IPv6 is the IPv4 one."""
    address = ipaddress.ip_address((ip or "").partition("%")[0])
    return (address.ipv4_mapped or address) if isinstance(address, ipaddress.IPv6Address) else address
