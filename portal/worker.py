"""The worker: one process that takes jobs from the queue and does them in threads.

dramatiq's own command line forks a master, workers and a helper: three times the memory before the first job. Its
Worker class is all that a supervised process needs; more processes are more `manage.py worker`s.
"""

import importlib
import logging
import signal
from collections.abc import Iterable

import dramatiq
from django.apps import apps
from django.utils.module_loading import module_has_submodule
from dramatiq.worker import Worker

from portal.embedded import readiness

logger = logging.getLogger(__name__)
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)
# Queues whose jobs wait for other people's machines have threads of their own (T36). A round of webhooks lasts at most
# 13 seconds and begins every two: eight threads are never all waiting.
OWN_THREADS = {"webhooks": 8}
DRAIN_MILLISECONDS = 5_000  # the supervisor kills after 6 s; a job cut short goes back into the queue


def load_tasks() -> list[str]:
    """Import every app's `tasks` module, which is where actors are declared."""
    modules = [
        f"{config.name}.tasks"
        for config in apps.get_app_configs()
        if config.module is not None and module_has_submodule(config.module, "tasks")
    ]
    for module in modules:
        importlib.import_module(module)
    return modules


def run(*, threads: int, queues: Iterable[str] | None = None) -> None:
    """Work until told to stop, then finish what is at hand."""
    signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)  # before the threads, so that none of them takes the signal
    broker = dramatiq.get_broker()
    broker.emit_after("process_boot")
    load_tasks()
    workers = [Worker(broker, queues=names, worker_threads=count) for names, count in _shares(threads, queues)]
    broker.logger.setLevel(logging.ERROR)  # it warns of a second worker; ours have queues of their own on purpose
    for worker in workers:
        worker.start()
    broker.logger.setLevel(logging.NOTSET)
    readiness.announce()
    logger.info("worker ready", extra={"threads": threads})
    signal.sigwait(STOP_SIGNALS)
    for worker in workers:
        worker.stop(timeout=DRAIN_MILLISECONDS // len(workers))
    broker.close()


def _shares(threads: int, queues: Iterable[str] | None) -> list[tuple[set[str], int]]:
    """Which queues are worked by how many threads."""
    wanted = set(queues or dramatiq.get_broker().get_declared_queues())
    shared = wanted - set(OWN_THREADS)
    own = [({name}, count) for name, count in OWN_THREADS.items() if name in wanted]
    return [*([(shared, threads)] if shared else []), *own]
