"""The scheduler: one acts, and when it goes another does."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from django.utils.module_loading import import_string

from portal import schedule
from portal.schedule import JOBS, Job, Scheduler
from portal.worker import load_tasks
from tenants import clock
from tests.eventually import eventually


@dataclass(frozen=True)
class Noted(Job):
    """A job that only writes down who sent it and when."""

    sent: list[tuple[int, str]] = field(default_factory=list, compare=False)

    def send(self) -> None:
        self.sent.append((int(clock.timestamp()), threading.current_thread().name))


class Broken(Job):
    """A job whose queue is away."""

    def send(self) -> None:
        raise ConnectionError("the queue is away")


@contextmanager
def running(*schedulers: Scheduler) -> Iterator[None]:
    threads = [
        threading.Thread(target=scheduler.run, name=f"scheduler {number}")
        for number, scheduler in enumerate(schedulers, start=1)
    ]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        for scheduler in schedulers:
            scheduler.stop.set()
        for thread in threads:
            thread.join(10)
            assert not thread.is_alive()


def every_second() -> Noted:
    return Noted("tests.noted", timedelta(seconds=1))


def test_a_beat_is_a_multiple_of_its_interval_whenever_the_scheduler_started() -> None:
    job = Job("any", timedelta(minutes=5))
    assert job.following(datetime(2026, 3, 1, 12, 3, 20, tzinfo=UTC)) == datetime(2026, 3, 1, 12, 5, tzinfo=UTC)
    assert job.following(datetime(2026, 3, 1, 12, 5, tzinfo=UTC)) == datetime(2026, 3, 1, 12, 10, tzinfo=UTC)


@pytest.mark.usefixtures("django_db_setup")
def test_of_two_schedulers_one_acts_and_no_beat_is_sent_twice() -> None:
    job = every_second()
    first, second = Scheduler([job]), Scheduler([job])
    with running(first, second):
        eventually(lambda: len(job.sent) >= 3)
        assert first.acting.is_set() != second.acting.is_set()
    beats = [second for second, _ in job.sent]
    assert len(beats) == len(set(beats))
    assert len({name for _, name in job.sent}) == 1


@pytest.mark.usefixtures("django_db_setup")
def test_when_the_one_that_acts_loses_the_database_another_takes_over_and_it_stands_by(
    superuser_connection: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schedule, "STANDBY_SECONDS", 0.3)
    job = every_second()
    first, second = Scheduler([job]), Scheduler([job])
    with running(first):
        eventually(first.acting.is_set)
        with running(second):
            superuser_connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted "
                "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
            )
            before = len(job.sent)
            eventually(lambda: len(job.sent) >= before + 2)
            assert first.acting.is_set() != second.acting.is_set()


@pytest.mark.usefixtures("django_db_setup")
def test_a_queue_that_is_away_costs_its_beat_and_nothing_else() -> None:
    job = every_second()
    with running(Scheduler([Broken("tests.broken", timedelta(seconds=1)), job])):
        eventually(lambda: len(job.sent) >= 2)


def test_every_job_of_the_table_is_an_actor_that_needs_no_arguments() -> None:
    load_tasks()
    for job in JOBS:
        assert callable(import_string(job.actor).send), job.actor
        assert job.every >= timedelta(seconds=1)
    assert JOBS
