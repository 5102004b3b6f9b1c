"""`manage.py audit_verify`: walks the hash chain of each ISP's audit log and names the first row that does not hold."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from tenants.models import Domain
from tenants.scoping import domain_scope
from tenants.services import changes


class Command(BaseCommand):
    help = (
        "Verify that no row of the audit log was changed, removed or slipped in. Note the end it prints "
        "(POSITION:DIGEST) outside this machine: with --expect it also proves that nothing was cut off since."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """[--isp north] [--expect POSITION:DIGEST]."""
        parser.add_argument("--isp", help="the short name of one ISP (default: all)")
        parser.add_argument("--expect", help="what an earlier run printed for this ISP, as POSITION:DIGEST")

    def handle(self, *args: Any, **options: Any) -> None:
        """One line an ISP; the exit status is 1 if anything does not hold."""
        domains = Domain.objects.filter(slug=options["isp"]) if options["isp"] else Domain.objects.all()
        expected = self._expected(options)
        if not domains:
            raise CommandError("There is no such ISP.")
        broken = [domain.slug for domain in domains if not self._verify(domain, expected)]
        if broken:
            raise CommandError(f"The audit log does not hold: {', '.join(broken)}")

    @staticmethod
    def _expected(options: dict[str, Any]) -> tuple[int, str] | None:
        text = options["expect"]
        if not text:
            return None
        position, _colon, digest = text.partition(":")
        if not options["isp"] or not position.isdigit() or not digest:
            raise CommandError("--expect is POSITION:DIGEST, and needs --isp.")
        return int(position), digest

    def _verify(self, domain: Domain, expected: tuple[int, str] | None) -> bool:
        with domain_scope(domain):
            verdict = changes.verify(expected)
        if verdict.broken:
            self.stdout.write(f"{domain.slug}: BROKEN after {verdict.checked} rows: {verdict.broken}")
            return False
        self.stdout.write(f"{domain.slug}: {verdict.checked} rows hold; the end is {verdict.position}:{verdict.digest}")
        return True
