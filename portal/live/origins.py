"""Which pages may open a socket: those of the very host they ask.

Channels' own validator lets one ISP's page open a socket at another ISP's host (security.md 1.11).
"""

from __future__ import annotations

from urllib.parse import urlsplit

PORTS = {"http": 80, "https": 443}


def is_own(origin: str, host: str) -> bool:
    """Whether an Origin header names the host and port of the Host header. A missing or null origin never does."""
    try:
        parts = urlsplit(origin)
        asked = urlsplit(f"//{host}")
        default = PORTS[parts.scheme]
        same_port = (parts.port or default) == (asked.port or default)
    except (ValueError, KeyError):
        return False
    plain = not (parts.path or parts.query or parts.fragment or parts.username or asked.path or asked.username)
    return plain and bool(parts.hostname) and parts.hostname == asked.hostname and same_port
