"""`manage.py run`: everything under one supervisor."""

import os
import sys
from typing import Any

from django.core.management.base import BaseCommand

from portal.embedded import paths


class Command(BaseCommand):
    help = "Run the whole of Perch: database, queue, web, worker, scheduler and the embedded streamer"
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        """Become the supervisor, which needs no Django: the process keeps its number and loses 50 MB."""
        os.chdir(paths.REPOSITORY)
        os.execv(sys.executable, [sys.executable, "-m", "portal.embedded"])  # noqa: S606 - no shell is the point
