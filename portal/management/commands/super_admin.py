"""`manage.py super_admin LOGIN`: make somebody who runs the installation, or give him a new password."""

from __future__ import annotations

import os
import secrets
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from tenants.errors import PerchError
from tenants.services import super_administrators, super_factors


class Command(BaseCommand):
    help = "Make a super administrator or set his password (from PERCH_SUPER_PASSWORD, else made and printed)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("login")
        parser.add_argument("--disable", action="store_true", help="sign him out for good; the last one stays")

        parser.add_argument("--forget-codes", action="store_true", help="he lost the telephone: the password is enough")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            if options["forget_codes"]:
                row = super_factors.remove(options["login"])
                self.stdout.write(f"{row.login} signs in with the password alone.")
                return
            if options["disable"]:
                super_administrators.disable(options["login"])
                self.stdout.write(f"{options['login']} is disabled.")
                return
            given = os.environ.get("PERCH_SUPER_PASSWORD", "")  # an argument would stand in the list of processes
            password = given or secrets.token_urlsafe(15)
            row = super_administrators.set_password(options["login"], password)
        except PerchError as error:
            raise CommandError(error.message) from error
        self.stdout.write(f"{row.login}" + ("" if given else f" / {password}"))
