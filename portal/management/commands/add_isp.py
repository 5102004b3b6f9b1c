"""`manage.py add_isp`: open one more ISP on this installation."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from portal import first_run
from tenants.errors import PerchError


class Command(BaseCommand):
    help = "Open an ISP with its host names, an administrator and a system key."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug")
        parser.add_argument("--title", required=True)
        parser.add_argument("--host", action="append", required=True, help="may be given several times")
        parser.add_argument("--timezone", default="UTC")
        parser.add_argument("--currency", default="EUR")
        parser.add_argument("--admin-login", default="admin")
        parser.add_argument("--admin-password", help="made and printed when absent")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            told = first_run.add_isp(
                slug=options["slug"],
                title=options["title"],
                hosts=options["host"],
                timezone=options["timezone"],
                currency=options["currency"],
                login=options["admin_login"],
                password=options["admin_password"],
                api_key=None,
            )
        except PerchError as error:
            raise CommandError(error.message) from error
        for line in told:
            self.stdout.write(line)
