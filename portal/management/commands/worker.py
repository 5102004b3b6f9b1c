"""`manage.py worker`: does the jobs of the queue."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from portal import worker


class Command(BaseCommand):
    help = "Take jobs from the queue and do them"
    requires_system_checks = []  # `make check` ran them; a restart should not

    def add_arguments(self, parser: CommandParser) -> None:
        """--threads, --queues."""
        parser.add_argument("--threads", type=int, default=4, help="jobs at a time (default 4)")
        parser.add_argument("--queues", nargs="*", help="only these queues (default all)")

    def handle(self, *args: Any, **options: Any) -> None:
        """Work until SIGTERM."""
        worker.run(threads=options["threads"], queues=options["queues"])
