"""How large each ISP is and how it fares, for the installation's pages (tenants.models.IspFigures).

Counted in the ISP's own scope, one statement an ISP, by the scheduler; the pages read the numbers and no ISP's rows.
"""

from __future__ import annotations

from datetime import timedelta

from django.db import connection

from billing.models import NightRun
from billing.services import night
from tenants import clock
from tenants.installation import installation_scope
from tenants.models import Domain, IspFigures
from tenants.scoping import domain_scope

# No ISP is named: row-level security narrows every table to the one in scope.
COUNT = """
SELECT
    (SELECT count(*) FROM tenants_organization WHERE deleted_at IS NULL) AS organizations,
    (SELECT count(*) FROM tenants_user WHERE deleted_at IS NULL) AS users,
    (SELECT count(*) FROM tenants_user WHERE deleted_at IS NULL AND is_admin AND is_active
        AND password LIKE '!%%') AS admins_waiting,
    (SELECT count(*) FROM devices_camera) AS cameras,
    (SELECT count(*) FROM devices_camera c JOIN devices_camerastatus s ON s.camera_id = c.id
        WHERE c.enabled AND NOT s.alive AND s.error_code != '') AS cameras_failing,
    (SELECT count(DISTINCT streamer_id) FROM devices_camera) AS streamers,
    (SELECT count(*) FROM tenants_usersession WHERE user_id IS NOT NULL AND expires_at > %(now)s) AS sessions,
    (SELECT count(*) FROM tenants_mail WHERE sent_at IS NULL AND created_at > %(yesterday)s
        AND created_at < %(a_while_ago)s) AS mails_failing,
    (SELECT count(*) FROM tenants_webhook WHERE is_active AND failures > 0) AS webhooks_failing
"""
A_WHILE = timedelta(minutes=10)


def count(domain: Domain) -> IspFigures:
    """Count one ISP now."""
    now = clock.now()
    with domain_scope(domain), connection.cursor() as cursor:
        cursor.execute(COUNT, {"now": now, "yesterday": now - timedelta(days=1), "a_while_ago": now - A_WHILE})
        names = [column.name for column in cursor.description or ()]
        counted = dict(zip(names, cursor.fetchone() or (), strict=True))
        last = NightRun.objects.order_by("-day").values_list("day", flat=True).first()
        late = max((clock.local_date(domain.timezone) - night.next_day()).days, 0)
    with installation_scope():
        row, _made = IspFigures.objects.update_or_create(
            isp=domain, defaults={**counted, "last_night": last, "nights_due": late, "counted_at": now}
        )
    return row


def count_all() -> int:
    """Count every ISP, suspended ones too; returns how many. Call it outside of any scope."""
    domains = list(Domain.objects.all())
    for domain in domains:
        count(domain)
    return len(domains)
