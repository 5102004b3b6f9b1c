"""Each operation of the matrix that changes a row leaves one audit entry for each object it was about: none is silent,
and none is told twice (T37)."""

from __future__ import annotations

from collections import Counter

import pytest

from tenants.models import AuditEntry
from tenants.scoping import domain_scope
from tests.permissions.asking import ask, changed_since, undone
from tests.permissions.changes import written
from tests.permissions.rows import Row
from tests.permissions.table import ROWS
from tests.permissions.world import ACTORS, World

DONE = {"200", "201", "204", "302"}
# Operations that change rows nobody audits, by a part of their address or body: each with its reason.
SILENT = {
    "is_favourite": "one's own marks are no facts about the camera",
    "was_read": "what one has read is one's own",
    "/read": "what one has read is one's own",
    "/cameras/mark/": "one's own marks are no facts about the camera",
    "user_attributes": "one's own marks are no facts about the camera",
    "/second_factors/generator": "a generator that is only begun opens nothing and asks for nothing",
    "/again": "sends a message again that was made before; the log of messages has it",
    "/test": "sends a message that speaks of nothing; the log of messages has it",
}


def _somebody_may(row: Row) -> bool:
    return bool(DONE & set(row.expected().values()))


WRITES = [row for row in ROWS if row.writes and not any(part in row.name for part in SILENT) and _somebody_may(row)]


def _actor(row: Row) -> str:
    """Whoever may most of those who may."""
    expected = row.expected()
    return next(actor for actor in reversed(ACTORS) if expected[actor] in DONE)


@pytest.mark.parametrize("row", WRITES, ids=lambda row: row.name)
def test_an_operation_leaves_one_entry_an_object(row: Row, world: World) -> None:
    isp, actor = world.north, _actor(row)
    with undone():
        rows = written()
        with domain_scope(isp.domain):
            before = max(AuditEntry.objects.values_list("pk", flat=True)[:1], default=0)
        answer = ask(row, actor, mine=isp, target=isp)
        assert str(answer.status_code) in DONE, answer.content[:300]
        with domain_scope(isp.domain):
            entries = list(AuditEntry.objects.filter(pk__gt=before))
        if not changed_since(rows, isp):
            return  # a form that was sent as it stood
    told = Counter((entry.object_type, entry.object_id, entry.action) for entry in entries)
    assert told, "something was changed and nobody was told"
    assert max(told.values()) == 1, f"told twice: {told}"
    assert {entry.user_login for entry in entries} != {""}, "somebody did it"
    assert {entry.request_id for entry in entries} == {answer["X-Request-Id"]}
    assert not [entry for entry in entries if not entry.path]
