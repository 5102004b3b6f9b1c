"""What happens by the clock, and the one process that sends it to the queue.

Each job is a tick that looks for what is due and does it, so that a missed tick costs nothing and a doubled one does
nothing. Therefore intervals are enough, and neither periodiq nor dramatiq-crontab is used: their cron expressions would
still need the lock, the readiness and the reconnecting written here.

The next job: an actor in some app's tasks.py that finds its own work, and a row in JOBS.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import psycopg
from django.utils.module_loading import import_string

from portal.embedded import database, readiness
from tenants import clock

logger = logging.getLogger(__name__)
LOCK = 0x7065726368  # of the scheduler that acts; any other one stands by
STANDBY_SECONDS = 2.0
LOOK_EVERY = 0.5
CONNECT_SECONDS = 5


@dataclass(frozen=True)
class Job:
    """An actor to be sent at every multiple of `every` since 1970, so that a restart does not move the beat."""

    actor: str
    every: timedelta

    def send(self) -> None:
        """Put it into the queue."""
        import_string(self.actor).send()

    def following(self, instant: datetime) -> datetime:
        """The first beat after an instant."""
        step = self.every.total_seconds()
        return datetime.fromtimestamp((instant.timestamp() // step + 1) * step, instant.tzinfo)


JOBS: tuple[Job, ...] = (
    Job("billing.tasks.nights_due", timedelta(minutes=1)),
    Job("portal.tasks.relay_outbox", timedelta(minutes=1)),
    Job("tenants.tasks.mails_due", timedelta(minutes=1)),
    Job("portal.tasks.post_webhooks", timedelta(seconds=2)),
    Job("portal.tasks.seal_changes", timedelta(minutes=1)),
    Job("portal.tasks.keep_house", timedelta(hours=1)),
    Job("portal.tasks.watch_storage", timedelta(hours=6)),
    Job("tenants.tasks.end_support", timedelta(minutes=1)),
    Job("billing.tasks.count_isps", timedelta(minutes=5)),
)


class LockLost(Exception):
    """The database connection that held the lock is gone: another scheduler may act now."""


@dataclass
class Scheduler:
    """Sends what is due while it holds the lock. `stop` ends it; `acting` shows who of several it is."""

    jobs: Sequence[Job]
    stop: threading.Event = field(default_factory=threading.Event)
    acting: threading.Event = field(default_factory=threading.Event)
    connect: Callable[[], psycopg.Connection] = lambda: _connect()

    def run(self) -> None:
        """Stand by, act, and stand by again when the database was away, until stopped."""
        while not self.stop.is_set():
            try:
                with self.connect() as connection:
                    self._with(connection)
            except (psycopg.OperationalError, LockLost) as problem:
                logger.warning("scheduler lost the database", extra={"reason": str(problem).strip()})
                self.stop.wait(STANDBY_SECONDS)

    def _with(self, connection: psycopg.Connection) -> None:
        readiness.announce()
        while not self.stop.is_set():
            row = connection.execute("SELECT pg_try_advisory_lock(%s)", [LOCK]).fetchone()
            if row and row[0]:
                self._act(connection)
                return
            self.stop.wait(STANDBY_SECONDS)

    def _act(self, connection: psycopg.Connection) -> None:
        logger.info("scheduler acts", extra={"jobs": len(self.jobs)})
        self.acting.set()
        try:
            due = {job: job.following(clock.now()) for job in self.jobs}
            while not self.stop.wait(LOOK_EVERY):
                self._beat(connection, due)
        finally:
            self.acting.clear()

    def _beat(self, connection: psycopg.Connection, due: dict[Job, datetime]) -> None:
        now = clock.now()
        ready = [job for job, instant in due.items() if instant <= now]
        if ready:
            _assert_locked(connection)
        for job in ready:
            due[job] = job.following(now)
            self._send(job)

    @staticmethod
    def _send(job: Job) -> None:
        try:
            job.send()
        except Exception:  # the queue is away: the next beat finds what this one would have
            logger.exception("job not sent", extra={"actor": job.actor})


def _connect() -> psycopg.Connection:
    return psycopg.connect(
        database.database_url("app"), autocommit=True, connect_timeout=CONNECT_SECONDS, keepalives_idle=10
    )


def _assert_locked(connection: psycopg.Connection) -> None:
    """Ask the server on the very session that holds the lock: if it answers, the lock is still ours."""
    try:
        connection.execute("SELECT 1")
    except psycopg.OperationalError as problem:
        raise LockLost(str(problem)) from problem
