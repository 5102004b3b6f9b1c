"""`manage.py simulate flussonic|mediamtx`: another make's streamer on loopback, to try Perch against by hand."""

from __future__ import annotations

import os
import threading
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from devices.simulators.flussonic import Flussonic
from devices.simulators.mediamtx import MediaMtx

HOOKS = "/central/api/v3/streamers/"


class Command(BaseCommand):
    help = "Run a simulator of a streamer on loopback until interrupted; its key is read from PERCH_STREAMER_KEY."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("make", choices=["flussonic", "mediamtx"])
        parser.add_argument("--port", type=int, default=0)
        parser.add_argument("--hostname", default="simulator", help="its name in Perch")
        parser.add_argument("--perch-url", default="http://127.0.0.1:8000")
        parser.add_argument("--login", default="perch", help="of its API; the password is the streamer's key")

    def handle(self, *args: Any, **options: Any) -> None:
        key = os.environ.get("PERCH_STREAMER_KEY", "")
        scheme, _, rest = options["perch_url"].partition("://")
        base = f"{rest.rstrip('/')}{HOOKS}{options['hostname']}"
        made: Flussonic | MediaMtx
        if options["make"] == "flussonic":
            external = f"{scheme}://{key}@{base}"
            made = Flussonic(options["port"], config_external=external, cluster_key=key, login=options["login"])
        else:
            made = MediaMtx(options["port"], auth_address=f"{scheme}://perch:{key}@{base}/mediamtx")
        made.start()
        self.stdout.write(f"A simulated {options['make']} listens at {made.url}.")
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            made.stop()
