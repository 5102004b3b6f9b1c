"""`manage.py rotate_keys`: a new key for encrypted fields, and every secret rewritten with it, online."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from tenants.services import rotation


class Command(BaseCommand):
    help = "Make a new key for encrypted fields and re-encrypt every secret with it while the portal runs."

    def handle(self, *args: Any, **options: Any) -> None:
        key_id, rewritten = rotation.rotate()
        self.stdout.write(f"The current key is {key_id}; {rewritten} secrets were rewritten.")
