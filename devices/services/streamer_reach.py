"""How a streamer of another make is reached, and whether it can be: addresses judged before they are kept."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from urllib.parse import urlsplit

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from devices.drivers.streamer.base import Driver
from devices.drivers.streamer.http import Trouble
from devices.models import Streamer
from tenants.addresses import AddressRefused, check_literal, streamer_policy
from tenants.errors import Invalid
from tenants.outbound import PORTS

FIELDS = ("role", "playback_url", "api_url", "api_login", "perch_url", "storage")
# What is wanted of a make beside the address of its API. Perch's own streamer needs nothing: it comes to us.
NEEDED: dict[str, tuple[str, ...]] = {
    Streamer.Kind.EMBEDDED: (),
    Streamer.Kind.FLUSSONIC: ("api_url", "public_url", "perch_url"),
    Streamer.Kind.MEDIAMTX: ("api_url", "public_url"),
}
TROUBLES = {
    "unreachable": gettext_lazy("Nothing answers at the address of its API. Is it running, and open to this machine?"),
    "unknown_name": gettext_lazy("The name in the address of its API is not known."),
    "refused_address": gettext_lazy(
        "The address of its API is outside the networks that streamers may be in (PERCH_STREAMER_NETWORKS)."
    ),
    "unauthorized": gettext_lazy("Its API refuses the login and password, or the cluster key."),
    "not_found": gettext_lazy("Something answers at this address, but it is not the API of this make."),
    "garbled": gettext_lazy("What answers at this address makes no sense as an answer of this make."),
    "failed": gettext_lazy("Its API answers with an error of its own."),
}  # fmt: skip


def put(streamer: Streamer, secret: str, reach: Mapping[str, str]) -> None:
    """Set what is given; an empty secret leaves the one there is. Raises Invalid naming the field."""
    unknown = set(reach) - set(FIELDS)
    if unknown:
        raise TypeError(f"not of a streamer: {unknown}")
    for name, value in reach.items():
        setattr(streamer, name, value.strip())
    if secret:
        streamer.api_secret = secret
    for name in NEEDED[streamer.kind]:
        if not getattr(streamer, name):
            raise Invalid(_("This make needs it."), field=name)
    for name in ("api_url", "perch_url"):
        _check_address(getattr(streamer, name), name)
    _check_reachable(streamer.api_url)


def _check_address(url: str, field: str) -> None:
    if not url:
        return
    try:
        parts = urlsplit(url)
        is_one = parts.scheme in PORTS and parts.hostname and parts.port != 0
    except ValueError:
        is_one = False
    if not is_one:
        raise Invalid(_("Write an address as in https://video1.example.org."), field=field)
    if parts.username or parts.password or parts.query or parts.fragment:
        raise Invalid(_("Write the address alone: a login has fields of its own."), field=field)


def _check_reachable(url: str) -> None:
    if not url:
        return
    parts = urlsplit(url)
    try:
        check_literal(parts.hostname or "", parts.port or PORTS[parts.scheme], streamer_policy())
    except AddressRefused as error:
        raise Invalid(str(TROUBLES["refused_address"]), field="api_url") from error


def check_connection(driver: Driver) -> str:
    """Ask a streamer's API now; returns its version, empty if it says none. Raises Trouble."""
    return asyncio.run(driver.check())


def words(trouble: Trouble | str) -> str:
    """A trouble in words, with the streamer's own where it said any."""
    code, detail = (trouble.code, trouble.detail) if isinstance(trouble, Trouble) else (trouble, "")
    text = str(TROUBLES.get(code, TROUBLES["failed"]))
    return f"{text} ({detail})" if detail else text
