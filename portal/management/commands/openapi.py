"""`manage.py openapi`: the API's description as YAML, as it is served at /api/v2/schema."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from portal.api import docs


class Command(BaseCommand):
    """Prints the OpenAPI document of the v2 dialect."""

    help = "Print the OpenAPI document of the v2 dialect."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(docs.text().decode(), ending="")
