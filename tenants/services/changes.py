"""The change feed: what was changed, in the order of commits, each change once and without gaps (item 314).

    writer    audit row ──commit──▶ Change (id grows in the order of commits, no position yet)
    reader    seal(): under the ISP's lock, every committed Change without a position gets the next one
              after(position): what stands behind a position that was read before

A position is given only to what is committed, under a lock, and all smaller ones are committed with it: who has read up
to a position never finds a smaller one later. No transaction that is still open holds anything back, however long.

Sealing also links the hash chain: each digest is an HMAC over the audit row, its position and the digest before it,
with a key outside the database. Who edits the log in the database, whatever his role, cannot mend the chain.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.db import connection
from django.db.models import Exists, Max, OuterRef
from django.utils.translation import gettext as _

from tenants import keys
from tenants.errors import Invalid
from tenants.models import AuditEntry, Change
from tenants.scoping import current_domain_id

LOCK = 0x6368 << 48  # one lock an ISP: this plus its number
BATCH = 1000
LONGEST = 500  # changes in one answer
# What a digest covers, in this order. A new column of the audit log needs a new version of the chain, not a new place
# in this row: old digests cover what is written here.
COVERED = (
    "id", "domain_id", "action", "object_type", "object_id", "object_title", "external_id", "organization_id",
    "user_id", "user_login", "via", "changed", "ip", "user_agent", "request_id", "method", "path", "query",
    "duration_ms",
)  # fmt: skip
TELL_TRIGGER = (
    "SET CONSTRAINTS tenants_auditentry_enters_feed IMMEDIATE; SET CONSTRAINTS tenants_auditentry_enters_feed DEFERRED"
)
NUMBER = """
UPDATE tenants_change c SET position = given.position, digest = given.digest
FROM unnest(%s::bigint[], %s::bigint[], %s::text[]) AS given (id, position, digest) WHERE c.id = given.id
"""


def seal(batches: int | None = None) -> int:
    """Give positions to all that is committed (and to what this transaction itself did so far); returns how many.

    `batches` limits the work to so many thousands. The lock is held until this transaction ends, so seal in short ones.
    """
    with connection.cursor() as cursor:
        cursor.execute(TELL_TRIGGER)
        if not _unsealed().exists():
            return 0
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK + current_domain_id()])
    # Only now: a statement sees what was committed before it began, and the lock may have taken its time.
    sealed = 0
    while batches is None or sealed < batches * BATCH:
        count = _seal_batch()
        sealed += count
        if count < BATCH:
            break
    return sealed


def _unsealed() -> Any:
    return Change.objects.filter(position=None)


def _seal_batch() -> int:
    rows = list(_unsealed().select_related("entry").order_by("id")[:BATCH])
    if not rows:
        return 0
    last = Change.objects.exclude(position=None).order_by("-position").first()
    position, digest = (last.position, last.digest) if last else (0, "")
    for row in rows:
        position += 1
        digest = digest_of(row.entry, position, digest)
        row.position, row.digest = position, digest
    with connection.cursor() as cursor:
        cursor.execute(NUMBER, [[getattr(row, name) for row in rows] for name in ("id", "position", "digest")])
    return len(rows)


def digest_of(entry: AuditEntry, position: int, before: str) -> str:
    """The link of an audit row at a position behind the link `before`."""
    covered = [getattr(entry, name) for name in COVERED]
    said = [before, position, entry.created_at.timestamp(), *covered]
    text = json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hmac.new(_key(), text.encode(), hashlib.sha256).hexdigest()


@lru_cache(maxsize=1)
def _key() -> bytes:
    return keys.derive("audit-chain")


def head() -> int:
    """The last position there is; 0 for an empty feed."""
    found: int | None = Change.objects.aggregate(last=Max("position"))["last"]
    return found or 0


@dataclass(frozen=True)
class Page:
    """Changes behind a position. `cursor` is where to go on; `more`, whether something stands there already."""

    changes: list[Change]
    cursor: int
    more: bool


def after(position: int, limit: int = LONGEST) -> Page:
    """The changes behind a position, oldest first. Raises Invalid for a position that was never given."""
    rows = Change.objects.filter(position__gt=position).select_related("entry").order_by("position")
    found = list(rows[: limit + 1])
    if not found and position > head():
        # A database that was restored from a backup gives these positions again, to other changes.
        raise Invalid(_("This cursor lies ahead of the feed. Begin anew: the feed was restored from a backup."),
                      field="since")  # fmt: skip
    shown = found[:limit]
    return Page(shown, shown[-1].position if shown else position, len(found) > limit)


@dataclass(frozen=True)
class Verdict:
    """What a walk along the chain found: how many rows hold, the last of them, and the first that does not."""

    checked: int
    position: int
    digest: str
    broken: str = ""
    entry_id: int | None = None


def verify(expected: tuple[int, str] | None = None) -> Verdict:
    """Walk the ISP's whole chain and stop at the first row that was changed, removed or slipped in.

    `expected`: a position and digest noted earlier, outside the database; without it, rows cut off at the end (and
    only there) go unnoticed.
    """
    seal()
    position, digest = 0, ""
    for row in Change.objects.exclude(position=None).select_related("entry").order_by("position").iterator(BATCH):
        if row.position != position + 1:
            return Verdict(position, position, digest, f"the row at position {position + 1} is gone")
        position += 1
        if not hmac.compare_digest(row.digest, digest_of(row.entry, position, digest)):
            return Verdict(position - 1, position - 1, digest, _broken(row), row.entry_id)
        digest = row.digest
        if expected and expected[0] == position and not hmac.compare_digest(expected[1], digest):
            return Verdict(
                position - 1, position, digest, f"the digest at {position} is not the one noted", row.entry_id
            )
    return _end(position, digest, expected)


def _broken(row: Change) -> str:
    entry: AuditEntry = row.entry
    when = entry.created_at.isoformat(timespec="seconds")
    return f"audit row {entry.pk} ({entry.action} {entry.object_type} {entry.object_id}, {when}) was tampered with"


def _end(position: int, digest: str, expected: tuple[int, str] | None) -> Verdict:
    if expected and expected[0] > position:
        return Verdict(position, position, digest, f"the rows after position {position} are gone")
    stray = AuditEntry.objects.exclude(Exists(Change.objects.filter(entry=OuterRef("pk")))).order_by("pk").first()
    if stray is not None:
        return Verdict(position, position, digest, f"audit row {stray.pk} never entered the chain", stray.pk)
    return Verdict(position, position, digest)
