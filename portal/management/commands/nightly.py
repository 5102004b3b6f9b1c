"""`manage.py nightly [--date YYYY-MM-DD] [--domain SLUG]`: count the days that have ended, at all ISPs or one.

The scheduler does the same by itself; this is for a night watched by a person. It can be repeated at will.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from billing.services import night
from billing.services.night import NightReport
from tenants.models import Domain

ROW = "{:<20} {:<10} {:>13} {:>11} {:>7} {:>7} {:>8}"


class Command(BaseCommand):
    help = "Count the days that have ended and issue the months that are complete."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--date", type=_day, help="count up to this local day (default: all that have ended)")
        parser.add_argument("--domain", help="only this ISP, by its short name")

    def handle(self, *args: Any, **options: Any) -> None:
        domains = Domain.objects.filter(is_active=True)
        if options["domain"]:
            domains = domains.filter(slug=options["domain"])
            if not domains:
                raise CommandError(f"there is no active ISP {options['domain']}")
        self.stdout.write(ROW.format("ISP", "day", "organizations", "camera-days", "drafts", "issued", "seconds"))
        failed = [domain.slug for domain in list(domains) if not self._run(domain, options["date"])]
        if failed:
            self.stderr.write(f"failed: {', '.join(failed)}")
            sys.exit(1)

    def _run(self, domain: Domain, until: date | None) -> bool:
        """One ISP; its failure does not keep the others from their night."""
        try:
            for report in night.run_nights(domain.pk, until=until):
                self._show(domain, report)
        except Exception as error:  # whatever it is, the other ISPs go on, and the exit code tells
            self.stderr.write(f"{domain.slug}: {type(error).__name__}: {error}")
            return False
        return True

    def _show(self, domain: Domain, report: NightReport) -> None:
        self.stdout.write(
            ROW.format(
                domain.slug,
                report.day.isoformat(),
                report.organizations,
                report.camera_days,
                report.drafts,
                report.issued,
                f"{report.seconds:.3f}",
            )
        )


def _day(text: str) -> date:
    return date.fromisoformat(text)
