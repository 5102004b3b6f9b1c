"""Cameras' statuses as browsers get them: read from the database, written to the wire once however many look."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import orjson

from devices.access import KNOWN
from portal import fleet
from tenants import clock

# A switched-off camera is off whatever its last report said: the report and the switch may cross.
_COLUMNS = """
SELECT c.id, c.domain_id, c.name, c.enabled, c.is_private, c.static,
       coalesce(s.alive, false) AND c.enabled AND NOT c.is_private AS alive,
       coalesce(s.status, '') AS status, coalesce(s.error_code, '') AS error, coalesce(s.error_message, '') AS message
FROM devices_camera c LEFT JOIN devices_camerastatus s ON s.camera_id = c.id
"""
SOME = f"{_COLUMNS} WHERE c.id = ANY(%(cameras)s)"
OF_DOMAINS = f"{_COLUMNS} WHERE c.domain_id = ANY(%(domains)s)"


class Status(NamedTuple):
    """What a badge shows. `error` is a code of the streamer contract; the page has the words for it."""

    camera_id: int
    domain_id: int
    name: str
    enabled: bool
    is_private: bool
    static: bool
    alive: bool
    status: str
    error: str
    message: str

    @property
    def wire(self) -> bytes:
        """The status as a part of a message."""
        runs = self.enabled and not self.is_private
        error = {"code": self.error, "message": self.message} if self.error and runs else None
        return orjson.dumps(
            {
                "name": self.name,
                "alive": self.alive,
                "enabled": self.enabled,
                "private": self.is_private,
                "static": self.static,
                "status": self.status if runs else "private" if self.enabled else "disabled",
                "error": error,
            }
        )


async def of_cameras(ids: Iterable[int]) -> dict[int, Status]:
    """The statuses of some cameras, by id; cameras that are gone are absent. Raises DatabaseAway."""
    return _by_id(await fleet.fetch(SOME, {"cameras": list(ids)}))


async def of_domains(ids: Iterable[int]) -> dict[int, Status]:
    """The statuses of all cameras of some ISPs. Raises DatabaseAway."""
    return _by_id(await fleet.fetch(OF_DOMAINS, {"domains": list(ids)}))


def _by_id(rows: list[dict[str, Any]]) -> dict[int, Status]:
    return {row["id"]: Status(*row.values()) for row in rows}


async def known_cameras(user_id: int, domain_id: int) -> frozenset[int]:
    """The cameras a user may know of: those he may watch and those whose settings he may edit. Raises DatabaseAway."""
    rows = await fleet.fetch(KNOWN, {"user": user_id, "domain": domain_id, "now": clock.now()})
    return frozenset(row["camera_id"] for row in rows)
