"""ISPs as the installation sees them: their host names, suspending them, and their size."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from tenants import audit
from tenants.broadcast import notify_access
from tenants.errors import Conflict, Invalid, Missing
from tenants.models import AuditEntry, Domain, DomainHost, InstallationEntry, SuperAdministrator
from tenants.scoping import domain_scope
from tenants.services import domains, installation_log

VIA = "installation"
MOST_HOSTS = 50


def isps(query: str = "") -> QuerySet[Domain, Domain]:
    """All ISPs with their figures and host names; a word narrows them by title, short name and host."""
    rows: QuerySet[Domain, Domain] = Domain.objects.select_related("figures").prefetch_related("hosts")
    if query:
        found = Q(title__icontains=query) | Q(slug__icontains=query) | Q(hosts__host__icontains=query)
        rows = rows.filter(found).distinct()
    return rows.order_by("title", "id")


def isp(isp_id: int) -> Domain:
    """One ISP; else Missing."""
    row = Domain.objects.select_related("figures").filter(pk=isp_id).first()
    if row is None:
        raise Missing(_("There is no such ISP."))
    return row


def hosts_of(domain: Domain) -> list[str]:
    """Its host names, the one that links use first."""
    return list(domain.hosts.order_by("-is_primary", "id").values_list("host", flat=True))


@transaction.atomic
def set_hosts(domain: Domain, hosts: Sequence[str], *, administrator: SuperAdministrator | None) -> None:
    """Give an ISP these host names, the first one for links. Raises Invalid and Conflict, naming the host."""
    wanted = list(dict.fromkeys(host.strip().lower().rstrip(".") for host in hosts if host.strip()))
    if not wanted:
        raise Invalid(_("An ISP has at least one host name."), field="hosts")
    if len(wanted) > MOST_HOSTS:
        raise Invalid(_("At most %(n)s host names.") % {"n": MOST_HOSTS}, field="hosts")
    before = hosts_of(domain)
    if before == wanted:
        return
    try:
        DomainHost.objects.filter(domain=domain).exclude(host__in=wanted).delete()
        for number, host in enumerate(wanted):
            if host not in before:
                domains.add_host(domain, host)
            DomainHost.objects.filter(domain=domain, host=host).update(is_primary=number == 0)
    except (Invalid, Conflict) as error:
        raise type(error)(f"{host}: {error.message}", field="hosts") from error
    _note(domain, InstallationEntry.Action.CHANGED, administrator, {"hosts": [before, wanted]})


@transaction.atomic
def set_active(domain: Domain, active: bool, *, administrator: SuperAdministrator | None) -> None:
    """Suspend an ISP, or let it go on. Suspended, its addresses show nothing, its cameras stop and its nights wait;
    nothing is lost."""
    if domain.is_active == active:
        return
    domain.is_active = active
    domain.save(update_fields=["is_active"])
    action = InstallationEntry.Action.RESUMED if active else InstallationEntry.Action.SUSPENDED
    _note(domain, action, administrator, {"is_active": [not active, active]})
    with domain_scope(domain):
        notify_access()


def _note(domain: Domain, action: str, administrator: SuperAdministrator | None, changed: dict[str, list[Any]]) -> None:
    """Both sides read of it: the installation in its log, the ISP in its own."""
    installation_log.record(action, administrator=administrator, isp=domain, changed=changed)
    with domain_scope(domain):
        told = {**changed, "by": [None, f"{VIA}: {administrator.login if administrator else 'command line'}"]}
        audit.record(AuditEntry.Action.CHANGE, domain, acting_user=None, changed=told)


def own_hosts() -> set[str]:
    """The installation's own host names, which no ISP may have."""
    return {host.strip().lower().rstrip(".") for host in settings.PERCH_ADMIN_HOSTS if host.strip()}
