"""The cells of the matrix: who asks what, with which number where the right one belongs.

The tests ask exactly what is enumerated here, and `test_size.py` counts it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from tests.permissions.rows import PLACEHOLDER, V1, Row
from tests.permissions.world import ACTORS, NOBODIES

# Every number is read by one function, which is shown the rest (`UNREADABLE`) by itself.
IN_PATH = ("0", "-1", "9223372036854775808", "987654321", "1%20or%201=1")
UNREADABLE = (
    "9" * 40,
    "x",
    "1.0",
    "\u0661",
    "[1]",
    "{}",
    "",
    " ",
    "1 or 1=1",
    "-1",
    "0",
    None,
    True,
    1.5,
    [1],
    {"id": 1},
)
IN_BODY: tuple[Any, ...] = (0, -1, 2**63, 987654321, "x", "1 or 1=1", 1.5, True, [1], {"id": 1}, "\u0661")
# Cameras are asked for by their names: what no name looks like, and one that nobody has.
AS_NAME = ("0", "nobody-s", "x" * 300, "1%20or%201=1", "%D9%A1", "%2e%2e", "x~1")
NAMED = {"camera", "elsewhere"}
# Of the other ISP's people those of each kind who may most: a wall that stops them stops whoever may less.
FROM_ELSEWHERE = {"reader", "owner", "admin", "system"}


def of_row(row: Row) -> Iterator[tuple[str, str]]:
    """Everybody for whom the row itself is asked, with his side."""
    for actor in ACTORS:
        yield "north", actor
        if actor in FROM_ELSEWHERE:
            yield "south", actor
    for actor in NOBODIES:
        if row.base == V1 and actor in {"disabled", "expired"}:
            continue  # guesses that are counted: tests/api/v1/test_who_asks.py
        if not (row.form and actor == "foreign_system"):  # a key opens no page anyway
            yield "north", actor


def mightiest(row: Row) -> str:
    """Who asks for numbers that are nobody's: whoever may most, and is stopped by nothing before the number is read."""
    return "admin" if row.form or row.base == V1 else "system"


def wrong_paths(row: Row) -> list[Row]:
    """The row with each number (or camera's name) in its address replaced by each value."""
    return [
        replace(row, path=row.path[: spot.start()] + value + row.path[spot.end() :])
        for spot in PLACEHOLDER.finditer(row.path)
        for value in (AS_NAME if spot[2] in NAMED else IN_PATH)
    ]


def wrong_bodies(row: Row) -> list[Row]:
    """The row with each number in its body, however deep, replaced by each value. Forms carry texts only."""
    values = [str(value) for value in IN_BODY] if row.form else IN_BODY
    return [replace(row, body=body) for value in values for body in _replaced(row.body, value)]


def _replaced(template: Any, value: Any) -> Iterator[Any]:
    """The template once for each placeholder in it, with the value in that one's place."""
    if isinstance(template, str) and PLACEHOLDER.fullmatch(template):
        yield value
    elif isinstance(template, dict):
        for key, part in template.items():
            yield from ({**template, key: changed} for changed in _replaced(part, value))
    elif isinstance(template, list):
        for index, part in enumerate(template):
            yield from ([*template[:index], changed, *template[index + 1 :]] for changed in _replaced(part, value))


def count(rows: list[Row]) -> int:
    """How many requests the matrix is."""
    return sum(sum(1 for _cell in of_row(row)) + len(wrong_paths(row)) + len(wrong_bodies(row)) for row in rows)
