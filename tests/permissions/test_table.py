"""The permission table, run: every row, every actor of both ISPs, and nobody in every disguise."""

from __future__ import annotations

import pytest

from tests.permissions import cells
from tests.permissions.asking import judge
from tests.permissions.rows import Row
from tests.permissions.table import ROWS
from tests.permissions.world import World


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_row(row: Row, world: World) -> None:
    judged = [judge(row, side, actor, world) for side, actor in cells.of_row(row)]
    wrong = [str(cell) for cell in judged if cell.faults]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_somebody_may(row: Row) -> None:
    """A row that nobody may proves nothing."""
    expected = set(row.expected().values())
    assert expected & ({"200", "302"} if row.form else {"200", "201", "204"})
