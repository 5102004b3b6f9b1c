"""Two walls between ISPs, each enough alone: the table stays green with either of them down, and turns red with both.

That is what tells a table that proves isolation from one that would be green whatever happened.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import psycopg
import pytest
from django.db import models
from pytest_django.plugin import DjangoDbBlocker

from tenants.scoping import ScopedManager
from tests.database import Rows
from tests.permissions.asking import judge_north, judge_south
from tests.permissions.rows import Row
from tests.permissions.table_v2 import ROWS
from tests.permissions.world import World, build

# Each kind of object by its number, read and written, by whoever may most at the other ISP.
SAMPLE = [row for row in ROWS if row.names_target and not row.path.startswith("domains/")]
ACTORS = ("admin", "system")


@pytest.fixture(scope="module")
def committed(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[World]:
    """The two ISPs, committed, because walls are taken down by another connection; made while both stand, once for
    the module: every cell is rolled back."""
    with django_db_blocker.unblock():
        try:
            yield build()
        finally:
            Rows.clear()


def leaks(world: World) -> list[str]:
    """What the other ISP's people get to see or to change."""
    cells = [judge_south(row, actor, world) for row in SAMPLE for actor in ACTORS]
    return [f"{cell.row.name}: {cell}" for cell in cells if any(fault.startswith("LEAK") for fault in cell.faults)]


@contextmanager
def without_scope() -> Iterator[None]:
    """The first wall down: managers give the rows of every ISP."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ScopedManager, "get_queryset", lambda self: models.Manager.get_queryset(self))
        yield


@contextmanager
def without_rls(owner: psycopg.Connection) -> Iterator[None]:
    """The second wall down: PostgreSQL gives the rows of every ISP."""
    tables = [
        name
        for (name,) in owner.execute("SELECT relname FROM pg_class WHERE relrowsecurity AND relkind = 'r'").fetchall()
    ]
    _alter(owner, tables, "DISABLE")
    try:
        yield
    finally:
        _alter(owner, tables, "ENABLE")


def _alter(owner: psycopg.Connection, tables: list[str], what: str) -> None:
    owner.execute("SET lock_timeout = '20s'")
    for table in tables:
        owner.execute(f'ALTER TABLE "{table}" {what} ROW LEVEL SECURITY')


@pytest.mark.parametrize(
    ("scope", "rls"), [(True, True), (False, True), (True, False)], ids=["both", "without scope", "without rls"]
)
def test_one_wall_is_enough(committed: World, owner_connection: psycopg.Connection, scope: bool, rls: bool) -> None:
    with ExitStack() as stack:
        if not rls:
            stack.enter_context(without_rls(owner_connection))
        if not scope:
            stack.enter_context(without_scope())
        assert leaks(committed) == []


def test_the_table_sees_it_when_both_are_down(committed: World, owner_connection: psycopg.Connection) -> None:
    with without_rls(owner_connection), without_scope():
        found = leaks(committed)
    assert len(found) >= 20, found
    for kind in ("GET organizations/{org}", "GET users/{target}", "PUT presets/{attached}", "DELETE users/{target}"):
        assert any(text.startswith(kind) for text in found), kind


def test_a_cell_that_is_wrong_is_reported(committed: World) -> None:
    """The judge itself: a row that expects too much or too little is red."""
    open_to_all = Row("GET", "cameras/{camera}", " ".join(["200"] * 11))
    closed_to_all = Row("GET", "cameras/{camera}", " ".join(["404"] * 11))
    assert judge_north(open_to_all, "stranger", committed).faults
    assert judge_north(closed_to_all, "owner", committed).faults
    assert not judge_north(open_to_all, "owner", committed).faults
