"""`manage.py openapi v3`: the description of one of the API's dialects as YAML, as it is served at /api/v3/schema."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from portal.api import docs


class Command(BaseCommand):
    """Prints the OpenAPI document of a dialect."""

    help = "Print the OpenAPI document of one of the API's dialects."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("dialect", nargs="?", default="v2", choices=list(docs.DIALECTS))

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(docs.text(options["dialect"]).decode(), ending="")
