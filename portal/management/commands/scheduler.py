"""`manage.py scheduler`: sends the periodic jobs."""

import signal
from typing import Any

from django.core.management.base import BaseCommand

from portal.schedule import JOBS, Scheduler


class Command(BaseCommand):
    help = "Send the periodic jobs to the queue; of several schedulers one acts and the others stand by"
    requires_system_checks = []  # `make check` ran them; a restart should not

    def handle(self, *args: Any, **options: Any) -> None:
        """Run until SIGTERM."""
        scheduler = Scheduler(JOBS)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: scheduler.stop.set())
        scheduler.run()
