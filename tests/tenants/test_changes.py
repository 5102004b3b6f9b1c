"""The change feed: every committed change once, in the order of commits, whatever happens at the same time."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Barrier, Event, Lock
from typing import Any

import pytest
from django.db import ProgrammingError, connection, transaction

from tenants import audit
from tenants.errors import Invalid
from tenants.models import AuditEntry, Change, Domain, Organization
from tenants.scoping import domain_scope
from tenants.services import changes, domains, organizations
from tests.cast import Cast

WRITERS, ROUNDS = 8, 25


@pytest.fixture
def north(transactional_db: None) -> Domain:
    return domains.add_domain(title="North", slug="north", hosts=["north.localhost"])


def _default() -> Organization:
    found: Organization = Organization.objects.get(is_default=True)
    return found


def _note(name: str) -> AuditEntry:
    """One audit row, as a service writes it."""
    return audit.record(
        AuditEntry.Action.CHANGE, _default(), acting_user=None, changed={"title": ["a", "b"]}, object_id=name
    )


@contextmanager
def _own_connection() -> Iterator[None]:
    try:
        yield
    finally:
        connection.close()


@dataclass
class History:
    """What writers know of their commits: a tick before each began, and one after it was done."""

    ticks: Iterator[int] = field(default_factory=itertools.count)
    lock: Lock = field(default_factory=Lock)
    begun: dict[str, int] = field(default_factory=dict)
    done: dict[str, int] = field(default_factory=dict)

    def tick(self, into: dict[str, int], names: list[str]) -> None:
        with self.lock:
            now = next(self.ticks)
            into.update(dict.fromkeys(names, now))


def _write(north: Domain, number: int, history: History, start: Barrier) -> None:
    """One writer: transactions of one to three changes, every fifth of them taken back."""
    chance = random.Random(number)
    start.wait()
    with _own_connection():
        for turn in range(ROUNDS):
            names = [f"w{number}-{turn}-{part}" for part in range(chance.randint(1, 3))]
            try:
                with domain_scope(north):
                    for name in names:
                        _note(name)
                    if chance.random() < 0.2:
                        raise RuntimeError
                    history.tick(history.begun, names)
            except RuntimeError:
                continue
            history.tick(history.done, names)


class Follower:
    """A CRM: reads what is behind its cursor, again and again, and keeps what it got in the order it came."""

    def __init__(self, north: Domain) -> None:
        self.north, self.cursor = north, 0
        self.got: list[str] = []

    def read(self, limit: int = 7) -> int:
        with domain_scope(self.north):
            changes.seal()
            page = changes.after(self.cursor, limit)
        self.cursor = page.cursor
        self.got += [row.entry.object_id for row in page.changes]
        return len(page.changes)


def _follow(follower: Follower, over: Event) -> None:
    with _own_connection():
        while not over.is_set():
            follower.read()
        while follower.read():
            pass


def test_many_writers_and_readers_lose_nothing_and_double_nothing_and_keep_the_order_of_commits(north: Domain) -> None:
    history, start, over = History(), Barrier(WRITERS), Event()
    followers = [Follower(north), Follower(north)]
    for follower in followers:
        while follower.read():
            pass
    before = len(followers[0].got)
    with ThreadPoolExecutor(WRITERS + len(followers)) as threads:
        reading = [threads.submit(_follow, follower, over) for follower in followers]
        writing = [threads.submit(_write, north, number, history, start) for number in range(WRITERS)]
        for each in writing:
            each.result()
        over.set()
        for each in reading:
            each.result()
    assert len(history.done) > WRITERS * ROUNDS
    for follower in followers:
        got = follower.got[before:]
        assert sorted(got) == sorted(history.done), "every committed change once, nothing that was taken back"
        _assert_order_of_commits(got, history)


def _assert_order_of_commits(got: list[str], history: History) -> None:
    """Whoever had committed before another began to commit stands before him."""
    latest_begin = -1
    for name in got:
        assert history.done[name] > latest_begin, f"{name} was committed before one that stands in front of it began"
        latest_begin = max(latest_begin, history.begun[name])


def test_a_transaction_that_stays_open_holds_nothing_up_and_comes_when_it_commits(north: Domain) -> None:
    opened, may_commit = Event(), Event()

    def dawdle() -> None:
        with _own_connection(), domain_scope(north):
            _note("slow-first")
            opened.set()
            assert may_commit.wait(30)
            _note("slow-second")

    follower = Follower(north)
    while follower.read():
        pass
    begin = len(follower.got)
    with ThreadPoolExecutor(1) as threads:
        slow = threads.submit(dawdle)
        assert opened.wait(30)
        for name in ("quick-1", "quick-2"):
            with domain_scope(north):
                _note(name)
        follower.read()
        assert follower.got[begin:] == ["quick-1", "quick-2"], "what is committed does not wait for what is not"
        seen = follower.cursor
        may_commit.set()
        slow.result()
    follower.read()
    assert follower.got[begin:] == ["quick-1", "quick-2", "slow-first", "slow-second"]
    with domain_scope(north):
        rows = Change.objects.filter(entry__object_id__startswith="slow").values_list("position", flat=True)
        assert min(rows) > seen, "nothing is put in front of a cursor that was given out"


def test_a_reader_whose_own_transaction_fails_gives_its_positions_back(north: Domain) -> None:
    with domain_scope(north):
        _note("one")
    with pytest.raises(RuntimeError), domain_scope(north):
        assert changes.seal()
        raise RuntimeError
    follower = Follower(north)
    while follower.read():
        pass
    assert follower.got[-1] == "one"
    assert follower.got.count("one") == 1


def test_changes_of_a_scope_inside_another_reach_their_own_feed(north: Domain) -> None:
    south = domains.add_domain(title="South", slug="south", hosts=["south.localhost"])
    with domain_scope(north):
        with domain_scope(south):
            _note("southern")
        _note("northern")
    assert "southern" in _all(south)
    assert "northern" not in _all(south)
    assert "northern" in _all(north)
    assert "southern" not in _all(north)


def _all(domain: Domain) -> list[str]:
    follower = Follower(domain)
    while follower.read():
        pass
    return follower.got


def test_positions_have_no_gaps(north: Domain) -> None:
    for number in range(5):
        with domain_scope(north):
            _note(str(number))
    with domain_scope(north):
        changes.seal()
        positions = list(Change.objects.order_by("position").values_list("position", flat=True))
    assert positions == list(range(1, len(positions) + 1))


def test_a_request_finds_its_own_changes(cast: Cast) -> None:
    with domain_scope(cast.north):
        organizations.change_organization(cast.harbour, acting_user=cast.nora, title="Port")
        changes.seal()
        last = changes.after(changes.head() - 1).changes[0]
    assert (last.entry.object_type, last.entry.object_title) == ("Organization", "Port")


def test_a_cursor_ahead_of_the_feed_is_refused_rather_than_believed(cast: Cast) -> None:
    with domain_scope(cast.north):
        changes.seal()
        with pytest.raises(Invalid, match="ahead"):
            changes.after(changes.head() + 1)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE tenants_change SET position = position + 1000",
        "UPDATE tenants_change SET digest = 'x'",
        "DELETE FROM tenants_change",
    ],
)
def test_the_feed_cannot_be_edited(cast: Cast, statement: str) -> None:
    with domain_scope(cast.north):
        changes.seal()
        with (
            pytest.raises(ProgrammingError, match="never changed"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)


def _tamper(admin: Any, statement: str) -> None:
    """Whoever owns the server can switch triggers off; the chain tells."""
    with admin.transaction():
        admin.execute("SET LOCAL session_replication_role = replica")
        assert admin.execute(statement).rowcount == 1, "something was tampered with"


def _third(domain: Domain) -> Change:
    with domain_scope(domain):
        changes.seal()
        found: Change = Change.objects.select_related("entry").get(position=3)
    return found


@pytest.fixture
def log(north: Domain) -> Domain:
    """An ISP with ten changes behind each other."""
    with domain_scope(north):
        for number in range(10):
            _note(f"n{number}")
        changes.seal()
    return north


def _verdict(domain: Domain, expected: tuple[int, str] | None = None) -> changes.Verdict:
    with domain_scope(domain):
        return changes.verify(expected)


def test_an_untouched_log_holds(log: Domain) -> None:
    verdict = _verdict(log)
    assert verdict.broken == ""
    assert verdict.checked == verdict.position >= 10


@pytest.mark.parametrize(
    "change",
    [
        "user_login = 'somebody'", "changed = '{}'", "object_id = 'n9'", "ip = '192.0.2.1'",
        "created_at = created_at - interval '1 second'", "action = 'delete'", "via = 'x'", "organization_id = 99",
    ],
)  # fmt: skip
def test_a_tampered_row_is_named(log: Domain, superuser_connection: Any, change: str) -> None:
    third = _third(log)
    _tamper(superuser_connection, f"UPDATE tenants_auditentry SET {change} WHERE id = {third.entry_id}")
    verdict = _verdict(log)
    assert f"audit row {third.entry_id} " in verdict.broken
    assert verdict.entry_id == third.entry_id
    assert verdict.checked == 2


def test_a_removed_row_is_missed(log: Domain, superuser_connection: Any) -> None:
    third = _third(log)
    _tamper(superuser_connection, f"DELETE FROM tenants_change WHERE id = {third.pk}")
    _tamper(superuser_connection, f"DELETE FROM tenants_auditentry WHERE id = {third.entry_id}")
    assert _verdict(log).broken == "the row at position 3 is gone"


def test_rows_that_change_places_are_noticed(log: Domain, superuser_connection: Any) -> None:
    third = _third(log)
    with domain_scope(log):
        fourth = Change.objects.get(position=4)
    superuser_connection.execute("DROP INDEX tenants_change_entry")
    try:
        _tamper(superuser_connection, f"UPDATE tenants_change SET entry_id = {fourth.entry_id} WHERE id = {third.pk}")
        assert "tampered" in _verdict(log).broken
    finally:
        _tamper(superuser_connection, f"UPDATE tenants_change SET entry_id = {third.entry_id} WHERE id = {third.pk}")
        superuser_connection.execute("CREATE UNIQUE INDEX tenants_change_entry ON tenants_change (domain_id, entry_id)")


def test_a_row_slipped_in_past_the_feed_is_noticed(log: Domain, superuser_connection: Any) -> None:
    third = _third(log)
    _tamper(
        superuser_connection,
        "INSERT INTO tenants_auditentry (domain_id, action, object_type, object_id, object_title, external_id,"
        " user_login, via, changed, user_agent, request_id, method, path, query, created_at)"
        " SELECT domain_id, action, object_type, 'slipped', object_title, external_id, user_login, via, changed,"
        f" user_agent, request_id, method, path, query, created_at FROM tenants_auditentry WHERE id = {third.entry_id}",
    )
    assert "never entered the chain" in _verdict(log).broken


def test_rows_cut_off_at_the_end_are_missed_by_whoever_noted_the_end(log: Domain, superuser_connection: Any) -> None:
    noted = _verdict(log)
    with domain_scope(log):
        last = Change.objects.order_by("-position")[0]
    _tamper(superuser_connection, f"DELETE FROM tenants_change WHERE id = {last.pk}")
    _tamper(superuser_connection, f"DELETE FROM tenants_auditentry WHERE id = {last.entry_id}")
    assert _verdict(log).broken == "", "nothing inside the database could tell"
    assert f"after position {noted.position - 1}" in _verdict(log, (noted.position, noted.digest)).broken
