"""The permission table, run: every row, every actor of both ISPs."""

from __future__ import annotations

import pytest

from tests.permissions.asking import judge_north, judge_south
from tests.permissions.rows import Row
from tests.permissions.table import ROWS
from tests.permissions.world import ACTORS, World


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_row(row: Row, world: World) -> None:
    cells = [judge_north(row, actor, world) for actor in ACTORS]
    cells += [judge_south(row, actor, world) for actor in ACTORS]
    wrong = [
        f"{'north' if number < len(ACTORS) else 'south'} {cell}" for number, cell in enumerate(cells) if cell.faults
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_somebody_may(row: Row) -> None:
    """A row that nobody may proves nothing."""
    expected = set(row.expected().values())
    assert expected & ({"200", "302"} if row.form else {"200"})
