"""The storage promise (item 316): what cameras keep, what they will keep, and where that is less than was sold.

A camera is promised the days of its preset (or its own, where the preset is adjustable), but no footage of times when
it was not to record or away, nor what had gone already when its days or gigabytes were raised. It is short when more
than that, and than the tolerance, is missing before its oldest footage. What is protected and older than the days takes
room and is no footage of the days: it neither hides a shortage nor is one when it goes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, override

from tenants import clock
from tenants.models import Message, User
from tenants.scoping import current_domain_id
from tenants.services import mail, messages

GB = 1_000_000_000
MOST_SHORT = 200
SENDER = "Perch"

# One row a camera that keeps an archive: bytes it has, bytes it will have once its days are full, from when on it was
# promised footage (`owed`), and whether it is short of that: what is missing before its oldest footage, less the time
# in which it was away or not to record. That is looked up of the few only where anything is missing. The tolerance is
# an hour, and a twentieth of the days: the clean-up runs once an hour and takes blocks of a minute, and a report is
# seconds old.
EACH = """
WITH each AS (
    SELECT c.id, c.name, c.title, c.organization_id, c.dvr_depth AS depth, c.dvr_space AS space,
           coalesce(s.dvr_bytes, 0) AS bytes, p.since AS owed, to_timestamp(s.dvr_from) AS oldest,
           least(e.rate * c.dvr_depth * 86400 + coalesce(s.dvr_kept_bytes, 0),
                 nullif(c.dvr_space, 0) * 1e9) AS full_bytes,
           e.oldest - p.since > p.slack AND e.oldest - p.since - (
               SELECT coalesce(sum(least(coalesce(o.ended_at, %(now)s), e.oldest) - greatest(o.began_at, p.since)),
                               interval '0')
               FROM (
                   SELECT began_at, ended_at FROM devices_outagespan
                   WHERE domain_id = c.domain_id AND camera_id = c.id AND began_at < e.oldest
                 UNION ALL
                   SELECT began_at, ended_at FROM devices_modespan
                   WHERE domain_id = c.domain_id AND camera_id = c.id AND mode <> 'recording' AND began_at < e.oldest
               ) AS o
               WHERE coalesce(o.ended_at, %(now)s) > p.since
           ) > p.slack AS is_short
    FROM devices_camera c
    LEFT JOIN devices_camerastatus s ON s.domain_id = c.domain_id AND s.camera_id = c.id
    JOIN devices_modespan m ON m.domain_id = c.domain_id AND m.camera_id = c.id AND m.ended_at IS NULL
        AND m.mode = 'recording'
    CROSS JOIN LATERAL (
        SELECT greatest(interval '1 hour', c.dvr_depth * interval '1 day' / 20) AS slack,
               greatest(
                   %(now)s - c.dvr_depth * interval '1 day', min(x.began_at),
                   max(x.ended_at - x.dvr_depth * interval '1 day') FILTER (WHERE x.dvr_depth < c.dvr_depth),
                   max(x.ended_at) FILTER (
                       WHERE nullif(x.dvr_space, 0) < coalesce(nullif(c.dvr_space, 0), x.dvr_space + 1))) AS since
        FROM devices_modespan x WHERE x.domain_id = c.domain_id AND x.camera_id = c.id
    ) AS p
    CROSS JOIN LATERAL (
        SELECT coalesce(to_timestamp(s.dvr_from), %(now)s) AS oldest,
               CASE WHEN s.dvr_duration > 0 THEN s.dvr_bytes::float8 / s.dvr_duration
                    ELSE coalesce(s.bitrate, 0) * 125.0 END AS rate
    ) AS e
    WHERE c.domain_id = %(domain)s
)
"""
TOTALS = f"""{EACH}
SELECT o.id, o.title, o.dvr_limit, count(*), coalesce(sum(e.bytes), 0)::bigint,
       coalesce(sum(coalesce(e.full_bytes, 0)), 0)::bigint, count(*) FILTER (WHERE e.is_short)
FROM each e JOIN tenants_organization o ON o.domain_id = %(domain)s AND o.id = e.organization_id
GROUP BY o.id ORDER BY 6 DESC, o.id
"""  # noqa: S608 - constants of this code base
SHORT = f"""{EACH}
SELECT e.name, e.title, o.title, e.depth, e.space, e.bytes,
       extract(epoch FROM %(now)s - e.owed)::float8, extract(epoch FROM %(now)s - e.oldest)::float8
FROM each e JOIN tenants_organization o ON o.domain_id = %(domain)s AND o.id = e.organization_id
WHERE e.is_short ORDER BY o.title, e.title, e.id LIMIT %(limit)s
"""  # noqa: S608 - constants of this code base


class Holding(NamedTuple):
    """What an organization's recording cameras keep and will keep, in bytes; its limit in GB; how many are short."""

    organization_id: int
    title: str
    limit_gb: int
    cameras: int
    bytes: int
    full_bytes: int
    short: int

    @property
    def limit(self) -> int:
        """The limit in bytes."""
        return self.limit_gb * GB


class Shortage(NamedTuple):
    """A camera that keeps less than was sold: its days, how far back it should reach and does reach, in seconds."""

    name: str
    title: str
    organization: str
    depth: float
    space: int | None
    bytes: int
    owed: float
    kept: float | None

    @property
    def is_by_space(self) -> bool:
        """Whether the preset's own gigabytes are used up; else the streamer's disk was too small."""
        return 0 < 0.9 * (self.space or 0) * GB <= self.bytes


@dataclass(frozen=True)
class Promise:
    """The ISP's archive as a whole."""

    holdings: list[Holding]
    shortages: list[Shortage]

    @property
    def cameras(self) -> int:
        """How many record."""
        return sum(row.cameras for row in self.holdings)

    @property
    def bytes(self) -> int:
        """What there is now."""
        return sum(row.bytes for row in self.holdings)

    @property
    def full_bytes(self) -> int:
        """What there will be once all days are full, at the rates of now."""
        return sum(row.full_bytes for row in self.holdings)

    @property
    def short(self) -> int:
        """How many keep less than was sold."""
        return sum(row.short for row in self.holdings)


def promise() -> Promise:
    """What the ISP in scope keeps and what it has promised, in two statements."""
    holdings = [Holding._make(row) for row in _fetch(TOTALS)]
    short = _fetch(SHORT, limit=MOST_SHORT) if any(row.short for row in holdings) else []
    return Promise(holdings, [Shortage._make(row) for row in short])


def _fetch(sql: str, **more: Any) -> list[tuple[Any, ...]]:
    now: datetime = clock.now()
    with connection.cursor() as cursor:
        cursor.execute(sql, {"domain": current_domain_id(), "now": now, **more})
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows


def alert() -> int:
    """Tell the administrators of the ISP in scope that cameras keep less than was sold; again only once they have read
    it. Returns how many were told."""
    short = promise().short
    if not short:
        return 0
    told = 0
    for admin in User.objects.filter(is_admin=True, is_active=True):
        if messages.unread(admin).filter(sender=None, sender_login=SENDER, type=Message.Type.WARNING).exists():
            continue
        with override(mail.locale_of(admin)):
            messages.tell(admin, sender=SENDER, title=_("Archive shorter than promised"), body=_body(short))
        told += 1
    return told


def _body(short: int) -> str:
    return ngettext(
        "%(n)s camera keeps less archive than its preset promises. See Storage.",
        "%(n)s cameras keep less archive than their presets promise. See Storage.",
        short,
    ) % {"n": short}
