"""Through which server an ISP's mails go: its own (item 174), else the installation's."""

from __future__ import annotations

import re
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from tenants import audit
from tenants.addresses import AddressRefused, camera_policy, check_literal
from tenants.errors import Invalid
from tenants.models import Domain, MailRelay, User
from tenants.scoping import current_domain_id
from tenants.services.validation import assign, check
from tenants.smtp import Route

FIELDS = frozenset({"host", "port", "security", "login", "password", "sender", "sender_name"})
FORBIDDEN = re.compile(r"[@;#\[\\/]")  # the manual's own list (4.5.6)
HOST = re.compile(r"\A[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?\Z|\A[0-9a-fA-F:]{2,45}\Z")


def relay() -> MailRelay | None:
    """The ISP's own mail server, if it named one."""
    row: MailRelay | None = MailRelay.objects.first()
    return row


def route() -> Route | None:
    """How mails of the ISP in scope leave, or None: nobody named a server yet."""
    row = relay()
    if row is None:
        return installation_route()
    return Route(
        row.host, row.port, row.security, row.sender, row.sender_name, row.login, row.password, policy=camera_policy()
    )


def installation_route() -> Route | None:
    """The operator's own server (PERCH_SMTP_*), for ISPs without one; the ISP's name stands as sender."""
    named: dict[str, Any] = settings.PERCH_SMTP
    if not named["host"]:
        return None
    title = Domain.objects.values_list("title", flat=True).get(pk=current_domain_id())
    return Route(**{**named, "sender_name": " ".join(title.split())})


@transaction.atomic
def change_relay(*, acting_user: User | None, **values: Any) -> MailRelay:
    """Name the ISP's mail server, or change it. A password that is not given stays, unless the server is another one:
    nobody gets the password by pointing Perch at a server of his own."""
    row = relay()
    fresh = row is None
    row = row or MailRelay(domain_id=current_domain_id())
    before, place = audit.snapshot(row), (row.host, row.port)
    password = values.pop("password", None)
    assign(row, values, FIELDS)
    if password is not None or (row.host, row.port) != place or not row.login:
        row.password = password or ""
    _check(row, password or "")
    row.save()
    if fresh:
        audit.created(row, acting_user=acting_user)
    else:
        audit.changed(row, before, acting_user=acting_user)
    return row


def _check(row: MailRelay, password: str) -> None:
    for field, value in (("login", row.login), ("password", password)):
        if FORBIDDEN.search(value):
            raise Invalid(_("None of @ ; # [ \\ / may be in it."), field=field)
    for field in ("host", "login", "sender", "sender_name"):
        if any(not char.isprintable() for char in getattr(row, field)):
            raise Invalid(_("One line of readable characters, please."), field=field)
    if any(not char.isprintable() for char in password):
        raise Invalid(_("One line of readable characters, please."), field="password")
    if not HOST.match(row.host):
        raise Invalid(_("This is no host name."), field="host")
    if row.security == MailRelay.Security.NONE and row.password:
        raise Invalid(_("A password is sent over an encrypted connection only."), field="security")
    try:
        check_literal(row.host, row.port, camera_policy())
    except AddressRefused as error:
        raise Invalid(_("This address is outside the networks Perch may reach."), field="host") from error
    check(row)


@transaction.atomic
def remove_relay(*, acting_user: User | None) -> None:
    """Forget the ISP's mail server; the installation's is used again."""
    row = relay()
    if row is not None:
        audit.deleted(row, acting_user=acting_user)
        row.delete()
