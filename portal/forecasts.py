"""Looking before a change of streamers or zones (item 223), across ISPs: by the role `fleet`, and in numbers only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from django.utils.translation import gettext as _

from devices.forecast import Change, Forecast, Seen, forecast
from devices.models import Streamer, Zone
from devices.moves import LOAD_PARAMETERS, LOADS, MACHINES, RULED, machines_of, placed_of
from devices.placement import Machine
from portal import fleet
from tenants import clock
from tenants.errors import Unavailable

# What a form calls it, and what it is of a machine.
CARRIED = {
    "is_default": "is_default", "channel_limit": "channel_limit", "total_bandwidth": "bandwidth", "labels": "labels",
    "zones": "zones",
}  # fmt: skip


class Picture(NamedTuple):
    """The fleet at one instant."""

    machines: list[Machine]
    cameras: list[Seen]


class Asking(NamedTuple):
    """Those whose rule names a zone."""

    cameras: int
    isps: int


def picture() -> Picture:
    """The fleet as it is now. Raises Unavailable."""
    try:
        with fleet.reading() as held:
            machines = machines_of(held.execute(MACHINES), held.execute(LOADS, LOAD_PARAMETERS), clock.now())
            return Picture(machines, [Seen(placed_of(row), row["domain_id"]) for row in held.execute(RULED)])
    except fleet.DatabaseAway as away:
        raise Unavailable(_("What would move cannot be said now. Please try again in a minute.")) from away


def of_streamer(streamer: Streamer, values: Mapping[str, Any], seen: Picture | None = None) -> Forecast:
    """What other values of a streamer would move; what is not given stays. Raises Unavailable."""
    found = seen or picture()
    if values.get("role", Streamer.Role.STREAMER) != Streamer.Role.STREAMER:
        return forecast(*found, Change(machines={streamer.pk: None}))
    told = {name: _told(name, values[name]) for name in CARRIED if name in values}
    return forecast(*found, Change(machines={streamer.pk: {CARRIED[name]: value for name, value in told.items()}}))


def of_zone(zone: Zone, returns: bool) -> Forecast:
    """What the switch of a zone would move. Raises Unavailable."""
    return forecast(*picture(), Change(returns={zone.pk: returns}))


def asking_for(zone: Zone) -> Asking:
    """How many cameras ask for a zone, by themselves or by their preset. Raises Unavailable."""
    found = [seen for seen in picture().cameras if seen.camera.rule.zone == zone.pk]
    return Asking(len(found), len({seen.isp for seen in found}))


def is_placing(streamer: Streamer, values: Mapping[str, Any]) -> bool:
    """Whether values are about which cameras it carries, and differ."""
    here = {name: getattr(streamer, name) for name in ("role", *CARRIED) if name != "zones"}
    if any(name in values and values[name] != value for name, value in here.items()):
        return True
    return "zones" in values and set(values["zones"]) != set(streamer.zones.all())


def _told(name: str, value: Any) -> Any:
    if name == "labels":
        return frozenset(value.items())
    return frozenset(zone.pk for zone in value) if name == "zones" else value
