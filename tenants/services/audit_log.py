"""Reading the audit log (items 81, 224): one set of filters for the page, the export and the API."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from tenants import networks
from tenants.errors import Invalid
from tenants.models import AuditEntry


@dataclass(frozen=True)
class Filter:
    """What part of the log is wanted; empty is all.

    `text` is part of the object's title or its id, `person` part of a login (or of what he came by), `address` an
    address or a network, `since` is included and `until` is not.
    """

    text: str = ""
    person: str = ""
    kind: str = ""
    object_id: str = ""
    action: str = ""
    address: str = ""
    request_id: str = ""
    since: datetime | None = None
    until: datetime | None = None


def entries(wanted: Filter) -> QuerySet[AuditEntry]:
    """The entries, newest first. Raises Invalid for an address that is none."""
    rows: QuerySet[AuditEntry] = AuditEntry.objects.order_by("-id")
    exact = {"object_type": wanted.kind, "object_id": wanted.object_id, "action": wanted.action,
             "request_id": wanted.request_id, "created_at__gte": wanted.since,
             "created_at__lt": wanted.until}  # fmt: skip
    rows = rows.filter(**{name: value for name, value in exact.items() if value})
    if wanted.text:
        external = Q(object_id=wanted.text) | Q(external_id=wanted.text)
        rows = rows.filter(Q(object_title__icontains=wanted.text) | external)
    if wanted.person:
        rows = rows.filter(Q(user_login__icontains=wanted.person) | Q(via__icontains=wanted.person))
    return _from(rows, wanted.address) if wanted.address else rows


def _from(rows: QuerySet[AuditEntry], address: str) -> QuerySet[AuditEntry]:
    try:
        found = networks.parse(address)
    except ValueError as error:
        raise Invalid(_("Write an address or a network: 192.0.2.7, 10.0.0.0/8."), field="address") from error
    # PostgreSQL orders addresses by family first, so a network is a range.
    within = Q(pk=None)
    for network in found:
        within |= Q(ip__gte=str(network[0]), ip__lte=str(network[-1]))
    return rows.filter(within)
