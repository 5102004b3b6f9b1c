"""Numbers that are nobody's: whatever stands where a row's number belongs is refused, and is never a fault of ours."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tenants.access import as_id
from tenants.errors import Missing
from tests.permissions import cells
from tests.permissions.asking import ask, changed_since, undone
from tests.permissions.changes import written
from tests.permissions.rows import EMPTY, Row
from tests.permissions.table import ROWS
from tests.permissions.world import Isp, World


def _faults(row: Row, isp: Isp, refusals: set[int]) -> Iterator[str]:
    with undone():
        before = written()
        answer = ask(row, cells.mightiest(row), mine=isp, target=isp)
        if answer.status_code not in refusals:
            yield f"{row.method} {row.path} {row.body}: {answer.status_code}"
        elif changed_since(before, isp):
            yield f"{row.method} {row.path} {row.body}: refused, and yet something changed"


@pytest.mark.parametrize("value", cells.UNREADABLE, ids=repr)
def test_what_is_no_number_is_nobodys(value: object) -> None:
    """The one function by which pages and dialects read numbers: never a fault, and 0 is a number that nobody has."""
    if value == "0":
        assert as_id(value) == 0
        return
    with pytest.raises(Missing):
        as_id(value)


@pytest.mark.parametrize("row", [row for row in ROWS if cells.wrong_paths(row)], ids=lambda row: row.name)
def test_no_such_number_in_the_address(row: Row, world: World) -> None:
    query = "?" in row.path  # a list narrowed to nothing is a list
    refusals = row.refusals | ({200} if query else set())
    faults = [fault for wrong in cells.wrong_paths(row) for fault in _faults(wrong, world.north, refusals)]
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("row", [row for row in ROWS if cells.wrong_bodies(row)], ids=lambda row: row.name)
def test_no_such_number_in_the_body(row: Row, world: World) -> None:
    refusals = row.refusals | ({200, 422} if row.form else set())  # a page shows the form again
    if row.south == EMPTY:
        refusals |= {200}  # a list says line by line what it did not take
    if row.form:
        refusals -= {302}
    faults = [fault for wrong in cells.wrong_bodies(row) for fault in _faults(wrong, world.north, refusals)]
    assert not faults, "\n".join(faults)
