"""What an empty database gets: the embedded streamer, and the demo or one ISP with an administrator and a key."""

from __future__ import annotations

import base64
import os
import secrets
from typing import Any

from django.conf import settings
from django.db import transaction

from devices.services import presets, streamers
from portal import demo
from tenants import keys as keyring
from tenants.models import Domain, User
from tenants.scoping import domain_scope
from tenants.services import domains, keys, organizations, users

HOSTNAME = "embedded"


def prepare() -> dict[str, Any]:
    """Bring the installation to where it can serve; returns what the supervisor prints and hands to the streamer."""
    key = streamer_key()
    streamers.ensure_streamer(hostname=HOSTNAME, port=settings.PERCH_STREAMER_PORT, key=key)
    lines = [] if Domain.objects.exists() else _first()
    if Domain.objects.filter(slug=demo.NORTH).exists():
        lines = [*demo.lines(settings.PORT), *lines]
    return {"lines": lines, "streamer": {"hostname": HOSTNAME, "key": key}}


def streamer_key() -> str:
    """The embedded streamer's key: it follows from the installation's secret, so nobody has to carry it about."""
    return base64.urlsafe_b64encode(keyring.derive("embedded-streamer-key")).decode().rstrip("=")


def _first() -> list[str]:
    if os.environ.get("PERCH_DEMO", "1").lower() in {"1", "true", "yes", "on"}:
        return demo.load(api_key=os.environ.get("PERCH_API_KEY"))
    return add_first_isp()


@transaction.atomic
def add_first_isp() -> list[str]:
    """One ISP on the machine's own names, with an administrator and a system key; secrets made here are told once."""
    hosts = [host for host in os.environ.get("PERCH_HOSTS", "127.0.0.1,localhost").split(",") if host]
    domain = domains.add_domain(
        title=os.environ.get("PERCH_ISP_TITLE", "Perch"),
        slug="perch",
        hosts=hosts,
        timezone=os.environ.get("PERCH_TIMEZONE", "UTC"),
        currency=os.environ.get("PERCH_CURRENCY", "EUR"),
    )
    with domain_scope(domain):
        login, password = add_administrator()
        _key, api_key = keys.add_key(acting_user=None, title="System key", secret=os.environ.get("PERCH_API_KEY"))
        presets.default_preset()
    told = [f"Administrator: {login}" + (f" / {password}" if not os.environ.get("PERCH_ADMIN_PASSWORD") else "")]
    if not os.environ.get("PERCH_API_KEY"):
        told.append(f"System API key (shown once): {api_key}")
    return told


def add_administrator() -> tuple[str, str]:
    """The first administrator, from the environment; a password is made when none is given. He owns what is unassigned."""
    login = os.environ.get("PERCH_ADMIN_LOGIN") or "admin"
    password = os.environ.get("PERCH_ADMIN_PASSWORD") or secrets.token_urlsafe(12)
    admin: User = users.add_user(acting_user=None, login=login, password=password, strict_password=False, is_admin=True)
    organizations.change_organization(organizations.ensure_default(), acting_user=None, owner=admin)
    return login, password
