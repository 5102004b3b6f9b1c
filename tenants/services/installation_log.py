"""What super administrators did, written in the transaction of the deed itself."""

from __future__ import annotations

from typing import Any

from tenants import clock
from tenants.audit import current_origin
from tenants.installation import installation_scope
from tenants.models import Domain, InstallationEntry, SuperAdministrator

Action = InstallationEntry.Action


def record(
    action: str,
    *,
    administrator: SuperAdministrator | None,
    isp: Domain | None = None,
    title: str = "",
    changed: dict[str, list[Any]] | None = None,
) -> InstallationEntry:
    """Write one row; `administrator` None means the machine's own command line."""
    origin = current_origin()
    with installation_scope():
        return InstallationEntry.objects.create(
            action=action,
            administrator_login=administrator.login if administrator else "",
            isp_id=isp.pk if isp else None,
            title=(title or (isp.title if isp else ""))[:200],
            changed=changed or {},
            ip=origin.ip,
            request_id=origin.request_id,
            created_at=clock.now(),
        )


def entries(isp: Domain | None = None, *, before: int | None = None, limit: int = 50) -> list[InstallationEntry]:
    """The log, newest first: of one ISP or of all; `before` goes on after an entry."""
    rows = InstallationEntry.objects.all()
    if isp is not None:
        rows = rows.filter(isp_id=isp.pk)
    if before is not None:
        rows = rows.filter(pk__lt=before)
    return list(rows[:limit])
