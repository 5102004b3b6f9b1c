"""Numbers that are nobody's: whatever stands where a row's number belongs is refused, and is never a fault of ours."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.permissions.asking import ask, undone
from tests.permissions.rows import PLACEHOLDER, Row
from tests.permissions.table import ROWS
from tests.permissions.world import Isp, World, digest

IN_PATH = ("0", "-1", "9223372036854775808", "9" * 40, "x", "1%20or%201=1", "1.0", "%D9%A1")
IN_BODY: tuple[Any, ...] = (0, -1, 2**63, "x", "1 or 1=1", 1.5, True, [1], {"id": 1}, "\u0661")
REFUSALS = {302, 400, 401, 403, 404}


def _paths(row: Row) -> list[str]:
    """The row's path with each number in it replaced by each value."""
    spots = [found for found in PLACEHOLDER.finditer(row.path) if found[2] not in {"camera", "elsewhere"}]
    return [row.path[: spot.start()] + value + row.path[spot.end() :] for spot in spots for value in IN_PATH]


def _bodies(row: Row) -> list[dict[str, Any]]:
    """The row's body with each number in it replaced by each value. Forms carry texts only."""
    if not isinstance(row.body, dict):
        return []
    names = [name for name, value in row.body.items() if isinstance(value, str) and PLACEHOLDER.fullmatch(value)]
    values = [str(value) for value in IN_BODY] if row.form else IN_BODY
    return [{**row.body, name: value} for name in names for value in values]


def _faults(row: Row, isp: Isp, refusals: set[int]) -> list[str]:
    faults = []
    most = "admin" if row.form else "system"
    for actor in ("owner", most):
        with undone():
            answer = ask(row, actor, mine=isp, target=isp)
            if answer.status_code not in refusals:
                faults.append(f"{actor}: {row.method} {row.path} {row.body}: {answer.status_code}")
            elif row.writes and actor == most and digest(isp) != isp.digest:
                faults.append(f"{actor}: {row.method} {row.path} {row.body}: refused, and yet something changed")
    return faults


@pytest.mark.parametrize("row", [row for row in ROWS if _paths(row)], ids=lambda row: row.name)
def test_no_such_number_in_the_address(row: Row, world: World) -> None:
    query = "?" in row.path  # a list narrowed to nothing is a list
    refusals = REFUSALS | ({200} if query else set())
    faults = [fault for path in _paths(row) for fault in _faults(replace(row, path=path), world.north, refusals)]
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("row", [row for row in ROWS if _bodies(row)], ids=lambda row: row.name)
def test_no_such_number_in_the_body(row: Row, world: World) -> None:
    refusals = REFUSALS | ({200, 422} if row.form else set())  # a page shows the form again
    if row.form:
        refusals -= {302}
    faults = [fault for body in _bodies(row) for fault in _faults(replace(row, body=body), world.north, refusals)]
    assert not faults, "\n".join(faults)
