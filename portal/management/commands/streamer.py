"""`manage.py streamer`: run one embedded streamer. It knows Perch only through the streamer contract."""

from __future__ import annotations

import logging
import os
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError


class Command(BaseCommand):
    help = "Record and serve the cameras that Perch gives this streamer (key in PERCH_STREAMER_KEY)."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--hostname", required=True, help="the streamer's name in Perch")
        parser.add_argument("--bind", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=8001)
        parser.add_argument("--rtsp-port", type=int, default=8554, help="0: no RTSP")
        parser.add_argument("--perch-url", default="http://127.0.0.1:8000")
        parser.add_argument(
            "--storage", type=Path, action="append", default=[], help="folder of the archive; once for each disk"
        )
        parser.add_argument("--index", type=Path, help="folder of the index; the first --storage if absent")

    def handle(self, *args: Any, **options: Any) -> None:
        from devices.streamer.server import serve
        from devices.streamer.settings import Settings, capacity_from, folders_from

        key = os.environ.pop("PERCH_STREAMER_KEY", "")
        if not key:
            raise CommandError("PERCH_STREAMER_KEY is not set")
        folders = folders_from(options["storage"], options["index"], os.environ)
        if not folders:
            raise CommandError("--storage or PERCH_STREAMER_STORAGE has to name a folder")
        logging.getLogger("httpx").setLevel(logging.WARNING)  # its lines hold the query, and so the viewers' tokens
        serve(
            Settings(
                hostname=options["hostname"],
                perch_url=options["perch_url"],
                key=key,
                storage=folders[0],
                disks=folders[1:],
                bind=options["bind"],
                port=options["port"],
                rtsp_port=options["rtsp_port"],
                capacity=capacity_from(os.environ),
            )
        )
