"""`manage.py setup`: whatever a fresh installation needs before it serves; doing it again changes nothing."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand

from portal import first_run


class Command(BaseCommand):
    help = "Create the first ISP, its administrator and system key, the embedded streamer, and the demo if asked for."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(json.dumps(first_run.prepare()))
