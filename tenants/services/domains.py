"""Opening and changing ISPs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from tenants import audit
from tenants.errors import Conflict, Invalid
from tenants.models import Domain, DomainHost, User
from tenants.scoping import domain_scope
from tenants.services import languages, organizations
from tenants.services.validation import check

SETTINGS = (
    "title",
    "timezone",
    "locale",
    "max_sessions",
    "min_password_length",
    "requires_admin_factor",
    "session_hours",
    "session_idle_hours",
    "brand_color",
    "accent_color",
    "page_title",
    "footer",
    "company_address",
    "company_phone",
    "company_hours",
    "legal_name",
    "legal_address",
    "vat_id",
    "analytics_key",
)


@transaction.atomic
def add_domain(
    *,
    title: str,
    slug: str,
    hosts: Sequence[str],
    timezone: str = "UTC",
    currency: str = "EUR",
    locale: str = "en",
    **more: Any,
) -> Domain:
    """Open an ISP with its host names (the first one is used in links) and its default organization."""
    domain = Domain(title=title, slug=slug, timezone=timezone, currency=currency, locale=locale, **more)
    check(domain)
    domain.save()
    for number, host in enumerate(hosts):
        add_host(domain, host, is_primary=number == 0)
    with domain_scope(domain):
        organizations.ensure_default()
    return domain


def add_host(domain: Domain, host: str, *, is_primary: bool = False) -> DomainHost:
    """Let an ISP answer on one more host name; names are told apart in lower case."""
    row = DomainHost(domain=domain, host=host.lower().rstrip("."), is_primary=is_primary)
    if row.host in {name.strip().lower() for name in settings.PERCH_ADMIN_HOSTS}:
        raise Conflict(_("This host name is the installation's own."), field="host")
    if DomainHost.objects.filter(host=row.host).exists():
        raise Conflict(_("This host name is taken."), field="host")
    check(row)
    row.save()
    return row


def change_settings(domain: Domain, *, acting_user: User | None, **values: Any) -> Domain:
    """Change an ISP's brand and settings; the currency stays, because money was counted in it."""
    unknown = set(values) - set(SETTINGS)
    if unknown:
        raise Invalid(_("This setting cannot be changed."), field=sorted(unknown)[0])
    if values.get("locale", domain.locale) not in (*languages.OURS, *domain.more_locales):
        raise Invalid(_("There is no such language."), field="locale")
    before = audit.snapshot(domain)
    for name, value in values.items():
        setattr(domain, name, value)
    check(domain)
    domain.save(update_fields=list(values))
    audit.changed(domain, before, acting_user=acting_user)
    return domain
